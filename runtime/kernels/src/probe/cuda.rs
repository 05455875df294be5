//! Asks whether CUDA is usable without starting the CUDA backend, which panics where it is not.
//!
//! Each question is put to the driver and to NVRTC themselves; both are loaded by name from the system's library path and
//! stay loaded.

use std::ffi::c_int;

use cudarc::driver::sys;
use cudarc::driver::{CudaContext, result};
use cudarc::nvrtc;

use super::Found;
use super::toolkit::{Parts, Version};

/// Number of CUDA devices that can be used; at least one.
///
/// # Errors
/// Why there is none, and what to do about it, in one line.
pub fn count() -> Result<usize, String> {
    parts()?.judge()?;
    devices()
}

/// The driver, NVRTC and headers of this machine, whether they fit each other or not.
///
/// # Errors
/// If there is no driver or it does not start.
pub fn parts() -> Result<Parts, String> {
    if !driver_is_there() {
        return Err("there is no NVIDIA driver".into());
    }
    result::init().map_err(|error| format!("the NVIDIA driver does not start: {error}"))?;
    Ok(Parts {
        driver: driver_version().ok_or("the NVIDIA driver does not tell its version")?,
        nvrtc: nvrtc_version(),
        folder: cubecl_cuda::install::cuda_path(),
    })
}

/// What a device is. Opens it.
///
/// # Errors
/// If it cannot be opened, or NVRTC compiles nothing for it, and what to do about it, in one line.
pub fn open(index: usize) -> Result<Found, String> {
    let failed = |error| format!("CUDA device {index} cannot be opened: {error}");
    let context = CudaContext::new(index).map_err(failed)?;
    let (major, minor) = context.compute_capability().map_err(failed)?;
    let name = context.name().map_err(failed)?;
    compiles_for(&name, major * 10 + minor)?;
    let (free, memory) = context.mem_get_info().map_err(failed)?;
    let uuid = context.uuid().map_err(failed)?;
    let found = Found {
        index,
        name: format!("{name}, compute capability {major}.{minor}"),
        memory: u64::try_from(memory).ok(),
        free: u64::try_from(free).ok(),
        card: Some(
            uuid.bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        ),
    };
    // The context is the device's only one; Burn takes the same. Freeing it here would make it twice.
    std::mem::forget(context);
    Ok(found)
}

fn devices() -> Result<usize, String> {
    let count = result::device::get_count()
        .map_err(|error| format!("the NVIDIA driver reports no devices: {error}"))?;
    match usize::try_from(count) {
        Ok(1..) => Ok(count.unsigned_abs() as usize),
        _ => Err("the NVIDIA driver finds no GPU (`CUDA_VISIBLE_DEVICES` can hide them)".into()),
    }
}

fn compiles_for(name: &str, architecture: c_int) -> Result<(), String> {
    let known = architectures();
    let (Some(oldest), Some(newest)) = (known.iter().min(), known.iter().max()) else {
        return Ok(());
    };
    // Kernels are compiled for the very architecture.
    match known.contains(&architecture) {
        true => Ok(()),
        false if architecture > *newest => Err(format!(
            "NVRTC is too old for {name}: it compiles for sm_{newest} at most, and sm_{architecture} is needed; install a newer one"
        )),
        false => Err(format!(
            "NVRTC does not compile for {name}: it compiles for sm_{oldest} to sm_{newest}, and sm_{architecture} is needed; \
             install an older one"
        )),
    }
}

#[allow(
    unsafe_code,
    reason = "cudarc marks loading any shared library as unsafe; this is NVIDIA's own driver, by name"
)]
fn driver_is_there() -> bool {
    // SAFETY: loads libcuda (or nvcuda.dll) from the system's library path and drops it again; no symbol is used.
    unsafe { sys::is_culib_present() }
}

#[allow(
    unsafe_code,
    reason = "cudarc has no safe function for the driver's version"
)]
fn driver_version() -> Option<Version> {
    let mut version = 0;
    // SAFETY: the driver was initialized, and writes one integer to where the pointer points.
    unsafe { sys::cuDriverGetVersion(&raw mut version) }
        .result()
        .ok()
        .map(|()| Version(version))
}

#[allow(
    unsafe_code,
    reason = "cudarc marks loading any shared library as unsafe, and has no safe function for NVRTC's version"
)]
fn nvrtc_version() -> Option<Version> {
    let (mut major, mut minor) = (0, 0);
    // SAFETY: loads libnvrtc (or nvrtc64_*.dll) from the system's library path, which writes two integers to where the
    // pointers point.
    unsafe {
        if !nvrtc::sys::is_culib_present() {
            return None;
        }
        nvrtc::sys::nvrtcVersion(&raw mut major, &raw mut minor)
    }
    .result()
    .ok()
    .map(|()| Version(major * 1000 + minor * 10))
}

/// For which architectures NVRTC compiles, as 90 for sm_90; none if it does not tell.
#[allow(
    unsafe_code,
    reason = "cudarc has no safe function for what NVRTC compiles for"
)]
fn architectures() -> Vec<c_int> {
    let mut count = 0;
    // SAFETY: NVRTC is loaded, and writes one integer to where the pointer points.
    let told = unsafe { nvrtc::sys::nvrtcGetNumSupportedArchs(&raw mut count) };
    let mut architectures = vec![0; usize::try_from(count).unwrap_or_default()];
    if told.result().is_err() || architectures.is_empty() {
        return Vec::new();
    }
    // SAFETY: NVRTC writes as many integers as it has just told, and the vector has as many.
    let told = unsafe { nvrtc::sys::nvrtcGetSupportedArchs(architectures.as_mut_ptr()) };
    match told.result() {
        Ok(()) => architectures,
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds with and without CUDA, and must not panic on either kind of machine.
    #[test]
    fn the_answers_agree() {
        match count() {
            Ok(devices) => {
                assert!(parts().unwrap().judge().is_ok());
                assert_eq!(open(0).unwrap().index, 0);
                assert!(open(devices).is_err());
            }
            Err(why) => assert!(!why.is_empty() && !why.contains('\n'), "{why}"),
        }
    }
}

//! Asks whether CUDA is usable without starting the CUDA backend, which panics where it is not.

use cudarc::driver::{result, sys};

/// Number of CUDA devices.
///
/// # Errors
/// If the driver's library is missing or the driver refuses.
#[allow(
    unsafe_code,
    reason = "cudarc marks loading any shared library as unsafe; this is NVIDIA's own driver, by name"
)]
pub fn cuda_devices() -> Result<usize, String> {
    // SAFETY: loads libcuda (or nvcuda.dll) from the system's library path and drops it again; no symbol is used.
    if !unsafe { sys::is_culib_present() } {
        return Err("no CUDA driver was found on this machine".into());
    }
    result::init().map_err(|e| format!("the CUDA driver does not start: {e}"))?;
    let count = result::device::get_count()
        .map_err(|e| format!("the CUDA driver reports no devices: {e}"))?;
    usize::try_from(count).map_err(|_| "the CUDA driver reports no devices".into())
}

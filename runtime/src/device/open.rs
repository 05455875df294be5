//! Counts and opens the devices of each kind. Asks first, so that nothing panics where a device or its driver is missing.

use burn::tensor::Device;

use super::{DeviceKind, Found, cache, host};

/// Number of devices of this kind; at least one.
///
/// # Errors
/// Why there is none, and what to do about it, in one line.
pub(super) fn count(kind: DeviceKind) -> Result<usize, String> {
    match kind {
        DeviceKind::Cpu => Ok(1),
        #[cfg(feature = "cuda")]
        DeviceKind::Cuda => termc_kernels::probe::cuda::count(),
        #[cfg(feature = "vulkan")]
        DeviceKind::Vulkan => termc_kernels::probe::graphics::Interface::Vulkan.count(),
        #[cfg(feature = "metal")]
        DeviceKind::Metal => termc_kernels::probe::graphics::Interface::Metal.count(),
        #[cfg(feature = "rocm")]
        DeviceKind::Rocm => termc_kernels::probe::rocm::count(),
        #[allow(
            unreachable_patterns,
            reason = "the program may have been built with all of them"
        )]
        _ => Err(format!(
            "this program was built without {} (feature `{kind}`)",
            kind.title()
        )),
    }
}

/// Opens a device, and lets its compiled kernels be kept.
///
/// # Errors
/// Why it cannot be used, and what to do about it, in one line.
pub(super) fn open(kind: DeviceKind, index: usize) -> Result<(Device, Found), String> {
    let count = count(kind)?;
    if index >= count {
        return Err(format!(
            "there is no {} device `{index}`; this machine has {count}",
            kind.title()
        ));
    }
    cache::keep();
    match kind {
        DeviceKind::Cpu => Ok((Device::flex(), host::processor())),
        #[cfg(feature = "cuda")]
        DeviceKind::Cuda => {
            let found = termc_kernels::probe::cuda::open(index)?;
            let parts = termc_kernels::probe::cuda::parts()?;
            let nvrtc = parts.nvrtc.map(|version| version.to_string());
            let driver = format!("{}-nvrtc-{}", parts.driver, nvrtc.unwrap_or_default());
            cache::keep_for(kind, &found.name, &driver);
            Ok((Device::cuda(index), found))
        }
        #[cfg(feature = "vulkan")]
        DeviceKind::Vulkan => graphics(
            termc_kernels::probe::graphics::Interface::Vulkan,
            kind,
            index,
        ),
        #[cfg(feature = "metal")]
        DeviceKind::Metal => graphics(
            termc_kernels::probe::graphics::Interface::Metal,
            kind,
            index,
        ),
        #[cfg(feature = "rocm")]
        DeviceKind::Rocm => {
            let (device, found) = termc_kernels::probe::rocm::open(index)?;
            cache::keep_for(kind, &found.name, "");
            Ok((device, found))
        }
        #[allow(
            unreachable_patterns,
            reason = "the program may have been built with all of them"
        )]
        _ => Err(format!("this program was built without {}", kind.title())),
    }
}

#[cfg(any(feature = "vulkan", feature = "metal"))]
fn graphics(
    interface: termc_kernels::probe::graphics::Interface,
    kind: DeviceKind,
    index: usize,
) -> Result<(Device, Found), String> {
    let (device, found) = interface.open(index)?;
    cache::keep_for(kind, &found.name, "");
    Ok((device, found))
}

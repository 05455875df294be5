//! In which folder compiled kernels and tuning results are kept, and under which name. Without GPUs there are none.

use std::path::PathBuf;

use termc_kernels::probe::cache;

use super::DeviceKind;

/// Where compiled kernels and tuning results are kept; None where the platform has no folder for such things.
///
/// One file a device, driver and version of this program, in the user's cache folder (`XDG_CACHE_HOME` on Linux). It can be
/// deleted at any time: kernels are then compiled and tuned again.
pub fn kernel_cache() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "termc").map(|dirs| dirs.cache_dir().join("kernels"))
}

/// Counts the kernels that are compiled from now on, for [`compilations`]. Installs a logger of the crate `log`, so only the
/// program itself should call this; without effect if it has a logger.
pub fn count_compilations() {
    cache::count_compilations();
}

/// How many kernels this process has compiled since [`count_compilations`]; kernels that were kept are not among them.
pub fn compilations() -> usize {
    cache::compilations()
}

/// To be called before a device is opened.
pub(super) fn keep() {
    if let Some(folder) = kernel_cache() {
        cache::keep(&folder);
    }
}

/// To be called once it is known what the device is.
#[cfg_attr(
    not(any(
        feature = "cuda",
        feature = "vulkan",
        feature = "metal",
        feature = "rocm"
    )),
    allow(dead_code, reason = "the CPU has no kernels to keep")
)]
pub(super) fn keep_for(kind: DeviceKind, name: &str, driver: &str) {
    let version = env!("CARGO_PKG_VERSION");
    let name = format!("{kind}-{name}-{driver}-termc-{version}");
    cache::activate(&name);
}

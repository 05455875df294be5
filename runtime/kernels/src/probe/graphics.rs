//! Finds and opens adapters of Vulkan and Metal.

use burn::backend::{CubeDevice, WgpuBackend, WgpuDevice, WgpuDeviceKind};
use burn::tensor::wgpu::WgpuInitError;
use burn::tensor::{Device, DeviceKind};

use super::Found;

/// A graphics interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// Vulkan.
    #[cfg(feature = "vulkan")]
    Vulkan,
    /// Metal.
    #[cfg(feature = "metal")]
    Metal,
}

/// In the order in which adapters are numbered: GPUs first, processors that pretend to be one last.
const KINDS: [WgpuDeviceKind; 5] = [
    WgpuDeviceKind::DiscreteGpu(0),
    WgpuDeviceKind::IntegratedGpu(0),
    WgpuDeviceKind::VirtualGpu(0),
    WgpuDeviceKind::Other(0),
    WgpuDeviceKind::Cpu,
];

impl Interface {
    fn backend(self) -> WgpuBackend {
        match self {
            #[cfg(feature = "vulkan")]
            Self::Vulkan => WgpuBackend::Vulkan,
            #[cfg(feature = "metal")]
            Self::Metal => WgpuBackend::Metal,
        }
    }

    /// Number of adapters; at least one.
    ///
    /// # Errors
    /// Why there is none, and what to do about it, in one line.
    pub fn count(self) -> Result<usize, String> {
        self.adapters().map(|adapters| adapters.len())
    }

    fn adapters(self) -> Result<Vec<WgpuDevice>, String> {
        #[cfg(feature = "vulkan")]
        if self == Self::Vulkan && !vulkan_loader_is_there() {
            return Err(
                "Vulkan's loader was not found; the package `libvulkan1` of Debian and Ubuntu, `vulkan-loader` of others \
                 brings it"
                    .into(),
            );
        }
        let of_kind = |kind| {
            let first = CubeDevice::Wgpu(WgpuDevice::new(kind).on(self.backend()));
            CubeDevice::enumerate(first.to_id()).into_iter()
        };
        let adapters: Vec<WgpuDevice> = KINDS
            .into_iter()
            .flat_map(of_kind)
            .filter_map(|id| match CubeDevice::from_id(id) {
                CubeDevice::Wgpu(adapter) => Some(adapter),
                _ => None,
            })
            .collect();
        match (adapters.is_empty(), self) {
            (false, _) => Ok(adapters),
            #[cfg(feature = "vulkan")]
            (true, Self::Vulkan) => Err(
                "Vulkan finds no device; GPUs need their vendor's driver, and the package `mesa-vulkan-drivers` of Debian and \
                 Ubuntu brings those of AMD's and Intel's, and one that computes on the CPU"
                    .into(),
            ),
            #[cfg(feature = "metal")]
            (true, Self::Metal) => Err("Metal finds no device".into()),
        }
    }

    /// Opens an adapter, and says what it is.
    ///
    /// # Errors
    /// If there is no such adapter or it cannot be opened.
    pub fn open(self, index: usize) -> Result<(Device, Found), String> {
        let adapters = self.adapters()?;
        let count = adapters.len();
        let adapter = adapters
            .into_iter()
            .nth(index)
            .ok_or_else(|| format!("there is no {self:?} device {index}, only {count}"))?;
        self.initialize(&adapter)
            .map_err(|error| format!("{self:?} device {index} cannot be opened: {error}"))?;
        let device = Device::from(adapter);
        let identity = device.identity();
        let found = Found {
            index,
            name: identity
                .as_ref()
                .map_or_else(String::new, |of| of.name.clone()),
            memory: None,
            free: None,
            card: identity
                .and_then(|of| of.physical?.pci_address)
                .map(|address| address.to_string()),
        };
        Ok((device, found))
    }

    /// Opening by first use would panic where the adapter refuses.
    fn initialize(self, adapter: &WgpuDevice) -> Result<(), WgpuInitError> {
        let kind = match adapter.kind {
            WgpuDeviceKind::DiscreteGpu(index) => DeviceKind::DiscreteGpu(index),
            WgpuDeviceKind::IntegratedGpu(index) => DeviceKind::IntegratedGpu(index),
            WgpuDeviceKind::VirtualGpu(index) => DeviceKind::VirtualGpu(index),
            WgpuDeviceKind::Cpu => DeviceKind::Cpu,
            // What has no name among these is opened by its first use.
            _ => return Ok(()),
        };
        let options = Device::wgpu_options()
            .device_kind(kind)
            .graphics_api(self.backend());
        match options.init() {
            // It is open already.
            Ok(_) | Err(WgpuInitError::Registration { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

#[cfg(feature = "vulkan")]
#[allow(
    unsafe_code,
    reason = "loading any shared library is unsafe; this is Vulkan's own loader, by name"
)]
fn vulkan_loader_is_there() -> bool {
    #[cfg(windows)]
    let names = ["vulkan-1.dll"];
    #[cfg(target_os = "macos")]
    let names = ["libvulkan.dylib", "libvulkan.1.dylib", "libMoltenVK.dylib"];
    #[cfg(all(unix, not(target_os = "macos")))]
    let names = ["libvulkan.so.1", "libvulkan.so"];
    // SAFETY: loads the loader from the system's library path and drops it again; no symbol is used.
    names
        .iter()
        .any(|name| unsafe { libloading::Library::new(*name) }.is_ok())
}

#[cfg(all(test, feature = "vulkan"))]
mod tests {
    use super::*;

    /// Holds with and without Vulkan, and must not panic on either kind of machine.
    #[test]
    fn the_answers_agree() {
        match Interface::Vulkan.count() {
            Ok(count) => {
                let (device, found) = Interface::Vulkan.open(0).unwrap();
                assert!(!found.name.is_empty());
                // A second time it is open already.
                assert_eq!(Interface::Vulkan.open(0).unwrap(), (device, found));
                let refused = Interface::Vulkan.open(count).unwrap_err();
                assert!(refused.contains(&format!("only {count}")), "{refused}");
            }
            Err(why) => assert!(why.contains("package"), "{why}"),
        }
    }
}

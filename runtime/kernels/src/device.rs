//! What the kernels of a device are like. Opens no device.

use burn::backend::DispatchDevice;
use burn::tensor::Device;

use crate::KernelChoice;
use crate::call::{Call, Kind};
use crate::cpu;
#[cfg(feature = "cube")]
use crate::cube;

/// Whose kernels compute on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Cpu,
    #[cfg(feature = "cube")]
    Cube,
    /// Burn's own operations only.
    Other,
}

impl Family {
    fn of(device: &DispatchDevice) -> Self {
        match device {
            DispatchDevice::Flex(_) => Self::Cpu,
            #[cfg(feature = "cube")]
            DispatchDevice::Cube(_) => Self::Cube,
            DispatchDevice::Autodiff(device) => Self::of(&device.clone().inner()),
            #[allow(
                unreachable_patterns,
                reason = "Burn may have been built with further backends"
            )]
            _ => Self::Other,
        }
    }
}

/// Whether the device has a kernel for the call that takes operands of these shapes and types.
pub(crate) fn takes(device: &Device, call: &Call, operands: &[Kind]) -> bool {
    let recorded = device.is_autodiff();
    let recordable = call.saved().is_some() && operands.len() <= crate::autodiff::OPERANDS;
    (!recorded || recordable)
        && match Family::of(device.as_dispatch()) {
            Family::Cpu => cpu::takes(call, operands),
            #[cfg(feature = "cube")]
            Family::Cube => cube::takes(call, operands),
            Family::Other => false,
        }
}

/// Bytes of a network's largest value beyond which images that are answered each by itself are better computed a few at a
/// time: values then stay in the processor's caches from one operation to the next. None: all at once is best.
pub fn cached_bytes(device: &Device) -> Option<usize> {
    match Family::of(device.as_dispatch()) {
        Family::Cpu => Some(cpu::CACHED_BYTES),
        _ => None,
    }
}

/// Whether many small operations take longer than the arithmetic that they save: GPUs wait for the processor, which prepares
/// each of them.
pub fn favours_few_operations(device: &Device) -> bool {
    Family::of(device.as_dispatch()) != Family::Cpu
}

/// Memory that this process holds on the device, where the device's memory is its own and told.
pub fn reserved_bytes(device: &Device) -> Option<u64> {
    match Family::of(device.as_dispatch()) {
        #[cfg(feature = "cube")]
        Family::Cube => Some(device.memory_pool_usage()?.bytes_reserved),
        _ => None,
    }
}

impl KernelChoice {
    /// Whether standardizations, GELU and gates take 16-bit floats and compute in 32 bits inside. Others may be given 32-bit
    /// floats only, for what needs them.
    pub fn reads_half(self, device: &Device) -> bool {
        match Family::of(device.as_dispatch()) {
            #[cfg(feature = "cube")]
            Family::Cube => self == Self::Fused,
            _ => false,
        }
    }
}

//! Finds GPUs of ROCm.

use burn::tensor::{Device, DeviceType};

use super::Found;

/// Number of ROCm devices; at least one.
///
/// # Errors
/// Why there is none, in one line.
pub fn count() -> Result<usize, String> {
    match devices().len() {
        0 => Err("ROCm finds no GPU; AMD's driver and the package `rocm-hip-runtime` bring what it needs".into()),
        count => Ok(count),
    }
}

/// Opens a device, and says what it is.
///
/// # Errors
/// If there is no such device.
pub fn open(index: usize) -> Result<(Device, Found), String> {
    let devices = devices();
    let count = devices.len();
    let device = devices
        .into_iter()
        .nth(index)
        .ok_or_else(|| format!("there is no ROCm device {index}, only {count}"))?;
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

fn devices() -> Vec<Device> {
    Device::enumerate(DeviceType::Rocm).into_iter().collect()
}

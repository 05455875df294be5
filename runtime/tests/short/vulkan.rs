//! The Vulkan device of the tests, for which a software one will do. Where there is none they are skipped, unless the variable
//! `TERMC_REQUIRE` names `vulkan`.

use burn::tensor::Device;
use termc_runtime::device::DeviceChoice;

pub fn vulkan() -> Option<Device> {
    let required = std::env::var("TERMC_REQUIRE").is_ok_and(|list| list.contains("vulkan"));
    match "vulkan:0".parse::<DeviceChoice>().unwrap().select() {
        Ok(selected) => Some(selected.device),
        Err(missing) => {
            assert!(!required, "{missing}");
            eprintln!("skipped: {missing}");
            None
        }
    }
}

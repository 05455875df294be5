//! Lists the devices of this machine, and says of each kind that has none why. Prints nothing.

use super::{DeviceKind, Found, host, open};

/// The devices of one kind.
#[derive(Clone, Debug)]
pub struct Family {
    /// Which.
    pub kind: DeviceKind,
    /// Those that are there, usable or not; an unusable one is described by why.
    pub devices: Vec<Result<Found, String>>,
    /// Why there is none, and what to do about it; None where there are some.
    pub missing: Option<String>,
}

/// All kinds that this program was built with, the CPU first. Opens each device, which takes seconds on some.
pub fn inventory() -> Vec<Family> {
    let built_in = DeviceKind::ALL
        .into_iter()
        .filter(|kind| kind.is_built_in());
    built_in.map(family).collect()
}

fn family(kind: DeviceKind) -> Family {
    let describe = |index| match kind {
        DeviceKind::Cpu => Ok(host::processor()),
        kind => open::open(kind, index).map(|(_, found)| found),
    };
    match open::count(kind) {
        Ok(count) => Family {
            kind,
            devices: (0..count).map(describe).collect(),
            missing: None,
        },
        Err(missing) => Family {
            kind,
            devices: Vec::new(),
            missing: Some(missing),
        },
    }
}

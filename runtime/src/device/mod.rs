//! Chooses the device that computes, and says why where `auto` takes the CPU. Asks before it starts a backend, since those
//! panic where a driver is missing.

mod cache;
mod choice;
mod host;
mod inventory;
mod open;

use std::fmt;

use burn::tensor::Device;
pub use termc_kernels::probe::Found;

pub use cache::{compilations, count_compilations, kernel_cache};
pub use choice::{DeviceChoice, DeviceKind};
pub use inventory::{Family, inventory};

use crate::Error;

/// A device that is there. As text `cpu`, `cuda:0`, ...
#[derive(Clone, Debug)]
pub struct Selected {
    /// For tensors.
    pub device: Device,
    /// Whose it is.
    pub kind: DeviceKind,
    /// Its number among those of its kind.
    pub index: usize,
    /// One line why it is the CPU, where nobody asked for the CPU.
    pub note: Option<String>,
    /// Tells one card from another, whatever numbers processes give them, where the device tells: two processes of equal cards
    /// share one.
    pub card: Option<String>,
}

impl Selected {
    /// Whether it is the CPU.
    pub fn is_cpu(&self) -> bool {
        self.kind == DeviceKind::Cpu
    }

    /// Whether it computes with bfloat16. WGSL, through which kernels reach Vulkan, has no such type.
    pub fn has_bf16(&self) -> bool {
        matches!(self.kind, DeviceKind::Cuda | DeviceKind::Rocm)
    }

    fn open(kind: DeviceKind, index: usize) -> Result<Self, String> {
        let (device, found) = open::open(kind, index)?;
        Ok(Self {
            device,
            kind,
            index,
            note: None,
            card: found.card,
        })
    }

    fn cpu(note: Option<String>) -> Self {
        Self {
            device: Device::flex(),
            kind: DeviceKind::Cpu,
            index: 0,
            note,
            card: None,
        }
    }
}

impl fmt::Display for Selected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DeviceChoice::of(self.kind, self.index).fmt(f)
    }
}

impl DeviceChoice {
    /// Finds and opens the device.
    ///
    /// # Errors
    /// If a device is asked for by name and this program was built without its kind, or the machine lacks it, or what it needs.
    /// Never for `auto`, which takes the CPU then.
    pub fn select(&self) -> Result<Selected, Error> {
        self.select_for_local_rank(0)
    }

    /// The same for one of several processes on this machine, numbered from 0, that compute together on one device each: the
    /// device of the process's number, counted from the one that is asked for. Where a process sees one device it takes that,
    /// since launchers give each process its own; [`Selected::card`] tells whether they did. All compute on one CPU.
    ///
    /// # Errors
    /// As in [`Self::select`], and if there are fewer devices than processes.
    pub fn select_for_local_rank(&self, rank: usize) -> Result<Selected, Error> {
        let Some((kind, first)) = self.device() else {
            let count = match open::count(DeviceKind::Cuda) {
                Ok(count) => count,
                Err(why) => return Ok(Selected::cpu(Some(on_the_cpu(&why)))),
            };
            let index = of_rank(DeviceKind::Cuda, 0, rank, count)?;
            let opened = Selected::open(DeviceKind::Cuda, index);
            return Ok(opened.unwrap_or_else(|why| Selected::cpu(Some(on_the_cpu(&why)))));
        };
        let opened = match kind {
            DeviceKind::Cpu => return Ok(Selected::cpu(None)),
            kind => open::count(kind).map(|count| of_rank(kind, first, rank, count)),
        };
        let index = opened.map_err(Error::Device)??;
        Selected::open(kind, index).map_err(Error::Device)
    }
}

fn on_the_cpu(why: &str) -> String {
    format!("computing on the CPU: {why}")
}

fn of_rank(kind: DeviceKind, first: usize, rank: usize, count: usize) -> Result<usize, Error> {
    match (first + rank < count, count) {
        (true, _) => Ok(first + rank),
        (false, 1) if first == 0 => Ok(0),
        // What is asked for by name is not there; opening says so.
        (false, _) if rank == 0 => Ok(first),
        (false, _) => Err(Error::Device(format!(
            "process {rank} of this machine has no {} device: there are {count}, counted from `{kind}:{first}`; start at most {}",
            kind.title(),
            count.saturating_sub(first)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fault;

    /// Holds on machines with and without the devices, and must not panic on either.
    #[test]
    fn selection_agrees_with_what_is_there() {
        for kind in DeviceKind::ALL {
            let first = DeviceChoice::of(kind, 0).select();
            match open::count(kind) {
                Ok(_) => assert_eq!(
                    first.unwrap().to_string(),
                    DeviceChoice::of(kind, 0).to_string()
                ),
                Err(why) => {
                    let error = first.unwrap_err();
                    assert_eq!(error.fault(), Fault::Machine);
                    assert_eq!(error.to_string(), why);
                }
            }
            if kind != DeviceKind::Cpu {
                assert!(DeviceChoice::of(kind, 10_000).select().is_err());
            }
        }
    }

    #[test]
    fn auto_takes_the_cpu_with_a_reason_where_there_is_no_cuda() {
        let auto = DeviceChoice::Auto.select().unwrap();
        match open::count(DeviceKind::Cuda) {
            Ok(_) => assert_eq!((auto.to_string(), auto.note), ("cuda:0".into(), None)),
            Err(why) => {
                assert!(auto.is_cpu());
                let note = auto.note.unwrap();
                assert_eq!(note, format!("computing on the CPU: {why}"));
                assert!(!note.contains('\n'));
            }
        }
        assert_eq!(DeviceChoice::Cpu.select().unwrap().note, None);
    }

    #[test]
    fn processes_take_a_device_each() {
        let of = |first, rank, count| of_rank(DeviceKind::Cuda, first, rank, count);
        for rank in 0..4 {
            assert_eq!(of(0, rank, 4).unwrap(), rank);
            // A launcher shows each process its own device only.
            assert_eq!(of(0, rank, 1).unwrap(), 0);
        }
        assert_eq!(of(2, 1, 4).unwrap(), 3);
        let refused = of(2, 2, 4).unwrap_err().to_string();
        assert!(refused.contains("start at most 2"), "{refused}");
        assert!(of(0, 4, 4).is_err());
    }

    #[test]
    fn the_inventory_tells_of_every_kind() {
        let inventory = inventory();
        assert_eq!(inventory[0].kind, DeviceKind::Cpu);
        for family in inventory {
            assert_eq!(family.missing.is_some(), family.devices.is_empty());
        }
    }
}

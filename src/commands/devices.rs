//! `termc devices`: the devices of this machine, and what is missing for those that are not there.

use clap::Args;
use termc_runtime::device::{DeviceChoice, DeviceKind, Family, Found, inventory, kernel_cache};

use crate::failure::Failure;
use crate::terminal::{Accent, Terminal};

/// Arguments of `termc devices`.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Prints a line for each device, and for each kind without one a line that says why.
pub fn run(_arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let families = inventory();
    let mut lines = Vec::new();
    for family in &families {
        lines.extend(described(family));
    }
    let absent = DeviceKind::ALL
        .into_iter()
        .filter(|kind| !kind.is_built_in());
    let feature = |kind| format!("not built in (feature `{kind}`)");
    lines.extend(absent.map(|kind| (kind.to_string(), Err(feature(kind)))));

    let width = lines.iter().map(|(name, _)| name.len()).max();
    let width = width.unwrap_or_default();
    let mut out = String::new();
    for (name, line) in lines {
        let name = format!("{name:<width$}");
        out += &match line {
            Ok(line) => format!("{}  {line}\n", terminal.accent(Accent::Bold, &name)),
            Err(why) => format!("{name}  {}\n", terminal.accent(Accent::Dim, &why)),
        };
    }
    terminal.print(&out)?;
    if let Some(folder) = kernel_cache() {
        terminal.note(&format!("kernels of GPUs are kept in {}", folder.display()));
    }
    Ok(())
}

/// Name and description of each device, or of the kind and why it has none.
fn described(family: &Family) -> Vec<(String, Result<String, String>)> {
    if let Some(missing) = &family.missing {
        return vec![(family.kind.to_string(), Err(missing.clone()))];
    }
    let devices = family.devices.iter().enumerate();
    devices
        .map(|(index, device)| {
            let name = DeviceChoice::of(family.kind, index).to_string();
            (name, device.as_ref().map(description).map_err(Clone::clone))
        })
        .collect()
}

fn description(device: &Found) -> String {
    let memory = device
        .memory
        .map(|bytes| format!(", {} of memory", gibibytes(bytes)));
    let free = device
        .free
        .map(|bytes| format!(", {} free", gibibytes(bytes)));
    let parts = [Some(device.name.clone()), memory, free];
    parts.into_iter().flatten().collect()
}

fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / (1u64 << 30) as f64)
}

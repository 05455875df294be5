//! Compares the device with the CPU before a training relies on it, and refuses a device that computes something else.

use std::time::Instant;

use termc_runtime::device::Selected;
use termc_runtime::device_check::{DeviceCheck, Disagreement};
use termc_runtime::network::KernelChoice;
use termc_runtime::train::Settings;

use super::SelfCheck;
use crate::compiling::Compiling;
use crate::failure::Failure;
use crate::model::{self, CheckedSource};
use crate::terminal::Terminal;

/// Whether to compare at all.
pub fn is_asked(when: SelfCheck, selected: &Selected) -> bool {
    match when {
        SelfCheck::Always => true,
        SelfCheck::Never => false,
        SelfCheck::Auto => !selected.is_cpu(),
    }
}

/// Compares one batch: values, loss and gradients.
pub fn check(
    checked: &CheckedSource,
    settings: &Settings,
    selected: &Selected,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let began = Instant::now();
    let check = DeviceCheck {
        model: &checked.model,
        seed: settings.seed,
        batch: settings.batch,
        kernels: settings.kernels,
        precision: settings.precision,
        perturbation: None,
    };
    let compiling = Compiling::watch(selected, terminal);
    let found = check.run(&selected.device);
    drop(compiling);
    match found {
        Ok(found) => {
            terminal.note(&format!(
                "{selected} agrees with the CPU on one batch: values within {:.0} %, gradients within {:.0} % of what \
                 rounding allows ({:.1} s)",
                100.0 * found.value,
                100.0 * found.gradient,
                began.elapsed().as_secs_f64()
            ));
            Ok(())
        }
        Err(wrong) => {
            // The plain operations may still be right there.
            let plain = DeviceCheck {
                kernels: KernelChoice::Composed,
                ..check
            };
            let fused = check.kernels == KernelChoice::Fused;
            let composed = fused && plain.run(&selected.device).is_ok();
            Err(refusal(&wrong, checked, selected, composed))
        }
    }
}

fn refusal(
    wrong: &Disagreement,
    checked: &CheckedSource,
    selected: &Selected,
    composed_is_right: bool,
) -> Failure {
    let node = &checked.model[wrong.node];
    let message = format!(
        "{selected} does not compute what the CPU computes: {} differs by {:.1e}, at most {:.1e} is rounding\n{}",
        wrong.what,
        wrong.distance,
        wrong.allowed,
        model::point(&checked.compiled, node.span, &format!("`{}`", node.path)),
    );
    Failure::machine(message).help(match composed_is_right {
        true => {
            "with `--kernels composed` the same device is right; train with that, and report this"
        }
        false => "train on the CPU, and report this; `--self-check never` trains nevertheless",
    })
}

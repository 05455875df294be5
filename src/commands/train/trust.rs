//! Compares the device with the CPU before a training relies on it, and refuses a device that computes something else.

use std::time::Instant;

use termc_runtime::agreement::{Agreement, Disagreement};
use termc_runtime::device::{Selected, dispatch};
use termc_runtime::network::KernelChoice;
use termc_runtime::train::Settings;

use super::SelfCheck;
use crate::failure::Failure;
use crate::model::{self, Loaded};
use crate::terminal::Terminal;

/// Whether to compare at all.
pub fn is_asked(when: SelfCheck, selected: &Selected) -> bool {
    match when {
        SelfCheck::Always => true,
        SelfCheck::Never => false,
        SelfCheck::Auto => *selected != Selected::Cpu,
    }
}

/// Compares one batch: values, loss and gradients.
pub fn check(
    loaded: &Loaded,
    settings: &Settings,
    selected: &Selected,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let began = Instant::now();
    let job = Agreement {
        model: &loaded.model,
        seed: settings.seed,
        batch: settings.batch,
        kernels: settings.kernel_choice(),
        precision: settings.precision(),
        fault: None,
    };
    match dispatch(selected, job) {
        Ok(agreed) => {
            terminal.note(&format!(
                "{selected} agrees with the CPU on one batch: values within {:.0} %, gradients within {:.0} % of what \
                 rounding allows ({:.1} s)",
                100.0 * agreed.value,
                100.0 * agreed.gradient,
                began.elapsed().as_secs_f64()
            ));
            Ok(())
        }
        Err(wrong) => {
            // The plain operations may still be right there.
            let plain = Agreement {
                kernels: KernelChoice::Composed,
                ..job
            };
            let composed = job.kernels == KernelChoice::Fused && dispatch(selected, plain).is_ok();
            Err(refusal(&wrong, loaded, selected, composed))
        }
    }
}

fn refusal(
    wrong: &Disagreement,
    loaded: &Loaded,
    selected: &Selected,
    composed_is_right: bool,
) -> Failure {
    let node = &loaded.model[wrong.node];
    let message = format!(
        "{selected} does not compute what the CPU computes: {} differs by {:.1e}, at most {:.1e} is rounding\n{}",
        wrong.what,
        wrong.distance,
        wrong.allowed,
        model::point(&loaded.compiled, node.span, &format!("`{}`", node.name)),
    );
    Failure::machine(message).help(match composed_is_right {
        true => {
            "with `--kernels composed` the same device is right; train with that, and report this"
        }
        false => "train on the CPU, and report this; `--self-check never` trains nevertheless",
    })
}

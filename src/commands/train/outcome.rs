//! How a training ended, in words for the terminal, and what can be done about it. Rank 0 tells; the others end alike.

use termc_runtime::Error;
use termc_runtime::train::checkpoint::{self, Best};
use termc_runtime::train::ranks::{Communicator, ROOT};
use termc_runtime::train::scores::Scores;
use termc_runtime::train::{NonFinite, Outcome, Protocol, RunFolder, Settings};

use super::Prepared;
use super::ranks::{Ended, together};
use crate::failure::Failure;
use crate::model;
use crate::terminal::{Accent, Terminal};

/// Tells the outcome, which is the same on all ranks.
pub fn tell(
    outcome: Outcome,
    prepared: &Prepared,
    ranks: &dyn Communicator,
    terminal: &Terminal,
) -> Result<(), Ended> {
    match outcome {
        Outcome::Finished { best, test } => match &prepared.folder {
            Some(folder) => {
                if test.not_finite > 0 {
                    terminal.warn(&format!(
                        "of {} test images the answer is not finite; they count as wrong",
                        test.not_finite
                    ));
                }
                let result = result(&best, &test, &prepared.settings, terminal);
                terminal.line(result)?;
                Ok(terminal.line(folder.path().display().to_string())?)
            }
            None => Ok(()),
        },
        Outcome::Stopped {
            checkpoint,
            step,
            reason,
        } => {
            let mut message = format!("stopped after step {step}");
            if reason.rank != ROOT {
                message += &format!(", as rank {} was asked to", reason.rank);
            }
            if let (Some(checkpoint), Some(folder)) = (&checkpoint, &prepared.folder) {
                message += &format!(
                    ", saved `{}`\ngo on with `termc train --resume {}`",
                    checkpoint.display(),
                    folder.path().display()
                );
            }
            if reason.by_signal {
                return Err(together(ranks, Failure::interrupted(message)));
            }
            terminal.note(&message);
            match &prepared.folder {
                Some(folder) => Ok(terminal.line(folder.path().display().to_string())?),
                None => Ok(()),
            }
        }
        Outcome::NotFinite { found, epoch, step } => {
            let failure = not_finite(&found, epoch, step, prepared);
            Err(together(ranks, failure))
        }
    }
}

/// The accuracy on the test part, and how the weights were chosen.
fn result(best: &Best, test: &Scores, settings: &Settings, terminal: &Terminal) -> String {
    let percent = |fraction: f64| format!("{:.2} %", 100.0 * fraction);
    let validated = match settings.protocol {
        Protocol::Published => "chosen on the test part, as published".to_owned(),
        Protocol::Honest if settings.val == 0.0 => "the last, as none validated".to_owned(),
        Protocol::Honest => format!("validation {}", percent(best.top1)),
    };
    let top5 = test.accuracy5();
    let top5 = top5.map_or_else(String::new, |top5| format!(" (top-5 {})", percent(top5)));
    format!(
        "test accuracy {}{top5} over {} images, weights of epoch {} ({validated})",
        terminal.accent(Accent::Bold, &percent(test.accuracy())),
        test.images,
        best.epoch,
    )
}

/// A failure of this rank while training; what was saved before is still there.
pub fn failed(error: Error, prepared: &Prepared) -> Failure {
    let failure = Failure::from(error);
    match prepared.folder.as_ref().map(intact) {
        Some(Some(help)) => failure.help(help),
        Some(None) => failure,
        None => failure.help(
            "the checkpoints are rank 0's; once this is mended, go on with `--resume` and its RUN folder",
        ),
    }
}

fn intact(folder: &RunFolder) -> Option<String> {
    let found = checkpoint::latest(&folder.checkpoints(), |_, _| ());
    let checkpoint = found.ok().flatten()?;
    Some(format!(
        "the checkpoint of step {} is intact; once this is mended, go on with `termc train --resume {}`",
        checkpoint.state.step,
        folder.path().display()
    ))
}

fn not_finite(found: &NonFinite, epoch: usize, step: usize, prepared: &Prepared) -> Failure {
    let model = &prepared.checked.model;
    let node = &model[found.node(model)];
    let message = format!(
        "{} in epoch {epoch}, step {step}\n{}",
        found.describe(model),
        model::point(
            &prepared.checked.compiled,
            node.span,
            &format!("`{}`", node.path)
        ),
    );
    let mut help =
        "lower the learning rate, add `clip` to the `train` section, or look at this node"
            .to_owned();
    if let Some(folder) = &prepared.folder {
        let place = folder.checkpoints();
        help += &format!("; the last good checkpoint is in `{}`", place.display());
    }
    Failure::input(message).help(help)
}

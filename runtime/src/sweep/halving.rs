//! Which trainings of a sweep come next, and with successive halving (Jamieson and Talwalkar, arXiv 1502.07943) which models are left
//! out on the way. All of it follows from the folders, however the sweep came to them.

use std::path::Path;

use super::{Ledger, Mean, Member, Objective, Run};
use crate::Error;
use crate::train::{ended, epochs_done, validation};

/// What is to be trained next.
#[derive(Debug)]
pub struct Stage<'a> {
    /// The trainings; none when the sweep is over.
    pub to_do: Vec<Run<'a>>,
    /// They pause when so many epochs are done; None: they train to their end.
    pub pause: Option<usize>,
    /// Models that do not go on.
    pub left_out: Vec<LeftOut<'a>>,
}

/// A model that successive halving left out.
#[derive(Clone, Copy, Debug)]
pub struct LeftOut<'a> {
    /// The model.
    pub member: &'a Member,
    /// After so many epochs.
    pub epoch: usize,
    /// What the objective was then; None where all of its trainings failed.
    pub objective: Option<Mean>,
}

/// The next stage of a sweep. With `halving`, the better half of the models goes on after so many epochs, half of that half after
/// twice as many, and so on; the one that remains, or those that end before, train to their end.
///
/// # Errors
/// If a record cannot be read, or the models have nothing to be compared by.
pub fn next_stage<'a>(
    ledger: &'a Ledger,
    folder: &Path,
    objective: Objective,
    halving: Option<usize>,
) -> Result<Stage<'a>, Error> {
    let mut members: Vec<&Member> = ledger.members.iter().collect();
    let mut left_out = vec![];
    let mut pause = halving;
    loop {
        let runs = ledger.runs();
        let runs = runs.filter(|run| members.iter().any(|member| member.name == run.member.name));
        let mut not_over = vec![];
        for run in runs {
            let name = run.folder();
            if !ledger.has_failed(&name) && ended(&folder.join(&name))?.is_none() {
                not_over.push(run);
            }
        }
        // One model has nothing to be compared with.
        if members.len() == 1 {
            pause = None;
        }
        let (Some(epoch), false) = (pause, not_over.is_empty()) else {
            return Ok(Stage {
                to_do: not_over,
                pause,
                left_out,
            });
        };
        let mut to_do = vec![];
        for run in not_over {
            if epochs_done(&folder.join(run.folder()))? < epoch {
                to_do.push(run);
            }
        }
        if !to_do.is_empty() {
            return Ok(Stage {
                to_do,
                pause,
                left_out,
            });
        }
        let mut found = vec![];
        for member in members {
            let value = objective_after(epoch, member, ledger, folder, objective)?;
            found.push((member, value));
        }
        if found.iter().all(|(_, value)| value.is_none()) {
            return Err(Error::Content {
                path: folder.to_owned(),
                problem: format!(
                    "has no {objective} after epoch {epoch} by which the better half of the models could go on: `--val` says how many \
                     images are held out to validate"
                ),
            });
        }
        let rank = |value: &Option<Mean>| {
            value.map_or(f64::NEG_INFINITY, |mean| objective.rank(mean.mean))
        };
        // Of equals the first ones of the file.
        found.sort_by(|(_, a), (_, b)| rank(b).total_cmp(&rank(a)));
        let rest = found.split_off(found.len().div_ceil(2));
        left_out.extend(rest.into_iter().map(|(member, objective)| LeftOut {
            member,
            epoch,
            objective,
        }));
        members = found.into_iter().map(|(member, _)| member).collect();
        pause = epoch.checked_mul(2);
    }
}

/// The mean over the seeds of a model's objective after an epoch, or at the end of a shorter training.
fn objective_after(
    epoch: usize,
    member: &Member,
    ledger: &Ledger,
    folder: &Path,
    objective: Objective,
) -> Result<Option<Mean>, Error> {
    let mut values = vec![];
    for run in ledger.runs_of(member) {
        let name = run.folder();
        if !ledger.has_failed(&name) {
            let row = validation(&folder.join(&name), epoch)?;
            values.extend(row.and_then(|row| objective.of_epoch(&row)));
        }
    }
    Ok(Mean::of(&values))
}

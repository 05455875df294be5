//! `termc sweep`: the models of a file trained one after the other, with several seeds. What is done already is not done again.

mod options;
mod queue;
mod table;
mod trainings;

use std::path::{Path, PathBuf};

use clap::Args;
use termc_compiler::diagnostics::Diagnostic;
use termc_compiler::{MAX_EPOCHS, cost, model_names};
use termc_runtime::model::CheckedSource;
use termc_runtime::sweep::{self, Ledger, Member, Objective, next_stage, rows};
use termc_runtime::train::Interval;

use self::options::{TrainOptions, check};
use self::queue::{End, Queue, train_arguments};
use self::table::report;
use super::diff::model_differs;
use crate::choice::{one_of, up_to};
use crate::cli::{Format, home_path};
use crate::failure::Failure;
use crate::model;
use crate::terminal::Terminal;

/// Arguments of `termc sweep`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A .term file
    #[arg(value_name = "MODEL")]
    model: PathBuf,

    /// Train these models, variants or members of families [default: all of the file]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    models: Vec<String>,

    /// Train each of them with these seeds
    #[arg(
        long,
        value_name = "SEED,...",
        value_delimiter = ',',
        default_value = "0"
    )]
    seeds: Vec<u64>,

    /// By what they are compared
    #[arg(long, value_parser = one_of(&Objective::ALL), default_value_t, value_name = "OBJECTIVE")]
    objective: Objective,

    /// Successive halving: after so many epochs only the better half of the models goes on, after twice as many half of these, and so on
    #[arg(long, value_name = "EPOCHS", value_parser = up_to(MAX_EPOCHS))]
    halving: Option<u32>,

    /// How many train at the same time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    jobs: u32,

    /// Stop after so much time (`90s`, `10m`, `2h`) or so many trainings (`12`); the same command goes on
    #[arg(long, value_name = "BUDGET")]
    budget: Option<Interval>,

    /// The folder of the sweep [default: sweeps/NAME, of the file's name]
    #[arg(long, value_name = "DIR", value_parser = home_path())]
    out: Option<PathBuf>,

    /// How to print the table
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    options: Box<TrainOptions>,
}

impl Arguments {
    /// After how many epochs the first half of the models is left out.
    fn halving(&self) -> Option<usize> {
        self.halving.map(|epochs| epochs as usize)
    }
}

/// Trains what is not trained, then tells what came of all.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    if arguments.halving.is_some() && arguments.objective == Objective::TestAccuracy {
        return Err(Failure::usage(
            "the test part is looked at when a training is over, and `--halving` compares before",
        )
        .help("compare by `--objective val_accuracy` or `val_loss`"));
    }
    let members = members(&arguments, terminal)?;
    let mut seeds = arguments.seeds.clone();
    seeds.sort_unstable();
    seeds.dedup();
    let dir = match &arguments.out {
        Some(dir) => dir.clone(),
        None => Path::new("sweeps").join(arguments.model.file_stem().unwrap_or_default()),
    };
    let ledger = Ledger::new(arguments.options.words(), members, seeds);
    if let Some(first) = ledger.runs().next() {
        let words = train_arguments(&arguments, &ledger, first);
        check("train", &words).unwrap_or_else(|error| error.exit());
    }
    std::fs::create_dir_all(&dir).map_err(termc_runtime::Error::file("create", &dir))?;
    let _alone = sweep::lock(&dir)?;
    let mut ledger = ledger.going_on(&dir)?;
    ledger.save(&dir)?;
    let end = Queue::new(&arguments, &mut ledger, &dir, terminal)?.train()?;
    let stage = next_stage(&ledger, &dir, arguments.objective, arguments.halving())?;
    let found = rows(&ledger, &dir, arguments.objective, &stage.left_out)?;
    report(&arguments, &ledger, &found, &dir, terminal)?;
    let failed: usize = found.iter().map(|row| row.failed).sum();
    let (left, all) = (stage.to_do.len(), ledger.runs().count());
    let left = format!("{left} of {all} trainings to do; the same command goes on");
    match end {
        End::Interrupted => return Err(Failure::interrupted(format!("stopped, {left}"))),
        End::Spent => terminal.note(&format!("the budget is spent, {left}")),
        End::Done => {}
    }
    match failed {
        0 => Ok(()),
        failed => Err(
            Failure::input(format!("{failed} of {all} trainings failed")).help(format!(
                "their logs lie beside their folders in `{}`",
                dir.display()
            )),
        ),
    }
}

/// The models to train, checked and costed; those that are rejected are told and left out.
fn members(arguments: &Arguments, terminal: &Terminal) -> Result<Vec<Member>, Failure> {
    if arguments.model == Path::new("-") {
        return Err(
            Failure::usage("a sweep reads its file again for every training").help("name a file"),
        );
    }
    let text = model::read(&arguments.model)?.text;
    let all = model_names(&text);
    if let Some(unknown) = arguments.models.iter().find(|name| !all.contains(name)) {
        return Err(
            Failure::input(format!("the file has no model `{unknown}`")).help(
                "`termc variants` lists the models, variants and members of families of a file",
            ),
        );
    }
    let wanted = |name: &String| arguments.models.is_empty() || arguments.models.contains(name);
    let names: Vec<String> = all.iter().filter(|name| wanted(name)).cloned().collect();
    let mut first: Option<CheckedSource> = None;
    let mut members = vec![];
    let mut rejected = vec![];
    let mut told: Vec<Diagnostic> = vec![];
    for name in names {
        let source = model::read(&arguments.model)?;
        let compiled = source.compile(&termc_compiler::Options {
            model: Some(name.clone()),
            sets: arguments.options.sets.clone(),
        })?;
        if compiled.model.is_none() {
            // What several members have in common is told once.
            let new = compiled.diagnostics.iter();
            let new: Vec<Diagnostic> = new.filter(|one| !told.contains(one)).cloned().collect();
            model::show(&compiled, &new, terminal);
            told.extend(new);
            rejected.push(name);
            continue;
        }
        let checked = source.checked(compiled)?;
        checked.require_parameters()?;
        members.push(member(&name, &checked, first.as_ref()));
        first.get_or_insert(checked);
    }
    if members.is_empty() {
        return Err(Failure::reported());
    }
    if !rejected.is_empty() {
        terminal.warn(&format!(
            "rejected, and not trained: {}",
            rejected.join(", ")
        ));
    }
    Ok(members)
}

fn member(name: &str, checked: &CheckedSource, first: Option<&CheckedSource>) -> Member {
    let model = &checked.model;
    Member {
        name: name.to_owned(),
        source: Member::digest(model.source()),
        parameters: model.parameter_count(),
        multiply_adds: cost::total(model).multiply_adds,
        changes: first.map_or_else(Vec::new, |first| model_differs(first, checked)),
    }
}

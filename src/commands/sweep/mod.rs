//! `termc sweep`: the models of a file trained one after the other, with several seeds. What is done already is not done again.

mod options;
mod trainings;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use termc_compiler::{cost, model_names};
use termc_runtime::model::CheckedSource;
use termc_runtime::sweep::{Ledger, Mean, Member, Objective, Row, page, rows};
use termc_runtime::tensors::write_atomic;
use termc_runtime::train::{Interval, ended};

use self::options::{TrainOptions, check};
use self::trainings::Training;
use super::diff::model_differs;
use crate::choice::one_of;
use crate::cli::{ChangeArgs, Format, home_path};
use crate::failure::Failure;
use crate::model;
use crate::terminal::{Accent, Terminal};

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
    options: TrainOptions,
}

/// Trains what is not trained, then tells what came of all.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let members = members(&arguments, terminal)?;
    let mut seeds = arguments.seeds.clone();
    seeds.sort_unstable();
    seeds.dedup();
    let dir = match &arguments.out {
        Some(dir) => dir.clone(),
        None => Path::new("sweeps").join(arguments.model.file_stem().unwrap_or_default()),
    };
    let ledger = Ledger::new(arguments.options.words(), members, seeds);
    let mut ledger = ledger.going_on(&dir)?;
    if let Some(first) = ledger.runs().next() {
        check(&words(&arguments, &first.member.name, first.seed, &ledger))
            .unwrap_or_else(|error| error.exit());
    }
    std::fs::create_dir_all(&dir).map_err(termc_runtime::Error::file("create", &dir))?;
    ledger.save(&dir)?;
    let stopped = train(&arguments, &mut ledger, &dir, terminal)?;
    let found = rows(&ledger, &dir, arguments.objective)?;
    tell(&arguments, &ledger, &found, &dir, terminal)?;
    match stopped {
        Some(reason) => Err(reason),
        None => Ok(()),
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
            Failure::usage(format!("the file has no model `{unknown}`")).help(
                "`termc variants` lists the models, variants and members of families of a file",
            ),
        );
    }
    let wanted = |name: &String| arguments.models.is_empty() || arguments.models.contains(name);
    let names: Vec<String> = all.iter().filter(|name| wanted(name)).cloned().collect();
    let mut first: Option<CheckedSource> = None;
    let mut members = vec![];
    let mut rejected = vec![];
    for name in names {
        let changes = ChangeArgs {
            name: Some(name.clone()),
            sets: arguments.options.sets.clone(),
        };
        let source = model::read(&arguments.model)?;
        let compiled = source.compile(&termc_compiler::Options {
            model: changes.name,
            sets: changes.sets,
        })?;
        if compiled.model.is_none() {
            model::show(&compiled, &compiled.diagnostics, terminal);
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
        source: Member::digest(&model.source),
        parameters: model.parameter_count(),
        multiply_adds: cost::total(model).multiply_adds,
        changes: first.map_or_else(Vec::new, |first| model_differs(first, checked)),
    }
}

/// The arguments of a new training, without its folder.
fn words(arguments: &Arguments, name: &str, seed: u64, ledger: &Ledger) -> Vec<String> {
    let mut words = vec!["train".to_owned(), arguments.model.display().to_string()];
    words.extend(["--model".to_owned(), name.to_owned()]);
    words.extend(["--seed".to_owned(), seed.to_string()]);
    words.extend(ledger.options.iter().cloned());
    words
}

/// Trains what is not trained; why it stopped before all was done, if it did.
fn train(
    arguments: &Arguments,
    ledger: &mut Ledger,
    dir: &Path,
    terminal: &Terminal,
) -> Result<Option<Failure>, Failure> {
    let began = Instant::now();
    let stop = stop_on_signals()?;
    let mut waiting = vec![];
    let total = ledger.runs().count();
    for run in ledger.runs() {
        let folder = run.folder();
        if ended(&dir.join(&folder))?.is_none() && !ledger.is_left(&folder) {
            let words = words(arguments, &run.member.name, run.seed, ledger);
            waiting.push((folder, words.get(1..).unwrap_or_default().to_vec()));
        }
    }
    terminal.note(&format!(
        "{total} trainings of {} models, {} of them to do, in `{}`",
        ledger.members.len(),
        waiting.len(),
        dir.display()
    ));
    waiting.reverse();
    let (mut running, mut over): (Vec<Training>, usize) = (vec![], 0);
    loop {
        let spent = match arguments.budget {
            Some(budget) => budget.is_over(over, began.elapsed()),
            None => false,
        };
        let interrupted = stop.load(Ordering::SeqCst);
        if spent || interrupted {
            running.iter_mut().for_each(Training::stop);
            running.iter_mut().for_each(Training::wait);
            let left = waiting.len() + running.len();
            return Ok(match (interrupted, left) {
                (false, 0) => None,
                (true, _) => Some(Failure::interrupted(format!(
                    "stopped, {left} of {total} trainings to do; the same command goes on"
                ))),
                (false, _) => {
                    terminal.note(&format!(
                        "the budget is spent, {left} of {total} trainings to do; the same command goes on"
                    ));
                    None
                }
            });
        }
        let counted =
            matches!(arguments.budget, Some(Interval::Steps(most)) if over + running.len() >= most);
        if running.len() < arguments.jobs as usize && !counted {
            if let Some((folder, words)) = waiting.pop() {
                running.push(Training::start(dir, folder, &words)?);
                continue;
            }
        }
        if running.is_empty() {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(50));
        let mut still = vec![];
        for mut training in running {
            match training.ended() {
                None => still.push(training),
                Some(status) if status.success() => {
                    over += 1;
                    let found = ended(&dir.join(&training.folder))?;
                    let test = found.map_or(0.0, |found| found.test_accuracy);
                    terminal.note(&format!(
                        "{}: test accuracy {:.2} %",
                        training.folder,
                        100.0 * test
                    ));
                }
                // Stopped from outside: neither done nor failed.
                Some(status) if status.code() == Some(130) => stop.store(true, Ordering::SeqCst),
                Some(_) => {
                    let message = training.message();
                    let again = ledger.failed(&training.folder, message.clone());
                    ledger.save(dir)?;
                    terminal.warn(&format!(
                        "{} failed{}: {message}",
                        training.folder,
                        if again {
                            ", and is tried once more"
                        } else {
                            " again"
                        }
                    ));
                    let run = ledger.runs().find(|run| run.folder() == training.folder);
                    if let (true, Some(run)) = (again, run) {
                        let words = words(arguments, &run.member.name, run.seed, ledger);
                        waiting
                            .push((training.folder, words.get(1..).unwrap_or_default().to_vec()));
                    } else {
                        over += 1;
                    }
                }
            }
        }
        running = still;
    }
}

fn stop_on_signals() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || asked.store(true, Ordering::SeqCst))
        .map_err(|error| Failure::machine(format!("cannot listen for signals: {error}")))?;
    Ok(stop)
}

/// Prints the table, and writes it and the page into the folder.
fn tell(
    arguments: &Arguments,
    ledger: &Ledger,
    found: &[Row<'_>],
    dir: &Path,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let objective = arguments.objective;
    let title = format!(
        "{} models of {}",
        found.len(),
        arguments.model.file_name().unwrap_or_default().display()
    );
    let written = format!("termc {}", env!("CARGO_PKG_VERSION"));
    let html = page(&title, ledger, found, objective, &written);
    write_atomic(&dir.join("sweep.html"), html.as_bytes())?;
    let json = serde_json::Value::Array(found.iter().map(|row| object(row, objective)).collect());
    write_atomic(&dir.join("table.json"), format!("{json}\n").as_bytes())?;
    match arguments.format {
        Format::Json => terminal.line(json.to_string())?,
        Format::Human => terminal.print(&table(found, objective, terminal))?,
    }
    for (folder, trouble) in &ledger.troubles {
        if ledger.is_left(folder) {
            terminal.warn(&format!(
                "left after {} attempts: {folder}: {}",
                trouble.attempts, trouble.message
            ));
        }
    }
    terminal.line(dir.join("sweep.html").display().to_string())
}

/// A row for programs. Times differ from run to run and are on the page alone.
fn object(row: &Row<'_>, objective: Objective) -> serde_json::Value {
    serde_json::json!({
        "model": row.member.name,
        "parameters": row.member.parameters,
        "multiply_adds": row.member.multiply_adds,
        "objective": objective.to_string(),
        "value": row.objective,
        "test_accuracy": row.test,
        "standard_errors_from_first": row.apart,
        "failed": row.left,
    })
}

/// Aligned columns, the best marked.
fn table(found: &[Row<'_>], objective: Objective, terminal: &Terminal) -> String {
    let cell = |mean: &Option<Mean>| match mean {
        Some(Mean {
            mean,
            deviation: Some(deviation),
            count,
        }) => format!("{mean:.4} ± {deviation:.4} ({count})"),
        Some(Mean { mean, .. }) => format!("{mean:.4}"),
        None => "-".into(),
    };
    let heading = [
        "model",
        "parameters",
        "multiply-adds",
        &objective.to_string(),
        "test accuracy",
        "from the first",
    ]
    .map(str::to_owned);
    let lines: Vec<[String; 6]> = found
        .iter()
        .map(|row| {
            let apart = row
                .apart
                .map_or_else(String::new, |apart| format!("{apart:+.1} s.e."));
            [
                row.member.name.clone(),
                termc_compiler::summary::grouped(row.member.parameters),
                termc_compiler::summary::grouped(row.member.multiply_adds),
                cell(&row.objective),
                cell(&row.test),
                apart,
            ]
        })
        .collect();
    let value = |row: &Row<'_>| {
        let sign = if objective.is_accuracy() { 1.0 } else { -1.0 };
        row.objective.map(|mean| sign * mean.mean)
    };
    let best = found
        .iter()
        .filter_map(value)
        .fold(f64::NEG_INFINITY, f64::max);
    let mut widths = [0; 6];
    for line in std::iter::once(&heading).chain(&lines) {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let text = |line: &[String; 6]| {
        let cells = line.iter().zip(widths).enumerate();
        let cells: Vec<String> = cells
            .map(|(i, (cell, width))| match i {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        cells.join("  ")
    };
    let mut out = terminal.accent(Accent::Dim, text(&heading).trim_end()) + "\n";
    for (row, line) in found.iter().zip(&lines) {
        let line = text(line);
        out += &match value(row) == Some(best) {
            true => terminal.accent(Accent::Bold, line.trim_end()) + "  best",
            false => line.trim_end().to_owned(),
        };
        out.push('\n');
    }
    out
}

//! `termc summary`: every node of a model with its shape, parameters and cost, and the memory that training takes.

use clap::{Args, ValueEnum};
use serde::Serialize;
use termc_compiler::MAX_BATCH;
use termc_compiler::summary::{Summary, bytes, summary};
use termc_runtime::network::Network;

use crate::choice::up_to;
use crate::cli::ModelArgs;
use crate::failure::Failure;
use crate::model;
use crate::size::Size;
use crate::terminal::Terminal;

/// Arguments of `termc summary`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArgs,

    /// Images per batch that bytes are given for [default: the model's own]
    #[arg(long, value_name = "N", value_parser = up_to(MAX_BATCH))]
    batch: Option<u32>,

    /// Say also how large a batch can be trained in so much memory on the CPU, e.g. `4GiB`
    #[arg(long, value_name = "SIZE")]
    memory: Option<Size>,

    /// How many block calls deep the rows go; 0 shows each call of the model as one row [default: 1, on a terminal
    /// what fits]
    #[arg(long, value_name = "N")]
    depth: Option<usize>,

    /// For people, for programs, or for a text
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// Aligned, cut to the terminal
    #[default]
    Table,
    /// One object with every node
    Json,
    /// Comma-separated values with whole paths and exact numbers
    Csv,
    /// A table in Markdown
    Markdown,
}

/// The summary, and what training takes on the CPU; a frozen model is not trained.
#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    summary: Summary,
    /// The most memory that the process is expected to hold.
    training_bytes: Option<u64>,
    /// The largest batch for the memory that was named.
    largest_batch: Option<usize>,
}

/// Prints the summary.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    if arguments.memory.is_some() && matches!(arguments.format, Format::Csv | Format::Markdown) {
        let message = "rows for other programs do not tell the largest batch";
        return Err(Failure::usage(message)
            .help("leave out `--memory`, or take `--format table` or `--format json`"));
    }
    let checked = model::load(&arguments.model, terminal)?;
    let batch = arguments
        .batch
        .map_or(checked.model.train.batch, |n| n as usize);
    if arguments.memory.is_some() {
        checked.refuse_frozen("no batch of it is trained")?;
    }
    let network = (!checked.model.frozen).then(|| Network::new(&checked.model));
    let largest = |memory: Size| network.as_ref()?.largest_batch(memory.0);
    let whole = Whole {
        summary: summary(&checked.model, batch),
        training_bytes: network.as_ref().map(|n| n.training_bytes(batch)),
        largest_batch: arguments.memory.and_then(largest),
    };
    let summary = &whole.summary;
    let depth = arguments.depth.unwrap_or(1);
    let mut text = match (arguments.format, terminal.size()) {
        (Format::Json, _) => {
            let text = serde_json::to_string(&whole).map_err(Failure::machine)?;
            return terminal.line(text);
        }
        (Format::Csv, _) => return terminal.print(&summary.csv(depth)),
        (Format::Markdown, _) => return terminal.print(&summary.markdown(depth)),
        (Format::Table, None) => summary.table(depth),
        (Format::Table, Some((width, height))) => match arguments.depth {
            None => summary.table_within(width, height),
            Some(depth) => summary.table_of_width(depth, width),
        },
    };
    if let Some(needed) = whole.training_bytes {
        text += &format!(
            "training at batch {batch} on the CPU: about {}\n",
            bytes(needed)
        );
    }
    if let Some(memory) = arguments.memory {
        text += &match whole.largest_batch {
            Some(largest) => format!("largest batch in {}: {largest}\n", bytes(memory.0)),
            None => format!("not even one image can be trained in {}\n", bytes(memory.0)),
        };
    }
    terminal.print(&text)
}

//! `termc graph`: a model as a page to look around in, a drawing for a paper, or text for Graphviz or Mermaid.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use termc_compiler::model::NodeId;
use termc_graph::{Error, Format, Options, Tree, show, tree};
use termc_runtime::Model;
use termc_runtime::data::DatasetSource;
use termc_runtime::device::DeviceChoice;
use termc_runtime::model::{CheckedSource, MeanDeviation, NodeStatistics};
use termc_runtime::tensors::write_atomic;

use crate::choice::one_of;
use crate::cli::{ComputeArgs, DataArgs, ModelArgs, home_path};
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::{model, output};

/// Arguments of `termc graph`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArgs,

    /// A page that needs no network, a drawing for a paper, or text for Graphviz or Mermaid [default: as the name of the
    /// file says (`.html`, `.svg`, `.dot`, `.mmd`), else html]
    #[arg(long, value_parser = one_of(&Format::ALL), value_name = "FORMAT")]
    format: Option<Format>,

    #[command(flatten)]
    view: ViewArgs,

    #[command(flatten)]
    statistics: StatisticsArgs,

    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE", value_parser = home_path())]
    output: Option<PathBuf>,
}

/// What a page tells of a training besides its model.
#[derive(Clone, Debug, Args)]
struct StatisticsArgs {
    /// Of a RUN folder: mean and deviation of each value and of its gradient, over images that it trained on
    #[arg(long)]
    statistics: bool,

    /// How many images [default: as in a batch of the training, at most 16]
    #[arg(long, value_name = "N", requires = "statistics", value_parser = clap::value_parser!(u32).range(1..))]
    images: Option<u32>,

    /// Where the images are now, if not where they were
    #[arg(long, value_name = "NAME", requires = "statistics", value_parser = DatasetSource::from_str)]
    dataset: Option<DatasetSource>,

    /// Where the data set's files are now
    #[arg(long, value_name = "DIR", requires = "statistics", value_parser = home_path())]
    data_dir: Option<PathBuf>,

    /// `auto`, `cpu`, `cuda:N`, `vulkan:N`, ... [default: auto]
    #[arg(long, value_name = "DEVICE", requires = "statistics")]
    device: Option<DeviceChoice>,
}

/// Which part of a model is shown, and how deep.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct ViewArgs {
    /// Show one block call or binding by its path, e.g. `b[0]`
    #[arg(long, value_name = "PATH")]
    at: Option<String>,

    /// How many levels of block calls are open; in the page, at first
    #[arg(long, value_name = "N", default_value_t = 0)]
    depth: usize,

    /// Width of an SVG drawing in centimetres: 8.5 is a column, 17 a page of two [default: 8.5]
    #[arg(long, value_name = "CM")]
    width: Option<f64>,
}

impl ViewArgs {
    /// For the crate that draws.
    pub fn options(self, format: Format) -> Result<Options, Failure> {
        if self.width.is_some() && format != Format::Svg {
            let message = format!("`--format {format}` has no width in centimetres");
            return Err(Failure::usage(message).help("leave out `--width`, or add `--format svg`"));
        }
        Ok(Options {
            format,
            at: self.at,
            depth: self.depth,
            width: self.width,
        })
    }
}

/// What the names of files end in.
const ENDINGS: [(&str, Format); 6] = [
    ("html", Format::Html),
    ("svg", Format::Svg),
    ("dot", Format::Dot),
    ("gv", Format::Dot),
    ("mmd", Format::Mermaid),
    ("mermaid", Format::Mermaid),
];

/// Writes the picture.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let format = output::format(arguments.format, &arguments.output, &ENDINGS, Format::Html);
    let options = arguments.view.options(format)?;
    let asked = arguments.statistics.statistics;
    if asked && format != Format::Html {
        let message = format!("`--format {format}` has no place for statistics");
        return Err(Failure::usage(message).help("leave out `--statistics`, or `--format`"));
    }
    let checked = model::load(&arguments.model, terminal)?;
    let output = output::or_standard(&arguments.output, &[&checked], &[])?;
    let mut tree = tree::tree(&checked.model);
    let sources = checked.compiled.sources.clone();
    match (&checked.source.run, asked) {
        (None, true) => {
            let message = "statistics are taken over the images of a training";
            return Err(
                Failure::usage(message).help("name a RUN folder, or leave out `--statistics`")
            );
        }
        (Some(_), true) => add_statistics(&mut tree, checked, &arguments.statistics, terminal)?,
        (Some(_), false) if format == Format::Html => {
            terminal.note("`--statistics` adds means and deviations of values and gradients");
        }
        (_, false) => {}
    }
    let picture = show(&tree, &sources, &options);
    write(&picture.map_err(refused)?, output, terminal)
}

/// Tells of each box of a RUN's model the statistics of its value.
fn add_statistics(
    tree: &mut Tree,
    checked: CheckedSource,
    arguments: &StatisticsArgs,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let data = DataArgs {
        dataset: arguments.dataset.clone(),
        data_dir: arguments.data_dir.clone(),
        ..DataArgs::default()
    };
    let compute = ComputeArgs {
        device: arguments.device.clone().unwrap_or_default(),
        ..ComputeArgs::default()
    };
    let settings = checked.settings()?;
    let dataset = model::dataset(&checked, &data, settings.as_ref(), terminal)?;
    let weights = model::weights(&checked, None, terminal)?;
    let model = Model::new(checked, &weights.tensors, compute.select(terminal)?)?;
    let images = arguments.images.map(|images| images as usize);
    let found = model.statistics(&dataset, images)?;
    let found: HashMap<NodeId, NodeStatistics> =
        found.into_iter().map(|one| (one.node, one)).collect();
    tree.tell(|node| found.get(&node).map_or_else(Vec::new, in_words));
    Ok(())
}

fn in_words(known: &NodeStatistics) -> Vec<(String, String)> {
    let both =
        |MeanDeviation { mean, deviation }| format!("{} ± {}", short(mean), short(deviation));
    let gradient = known
        .gradient
        .map_or_else(|| "the loss does not depend on it".into(), both);
    vec![
        ("value".to_owned(), both(known.value)),
        ("gradient".to_owned(), gradient),
    ]
}

/// Three digits.
fn short(number: f64) -> String {
    match number.abs() {
        0.0 => "0".to_owned(),
        1e-3..1e4 => {
            let digits = 2 - number.abs().log10().floor() as i32;
            format!("{number:.*}", digits.max(0) as usize)
        }
        _ => format!("{number:.2e}"),
    }
}

/// Writes a picture to a file, or prints it.
pub fn write(picture: &str, output: Option<&Path>, terminal: &Terminal) -> Result<(), Failure> {
    match output {
        Some(path) => Ok(write_atomic(path, picture.as_bytes())?),
        None => terminal.print(picture),
    }
}

/// What can be done about a picture that cannot be drawn.
pub fn refused(error: Error) -> Failure {
    let failure = Failure::usage(&error);
    match error {
        Error::NoSuchPath(_, nearest) if nearest.is_empty() => failure,
        Error::NoSuchPath(_, nearest) => {
            let nearest: Vec<String> = nearest.iter().map(|path| format!("`{path}`")).collect();
            failure.help(format!("there are {}", nearest.join(", ")))
        }
        Error::Width => failure.help("`--width 8.5` is a column of a paper"),
        Error::TooLarge(..) => failure.help(
            "choose a smaller `--depth`, or one block with `--at PATH`; the page saves whatever is open in it",
        ),
    }
}

//! `termc predict`: class names and probabilities for image files and folders of them. How a line is written is `write`'s,
//! which files there are in a folder `files`'s business.

mod files;
mod write;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use termc_compiler::MAX_BATCH;
use termc_compiler::analysis::couples_images;
use termc_runtime::Model;
use termc_runtime::data::Fit;
use termc_runtime::model::{ImageBatch, image_shape};
use termc_runtime::train::evaluate::batch_ranges;

use self::write::Writer;
use crate::choice::{one_of, up_to};
use crate::cli::{ChangeArgs, ComputeArgs, FIT};
use crate::failure::Failure;
use crate::model;
use crate::terminal::Terminal;

/// Arguments of `termc predict`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder of a training, or a frozen file
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Image files of any size, and folders, of which all image files are taken, those of their folders too
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,

    /// Say only the so many most probable classes
    #[arg(long, value_name = "K", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    top: u32,

    /// Images per batch; unless the model is frozen, its answers depend on it [default: as in training, at least 64]
    #[arg(long, value_name = "N", value_parser = up_to(MAX_BATCH))]
    batch: Option<u32>,

    /// A table for people, comma-separated values, or one JSON object per image
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    /// The same as `--format jsonl`
    #[arg(long, conflicts_with = "format")]
    json: bool,

    /// How pictures of other sizes than the model's are fitted to it [default: as in training]
    #[arg(long, value_parser = one_of(&Fit::ALL), value_name = "FIT", long_help = FIT)]
    fit: Option<Fit>,

    /// Leave out images that cannot be read, with a warning
    #[arg(long)]
    skip_damaged: bool,

    #[command(flatten)]
    compute: ComputeArgs,
}

/// `--format`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Format {
    /// Aligned columns.
    #[default]
    Table,
    /// Comma-separated values under a heading.
    Csv,
    /// One JSON object per line.
    Jsonl,
}

/// Most unreadable files that are named.
const MOST_NAMES: usize = 10;

/// Predicts, a batch at a time: neither the number of images nor their size is limited by the memory.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let checked = model::check(
        model::read(&arguments.run)?,
        &ChangeArgs::default(),
        terminal,
    )?;
    let preprocessing = checked.preprocessing()?;
    let classes = preprocessing.classes.len();
    let weights = model::weights(&checked, None, terminal)?;
    let compute = arguments.compute.select_exact("predict", terminal)?;
    let fit = arguments.fit.unwrap_or(preprocessing.fit);
    let files = files::find(&arguments.images, terminal)?;
    let shape = image_shape(&checked.model);
    let coupled = couples_images(&checked.model);
    let model = Model::new(checked, &weights.tensors, compute)?.with_preprocessing(preprocessing);
    let batch = match arguments.batch {
        Some(batch) => batch as usize,
        None => model.evaluation_batch()?,
    };
    if coupled && files.len() > batch {
        terminal.note(&format!(
            "answers depend on the {batch} images of a batch, here in the order of the files; those of a frozen model do not"
        ));
    }
    let format = if arguments.json {
        Format::Jsonl
    } else {
        arguments.format
    };
    let top = (arguments.top as usize).min(classes);
    let mut writer = Writer::begin(format, top, &files, terminal)?;
    let (mut damaged, mut resized, mut recoloured) = (Vec::new(), 0, 0);
    for range in batch_ranges(files.len(), batch) {
        let files = files.get(range).unwrap_or_default();
        let (images, outcomes) = ImageBatch::read_each(shape, files, fit);
        let mut read = Vec::new();
        for (file, outcome) in files.iter().zip(outcomes) {
            match outcome {
                Ok(()) => read.push(file),
                Err(error) => damaged.push(error.to_string()),
            }
        }
        if let Some(images) = images {
            resized += images.resized();
            recoloured += images.recoloured();
            for (file, prediction) in read.into_iter().zip(model.predict(&images)?) {
                writer.write(file, &prediction)?;
            }
        }
    }
    let ([channels, height, width], count) = (shape, files.len());
    if resized > 0 {
        terminal.note(&format!(
            "{resized} of {count} images have another size than {width}x{height}, fitted to it by `{fit}`"
        ));
    }
    match (recoloured, channels) {
        (0, _) => {}
        (_, 1) => terminal.warn(&format!(
            "{recoloured} of {count} images are coloured, turned to grey as the model has one channel"
        )),
        (..) => terminal.note(&format!(
            "{recoloured} of {count} images are grey, the same in all three channels"
        )),
    }
    tell_damaged(&damaged, files.len(), arguments.skip_damaged, terminal)
}

/// Files that cannot be read are all told at the end, when the others are answered.
fn tell_damaged(
    damaged: &[String],
    files: usize,
    skip: bool,
    terminal: &Terminal,
) -> Result<(), Failure> {
    if damaged.is_empty() {
        return Ok(());
    }
    let mut text = format!("{} of {files} image files cannot be read", damaged.len());
    if let ([one], 1) = (damaged, files) {
        text.clone_from(one);
    } else {
        for problem in damaged.iter().take(MOST_NAMES) {
            text += &format!("\n  {problem}");
        }
        if damaged.len() > MOST_NAMES {
            text += &format!("\n  ... and {} more", damaged.len() - MOST_NAMES);
        }
    }
    match skip {
        true => {
            terminal.warn(&text);
            Ok(())
        }
        false => Err(Failure::input(text)
            .help("mend or remove them, or leave them out with `--skip-damaged`")),
    }
}

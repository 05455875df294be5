//! `termc predict`: class names and probabilities for image files.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use termc_runtime::Model;
use termc_runtime::data::Fit;
use termc_runtime::model::{ImageBatch, Prediction, image_shape};

use crate::choice::one_of;
use crate::cli::{ChangeArgs, ComputeArgs, FIT};
use crate::failure::Failure;
use crate::model;
use crate::terminal::{Accent, Terminal};

/// Arguments of `termc predict`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder of a training, or a frozen file
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Image files of any size; all together are one batch, which matters unless the model is frozen
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,

    /// Say only the so many most probable classes
    #[arg(long, value_name = "K", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    top: u32,

    /// One JSON object per image
    #[arg(long)]
    json: bool,

    /// How pictures of other sizes than the model's are fitted to it [default: as in training]
    #[arg(long, value_parser = one_of(&Fit::ALL), value_name = "FIT", long_help = FIT)]
    fit: Option<Fit>,

    #[command(flatten)]
    compute: ComputeArgs,
}

/// Predicts.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let checked = model::check(
        model::read(&arguments.run)?,
        &ChangeArgs::default(),
        terminal,
    )?;
    let preprocessing = checked.preprocessing()?;
    let weights = checked.weights(None)?;
    let compute = arguments.compute.select_exact("predict", terminal)?;
    let fit = arguments.fit.unwrap_or(preprocessing.fit);
    let shape = image_shape(&checked.model);
    let images = ImageBatch::read(shape, &arguments.images, fit)?;
    if images.resized() > 0 {
        let ([_, height, width], count) = (shape, images.len());
        terminal.note(&format!(
            "{} of {count} images have another size than {width}x{height}, fitted to it by `{fit}`",
            images.resized()
        ));
    }
    let model = Model::new(checked, &weights.tensors, compute)?.with_preprocessing(preprocessing);
    let predictions = model.predict(&images)?;
    for (path, prediction) in arguments.images.iter().zip(&predictions) {
        let top = top(prediction, arguments.top);
        if arguments.json {
            let answers = top.map(|(class, p)| json!({"class": class, "probability": p}));
            let answers: Vec<_> = answers.collect();
            terminal
                .line(json!({"image": path.to_string_lossy(), "classes": answers}).to_string())?;
        } else {
            let answers = top.map(|(class, p)| format!("{class} {:.2} %", 100.0 * p));
            let answers: Vec<String> = answers.collect();
            let image = terminal.accent(Accent::Bold, &path.display().to_string());
            terminal.line(format!("{image}: {}", answers.join(", ")))?;
        }
    }
    Ok(())
}

/// The so many most probable classes.
fn top(prediction: &Prediction, count: u32) -> impl Iterator<Item = (&str, f64)> {
    let ranked = prediction.ranked().into_iter().take(count as usize);
    ranked.map(|(_, class, probability)| (class, probability))
}

//! `termc predict`: class names and probabilities for image files.

use std::path::PathBuf;

use burn::tensor::{Tensor, TensorData};
use clap::Args;
use serde_json::json;
use termc_compiler::model::{Model, Normalize};
use termc_runtime::Error;
use termc_runtime::data::{Normalizer, decode_image};
use termc_runtime::device::{Devices, Job, TrainBackend, dispatch};
use termc_runtime::network::{KernelChoice, Network, Pass};
use termc_runtime::params::Params;
use termc_runtime::tensors::Tensors;
use termc_runtime::train::scores;

use crate::cli::{ChangeArgs, ComputeArgs, DataArgs};
use crate::data;
use crate::failure::Failure;
use crate::model;
use crate::terminal::{Accent, Terminal};

/// Arguments of `termc predict`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder of a training, or a frozen file
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// PNG or JPEG files of the size the model takes; all together are one batch, which matters unless the model is
    /// frozen
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,

    /// Say only the so many most probable classes
    #[arg(long, value_name = "K", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    top: u32,

    /// One JSON object per image
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    compute: ComputeArgs,
}

/// Predicts.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let loaded = model::check(
        model::read(&arguments.run)?,
        &ChangeArgs::default(),
        terminal,
    )?;
    let settings = data::settings(&loaded.text)?;
    let weights = model::weights(None, &loaded.text)?.tensors;
    let (names, normalize) = match &loaded.text.frozen {
        Some(card) => (card.classes.clone(), card.normalize()),
        None => {
            let recorded = data::recorded(settings.as_ref(), &loaded.text);
            let dataset = data::open(&DataArgs::default(), recorded, &loaded.model)?;
            let normalize = data::normalization(&loaded, settings.as_ref(), &dataset);
            (dataset.classes, normalize)
        }
    };
    let selected = arguments.compute.select_exact("predict")?;
    let mut images = Vec::new();
    for path in &arguments.images {
        images.push(decode_image(path, loaded.model.input).map_err(Error::from)?);
    }
    let job = Look {
        model: &loaded.model,
        weights,
        normalize: &normalize,
        images: &images,
        kernels: arguments.compute.kernels.choice(),
    };
    let logits = dispatch(&selected, job)?;
    for (path, row) in arguments
        .images
        .iter()
        .zip(logits.chunks_exact(loaded.model.classes))
    {
        let mut classes: Vec<usize> = (0..row.len()).collect();
        let chance = |class: &usize| scores::probability(row, *class);
        classes.sort_by(|a, b| chance(b).total_cmp(&chance(a)));
        classes.truncate(arguments.top as usize);
        let name = |class: &usize| names.get(*class).map_or("?", String::as_str);
        if arguments.json {
            let answers = classes
                .iter()
                .map(|c| json!({"class": name(c), "probability": chance(c)}));
            let answers: Vec<_> = answers.collect();
            terminal
                .line(json!({"image": path.to_string_lossy(), "classes": answers}).to_string())?;
        } else {
            let answer = |class: &usize| format!("{} {:.2} %", name(class), 100.0 * chance(class));
            let answers: Vec<String> = classes.iter().map(answer).collect();
            let image = terminal.accent(Accent::Bold, &path.display().to_string());
            terminal.line(format!("{image}: {}", answers.join(", ")))?;
        }
    }
    Ok(())
}

/// One forward pass over decoded images.
struct Look<'a> {
    model: &'a Model,
    weights: Tensors,
    normalize: &'a Normalize,
    images: &'a [Vec<u8>],
    kernels: KernelChoice,
}

impl Job for Look<'_> {
    type Out = Result<Vec<f32>, Error>;

    fn run<B: TrainBackend>(self, devices: Devices<B>) -> Self::Out {
        let device = devices.main;
        let params = Params::<B::InnerBackend>::from_tensors(self.model, &self.weights, &device)?;
        let [channels, height, width] = self.model.input;
        let normalizer = Normalizer::new(self.normalize, channels)?;
        let size = channels * height * width;
        let mut pixels = vec![0f32; self.images.len() * size];
        for (image, out) in self.images.iter().zip(pixels.chunks_exact_mut(size.max(1))) {
            normalizer.apply(image, out);
        }
        let data = TensorData::new(pixels, [self.images.len(), channels, height, width]);
        let input = Tensor::<B::InnerBackend, 4>::from_data(data, &device);
        let pass = Pass {
            kernels: self.kernels,
            ..Pass::default()
        };
        let forward = Network::new(self.model).forward(&params, input, &pass);
        Ok(forward.logits.into_data().iter::<f32>().collect())
    }
}

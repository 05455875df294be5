//! `termc run`: a model on tensors from a file, with loss, gradients and inner values where asked for.

use std::path::{Path, PathBuf};

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use clap::Args;
use termc_compiler::model::Model;
use termc_runtime::Error;
use termc_runtime::device::{Devices, Job, TrainBackend, dispatch};
use termc_runtime::loss::one_hot;
use termc_runtime::network::{Keep, KernelChoice, Network, Pass, Precision};
use termc_runtime::objective::{self, TermValues};
use termc_runtime::params::{Params, unflatten};
use termc_runtime::tensors::{TensorFile, Tensors};

use crate::cli::{ComputeArgs, ModelArgs};
use crate::failure::Failure;
use crate::model;
use crate::terminal::Terminal;

/// Arguments of `termc run`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArgs,

    /// The weights [default: those of the RUN folder or weight file given as MODEL]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// A .safetensors file with `input`, `[N, C, H, W]`, and for the loss `labels`, `[N]`
    #[arg(long, value_name = "FILE")]
    input: PathBuf,

    /// The .safetensors file to write: `logits`, with labels `loss.*`
    #[arg(long, value_name = "FILE")]
    output: PathBuf,

    /// Also write the gradient of the total loss, `grad.PARAMETER`; needs labels
    #[arg(long)]
    gradients: bool,

    /// Also write the value of every named node, `node.NAME`
    #[arg(long)]
    trace: bool,

    #[command(flatten)]
    compute: ComputeArgs,
}

/// Runs the model.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let loaded = model::load(&arguments.model, terminal)?;
    let weights = model::weights(arguments.weights.as_deref(), &loaded.text)?.tensors;
    if arguments.gradients {
        model::refuse_frozen(&loaded, "it has no gradients")?;
    }
    let selected = arguments.compute.select()?;
    let (input, labels) = read_input(&arguments.input, &loaded.model)?;
    if arguments.gradients && labels.is_none() {
        let message = format!("`{}` has no `labels`", arguments.input.display());
        return Err(Failure::input(message).help(
            "the loss and its gradients need them; add `labels` [N] or leave out `--gradients`",
        ));
    }
    let job = Pass1 {
        model: &loaded.model,
        weights,
        input,
        labels,
        gradients: arguments.gradients,
        trace: arguments.trace,
        kernels: arguments.compute.kernels.choice(),
        precision: arguments.compute.precision.choice(),
    };
    let file = TensorFile {
        tensors: dispatch(&selected, job)?,
        metadata: [("termc.model".to_owned(), loaded.model.name.clone())].into(),
    };
    file.write(&arguments.output)?;
    let names: Vec<&str> = file.tensors.keys().map(String::as_str).collect();
    terminal.note(&format!(
        "{} tensors in `{}`: {}",
        names.len(),
        arguments.output.display(),
        shortened(&names)
    ));
    Ok(())
}

fn shortened(names: &[&str]) -> String {
    let shown: Vec<&str> = names.iter().rev().take(6).rev().copied().collect();
    let dots = if shown.len() < names.len() {
        "..., "
    } else {
        ""
    };
    format!("{dots}{}", shown.join(", "))
}

/// The images and labels of a file, checked against the model.
fn read_input(path: &Path, model: &Model) -> Result<(TensorData, Option<Vec<usize>>), Failure> {
    let mut file = TensorFile::read(path)?;
    let problem = |problem: String| Failure::input(format!("`{}` {problem}", path.display()));
    let input = file.tensors.remove("input").ok_or_else(|| {
        problem("has no tensor `input`".into()).help("give it images [N, C, H, W] under that name")
    })?;
    let sizes: Vec<usize> = input.shape.to_vec();
    let [channels, height, width] = model.input;
    let images = match sizes.as_slice() {
        [n, c, h, w] if [*c, *h, *w] == model.input && *n > 0 => *n,
        _ => {
            return Err(problem(format!(
                "has `input` of shape {sizes:?}; model `{}` takes [N, {channels}, {height}, {width}]",
                model.name
            )));
        }
    };
    let Some(labels) = file.tensors.remove("labels") else {
        return Ok((input.convert::<f32>(), None));
    };
    let labels: Vec<f64> = labels.iter::<f64>().collect();
    if labels.len() != images {
        return Err(problem(format!(
            "has {images} images but {} labels",
            labels.len()
        )));
    }
    let known = |label: &f64| {
        let whole = label.fract() == 0.0 && *label >= 0.0 && *label < model.classes as f64;
        whole.then_some(*label as usize)
    };
    if let Some(label) = labels.iter().find(|label| known(label).is_none()) {
        let classes = model.classes;
        return Err(problem(format!(
            "has the label {label}; the model has {classes} classes"
        )));
    }
    let labels = labels.iter().filter_map(known).collect();
    Ok((input.convert::<f32>(), Some(labels)))
}

/// One pass over one batch.
struct Pass1<'a> {
    model: &'a Model,
    weights: Tensors,
    input: TensorData,
    labels: Option<Vec<usize>>,
    gradients: bool,
    trace: bool,
    kernels: KernelChoice,
    precision: Precision,
}

impl Job for Pass1<'_> {
    type Out = Result<Tensors, Error>;

    fn run<B: TrainBackend>(self, devices: Devices<B>) -> Self::Out {
        let device = devices.main;
        let params = Params::<B::InnerBackend>::from_tensors(self.model, &self.weights, &device)?;
        let network = Network::new(self.model);
        let pass = Pass {
            keep: if self.trace {
                Keep::Named
            } else {
                Keep::Nothing
            },
            kernels: self.kernels,
            precision: self.precision,
            ..Pass::default()
        };
        let input = Tensor::<B::InnerBackend, 4>::from_data(self.input, &device);
        let targets = self
            .labels
            .map(|labels| one_hot::<B::InnerBackend>(&labels, self.model.classes, &device));
        let mut out = Tensors::new();
        if self.trace || !self.gradients {
            let forward = network.forward(&params, input.clone(), &pass);
            out.insert("logits".into(), forward.logits.to_data());
            if let Some(targets) = targets.clone() {
                let terms = objective::terms(&network, &params, &forward, targets);
                insert_terms(&mut out, terms.values());
            }
            for (node, value) in forward.kept {
                out.insert(format!("node.{}", self.model[node].name), floats(value));
            }
        }
        if let (true, Some(targets)) = (self.gradients, targets) {
            let found = objective::evaluate::<B>(&network, &params, input, targets, &pass);
            out.insert("logits".into(), found.logits.to_data());
            insert_terms(&mut out, found.terms.values());
            out.extend(unflatten(self.model, "grad.", &found.gradient));
        }
        Ok(out)
    }
}

fn floats<B: Backend>(value: Tensor<B, 4>) -> TensorData {
    value.into_data().convert::<f32>()
}

/// The loss terms as tensors of shape [], the total among them.
fn insert_terms(out: &mut Tensors, terms: TermValues) {
    let named = [
        ("total", Some(terms.total)),
        ("cross_entropy", Some(terms.cross_entropy)),
        ("slow", terms.slow_neural),
        ("weight_norm", terms.weight_norm),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            let data = TensorData::new(vec![value as f32], Vec::<usize>::new());
            out.insert(format!("loss.{name}"), data);
        }
    }
}

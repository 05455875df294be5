//! A model on tensors: logits, and where asked for the loss, its gradient and inner values, all as named tensors.

use std::path::Path;

use burn::tensor::{Tensor, TensorData};
use termc_compiler::model::Model as CheckedModel;

use super::{Model, ModelError, fetch};
use crate::Error;
use crate::loss::one_hot;
use crate::network::{Keep, Pass};
use crate::objective::{self, TermValues};
use crate::params::unflatten;
use crate::tensors::{TensorFile, Tensors, reshaped};

/// Normalized images and their labels.
#[derive(Clone, Debug)]
pub struct RunInput {
    /// As errors call it: the file it was read from.
    pub name: String,
    /// `[N, C, H, W]`, 32-bit floats; of sequences `[N, C, L, 1]`.
    pub images: TensorData,
    /// A class for each image; the loss and its gradient need them.
    pub labels: Option<Vec<usize>>,
}

/// What to compute besides the logits.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// The gradient of the total loss with respect to every parameter; needs labels.
    pub gradients: bool,
    /// The value of every node that the author named.
    pub trace: bool,
}

impl RunInput {
    /// Reads a `.safetensors` file with `input`, `[N, C, H, W]` or `[N, C, L]`, and perhaps `labels`, `[N]`, for a model.
    ///
    /// # Errors
    /// If it cannot be read, has no `input`, or something in it does not fit the model.
    pub fn read(path: &Path, model: &CheckedModel) -> Result<Self, Error> {
        let mut file = TensorFile::read(path)?;
        let name = || path.display().to_string();
        let problem = |problem: String| ModelError::Input {
            name: name(),
            problem,
        };
        let images = file.tensors.remove("input");
        let images = images.ok_or_else(|| ModelError::NoInput(name()))?;
        let sizes: Vec<usize> = images.shape().to_vec();
        let channels = model.input.channels;
        let wanted = [&[channels], model.input.sizes.as_slice()].concat();
        let count = match sizes.split_first() {
            Some((n, rest)) if rest == wanted && *n > 0 => *n,
            _ => {
                return Err(problem(format!(
                    "has `input` of shape {sizes:?}; model `{}` takes {}",
                    model.name, model.input
                ))
                .into());
            }
        };
        let labels = file.tensors.remove("labels");
        let labels = labels.map(|labels| classes(&labels, count, model.classes));
        Ok(Self {
            name: name(),
            images: reshaped(images.convert::<f32>(), model.input.dims(count)),
            labels: labels.transpose().map_err(problem)?,
        })
    }
}

/// Labels as classes; the error ends a sentence that starts with the file's name.
fn classes(labels: &TensorData, images: usize, classes: usize) -> Result<Vec<usize>, String> {
    let labels: Vec<f64> = labels.iter::<f64>().collect();
    if labels.len() != images {
        return Err(format!("has {images} images but {} labels", labels.len()));
    }
    let class = |label: &f64| {
        let known = label.fract() == 0.0 && *label >= 0.0 && *label < classes as f64;
        match known {
            true => Ok(*label as usize),
            false => Err(format!(
                "has the label {label}; the model has {classes} classes"
            )),
        }
    };
    labels.iter().map(class).collect()
}

impl Model {
    /// Runs the model on a batch: `logits` `[N, classes]`; with labels the loss terms `loss.*`; where asked for the
    /// gradient `grad.PARAMETER` and the values `node.PATH`.
    ///
    /// # Errors
    /// If a gradient is asked of a frozen model or without labels.
    pub fn run(&self, input: &RunInput, options: RunOptions) -> Result<Tensors, Error> {
        if options.gradients {
            self.checked.refuse_frozen("it has no gradients")?;
            if input.labels.is_none() {
                return Err(ModelError::NoLabels(input.name.clone()).into());
            }
        }
        let model = self.checked();
        let device = &self.compute.device.device;
        let pass = Pass {
            keep: match options.trace {
                true => Keep::Named,
                false => Keep::Nothing,
            },
            ..self.pass()
        };
        let images = Tensor::<4>::from_data(input.images.clone(), device);
        let labels = input.labels.as_deref();
        let targets = labels.map(|labels| one_hot(labels, model.classes, device));
        let mut out = Tensors::new();
        if options.trace || !options.gradients {
            let forward = self.network.forward(&self.params, images.clone(), &pass);
            out.insert("logits".into(), fetch(forward.logits.clone())?);
            if let Some(targets) = targets.clone() {
                let terms = objective::terms(&self.network, &self.params, &forward, targets);
                insert_terms(&mut out, terms.values());
            }
            for (node, value) in forward.kept {
                let value = fetch(value)?.convert::<f32>();
                out.insert(format!("node.{}", model[node].path), value);
            }
        }
        if let (true, Some(targets)) = (options.gradients, targets) {
            let found = objective::evaluate(&self.network, &self.params, images, targets, &pass);
            out.insert("logits".into(), fetch(found.logits.clone())?);
            insert_terms(&mut out, found.terms.values());
            out.extend(unflatten(model, "grad.", &found.gradient));
        }
        Ok(out)
    }

    /// [`run`](Self::run) with the results in a `.safetensors` file; gives their names.
    ///
    /// # Errors
    /// As [`run`](Self::run), and if the file cannot be written.
    pub fn run_to_file(
        &self,
        input: &RunInput,
        options: RunOptions,
        output: &Path,
    ) -> Result<Vec<String>, Error> {
        let file = TensorFile {
            tensors: self.run(input, options)?,
            metadata: [("termc.model".to_owned(), self.checked().name.clone())].into(),
        };
        file.write(output)?;
        Ok(file.tensors.into_keys().collect())
    }
}

/// The loss terms as tensors of shape [], the total among them.
fn insert_terms(out: &mut Tensors, terms: TermValues) {
    let each = terms.terms.into_iter().map(|term| (term.name, term.value));
    for (name, value) in each.chain([("total".to_owned(), terms.total)]) {
        let data = TensorData::new(vec![value as f32], Vec::<usize>::new());
        out.insert(format!("loss.{name}"), data);
    }
}

//! The parameters of a model as tensors: made, named, flattened. Does not compute with them.

use std::sync::Arc;

use burn::tensor::{DType, Device, Gradients, Shape, Tensor, TensorData};
use termc_compiler::model::{Init, Mismatch, Model, Param, ParamId};
use termc_data::random::Key;

use crate::tensors::{Tensors, reshaped};

/// One rank-1 tensor per parameter, in the model's order.
#[derive(Clone, Debug)]
pub struct Params {
    model: Arc<Model>,
    values: Vec<Tensor<1>>,
}

impl Params {
    /// Fresh parameters from each one's initial distribution; a function of the seed and the parameters' paths alone.
    pub fn init(model: &Model, seed: u64, device: &Device) -> Self {
        let key = Key::new(seed).named("init");
        let values = model.params.iter().map(|param| {
            let data = initial(param, key.named(&param.path));
            Tensor::from_data(TensorData::new(data, [param.count()]), (device, DType::F32))
        });
        Self {
            values: values.collect(),
            model: Arc::new(model.clone()),
        }
    }

    /// Cuts a vector of all parameters, in the model's order, into parameters.
    pub fn from_flat(model: &Model, flat: Tensor<1>) -> Self {
        Self::cut(Arc::new(model.clone()), flat)
    }

    /// Other values of the same model's parameters, laid out like [`flat`](Self::flat).
    pub fn with_values(&self, flat: Tensor<1>) -> Self {
        Self::cut(self.model.clone(), flat)
    }

    fn cut(model: Arc<Model>, flat: Tensor<1>) -> Self {
        let mut start = 0;
        let values = model.params.iter().map(|param| {
            let value = flat.clone().narrow(0, start, param.count());
            start += param.count();
            value
        });
        Self {
            values: values.collect(),
            model,
        }
    }

    /// Takes parameters out of named tensors, converting them to 32-bit floats.
    ///
    /// # Errors
    /// If one is missing, has another shape than the model's or a name the model does not have: all of them are listed.
    pub fn from_tensors(
        model: &Model,
        tensors: &Tensors,
        device: &Device,
    ) -> Result<Self, Mismatch> {
        check(model, tensors)?;
        let values = model.params.iter().filter_map(|param| {
            let data = tensors.get(&param.path)?.clone().convert::<f32>();
            let flat = reshaped(data, [param.count()]);
            Some(Tensor::from_data(flat, (device, DType::F32)))
        });
        Ok(Self {
            values: values.collect(),
            model: Arc::new(model.clone()),
        })
    }

    /// The parameters under their paths and in their natural shapes.
    pub fn to_tensors(&self) -> Tensors {
        self.iter()
            .map(|(param, value)| {
                (
                    param.path.clone(),
                    reshaped(value.to_data(), param.shape.clone()),
                )
            })
            .collect()
    }

    /// All parameters as one vector, in the model's order.
    pub fn flat(&self) -> Tensor<1> {
        Tensor::cat(self.values.clone(), 0)
    }

    /// The model they belong to.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Each parameter's description and value, in the model's order.
    pub fn iter(&self) -> impl Iterator<Item = (&Param, &Tensor<1>)> {
        self.model.params.iter().zip(&self.values)
    }

    /// One parameter as a vector.
    #[allow(
        clippy::indexing_slicing,
        reason = "one value per parameter of the model, by construction"
    )]
    pub fn get(&self, id: ParamId) -> Tensor<1> {
        self.values[id.index()].clone()
    }

    /// One parameter in its natural shape.
    pub fn shaped<const D: usize>(&self, id: ParamId) -> Tensor<D> {
        let shape = self.model[id].shape.clone();
        self.get(id).reshape(Shape::from(shape))
    }

    fn map(&self, f: impl FnMut(Tensor<1>) -> Tensor<1>) -> Self {
        Self {
            values: self.values.iter().cloned().map(f).collect(),
            model: self.model.clone(),
        }
    }

    /// Other values of the parameters that are trained, laid out like [`flat`](Self::flat); the others keep theirs.
    pub fn trained_to(&self, flat: Tensor<1>) -> Self {
        let mut moved = self.with_values(flat);
        let all = self.model.params.iter().zip(&self.values);
        for ((param, own), value) in all.zip(&mut moved.values) {
            if !param.trained {
                *value = own.clone();
            }
        }
        moved
    }

    /// Leaves of a new differentiation graph with these values; those of parameters that are never trained have no gradient.
    pub fn leaves(&self) -> Self {
        // Burn gives each leaf a graph of its own and, at the first operation that meets several graphs, moves the younger
        // ones into the oldest. Leaves are made in the model's order, so that the oldest graph is the one that has grown.
        let values = self.iter().map(|(param, value)| {
            let leaf = Tensor::from_inner(value.clone());
            match param.trained {
                true => leaf.require_grad(),
                false => leaf,
            }
        });
        Self {
            values: values.collect(),
            model: self.model.clone(),
        }
    }

    /// The values without gradient tracking.
    pub fn inner(&self) -> Self {
        self.map(Tensor::inner)
    }

    /// The gradients of all parameters as one vector, in the model's order; 0 where there is none.
    pub fn gradients(&self, grads: &mut Gradients) -> Tensor<1> {
        let parts = self.values.iter().map(|value| {
            value
                .grad_remove(grads)
                .unwrap_or_else(|| value.clone().inner().zeros_like())
        });
        Tensor::cat(parts.collect(), 0)
    }
}

/// Compares the names and shapes of tensors with those of a model's parameters.
///
/// # Errors
/// Everything that differs.
pub fn check(model: &Model, tensors: &Tensors) -> Result<(), Mismatch> {
    let shapes = tensors.iter();
    let shapes = shapes.map(|(name, data)| (name.as_str(), &data.shape()[..]));
    Mismatch::check(model, shapes.collect())
}

/// Cuts a vector laid out like [`Params::flat`] into tensors named `{prefix}{path}`, in their natural shapes.
pub fn unflatten(model: &Model, prefix: &str, flat: &Tensor<1>) -> Tensors {
    let parts = Params::from_flat(model, flat.clone()).to_tensors();
    parts
        .into_iter()
        .map(|(path, data)| (format!("{prefix}{path}"), data))
        .collect()
}

/// The inverse of [`unflatten`]; names without the prefix are left alone.
///
/// # Errors
/// If a part is missing, has another shape, or the model knows no parameter of its name.
pub fn flatten(
    model: &Model,
    prefix: &str,
    tensors: &Tensors,
    device: &Device,
) -> Result<Tensor<1>, Mismatch> {
    let parts = tensors
        .iter()
        .filter_map(|(name, data)| Some((name.strip_prefix(prefix)?.to_owned(), data.clone())))
        .collect();
    Ok(Params::from_tensors(model, &parts, device)?.flat())
}

/// The values of one fresh parameter, row-major.
fn initial(param: &Param, key: Key) -> Vec<f32> {
    let value = |i: u64| match param.init {
        Init::Constant(value) => value,
        Init::Uniform { bound } => bound * (2.0 * key.uniform(i) - 1.0),
        Init::Normal { std } => std * key.normal(i),
        Init::GammaUniform {
            bound,
            concentration,
        } => {
            let weight = bound * (2.0 * key.uniform(i) - 1.0);
            weight * key.named("gamma").gamma(i, concentration)
        }
    };
    (0..param.count() as u64).map(|i| value(i) as f32).collect()
}

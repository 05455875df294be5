//! The parameters of a model as tensors: made, named, flattened. Does not compute with them.

use std::sync::Arc;

use burn::tensor::{DType, Device, Gradients, Shape, Tensor, TensorData};
use termc_compiler::model::{Init, Mismatch, Model, Param, ParamId};
use termc_data::random::Key;
use termc_kernels::KernelChoice;

use crate::tensors::{Tensors, reshaped};

/// One rank-1 tensor per parameter, in the model's order, and all of them as one vector.
#[derive(Clone, Debug)]
pub struct Params {
    model: Arc<Model>,
    flat: Tensor<1>,
    /// Cut from the vector, or leaves of a graph with its values.
    values: Vec<Tensor<1>>,
}

impl Params {
    /// Fresh parameters from each one's initial distribution; a function of the seed and the parameters' paths alone.
    pub fn init(model: &Model, seed: u64, device: &Device) -> Self {
        let key = Key::new(seed).named("init");
        let each = model.params.iter();
        let values = each.flat_map(|param| initial(param, key.named(&param.path)));
        Self::from_numbers(model, values.collect(), device)
    }

    fn from_numbers(model: &Model, numbers: Vec<f32>, device: &Device) -> Self {
        let count = numbers.len();
        let data = TensorData::new(numbers, [count]);
        Self::from_flat(model, Tensor::from_data(data, (device, DType::F32)))
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
        let sizes: Vec<usize> = model.params.iter().map(Param::count).collect();
        Self {
            values: KernelChoice::Fused.cut(flat.clone(), &sizes),
            flat,
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
        let each = model.params.iter();
        let values = each.filter_map(|param| tensors.get(&param.path));
        let numbers = values.flat_map(|data| {
            data.clone()
                .convert::<f32>()
                .iter::<f32>()
                .collect::<Vec<_>>()
        });
        Ok(Self::from_numbers(model, numbers.collect(), device))
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
        self.flat.clone()
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

    /// Other values of the parameters that are trained, laid out like [`flat`](Self::flat); the others keep theirs.
    pub fn trained_to(&self, flat: Tensor<1>) -> Self {
        let moved = self.with_values(flat);
        if self.model.params.iter().all(|param| param.trained) {
            return moved;
        }
        let both = self.values.iter().zip(moved.values);
        let values = self.model.params.iter().zip(both);
        let values = values.map(|(param, (own, moved))| match param.trained {
            true => moved,
            false => own.clone(),
        });
        self.with_values(KernelChoice::Fused.join(values.collect()))
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
            flat: Tensor::from_inner(self.flat.clone()),
            model: self.model.clone(),
        }
    }

    /// The values without gradient tracking.
    pub fn inner(&self) -> Self {
        Self {
            values: self.values.iter().cloned().map(Tensor::inner).collect(),
            flat: self.flat.clone().inner(),
            model: self.model.clone(),
        }
    }

    /// The gradients of all parameters as one vector, in the model's order; 0 where there is none.
    pub fn gradients(&self, grads: &mut Gradients) -> Tensor<1> {
        let parts = self.values.iter().map(|value| {
            value
                .grad_remove(grads)
                .unwrap_or_else(|| value.clone().inner().zeros_like())
        });
        KernelChoice::Fused.join(parts.collect())
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

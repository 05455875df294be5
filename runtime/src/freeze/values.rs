//! The parameters of a frozen model from those of the trained one and the statistics of a population. Everything folded
//! is computed in float64 and rounded once.

use burn::tensor::{Device, Tensor, TensorData};
use termc_compiler::freeze::{Frozen, Link, Step, Value};
use termc_compiler::model::{Affine, Model, NodeId, Op, Over, ParamId};

use super::Population;
use crate::Error;
use crate::network::{Context, KernelChoice, Network};
use crate::params::Params;
use crate::tensors::Tensors;

/// Computes the value of every parameter of a frozen model.
///
/// # Errors
/// If the population does not know what the model counts on.
pub(super) fn resolve(
    params: &Params,
    frozen: &Frozen,
    population: &Population,
    kernels: KernelChoice,
    device: &Device,
) -> Result<Params, Error> {
    let context = |id| {
        let value = Tensor::from_data(population.context(id)?, device);
        let pools = matches!(params.model()[id].op, Op::ContextKernel(_));
        Some(match pools && !population.averages_kernels() {
            true => Context::Pooled(value),
            false => Context::Value(value),
        })
    };
    let constants = Network::new(params.model()).constants(params, kernels, device, context);
    let known = Known {
        params,
        constants,
        population,
    };
    let mut tensors = Tensors::new();
    for (param, value) in frozen.model.params.iter().zip(&frozen.values) {
        let values = known.value(value).ok_or_else(|| {
            Error::Input(format!(
                "nothing is known of `{}` of the frozen model",
                param.path
            ))
        })?;
        tensors.insert(
            param.path.clone(),
            TensorData::new(values, param.shape.clone()),
        );
    }
    Ok(Params::from_tensors(&frozen.model, &tensors, device)?)
}

struct Known<'a> {
    params: &'a Params,
    constants: Vec<Option<Tensor<4>>>,
    population: &'a Population,
}

/// `y = weight x + bias` over channels, rows first.
struct Map {
    inputs: usize,
    weight: Vec<f64>,
    bias: Vec<f64>,
}

/// `(scale, shift)` of each channel.
type Channelwise = Vec<(f64, f64)>;

impl Known<'_> {
    fn value(&self, value: &Value) -> Option<Vec<f32>> {
        let round = |all: Vec<f64>| all.into_iter().map(|x| x as f32).collect();
        match value {
            Value::Param(id) => Some(round(self.param(*id))),
            Value::Node(id) => Some(round(self.constant(*id)?)),
            Value::Scale(steps) => {
                Some(round(self.steps(steps)?.into_iter().map(|s| s.0).collect()))
            }
            Value::Shift(steps) => {
                Some(round(self.steps(steps)?.into_iter().map(|s| s.1).collect()))
            }
            Value::Weight(chain) => Some(round(self.chain(chain)?.weight)),
            Value::Bias(chain) => Some(round(self.chain(chain)?.bias)),
            Value::Kernels(weight, steps) => {
                let (mut kernels, steps) = (self.param(*weight), self.steps(steps)?);
                let each = kernels.len() / steps.len().max(1);
                for (kernel, (scale, _)) in kernels.chunks_exact_mut(each.max(1)).zip(steps) {
                    kernel.iter_mut().for_each(|k| *k *= scale);
                }
                Some(round(kernels))
            }
            Value::KernelBias(bias, steps) => {
                let steps = self.steps(steps)?;
                let bias = bias.map_or_else(|| vec![0.0; steps.len()], |id| self.param(id));
                let each = bias.into_iter().zip(steps);
                Some(round(
                    each.map(|(b, (scale, shift))| b * scale + shift).collect(),
                ))
            }
        }
    }

    fn model(&self) -> &Model {
        self.params.model()
    }

    fn param(&self, id: ParamId) -> Vec<f64> {
        self.params.get(id).into_data().iter::<f64>().collect()
    }

    fn constant(&self, id: NodeId) -> Option<Vec<f64>> {
        let value = self.constants.get(id.index())?.clone()?;
        Some(value.into_data().iter::<f64>().collect())
    }

    fn step(&self, step: Step) -> Option<Channelwise> {
        let id = match step {
            Step::Factor(id) => {
                let factors = self.constant(id)?.into_iter();
                return Some(factors.map(|factor| (factor, 0.0)).collect());
            }
            Step::Addend(id) => {
                let addends = self.constant(id)?.into_iter();
                return Some(addends.map(|addend| (1.0, addend)).collect());
            }
            Step::Running(id) => return self.running(id),
            Step::Population(id) => id,
        };
        let channels = self.model()[id].shape.channels;
        let Op::Standardize(op) = &self.model()[id].op else {
            return None;
        };
        let group = match op.over {
            Over::Groups(groups) => channels / groups.max(1),
            _ => channels,
        };
        let maps = self.population.maps(id, op.eps)?.into_iter().enumerate();
        let all = maps.map(
            |(channel, map)| match (channel / group.max(1)).is_multiple_of(2) {
                true => map,
                false => (1.0, 0.0),
            },
        );
        Some(all.collect())
    }

    /// The map that the running statistics of a standardization make.
    fn running(&self, id: NodeId) -> Option<Channelwise> {
        let Op::RunningStd(op) = &self.model()[id].op else {
            return None;
        };
        let moments = self.param(op.mean).into_iter().zip(self.param(op.var));
        let each = moments.map(|(mean, var)| {
            let scale = 1.0 / (var + op.eps).sqrt();
            (scale, -mean * scale)
        });
        Some(each.collect())
    }

    fn steps(&self, steps: &[Step]) -> Option<Channelwise> {
        let all: Option<Vec<Channelwise>> = steps.iter().map(|s| self.step(*s)).collect();
        all?.into_iter().reduce(compose)
    }

    fn affine(&self, affine: Affine) -> Map {
        let outputs = self.model()[affine.weight].shape.first().copied();
        let weight = self.param(affine.weight);
        let bias = match affine.bias {
            Some(bias) => self.param(bias),
            None => vec![0.0; outputs.unwrap_or(0)],
        };
        Map {
            inputs: weight.len() / bias.len().max(1),
            weight,
            bias,
        }
    }

    /// The maps of a chain as one; a chain has at least one linear map.
    fn chain(&self, chain: &[Link]) -> Option<Map> {
        let first = chain.iter().position(|l| matches!(l, Link::Affine(_)))?;
        let (before, after) = chain.split_at_checked(first)?;
        let mut links = after.iter();
        let Some(Link::Affine(affine)) = links.next() else {
            return None;
        };
        let mut map = self.affine(*affine);
        for link in before.iter().rev() {
            match link {
                Link::Step(step) => map.on(&self.step(*step)?),
                Link::Spread(from) => map.on_repeated(from),
                Link::Affine(_) => {}
            }
        }
        for link in links {
            match link {
                Link::Step(step) => map.then(&self.step(*step)?),
                Link::Spread(from) => map.then_repeated(from),
                Link::Affine(affine) => map = self.affine(*affine).after(&map),
            }
        }
        Some(map)
    }
}

/// One after the other.
fn compose(first: Channelwise, second: Channelwise) -> Channelwise {
    let pairs = first.into_iter().zip(second);
    let pairs = pairs.map(|((a, b), (scale, shift))| (a * scale, b * scale + shift));
    pairs.collect()
}

impl Map {
    /// Followed by a map of each channel.
    fn then(&mut self, step: &Channelwise) {
        let rows = self.weight.chunks_exact_mut(self.inputs.max(1));
        for ((row, bias), (scale, shift)) in rows.zip(&mut self.bias).zip(step) {
            row.iter_mut().for_each(|w| *w *= scale);
            *bias = *bias * scale + shift;
        }
    }

    /// Of inputs that go through a map of each channel first.
    fn on(&mut self, step: &Channelwise) {
        let rows = self.weight.chunks_exact_mut(self.inputs.max(1));
        for (row, bias) in rows.zip(&mut self.bias) {
            for (w, (scale, shift)) in row.iter_mut().zip(step) {
                *bias += *w * shift;
                *w *= scale;
            }
        }
    }

    /// Of inputs that are repeated first: the weights of a channel's copies add up.
    fn on_repeated(&mut self, from: &[usize]) {
        let inputs = from.iter().max().map_or(0, |last| last + 1);
        let rows = self.weight.chunks_exact(self.inputs.max(1));
        let rows = rows.flat_map(|row| {
            let mut sums = vec![0.0; inputs];
            for (w, from) in row.iter().zip(from) {
                if let Some(sum) = sums.get_mut(*from) {
                    *sum += w;
                }
            }
            sums
        });
        self.weight = rows.collect();
        self.inputs = inputs;
    }

    /// Followed by a repetition of channels.
    fn then_repeated(&mut self, from: &[usize]) {
        let rows: Vec<&[f64]> = self.weight.chunks_exact(self.inputs.max(1)).collect();
        let rows = from.iter().filter_map(|from| rows.get(*from).copied());
        let weight = rows.collect::<Vec<_>>().concat();
        let bias = from.iter().filter_map(|from| self.bias.get(*from).copied());
        self.bias = bias.collect();
        self.weight = weight;
    }

    /// Applied to what `first` yields.
    fn after(self, first: &Map) -> Map {
        let rows = self.weight.chunks_exact(self.inputs.max(1));
        let mut weight = Vec::with_capacity(self.bias.len() * first.inputs);
        let mut bias = Vec::with_capacity(self.bias.len());
        for (row, own) in rows.zip(&self.bias) {
            let mut sums = vec![0.0; first.inputs];
            let mut sum = *own;
            let inner = first.weight.chunks_exact(first.inputs.max(1));
            for (w, (inner, b)) in row.iter().zip(inner.zip(&first.bias)) {
                sum += w * b;
                sums.iter_mut().zip(inner).for_each(|(s, x)| *s += w * x);
            }
            weight.extend(sums);
            bias.push(sum);
        }
        Map {
            inputs: first.inputs,
            weight,
            bias,
        }
    }
}

//! One node's value from its operands' values: the only match over all operations in this crate.

use burn::tensor::{DType, Tensor, TensorData};
use termc_compiler::model::{self, Affine, Grid, Model, NodeId, Op, ParamId};
use termc_data::random::Key;
use termc_kernels::composed::affine::AffineTensors;
use termc_kernels::composed::elementwise;
use termc_kernels::{Bias, Over};

use super::plan::Fusion;
use super::precision::{joined, pair, to, wide};
use super::{Dropout, Pass, Perturbation, Values, slow};
use crate::params::Params;

/// What every node of one forward pass may look at.
pub(super) struct Run<'a> {
    pub model: &'a Model,
    pub params: &'a Params,
    pub pass: &'a Pass<'a>,
}

impl Run<'_> {
    /// The value of a node that is not the input.
    pub fn node(&self, id: NodeId, values: &Values) -> Tensor<4> {
        let kernels = self.pass.kernels;
        match &self.model[id].op {
            Op::Input => values.get(id),
            Op::Kernel(net) => {
                let tensors = slow::slow_tensors(self.params, net);
                match net.grid {
                    Grid::Plane { .. } => kernels.slow_plane(tensors, self.params.shaped(net.bias)),
                    Grid::Line { .. } => kernels.slow_line(tensors, self.params.get(net.bias)),
                }
            }
            Op::ContextKernel {
                net,
                context,
                source,
            } => {
                let source = to(values.get(*source), DType::F32);
                let tensors = slow::slow_tensors(self.params, net);
                let context = slow::context_tensors(self.params, context, &source.device());
                let bias = self.params.shaped(net.bias);
                kernels.slow_context(tensors, bias, context, source)
            }
            Op::Constant(value) => self.params.shaped(*value),
            Op::Add(a, b) => {
                let (a, b) = pair(values.get(*a), values.get(*b));
                kernels.add(a, b)
            }
            Op::Mul(a, b) => {
                let (a, b) = pair(values.get(*a), values.get(*b));
                kernels.mul(a, b)
            }
            Op::MatMul(a, b) => {
                let (a, b) = pair(values.get(*a), values.get(*b));
                kernels.matmul(a, b)
            }
            Op::Pointwise { x, affine } => {
                let (parts, dtype) = read(*x, values);
                let (weight, bias) = self.affine(*affine, dtype);
                kernels.pointwise(parts, weight, bias)
            }
            Op::Depthwise { x, kernel } => {
                let x = values.get(*x);
                let kernel = to(values.get(*kernel), x.dtype());
                kernels.depthwise(x, kernel)
            }
            Op::Standardize { x, over } => {
                self.half(values.get(*x), |x| kernels.standardize(x, axes(*over)))
            }
            Op::StandardizeScaled { x, scale } => wide(values.get(*x), |x| {
                let scale = to(values.get(*scale), DType::F32);
                kernels.standardize_scaled(x, scale)
            }),
            Op::Rescale { x, scale, shift } => {
                let (scale, shift) = (self.params.get(*scale), self.params.get(*shift));
                let x = values.get(*x);
                let (scale, shift) = (to(scale, x.dtype()), to(shift, x.dtype()));
                kernels.rescale(x, scale, shift)
            }
            Op::Gelu(x) => self.half(values.get(*x), |x| kernels.gelu(x)),
            Op::Sigmoid(x) => self.half(values.get(*x), |x| kernels.sigmoid(x)),
            Op::Bias { x, bias } => {
                let x = values.get(*x);
                let bias = self.bias(*bias, x.dtype());
                kernels.bias(x, bias)
            }
            Op::Concat(parts) => {
                let parts = parts.iter().map(|part| values.get(*part)).collect();
                elementwise::concat(joined(parts))
            }
            Op::Tile { x, times } => elementwise::tile(values.get(*x), *times),
            Op::ChannelMean(x) => wide(values.get(*x), |x| kernels.channel_mean(x)),
            // Small, and what heads are made of: it stays in 32 bits.
            Op::SpatialMean(x) => kernels.spatial_mean(to(values.get(*x), DType::F32)),
            Op::Dropout { x, rate } => match &self.pass.dropout {
                Some(dropout) if *rate > 0.0 => self.dropout(id, values.get(*x), *rate, dropout),
                _ => values.get(*x),
            },
        }
    }

    /// The value of nodes that a fused kernel computes together.
    pub fn fused(&self, fusion: &Fusion, values: &Values) -> Tensor<4> {
        let kernels = self.pass.kernels;
        match *fusion {
            Fusion::StandardizeGelu { x, over, bias } => {
                let bias = self.bias(bias, DType::F32);
                self.half(values.get(x), |x| {
                    kernels.standardize_gelu(x, axes(over), bias)
                })
            }
            Fusion::Gated { a, b, over, bias } => {
                let bias = self.bias(bias, DType::F32);
                let (a, b) = pair(values.get(a), values.get(b));
                self.half(a, |a| {
                    let b = to(b, a.dtype());
                    kernels.gated(a, b, axes(over), bias)
                })
            }
            Fusion::PointwiseGelu { x, affine, bias } => {
                let (parts, dtype) = read(x, values);
                let (weight, shift) = self.affine(affine, dtype);
                let bias = self.bias(bias, DType::F32);
                match dtype {
                    DType::F32 => kernels.pointwise_gelu(parts, weight, shift, bias),
                    _ => wide(kernels.pointwise(parts, weight, shift), |y| {
                        kernels.gelu_bias(y, None, bias)
                    }),
                }
            }
            Fusion::GeluBias { x, rescale, bias } => {
                let rescale = rescale.map(|both| both.map(|id| self.params.get(id)));
                let bias = self.bias(bias, DType::F32);
                wide(values.get(x), |x| kernels.gelu_bias(x, rescale, bias))
            }
            Fusion::Silu(x) => self.half(values.get(x), |x| kernels.silu(x)),
            Fusion::Gate { x, a, b } => self.half(values.get(x), |x| {
                let [a, b] = [a, b].map(|id| to(values.get(id), x.dtype()));
                kernels.gate(x, a, b)
            }),
        }
    }

    /// The values of linear maps that read the same value, in order.
    pub fn together(&self, ids: &[NodeId], values: &Values) -> Vec<Tensor<4>> {
        let linear = ids.iter().filter_map(|id| match &self.model[*id].op {
            Op::Pointwise { x, affine } => Some((*x, *affine)),
            _ => None,
        });
        let (xs, maps): (Vec<NodeId>, Vec<Affine>) = linear.unzip();
        let Some(x) = xs.first() else {
            return vec![];
        };
        let (parts, dtype) = read(*x, values);
        let maps = maps.into_iter().map(|affine| self.affine(affine, dtype));
        self.pass.kernels.pointwises(parts, maps.collect())
    }

    fn affine(&self, affine: Affine, dtype: DType) -> AffineTensors {
        let weight = self.params.shaped::<2>(affine.weight);
        (to(weight, dtype), to(self.params.get(affine.bias), dtype))
    }

    /// The parts of a concatenation or tiling that is not made.
    pub fn parts(&self, id: NodeId, values: &Values) -> Vec<Tensor<4>> {
        match &self.model[id].op {
            Op::Concat(parts) => parts.iter().flat_map(|part| values.parts(*part)).collect(),
            Op::Tile { x, times } => (0..*times).flat_map(|_| values.parts(*x)).collect(),
            _ => vec![self.node(id, values)],
        }
    }

    /// The value with every number changed a little, the same way in every image.
    pub fn perturbed(&self, id: NodeId, x: Tensor<4>, perturbation: &Perturbation) -> Tensor<4> {
        if perturbation.only.is_some_and(|only| only != id) {
            return x;
        }
        let [_, channels, height, width] = x.dims();
        let key = Key::new(0).named("disturb").named(&self.model[id].name);
        let noise: Vec<f32> = (0..(channels * height * width) as u64)
            .map(|i| (perturbation.amount * (2.0 * key.uniform(i) - 1.0)) as f32)
            .collect();
        let noise = TensorData::new(noise, [1, channels, height, width]);
        let change = x.clone() * Tensor::from_data(noise, (&x.device(), x.dtype()));
        match perturbation.gradient {
            true => x + (change.clone() - change.detach()),
            false => x + change,
        }
    }

    fn bias(&self, id: ParamId, dtype: DType) -> Bias {
        match self.model[id].shape.len() {
            1 => Bias::Scalar(to(self.params.get(id), dtype)),
            _ => Bias::Spatial(to(self.params.shaped(id), dtype)),
        }
    }

    /// Applies an operation that the chosen kernels may read 16-bit floats for, computing in 32 bits inside.
    fn half(&self, x: Tensor<4>, f: impl FnOnce(Tensor<4>) -> Tensor<4>) -> Tensor<4> {
        match x.dtype() != DType::F32 && self.pass.kernels.reads_half(&x.device()) {
            true => f(x),
            false => wide(x, f),
        }
    }

    /// Zeroes whole channels of single images and scales the others by `1 / (1 - rate)`.
    fn dropout(&self, id: NodeId, x: Tensor<4>, rate: f64, dropout: &Dropout) -> Tensor<4> {
        let [batch, channels, ..] = x.dims();
        let key = dropout.key.named(&self.model[id].name);
        let scale = (1.0 / (1.0 - rate)) as f32;
        let mask: Vec<f32> = (0..batch)
            .flat_map(|image| {
                let key = key.at((dropout.first_image + image) as u64);
                (0..channels as u64).map(move |c| if key.uniform(c) < rate { 0.0 } else { scale })
            })
            .collect();
        let mask = TensorData::new(mask, [batch, channels, 1, 1]);
        let mask = Tensor::from_data(mask, (&x.device(), x.dtype()));
        self.pass.kernels.mul(x, mask)
    }
}

/// The parts of what a linear map reads, all of one type.
fn read(x: NodeId, values: &Values) -> (Vec<Tensor<4>>, DType) {
    let parts = joined(values.parts(x));
    let dtype = parts.first().map_or(DType::F32, Tensor::dtype);
    (parts, dtype)
}

/// The model's axes of a standardization as the kernels name them.
pub(super) fn axes(over: model::Over) -> Over {
    match over {
        model::Over::Instance => Over::Instance,
        model::Over::Batch => Over::Batch,
        model::Over::Groups(groups) => Over::Groups(groups),
        model::Over::OddGroups(groups) => Over::OddGroups(groups),
    }
}

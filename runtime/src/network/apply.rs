//! One node's value from its operands' values: the only match over all operations in this crate. Primitives are the composed
//! functions that emitted source carries too, but for those that have a kernel.

mod dropout;
mod fused;
mod linear;
mod perturb;
mod slow;
mod statistics;

use std::cell::RefCell;

use burn::tensor::{DType, Device, Tensor, activation};
use termc_compiler::model::{self, Function, Model, NodeId, Op, ParamId, Shape};
use termc_kernels::composed::{elementwise, grid, pooling};
use termc_kernels::{Bias, Edges, Parts};

pub use self::statistics::dims;
pub(super) use self::statistics::kernel_over;

use super::precision::{joined, pair, to, wide};
use super::{Pass, Values};
use crate::params::Params;

/// What lies beyond the edges as the kernels name it.
pub(super) fn kernel_edges(edges: model::Edges) -> Edges {
    match edges {
        model::Edges::Circular => Edges::Circular,
        model::Edges::Zero => Edges::Zero,
        model::Edges::Causal => Edges::Causal,
    }
}

/// What every node of one forward pass may look at.
pub(super) struct Run<'a> {
    pub model: &'a Model,
    pub params: &'a Params,
    pub pass: &'a Pass<'a>,
    /// Where values that are made of nothing are made.
    pub device: &'a Device,
    /// Statistics of the batch that training moves running ones towards: whose, and what they are.
    pub statistics: RefCell<Vec<(ParamId, Tensor<1>)>>,
    /// Zeros that were added to values whose gradients are asked for.
    pub leaves: RefCell<Vec<Tensor<4>>>,
}

impl Run<'_> {
    /// The value with a leaf added to it. The leaf is zero everywhere, stored once.
    pub fn with_leaf(&self, value: Tensor<4>) -> Tensor<4> {
        let zero = Tensor::<4>::zeros([1; 4], (self.device, value.dtype()));
        let zero = zero.inner().expand(value.dims());
        let leaf = Tensor::from_inner(zero).require_grad();
        self.leaves.borrow_mut().push(leaf.clone());
        value + leaf
    }

    /// The value of a node that is not the input.
    pub fn node(&self, id: NodeId, values: &Values) -> Tensor<4> {
        let kernels = self.pass.kernels;
        let shape = self.model[id].shape;
        let both = |a: NodeId, b: NodeId| pair(values.get(a), values.get(b));
        match &self.model[id].op {
            Op::Input(_) => values.get(id),
            Op::Coordinates(_) => grid::coordinates(shape.sizes.as_slice(), self.device),
            Op::Stored(op) => self.stored(op.param, shape),
            Op::Fill(op) => Tensor::full(shape.dims(1), op.value, (self.device, DType::F32)),
            Op::Linear(op) => self.linear(op.x, op.affine, values),
            Op::Conv(op) => self.conv(op, shape, values.get(op.x)),
            Op::Fourier(op) => {
                // The coordinates are made anew, exactly: the grid's own are too coarse for such sines.
                let affine = self.affine(op.affine, DType::F32);
                let y = kernels.sines(affine, shape.sizes.as_slice());
                y.reshape(shape.dims(1))
            }
            Op::Depthwise(op) => {
                let x = values.get(op.x);
                let kernel = to(values.get(op.kernel), x.dtype());
                kernels.depthwise(x, kernel)
            }
            Op::LongConv(op) => {
                let (x, kernel) = both(op.x, op.kernel);
                let edges = kernel_edges(op.edges);
                let kernel = to(kernel, DType::F32);
                wide(x, |x| kernels.long_conv(x, kernel, edges))
            }
            Op::Activation(op) => self.activation(op.function, values.get(op.x)),
            Op::StopGradient(op) => values.get(op.x).detach(),
            Op::Mean(op) => self.mean(op.over, values.get(op.x)),
            Op::Standardize(op) => self.standardize(op.over, op.eps, values.get(op.x)),
            Op::RunningStd(op) => self.running_std(op, values.get(op.x)),
            Op::Normalize(op) => self.normalize(op.over, values.get(op.x)),
            Op::MaxPool(op) => {
                let [window, stride, padding] = op.window.plane(shape.sizes.rank());
                pooling::max_pool(values.get(op.x), window, stride, padding)
            }
            Op::AvgPool(op) => {
                let [window, stride, padding] = op.window.plane(shape.sizes.rank());
                wide(values.get(op.x), |x| {
                    pooling::avg_pool(x, window, stride, padding)
                })
            }
            // Small, and what contexts are made of: it stays in 32 bits.
            Op::AdaptiveAvgPool(op) => {
                pooling::adaptive_avg_pool(to(values.get(op.x), DType::F32), shape.sizes.plane())
            }
            Op::Concat(op) => {
                let parts = op.parts.iter().map(|part| values.get(*part)).collect();
                elementwise::concat(joined(parts))
            }
            Op::Part(op) => values.get(op.x).narrow(1, op.start, shape.channels),
            Op::Flatten(op) => {
                let x = values.get(op.x);
                let images = x.dims()[0];
                x.reshape([images, shape.channels, 1, 1])
            }
            Op::Dropout(op) => self.dropout(id, op.rate, op.shared, values.get(op.x)),
            Op::Add(op) => {
                let (a, b) = both(op.a, op.b);
                kernels.add(a, b)
            }
            Op::Sub(op) => {
                let (a, b) = both(op.a, op.b);
                a - b
            }
            Op::Mul(op) => {
                let (a, b) = both(op.a, op.b);
                kernels.mul(a, b)
            }
            Op::ScaleBy(op) => values.get(op.x).mul_scalar(op.by),
            Op::Offset(op) => values.get(op.x).add_scalar(op.by),
            Op::MatMul(op) => {
                let (a, b) = both(op.a, op.b);
                kernels.matmul(a, b)
            }
            Op::Kernel(op) => self.kernel(&op.net, shape),
            Op::ContextKernel(op) => {
                self.context_kernel(&op.net, &op.context, values.get(op.source))
            }
            Op::StandardizeScaled(op) => wide(values.get(op.x), |x| {
                let scale = to(values.get(op.scale), DType::F32);
                kernels.standardize_scaled(x, scale)
            }),
            Op::Rescale(op) => {
                let x = values.get(op.x);
                let [scale, shift] =
                    [op.scale, op.shift].map(|id| to(self.params.get(id), x.dtype()));
                kernels.rescale(x, scale, shift)
            }
            Op::Bias(op) => {
                let x = values.get(op.x);
                let bias = self.bias(op.bias, shape, x.dtype());
                kernels.bias(x, bias)
            }
            Op::Tile(op) => elementwise::tile(values.get(op.x), op.times),
        }
    }

    /// The parts of a concatenation or tiling that is not made.
    pub fn parts(&self, id: NodeId, values: &Values) -> Parts {
        match &self.model[id].op {
            Op::Concat(op) => op.parts.iter().map(|part| values.parts(*part)).collect(),
            Op::Tile(op) => values.parts(op.x).repeated(op.times),
            _ => vec![self.node(id, values)].into(),
        }
    }

    fn activation(&self, function: Function, x: Tensor<4>) -> Tensor<4> {
        let kernels = self.pass.kernels;
        match function {
            Function::Gelu => self.half(x, |x| kernels.gelu(x)),
            Function::Relu => activation::relu(x),
            Function::Silu => self.half(x, |x| kernels.silu(x)),
            Function::Sigmoid => self.half(x, |x| kernels.sigmoid(x)),
            Function::Tanh => wide(x, Tensor::tanh),
            Function::Sin => wide(x, Tensor::sin),
            Function::Exp => wide(x, Tensor::exp),
        }
    }

    /// A stored tensor as a value of this shape.
    fn stored(&self, id: ParamId, shape: Shape) -> Tensor<4> {
        self.params.get(id).reshape(shape.dims(1))
    }

    /// What is added to a value of this shape.
    fn bias(&self, id: ParamId, shape: Shape, dtype: DType) -> Bias {
        let bias = to(self.params.get(id), dtype);
        match self.model[id].shape.len() {
            1 => Bias::Scalar(bias),
            _ => Bias::Spatial(bias.reshape(shape.sizes.plane())),
        }
    }

    /// Applies an operation that the chosen kernels may read 16-bit floats for, computing in 32 bits inside.
    fn half(&self, x: Tensor<4>, f: impl FnOnce(Tensor<4>) -> Tensor<4>) -> Tensor<4> {
        match x.dtype() != DType::F32 && self.pass.kernels.reads_half(&x.device()) {
            true => f(x),
            false => wide(x, f),
        }
    }
}

//! The values of nodes that a fused kernel computes together.

use burn::tensor::{DType, Tensor};
use termc_compiler::model::NodeId;

use super::Run;
use super::linear::read;
use crate::network::Values;
use crate::network::plan::Fusion;
use crate::network::precision::{pair, to, wide};

impl Run<'_> {
    /// The value of the node `id`, with those that the fusion computes on the way.
    pub fn fused(&self, id: NodeId, fusion: &Fusion, values: &Values) -> Tensor<4> {
        let kernels = self.pass.kernels;
        let bias = |bias| self.bias(bias, self.model[id].shape, DType::F32);
        match *fusion {
            Fusion::StandardizeGelu { x, over, bias: b } => self.half(values.get(x), |x| {
                kernels.standardize_gelu(x, over, bias(b))
            }),
            Fusion::Gated {
                a,
                b,
                over,
                bias: after,
            } => {
                let (a, b) = pair(values.get(a), values.get(b));
                self.half(a, |a| {
                    let b = to(b, a.dtype());
                    kernels.gated(a, b, over, bias(after))
                })
            }
            Fusion::LinearGelu { x, affine, bias: b } => {
                let (parts, dtype) = read(&[x], values);
                let (weight, shift) = self.affine(affine, dtype);
                match dtype {
                    DType::F32 => kernels.pointwise_gelu(parts, weight, shift, bias(b)),
                    _ => wide(kernels.pointwise(parts, weight, shift), |y| {
                        kernels.gelu_bias(y, None, bias(b))
                    }),
                }
            }
            Fusion::LinearSum(maps) => self.linear_sum(maps, values),
            Fusion::GeluBias {
                x,
                rescale,
                bias: b,
            } => {
                let rescale = rescale.map(|both| both.map(|id| self.params.get(id)));
                wide(values.get(x), |x| kernels.gelu_bias(x, rescale, bias(b)))
            }
            Fusion::Silu(x) => self.half(values.get(x), |x| kernels.silu(x)),
            Fusion::Gate { x, a, b } => self.half(values.get(x), |x| {
                let [a, b] = [a, b].map(|id| to(values.get(id), x.dtype()));
                kernels.gate(x, a, b)
            }),
        }
    }
}

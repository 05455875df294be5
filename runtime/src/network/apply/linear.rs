//! Linear maps of the channels: alone, and several that read the same value.

use burn::tensor::{DType, Tensor};
use termc_compiler::model::{Affine, Conv, NodeId, Op, Shape};
use termc_kernels::composed::affine::{AffineTensors, convolution};

use super::Run;
use crate::network::Values;
use crate::network::precision::{joined, to, wide};

impl Run<'_> {
    /// A linear map of the channels at each position.
    pub(super) fn linear(&self, x: NodeId, affine: Affine, values: &Values) -> Tensor<4> {
        let (parts, dtype) = read(x, values);
        let (weight, bias) = self.affine(affine, dtype);
        self.pass.kernels.pointwise(parts, weight, bias)
    }

    /// The values of linear maps that read the same value, in order.
    pub fn together(&self, ids: &[NodeId], values: &Values) -> Vec<Tensor<4>> {
        let linear = ids.iter().filter_map(|id| match &self.model[*id].op {
            Op::Linear(op) => Some((op.x, op.affine)),
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

    /// A convolution with learned kernels, in 32 bits.
    pub(super) fn conv(&self, op: &Conv, shape: Shape, x: Tensor<4>) -> Tensor<4> {
        let [_, stride, padding] = op.window.plane(shape.sizes.rank());
        let weight = self.params.shaped::<4>(op.affine.weight);
        let bias = op.affine.bias.map(|bias| self.params.get(bias));
        wide(x, |x| {
            convolution(x, (weight, bias), stride, padding, op.groups)
        })
    }

    /// Weight and bias of a linear map, zeros where it has no bias.
    pub(super) fn affine(&self, affine: Affine, dtype: DType) -> AffineTensors {
        let weight = self.params.shaped::<2>(affine.weight);
        let bias = match affine.bias {
            Some(bias) => self.params.get(bias),
            None => Tensor::zeros([weight.dims()[0]], (&weight.device(), DType::F32)),
        };
        (to(weight, dtype), to(bias, dtype))
    }
}

/// The parts of what a linear map reads, all of one type and of as many images.
pub(super) fn read(x: NodeId, values: &Values) -> (Vec<Tensor<4>>, DType) {
    let parts = joined(values.parts(x));
    let dtype = parts.first().map_or(DType::F32, Tensor::dtype);
    (parts, dtype)
}

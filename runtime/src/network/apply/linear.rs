//! Linear maps of the channels: alone, and several that read the same value.

use burn::tensor::{DType, Tensor};
use termc_compiler::model::{Affine, Conv, NodeId, Shape};
use termc_kernels::composed::affine::{AffineTensors, convolution};
use termc_kernels::{Parts, favours_few_operations};

use super::Run;
use crate::network::Values;
use crate::network::plan::LinearMap;
use crate::network::precision::{joined, pair, to, wide};

impl Run<'_> {
    /// A linear map of the channels at each position.
    pub(super) fn linear(&self, x: NodeId, affine: Affine, values: &Values) -> Tensor<4> {
        let (parts, dtype) = read(&[x], values);
        let (weight, bias) = self.affine(affine, dtype);
        self.pass.kernels.pointwise(parts, weight, bias)
    }

    /// The values of linear maps that read the same value, in order.
    pub fn together(&self, maps: &[LinearMap], values: &Values) -> Vec<Tensor<4>> {
        let Some(first) = maps.first() else {
            return vec![];
        };
        let kernels = self.pass.kernels;
        let (parts, dtype) = read(&[first.x], values);
        let affines = |map: &LinearMap| -> Vec<AffineTensors> {
            let each = map.affines.iter();
            each.map(|affine| self.affine(*affine, dtype)).collect()
        };
        if favours_few_operations(self.device) {
            let mut all: Vec<_> = maps.iter().map(|map| affines(map).into_iter()).collect();
            let innermost = all.iter_mut().filter_map(Iterator::next).collect();
            let inner = kernels.pointwises(parts, innermost).into_iter();
            let made = inner.zip(all).map(|(y, outer)| {
                outer.fold(y, |y, (weight, bias)| {
                    kernels.pointwise(vec![y], weight, bias)
                })
            });
            return made.collect();
        }
        let maps = maps.iter().filter_map(|map| {
            let each = affines(map).into_iter();
            each.reduce(|inner, outer| self.composed(inner, outer))
        });
        kernels.pointwises(parts, maps.collect())
    }

    /// One linear map for two that follow one another: the outer one applied to the columns and the bias of the inner one.
    fn composed(&self, inner: AffineTensors, outer: AffineTensors) -> AffineTensors {
        let kernels = self.pass.kernels;
        let ([middle, inputs], [outputs, _]) = (inner.0.dims(), outer.0.dims());
        let zero = outer.1.zeros_like().detach();
        let columns = inner.0.reshape([1, middle, 1, inputs]);
        let weight = kernels.pointwise(vec![columns], outer.0.clone(), zero);
        let bias = inner.1.reshape([1, middle, 1, 1]);
        let bias = kernels.pointwise(vec![bias], outer.0, outer.1);
        (weight.reshape([outputs, inputs]), bias.reshape([outputs]))
    }

    /// The sum of two linear maps: one of both values, one after the other.
    pub(super) fn linear_sum(&self, maps: [(NodeId, Affine); 2], values: &Values) -> Tensor<4> {
        let kernels = self.pass.kernels;
        if favours_few_operations(self.device) {
            let [a, b] = maps.map(|(x, affine)| self.linear(x, affine, values));
            let (a, b) = pair(a, b);
            return kernels.add(a, b);
        }
        let (parts, dtype) = read(&maps.map(|(x, _)| x), values);
        let [a, b] = maps.map(|(_, affine)| self.affine(affine, dtype));
        kernels.pointwise(parts, Tensor::cat(vec![a.0, b.0], 1), a.1 + b.1)
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

/// The parts of the values that a linear map reads one after the other, all of one type and of as many images.
pub(super) fn read(xs: &[NodeId], values: &Values) -> (Parts, DType) {
    let parts: Parts = xs.iter().map(|x| values.parts(*x)).collect();
    let parts = parts.map(joined);
    let dtype = parts.maps().first().map_or(DType::F32, Tensor::dtype);
    (parts, dtype)
}

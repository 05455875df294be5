//! Modules of emitted models that hold the tensors of one operation.

use burn::module::{Module, Param, RunningState};
use burn::tensor::Tensor;

use super::affine::{AffineTensors, convolution, pointwise, rescale};
use super::init::Init;
use super::normalize::{moments, standardize_known, standardize_over};
use super::weights::Weights;

/// A linear map.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[outputs, inputs]`
    weight: Param<Tensor<2>>,
    /// `[outputs]`
    bias: Param<Tensor<1>>,
}

impl Linear {
    fn new([outputs, inputs]: [usize; 2], w: Weights) -> Self {
        Self {
            weight: w.tensor("weight", [outputs, inputs]),
            bias: w.tensor("bias", [outputs]),
        }
    }
}

impl Linear {
    fn fresh(sizes: [usize; 2], weight: Init, w: Weights) -> Self {
        Self::fresh_with_bias(sizes, weight, Init::Constant(0.0), w)
    }
}

impl Linear {
    fn fresh_with_bias(sizes: [usize; 2], weight: Init, bias: Init, w: Weights) -> Self {
        let [outputs, inputs] = sizes;
        Self {
            weight: w.tensor("weight", sizes, inputs, weight),
            bias: w.tensor("bias", [outputs], inputs, bias),
        }
    }
}

impl Linear {
    /// As PyTorch starts it: uniform on plus or minus `1 / sqrt(inputs)`.
    fn uniform(sizes: [usize; 2], w: Weights) -> Self {
        let start = Init::KaimingUniform(1.0 / 3f64.sqrt());
        Self::fresh_with_bias(sizes, start, start, w)
    }
}

impl Linear {
    fn read([outputs, inputs]: [usize; 2], from: &mut Numbers<'_>) -> Self {
        Self {
            weight: from.take([outputs, inputs]),
            bias: from.take([outputs]),
        }
    }
}

impl Linear {
    fn tensors(&self) -> AffineTensors {
        (self.weight.val(), self.bias.val())
    }
}

impl Linear {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        pointwise(x, self.tensors())
    }
}

impl Linear {
    fn fixed_weight(mut self) -> Self {
        self.weight = self.weight.set_require_grad(false);
        self
    }
}

impl Linear {
    fn fixed_bias(mut self) -> Self {
        self.bias = self.bias.set_require_grad(false);
        self
    }
}

/// A linear map without a bias.
#[derive(Module, Debug)]
pub struct Unbiased {
    /// `[outputs, inputs]`
    weight: Param<Tensor<2>>,
}

impl Unbiased {
    fn new(sizes: [usize; 2], w: Weights) -> Self {
        Self {
            weight: w.tensor("weight", sizes),
        }
    }
}

impl Unbiased {
    fn fresh([outputs, inputs]: [usize; 2], weight: Init, w: Weights) -> Self {
        Self {
            weight: w.tensor("weight", [outputs, inputs], inputs, weight),
        }
    }
}

impl Unbiased {
    /// As PyTorch starts it: uniform on plus or minus `1 / sqrt(inputs)`.
    fn uniform(sizes: [usize; 2], w: Weights) -> Self {
        Self::fresh(sizes, Init::KaimingUniform(1.0 / 3f64.sqrt()), w)
    }
}

impl Unbiased {
    fn read(sizes: [usize; 2], from: &mut Numbers<'_>) -> Self {
        Self {
            weight: from.take(sizes),
        }
    }
}

impl Unbiased {
    fn tensors(&self) -> AffineTensors {
        let weight = self.weight.val();
        let bias = Tensor::zeros([weight.dims()[0]], &weight.device());
        (weight, bias)
    }
}

impl Unbiased {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        pointwise(x, self.tensors())
    }
}

/// A factor and a summand per channel: a standardization with known statistics.
#[derive(Module, Debug)]
pub struct Rescale {
    /// `[channels]`
    scale: Param<Tensor<1>>,
    /// `[channels]`
    shift: Param<Tensor<1>>,
}

impl Rescale {
    fn new(channels: usize, w: Weights) -> Self {
        Self {
            scale: w.tensor("scale", [channels]),
            shift: w.tensor("shift", [channels]),
        }
    }
}

impl Rescale {
    fn fresh(channels: usize, scale: Init, w: Weights) -> Self {
        Self::fresh_with_shift(channels, scale, Init::Constant(0.0), w)
    }
}

impl Rescale {
    fn fresh_with_shift(channels: usize, scale: Init, shift: Init, w: Weights) -> Self {
        Self {
            scale: w.tensor("scale", [channels], 1, scale),
            shift: w.tensor("shift", [channels], 1, shift),
        }
    }
}

impl Rescale {
    fn read(channels: usize, from: &mut Numbers<'_>) -> Self {
        Self {
            scale: from.take([channels]),
            shift: from.take([channels]),
        }
    }
}

impl Rescale {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        rescale(x, [self.scale.val(), self.shift.val()])
    }
}

/// A convolution.
#[derive(Module, Debug)]
pub struct Conv {
    /// `[outputs, inputs of a group, height, width]`
    weight: Param<Tensor<4>>,
    /// `[outputs]`
    bias: Param<Tensor<1>>,
}

impl Conv {
    fn new(sizes: [usize; 4], w: Weights) -> Self {
        let [outputs, ..] = sizes;
        Self {
            weight: w.tensor("weight", sizes),
            bias: w.tensor("bias", [outputs]),
        }
    }
}

impl Conv {
    fn fresh(sizes: [usize; 4], weight: Init, w: Weights) -> Self {
        Self::fresh_with_bias(sizes, weight, Init::Constant(0.0), w)
    }
}

impl Conv {
    fn fresh_with_bias(sizes: [usize; 4], weight: Init, bias: Init, w: Weights) -> Self {
        let [outputs, inputs, height, width] = sizes;
        let inputs = inputs * height * width;
        Self {
            weight: w.tensor("weight", sizes, inputs, weight),
            bias: w.tensor("bias", [outputs], inputs, bias),
        }
    }
}

impl Conv {
    /// As PyTorch starts it: uniform on plus or minus one over the root of the inputs to each output.
    fn uniform(sizes: [usize; 4], w: Weights) -> Self {
        let start = Init::KaimingUniform(1.0 / 3f64.sqrt());
        Self::fresh_with_bias(sizes, start, start, w)
    }
}

impl Conv {
    fn read(sizes: [usize; 4], from: &mut Numbers<'_>) -> Self {
        let [outputs, ..] = sizes;
        Self {
            weight: from.take(sizes),
            bias: from.take([outputs]),
        }
    }
}

impl Conv {
    fn forward(
        &self,
        x: Tensor<4>,
        stride: [usize; 2],
        padding: [usize; 2],
        groups: usize,
    ) -> Tensor<4> {
        let affine = (self.weight.val(), Some(self.bias.val()));
        convolution(x, affine, stride, padding, groups)
    }
}

impl Conv {
    fn fixed_weight(mut self) -> Self {
        self.weight = self.weight.set_require_grad(false);
        self
    }
}

impl Conv {
    fn fixed_bias(mut self) -> Self {
        self.bias = self.bias.set_require_grad(false);
        self
    }
}

/// A convolution without a bias.
#[derive(Module, Debug)]
pub struct UnbiasedConv {
    /// `[outputs, inputs of a group, height, width]`
    weight: Param<Tensor<4>>,
}

impl UnbiasedConv {
    fn new(sizes: [usize; 4], w: Weights) -> Self {
        Self {
            weight: w.tensor("weight", sizes),
        }
    }
}

impl UnbiasedConv {
    fn fresh(sizes: [usize; 4], weight: Init, w: Weights) -> Self {
        let [_, inputs, height, width] = sizes;
        Self {
            weight: w.tensor("weight", sizes, inputs * height * width, weight),
        }
    }
}

impl UnbiasedConv {
    /// As PyTorch starts it: uniform on plus or minus one over the root of the inputs to each output.
    fn uniform(sizes: [usize; 4], w: Weights) -> Self {
        Self::fresh(sizes, Init::KaimingUniform(1.0 / 3f64.sqrt()), w)
    }
}

impl UnbiasedConv {
    fn read(sizes: [usize; 4], from: &mut Numbers<'_>) -> Self {
        Self {
            weight: from.take(sizes),
        }
    }
}

impl UnbiasedConv {
    fn forward(
        &self,
        x: Tensor<4>,
        stride: [usize; 2],
        padding: [usize; 2],
        groups: usize,
    ) -> Tensor<4> {
        convolution(x, (self.weight.val(), None), stride, padding, groups)
    }
}

/// Running mean and variance of each channel.
#[derive(Module, Debug)]
pub struct Running {
    /// `[channels]`
    mean: RunningState<Tensor<1>>,
    /// Unbiased, `[channels]`.
    var: RunningState<Tensor<1>>,
}

impl Running {
    fn new(channels: usize, w: Weights) -> Self {
        let running = |name| RunningState::new(w.tensor(name, [channels]).val());
        Self {
            mean: running("mean"),
            var: running("var"),
        }
    }
}

impl Running {
    fn fresh(channels: usize, w: Weights) -> Self {
        let running = |name, start| RunningState::new(w.tensor(name, [channels], 1, start).val());
        Self {
            mean: running("mean", Init::Constant(0.0)),
            var: running("var", Init::Constant(1.0)),
        }
    }
}

impl Running {
    fn read(channels: usize, from: &mut Numbers<'_>) -> Self {
        Self {
            mean: RunningState::new(from.take([channels]).val()),
            var: RunningState::new(from.take([channels]).val()),
        }
    }
}

impl Running {
    /// In training (on a device with autodiff) the batch's own statistics, towards which the running ones are moved.
    fn forward(&self, x: Tensor<4>, momentum: f64, eps: f64) -> Tensor<4> {
        if !x.device().is_autodiff() {
            return standardize_known(x, [self.mean.value(), self.var.value()], eps);
        }
        for (running, found) in [&self.mean, &self.var].into_iter().zip(moments(x.clone().detach())) {
            let old = running.value_sync().mul_scalar(1.0 - momentum);
            running.update((old + found.mul_scalar(momentum)).detach());
        }
        standardize_over(x, &[0, 2, 3], eps)
    }
}

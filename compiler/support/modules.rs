//! Modules of emitted models that hold the tensors of one operation.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use super::affine::{AffineTensors, pointwise, rescale};
use super::init::Init;
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
    fn new([outputs, inputs]: [usize; 2], w: &Weights) -> Self {
        Self {
            weight: w.tensor("weight", [outputs, inputs]),
            bias: w.tensor("bias", [outputs]),
        }
    }
}

impl Linear {
    fn fresh(sizes: [usize; 2], weight: Init, w: &Weights) -> Self {
        Self::fresh_with_bias(sizes, weight, Init::Constant(0.0), w)
    }
}

impl Linear {
    fn fresh_with_bias(sizes: [usize; 2], weight: Init, bias: Init, w: &Weights) -> Self {
        let [outputs, inputs] = sizes;
        Self {
            weight: w.tensor("weight", sizes, inputs, weight),
            bias: w.tensor("bias", [outputs], inputs, bias),
        }
    }
}

impl Linear {
    /// As PyTorch starts it: uniform on plus or minus `1 / sqrt(inputs)`.
    fn uniform(sizes: [usize; 2], w: &Weights) -> Self {
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
    fn new(sizes: [usize; 2], w: &Weights) -> Self {
        Self {
            weight: w.tensor("weight", sizes),
        }
    }
}

impl Unbiased {
    fn fresh([outputs, inputs]: [usize; 2], weight: Init, w: &Weights) -> Self {
        Self {
            weight: w.tensor("weight", [outputs, inputs], inputs, weight),
        }
    }
}

impl Unbiased {
    /// As PyTorch starts it: uniform on plus or minus `1 / sqrt(inputs)`.
    fn uniform(sizes: [usize; 2], w: &Weights) -> Self {
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
    fn new(channels: usize, w: &Weights) -> Self {
        Self {
            scale: w.tensor("scale", [channels]),
            shift: w.tensor("shift", [channels]),
        }
    }
}

impl Rescale {
    fn fresh(channels: usize, scale: Init, w: &Weights) -> Self {
        Self::fresh_with_shift(channels, scale, Init::Constant(0.0), w)
    }
}

impl Rescale {
    fn fresh_with_shift(channels: usize, scale: Init, shift: Init, w: &Weights) -> Self {
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

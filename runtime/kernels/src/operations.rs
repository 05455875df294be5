//! The operations, one method each: shapes are checked, then the device's own kernel computes where it takes these tensors,
//! else the composed form. This is the only place that decides between them, and has every operation, which is why it is
//! long.

mod slow;
mod vectors;

use burn::backend::{Dispatch, DispatchTensor, TensorMetadata};
use burn::tensor::Tensor;

use crate::KernelChoice;
use crate::backend::{Kernels, Tensors};
use crate::call::{Activation, Axis, Call, Edges, Finish, Kind, Over};
use crate::composed::{self, affine::AffineTensors};
use crate::parts::Parts;
use crate::{device, shapes};

/// What is added to a map: one number everywhere or one per position.
#[derive(Clone, Debug)]
pub enum Bias {
    /// `[1]`, added everywhere.
    Scalar(Tensor<1>),
    /// `[H, W]`, added to every image and channel.
    Spatial(Tensor<2>),
}

impl Bias {
    fn dispatch(&self) -> DispatchTensor {
        match self {
            Self::Scalar(bias) => bias.clone().into_dispatch(),
            Self::Spatial(bias) => bias.clone().into_dispatch(),
        }
    }

    fn finish(&self) -> Finish {
        match self {
            Self::Scalar(_) => Finish::Scalar,
            Self::Spatial(_) => Finish::Spatial,
        }
    }

    /// As a map that is expanded to others.
    fn map(self) -> Tensor<4> {
        match self {
            Self::Scalar(bias) => bias.reshape([1, 1, 1, 1]),
            Self::Spatial(bias) => bias.unsqueeze(),
        }
    }

    fn check(&self, x: shapes::Dims) {
        match self {
            Self::Scalar(bias) => shapes::bias(x, &bias.dims()),
            Self::Spatial(bias) => shapes::bias(x, &bias.dims()),
        }
    }
}

/// A tensor that may have been given to a kernel.
fn given<const D: usize>(tensor: &Tensor<D>) -> DispatchTensor {
    tensor.clone().into_dispatch()
}

fn kinds(operands: &[DispatchTensor]) -> Vec<Kind> {
    let each = operands.iter().map(|operand| Kind {
        shape: operand.shape(),
        dtype: operand.dtype(),
    });
    each.collect()
}

/// The parts of a concatenation as a call counts them, and as its first operands, once their shapes are found to fit.
fn parts_of(parts: &Parts, maps: &[&AffineTensors]) -> (Vec<usize>, Vec<DispatchTensor>) {
    let runs = parts.maps.iter().zip(&parts.times);
    let dims: Vec<_> = runs.map(|(map, times)| (map.dims(), *times)).collect();
    for (weight, bias) in maps {
        shapes::pointwise(&dims, weight.dims(), bias.dims());
    }
    (parts.times.clone(), parts.maps.iter().map(given).collect())
}

impl KernelChoice {
    /// The results of a call by a kernel, where there is one for these operands; `device` is that of any operand.
    fn by_kernel(
        self,
        device: &burn::tensor::Device,
        call: &Call,
        operands: Vec<DispatchTensor>,
    ) -> Option<Vec<DispatchTensor>> {
        let takes = self == Self::Fused && device::takes(device, call, &kinds(&operands));
        takes.then(|| <Dispatch as Kernels>::forward(call.clone(), Tensors(operands)).0)
    }

    /// The only result of a call: by a kernel where there is one, else in the composed form.
    fn compute(
        self,
        device: &burn::tensor::Device,
        call: Call,
        operands: Vec<DispatchTensor>,
        composed: impl FnOnce() -> Tensor<4>,
    ) -> Tensor<4> {
        let results = self.by_kernel(device, &call, operands);
        match results.and_then(|results| results.into_iter().next()) {
            Some(result) => Tensor::from_dispatch(result),
            None => composed(),
        }
    }

    /// 1x1 convolution of the channel concatenation of `parts` (which need not be made), each `[N, C, H, W]`:
    /// `y[n, o, p] = bias[o] + sum_i weight[o, i] * concat(parts)[n, i, p]`, weight `[out, in]`, bias `[out]`.
    pub fn pointwise(
        self,
        parts: impl Into<Parts>,
        weight: Tensor<2>,
        bias: Tensor<1>,
    ) -> Tensor<4> {
        let (parts, map) = (parts.into(), (weight, bias));
        let (times, mut operands) = parts_of(&parts, &[&map]);
        let call = Call::Pointwise {
            times,
            maps: 1,
            gelu: false,
        };
        let (weight, bias) = map;
        operands.extend([given(&weight), given(&bias)]);
        self.compute(&bias.device(), call, operands, || {
            composed::pointwise(parts.expanded(), weight, bias)
        })
    }

    /// Several [`pointwise`](Self::pointwise) of the same parts.
    pub fn pointwises(self, parts: impl Into<Parts>, maps: Vec<AffineTensors>) -> Vec<Tensor<4>> {
        let Some((_, first)) = maps.first() else {
            return vec![];
        };
        let device = first.device();
        let parts = parts.into();
        let (times, mut operands) = parts_of(&parts, &maps.iter().collect::<Vec<_>>());
        let call = Call::Pointwise {
            times,
            maps: maps.len(),
            gelu: false,
        };
        operands.extend(maps.iter().flat_map(|(w, b)| [given(w), given(b)]));
        match self.by_kernel(&device, &call, operands) {
            Some(results) => results.into_iter().map(Tensor::from_dispatch).collect(),
            None => {
                let each = maps.into_iter();
                each.map(|(weight, bias)| self.pointwise(parts.clone(), weight, bias))
                    .collect()
            }
        }
    }

    /// `gelu(pointwise(parts)) + after`
    pub fn pointwise_gelu(
        self,
        parts: impl Into<Parts>,
        weight: Tensor<2>,
        bias: Tensor<1>,
        after: Bias,
    ) -> Tensor<4> {
        let (parts, map) = (parts.into(), (weight, bias));
        let (times, mut operands) = parts_of(&parts, &[&map]);
        parts
            .maps
            .iter()
            .take(1)
            .for_each(|x| after.check(x.dims()));
        let call = Call::Pointwise {
            times,
            maps: 1,
            gelu: true,
        };
        let (weight, bias) = map;
        operands.extend([given(&weight), given(&bias), after.dispatch()]);
        self.compute(&bias.device(), call, operands, || {
            self.bias(self.gelu(self.pointwise(parts, weight, bias)), after)
        })
    }

    /// `x * scale + shift`, one of each per channel, `[C]`.
    pub fn rescale(self, x: Tensor<4>, scale: Tensor<1>, shift: Tensor<1>) -> Tensor<4> {
        shapes::per_channel("rescale", x.dims(), [scale.dims(), shift.dims()]);
        let call = Call::Rescale {
            affine: true,
            gelu: false,
        };
        let operands = vec![given(&x), given(&scale), given(&shift)];
        self.compute(&x.device(), call, operands, || {
            composed::rescale(x, scale, shift)
        })
    }

    /// `gelu(x) + bias`, of the rescaled `x` (scale and shift) if that is asked for.
    pub fn gelu_bias(self, x: Tensor<4>, rescale: Option<[Tensor<1>; 2]>, bias: Bias) -> Tensor<4> {
        bias.check(x.dims());
        let call = Call::Rescale {
            affine: rescale.is_some(),
            gelu: true,
        };
        let mut operands = vec![given(&x)];
        if let Some([scale, shift]) = &rescale {
            shapes::per_channel("gelu_bias", x.dims(), [scale.dims(), shift.dims()]);
            operands.extend([given(scale), given(shift)]);
        }
        operands.push(bias.dispatch());
        self.compute(&x.device(), call, operands, || {
            let x = match rescale {
                Some([scale, shift]) => self.rescale(x, scale, shift),
                None => x,
            };
            self.bias(self.gelu(x), bias)
        })
    }

    /// Depthwise convolution with a kernel `[1, C, height, width]` of odd sides, stride 1 and zero padding `(side - 1) / 2`.
    pub fn depthwise(self, x: Tensor<4>, kernel: Tensor<4>) -> Tensor<4> {
        shapes::depthwise(x.dims(), kernel.dims());
        let operands = vec![given(&x), given(&kernel)];
        self.compute(&x.device(), Call::Depthwise, operands, || {
            composed::depthwise(x, kernel)
        })
    }

    /// `(x - mean) / sqrt(var + 1e-5)`, biased variance.
    pub fn standardize(self, x: Tensor<4>, over: Over) -> Tensor<4> {
        check_groups(&x, over);
        let call = Call::Standardize {
            over,
            maps: 1,
            finish: Finish::Plain,
        };
        let operands = vec![given(&x)];
        self.compute(&x.device(), call, operands, || {
            composed::standardize(x, over)
        })
    }

    /// The instance standardization of `x * scale`, `scale` `[N or 1, C or 1, 1, 1]` and positive.
    pub fn standardize_scaled(self, x: Tensor<4>, scale: Tensor<4>) -> Tensor<4> {
        let joined = shapes::broadcast("standardize_scaled", x.dims(), scale.dims());
        assert_eq!(
            joined,
            x.dims(),
            "standardize_scaled: the factors have more axes than the map"
        );
        let operands = vec![given(&x), given(&scale)];
        self.compute(&x.device(), Call::StandardizeScaled, operands, || {
            composed::standardize_scaled(x, scale)
        })
    }

    /// `gelu(standardize(x)) + bias`
    pub fn standardize_gelu(self, x: Tensor<4>, over: Over, bias: Bias) -> Tensor<4> {
        check_groups(&x, over);
        bias.check(x.dims());
        let call = Call::Standardize {
            over,
            maps: 1,
            finish: bias.finish(),
        };
        let operands = vec![given(&x), bias.dispatch()];
        self.compute(&x.device(), call, operands, || {
            self.bias(self.gelu(self.standardize(x, over)), bias)
        })
    }

    /// `gelu(standardize(a * b)) + bias` for `a` and `b` of the same shape.
    pub fn gated(self, a: Tensor<4>, b: Tensor<4>, over: Over, bias: Bias) -> Tensor<4> {
        assert_eq!(a.dims(), b.dims(), "gated: the maps differ in shape");
        check_groups(&a, over);
        bias.check(a.dims());
        let call = Call::Standardize {
            over,
            maps: 2,
            finish: bias.finish(),
        };
        let operands = vec![given(&a), given(&b), bias.dispatch()];
        self.compute(&a.device(), call, operands, || {
            self.standardize_gelu(self.mul(a, b), over, bias)
        })
    }

    fn activate(
        self,
        x: Tensor<4>,
        activation: Activation,
        composed: impl FnOnce(Tensor<4>) -> Tensor<4>,
    ) -> Tensor<4> {
        let operands = vec![given(&x)];
        self.compute(&x.device(), Call::Activate(activation), operands, || {
            composed(x)
        })
    }

    /// `x * (1 + erf(x / sqrt 2)) / 2`
    pub fn gelu(self, x: Tensor<4>) -> Tensor<4> {
        self.activate(x, Activation::Gelu, composed::gelu)
    }

    /// `1 / (1 + exp(-x))`
    pub fn sigmoid(self, x: Tensor<4>) -> Tensor<4> {
        self.activate(x, Activation::Sigmoid, composed::sigmoid)
    }

    /// `x * sigmoid(x)`
    pub fn silu(self, x: Tensor<4>) -> Tensor<4> {
        self.activate(x, Activation::Silu, |x| {
            self.mul(self.sigmoid(x.clone()), x)
        })
    }

    /// `x * sigmoid(a * b)`; axes of size 1 are expanded.
    pub fn gate(self, x: Tensor<4>, a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
        let factor = shapes::broadcast("gate", a.dims(), b.dims());
        shapes::broadcast("gate", x.dims(), factor);
        let operands = vec![given(&x), given(&a), given(&b)];
        self.compute(&x.device(), Call::Gate, operands, || {
            self.mul(x, self.sigmoid(self.mul(a, b)))
        })
    }

    /// Sum; axes of size 1 are expanded.
    pub fn add(self, a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
        shapes::broadcast("add", a.dims(), b.dims());
        let operands = vec![given(&a), given(&b)];
        self.compute(&a.device(), Call::Add, operands, || composed::add(a, b))
    }

    /// Product; axes of size 1 are expanded.
    pub fn mul(self, a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
        shapes::broadcast("mul", a.dims(), b.dims());
        let operands = vec![given(&a), given(&b)];
        self.compute(&a.device(), Call::Multiply, operands, || {
            composed::mul(a, b)
        })
    }

    /// Convolution per image and channel of `x` with a kernel of as many positions, `[N or 1, C, H, W]` both. In the mathematical
    /// sense: both can be exchanged.
    pub fn long_conv(self, x: Tensor<4>, kernel: Tensor<4>, edges: Edges) -> Tensor<4> {
        shapes::long_conv(x.dims(), kernel.dims(), edges);
        let operands = vec![given(&x), given(&kernel)];
        self.compute(&x.device(), Call::LongConv(edges), operands, || {
            composed::long_conv(x, kernel, edges)
        })
    }

    /// Matrix product over the last two axes, per image and channel; batch and channel axes of size 1 are expanded.
    pub fn matmul(self, a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
        shapes::matmul(a.dims(), b.dims());
        let operands = vec![given(&a), given(&b)];
        self.compute(&a.device(), Call::Matmul, operands, || {
            composed::matmul(a, b)
        })
    }

    /// Matrix product of `[rows, inner]` and `[inner, columns]`.
    pub fn product(self, a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
        let (rows, columns) = (a.dims()[0], b.dims()[1]);
        let operands = vec![
            given(&a.clone().unsqueeze::<4>()),
            given(&b.clone().unsqueeze::<4>()),
        ];
        let results = self.by_kernel(&a.device(), &Call::Matmul, operands);
        match results.and_then(|results| results.into_iter().next()) {
            Some(product) => Tensor::<4>::from_dispatch(product).reshape([rows, columns]),
            None => a.matmul(b),
        }
    }

    /// Adds one number or one per position.
    pub fn bias(self, x: Tensor<4>, bias: Bias) -> Tensor<4> {
        bias.check(x.dims());
        let operands = vec![given(&x), given(&bias.clone().map())];
        self.compute(&x.device(), Call::Add, operands, || composed::bias(x, bias))
    }

    /// Mean over channels: `[N, 1, H, W]`.
    pub fn channel_mean(self, x: Tensor<4>) -> Tensor<4> {
        let operands = vec![given(&x)];
        self.compute(&x.device(), Call::Mean(Axis::Channels), operands, || {
            composed::channel_mean(x)
        })
    }

    /// Mean over positions: `[N, C, 1, 1]`.
    pub fn spatial_mean(self, x: Tensor<4>) -> Tensor<4> {
        let operands = vec![given(&x)];
        self.compute(&x.device(), Call::Mean(Axis::Positions), operands, || {
            composed::spatial_mean(x)
        })
    }
}

fn check_groups(x: &Tensor<4>, over: Over) {
    if let Over::Groups(groups) | Over::OddGroups(groups) = over {
        shapes::groups(x.dims(), groups);
    }
}

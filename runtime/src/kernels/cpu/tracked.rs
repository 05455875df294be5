//! The CPU implementation of [`Kernels`] with gradients: which tensors the recorded forms of own kernels take.

use burn::tensor::Tensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use burn_flex::Flex;
use termc_compiler::model::Over;

use super::activation::Function;
use super::maps::{self, Mean};
use super::tensor::{is_f32, primitive, tensor};
use super::{T4, bias_map, bias_primitive, generated, linear, planes, record, scales};
use crate::composed::slow_net::{ContextTensors, SlowTensors};
use crate::kernels::{Bias, Kernels, composed};

impl<C: CheckpointStrategy> Kernels for Autodiff<Flex, C> {
    fn pointwise(parts: Vec<T4<Self>>, weight: Tensor<Self, 2>, bias: Tensor<Self, 1>) -> T4<Self> {
        match parts.iter().all(is_f32) && is_f32(&weight) && parts.len() + 2 <= record::PARENTS {
            true => linear::pointwise_tracked(parts, weight, bias),
            false => composed::pointwise(parts, weight, bias),
        }
    }

    fn depthwise(x: T4<Self>, kernel: T4<Self>) -> T4<Self> {
        match is_f32(&x) && is_f32(&kernel) {
            true => tensor(planes::depthwise_tracked::<C>(
                primitive(x),
                primitive(kernel),
            )),
            false => composed::depthwise(x, kernel),
        }
    }

    fn standardize(x: T4<Self>, over: Over) -> T4<Self> {
        match is_f32(&x) {
            true => tensor(maps::standardize_tracked::<C>(primitive(x), over)),
            false => composed::standardize(x, over),
        }
    }

    fn standardize_scaled(x: T4<Self>, scale: T4<Self>) -> T4<Self> {
        match scales(&x, &scale) {
            true => {
                let (x, scale) = (primitive(x), primitive(scale));
                tensor(maps::standardize_scaled_tracked::<C>(x, scale))
            }
            false => composed::standardize_scaled(x, scale),
        }
    }

    fn gelu(x: T4<Self>) -> T4<Self> {
        match is_f32(&x) {
            true => tensor(maps::activate_tracked::<C>(primitive(x), Function::Gelu)),
            false => composed::gelu(x),
        }
    }

    fn sigmoid(x: T4<Self>) -> T4<Self> {
        match is_f32(&x) {
            true => tensor(maps::activate_tracked::<C>(primitive(x), Function::Sigmoid)),
            false => composed::sigmoid(x),
        }
    }

    fn add(a: T4<Self>, b: T4<Self>) -> T4<Self> {
        match fits(&a, &b) {
            true => tensor(maps::combine_tracked::<C>(
                primitive(a),
                primitive(b),
                false,
            )),
            false => composed::add(a, b),
        }
    }

    fn mul(a: T4<Self>, b: T4<Self>) -> T4<Self> {
        match fits(&a, &b) {
            true => tensor(maps::combine_tracked::<C>(primitive(a), primitive(b), true)),
            false => composed::mul(a, b),
        }
    }

    fn matmul(a: T4<Self>, b: T4<Self>) -> T4<Self> {
        match is_f32(&a) && is_f32(&b) && a.dims()[..2] == b.dims()[..2] {
            true => tensor(planes::matmul_tracked::<C>(primitive(a), primitive(b))),
            false => composed::matmul(a, b),
        }
    }

    fn bias(x: T4<Self>, bias: Bias<Self>) -> T4<Self> {
        Self::add(x, bias_map(bias))
    }

    fn slow_plane(net: SlowTensors<Self>, bias: Tensor<Self, 2>) -> T4<Self> {
        let [height, width] = bias.dims();
        let shape = move |outputs, _| [1, outputs, height, width];
        match is_f32(&bias) {
            true => tensor(generated::slow_net_tracked::<C>(
                generated::gather(net, bias, None),
                shape,
            )),
            false => composed::slow_plane(net, bias),
        }
    }

    fn slow_line(net: SlowTensors<Self>, bias: Tensor<Self, 1>) -> T4<Self> {
        let shape = |_, positions| [1, positions, 1, 1];
        match is_f32(&bias) {
            true => tensor(generated::slow_net_tracked::<C>(
                generated::gather(net, bias, None),
                shape,
            )),
            false => composed::slow_line(net, bias),
        }
    }

    fn slow_context(
        net: SlowTensors<Self>,
        bias: Tensor<Self, 2>,
        context: ContextTensors<Self>,
        source: T4<Self>,
    ) -> T4<Self> {
        if !is_f32(&bias) || !is_f32(&source) {
            return composed::slow_context(net, bias, context, source);
        }
        let [height, width] = bias.dims();
        let shape = move |outputs, _| [1, outputs, height, width];
        let pooled = generated::pool_context_tracked::<C>(primitive(source), [height, width]);
        let gathered = generated::gather(net, bias, Some((context, pooled)));
        tensor(generated::slow_net_tracked::<C>(gathered, shape))
    }

    fn standardize_gelu(x: T4<Self>, over: Over, bias: Bias<Self>) -> T4<Self> {
        match is_f32(&x) {
            true => tensor(maps::finish_tracked::<C>(
                &[primitive(x)],
                over,
                bias_primitive(bias),
            )),
            false => Self::bias(<Self as Kernels>::gelu(Self::standardize(x, over)), bias),
        }
    }

    fn gated(a: T4<Self>, b: T4<Self>, over: Over, bias: Bias<Self>) -> T4<Self> {
        match is_f32(&a) && is_f32(&b) && a.dims() == b.dims() {
            true => tensor(maps::finish_tracked::<C>(
                &[primitive(a), primitive(b)],
                over,
                bias_primitive(bias),
            )),
            false => Self::standardize_gelu(Self::mul(a, b), over, bias),
        }
    }

    fn silu(x: T4<Self>) -> T4<Self> {
        match is_f32(&x) {
            true => tensor(maps::activate_tracked::<C>(primitive(x), Function::Silu)),
            false => Self::mul(<Self as Kernels>::sigmoid(x.clone()), x),
        }
    }

    fn gate(x: T4<Self>, a: T4<Self>, b: T4<Self>) -> T4<Self> {
        let fits = [&a, &b]
            .iter()
            .all(|t| is_f32(*t) && maps::covers(x.dims(), t.dims()));
        match fits && is_f32(&x) {
            true => tensor(maps::gate_tracked::<C>(
                primitive(x),
                primitive(a),
                primitive(b),
            )),
            false => Self::mul(x, <Self as Kernels>::sigmoid(Self::mul(a, b))),
        }
    }

    fn channel_mean(x: T4<Self>) -> T4<Self> {
        match is_f32(&x) {
            true => tensor(maps::mean_tracked::<C>(primitive(x), Mean::Channels)),
            false => composed::channel_mean(x),
        }
    }

    fn spatial_mean(x: T4<Self>) -> T4<Self> {
        match is_f32(&x) {
            true => tensor(maps::mean_tracked::<C>(primitive(x), Mean::Positions)),
            false => composed::spatial_mean(x),
        }
    }
}

fn fits<C: CheckpointStrategy>(a: &T4<Autodiff<Flex, C>>, b: &T4<Autodiff<Flex, C>>) -> bool {
    is_f32(a) && is_f32(b) && maps::stretchable(a.dims(), b.dims())
}

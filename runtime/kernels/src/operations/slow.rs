//! Slow nets: lines up their tensors in the order in which kernels read them.

use burn::backend::DispatchTensor;
use burn::tensor::{Device, Tensor};

use super::given;
use crate::KernelChoice;
use crate::call::{Call, SlowNet};
use crate::composed::affine::AffineTensors;
use crate::composed::slow_net::{ContextTensors, SlowTensors};
use crate::composed::{self};

fn line_up(tensors: &mut Vec<DispatchTensor>, maps: &[AffineTensors]) {
    let each = maps.iter();
    tensors.extend(each.flat_map(|(weight, bias)| [given(weight), given(bias)]));
}

/// Filters, linear maps and output, weight and bias of each, then the spatial bias.
fn net_tensors<const D: usize>(net: &SlowTensors, bias: &Tensor<D>) -> Vec<DispatchTensor> {
    let mut tensors = Vec::new();
    line_up(&mut tensors, &net.filters);
    line_up(&mut tensors, &net.linears);
    line_up(&mut tensors, std::slice::from_ref(&net.output));
    tensors.push(given(bias));
    tensors
}

/// The pooled activation, then the maps that read it, then the two factors.
fn context_tensors(pooled: DispatchTensor, context: &ContextTensors) -> Vec<DispatchTensor> {
    let mut tensors = vec![pooled];
    line_up(&mut tensors, std::slice::from_ref(&context.reduce));
    line_up(&mut tensors, std::slice::from_ref(&context.fc1));
    line_up(&mut tensors, &context.layers);
    tensors.extend([given(&context.alpha), given(&context.beta)]);
    tensors
}

/// Outputs of the last map.
fn outputs(net: &SlowTensors) -> usize {
    let [outputs] = net.output.1.dims();
    outputs
}

impl KernelChoice {
    /// The sines of a linear map of a grid's coordinates: weight `[hidden, axes]` and bias `[hidden]` to `[hidden, positions]`.
    /// `sides` are the length of a line, or rows and columns of a plane.
    pub fn sines(self, (weight, bias): AffineTensors, sides: &[usize]) -> Tensor<2> {
        assert_eq!(
            weight.dims()[1],
            sides.len(),
            "sines: a weight for each axis"
        );
        let call = Call::Sines {
            sides: sides.to_vec(),
        };
        let operands = vec![given(&weight), given(&bias)];
        let results = self.by_kernel(&weight.device(), &call, operands);
        match results.and_then(|results| results.into_iter().next()) {
            Some(sines) => Tensor::from_dispatch(sines),
            None => composed::sines(weight, bias, sides),
        }
    }

    /// A slow net over a plane: `[1, outputs, H, W]` on the grid of its spatial bias `[H, W]`.
    pub fn slow_plane(self, net: SlowTensors, bias: Tensor<2>) -> Tensor<4> {
        let [height, width] = bias.dims();
        let call = Call::SlowNet(SlowNet {
            sides: vec![height, width],
            layers: net.linears.len(),
            context: false,
            shape: [1, outputs(&net), height, width],
        });
        let operands = net_tensors(&net, &bias);
        self.compute(&bias.device(), call, operands, || {
            composed::slow_plane(self, net, bias)
        })
    }

    /// A slow net over a line: `[1, positions, 1, 1]` on the grid of its spatial bias `[positions]`.
    pub fn slow_line(self, net: SlowTensors, bias: Tensor<1>) -> Tensor<4> {
        let [positions] = bias.dims();
        assert_eq!(
            outputs(&net),
            1,
            "slow_line: a net over a line has one output"
        );
        let call = Call::SlowNet(SlowNet {
            sides: vec![positions],
            layers: net.linears.len(),
            context: false,
            shape: [1, positions, 1, 1],
        });
        let operands = net_tensors(&net, &bias);
        self.compute(&bias.device(), call, operands, || {
            composed::slow_line(self, net, bias)
        })
    }

    /// A slow net over a plane that also reads an activation `source`, `[N, C, H, W]`: `[1, outputs, k, k]`.
    pub fn slow_context(
        self,
        net: SlowTensors,
        bias: Tensor<2>,
        context: ContextTensors,
        source: Tensor<4>,
    ) -> Tensor<4> {
        let grid = bias.dims();
        let [height, width] = grid;
        let device: Device = bias.device();
        let pool = Call::PoolContext { grid };
        let pooled = self.by_kernel(&device, &pool, vec![given(&source)]);
        let Some(pooled) = pooled.and_then(|results| results.into_iter().next()) else {
            return composed::slow_context(self, net, bias, context, source);
        };
        let call = Call::SlowNet(SlowNet {
            sides: grid.to_vec(),
            layers: net.linears.len(),
            context: true,
            shape: [1, outputs(&net), height, width],
        });
        let mut operands = net_tensors(&net, &bias);
        operands.extend(context_tensors(pooled, &context));
        self.compute(&device, call, operands, || {
            composed::slow_context(self, net, bias, context, source)
        })
    }
}

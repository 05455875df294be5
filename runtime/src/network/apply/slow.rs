//! Slow nets as one operation each: hands their parameters to the kernels that compute them.

use burn::tensor::{DType, Tensor};
use termc_compiler::model::{Affine, Context, Grid, Scale, Shape, SlowNet};
use termc_kernels::composed::affine::AffineTensors;
use termc_kernels::composed::slow_net::{ContextTensors, SlowTensors};

use super::Run;
use crate::network::precision::to;

impl Run<'_> {
    /// The kernel that coordinates alone make, of this shape.
    pub(super) fn kernel(&self, net: &SlowNet, shape: Shape) -> Tensor<4> {
        let (kernels, tensors) = (self.pass.kernels, self.slow_tensors(net));
        let kernel = match net.grid {
            Grid::Plane { .. } => kernels.slow_plane(tensors, self.plane_bias(net)),
            Grid::Line { .. } => kernels.slow_line(tensors, self.params.get(net.bias)),
        };
        kernel.reshape(shape.dims(1))
    }

    /// The kernel that coordinates make in the context of an activation.
    pub(super) fn context_kernel(
        &self,
        net: &SlowNet,
        context: &Context,
        source: Tensor<4>,
    ) -> Tensor<4> {
        let (tensors, context) = (self.slow_tensors(net), self.context_tensors(context));
        let (bias, source) = (self.plane_bias(net), to(source, DType::F32));
        self.pass
            .kernels
            .slow_context(tensors, bias, context, source)
    }

    fn plane_bias(&self, net: &SlowNet) -> Tensor<2> {
        let sides = match net.grid {
            Grid::Plane { height, width } => [height, width],
            Grid::Line { length } => [length, 1],
        };
        self.params.get(net.bias).reshape(sides)
    }

    fn slow_tensors(&self, net: &SlowNet) -> SlowTensors {
        SlowTensors {
            filters: self.maps(&net.filters),
            linears: self.maps(&net.linears),
            output: self.map(&net.output),
        }
    }

    fn context_tensors(&self, context: &Context) -> ContextTensors {
        let scale = |scale| match scale {
            Scale::Constant(value) => Tensor::full([1], value, (self.device, DType::F32)),
            Scale::Trained(id) => self.params.get(id),
        };
        ContextTensors {
            reduce: self.map(&context.reduce),
            fc1: self.map(&context.fc1),
            layers: self.maps(&context.layers),
            alpha: scale(context.alpha),
            beta: scale(context.beta),
        }
    }

    fn maps(&self, maps: &[Affine]) -> Vec<AffineTensors> {
        maps.iter().map(|map| self.map(map)).collect()
    }

    fn map(&self, map: &Affine) -> AffineTensors {
        self.affine(*map, DType::F32)
    }
}

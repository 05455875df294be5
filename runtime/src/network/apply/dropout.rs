//! Dropout with masks that are functions of the step, the node, the image and the place alone.

use burn::tensor::{Tensor, TensorData};
use termc_compiler::model::{Axes, NodeId};

use super::Run;

impl Run<'_> {
    /// Zeroes numbers at random and scales the others by `1 / (1 - rate)`; one draw for all of the shared axes. Outside
    /// training, and at rate 0, the value as it is.
    pub(super) fn dropout(&self, id: NodeId, rate: f64, shared: Axes, x: Tensor<4>) -> Tensor<4> {
        let Some(dropout) = self.pass.dropout.filter(|_| rate > 0.0) else {
            return x;
        };
        let [batch, channels, height, width] = x.dims();
        let unless = |shared: bool, size: usize| if shared { 1 } else { size };
        let shape = [
            unless(shared.batch, batch),
            unless(shared.channels, channels),
            unless(shared.positions, height),
            unless(shared.positions, width),
        ];
        let [images, per_image @ ..] = shape;
        let count = per_image.iter().product::<usize>() as u64;
        let key = dropout.key.named(&self.model[id].path);
        // A draw for all images is that of the first one, whichever part of the batch is computed.
        let first = if shared.batch { 0 } else { dropout.first_image };
        let scale = (1.0 / (1.0 - rate)) as f32;
        let mask: Vec<f32> = (0..images)
            .flat_map(|image| {
                let key = key.at((first + image) as u64);
                (0..count).map(move |at| if key.uniform(at) < rate { 0.0 } else { scale })
            })
            .collect();
        let mask = TensorData::new(mask, shape);
        let mask = Tensor::from_data(mask, (&x.device(), x.dtype()));
        self.pass.kernels.mul(x, mask)
    }
}

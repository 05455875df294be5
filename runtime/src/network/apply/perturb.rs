//! Values changed on purpose, for checks.

use burn::tensor::{Tensor, TensorData};
use termc_compiler::model::NodeId;
use termc_data::random::Key;

use super::Run;
use crate::network::Perturbation;

impl Run<'_> {
    /// The value with every number changed a little, the same way in every image.
    pub fn perturbed(&self, id: NodeId, x: Tensor<4>, perturbation: &Perturbation) -> Tensor<4> {
        if perturbation.only.is_some_and(|only| only != id) {
            return x;
        }
        let [_, channels, height, width] = x.dims();
        let key = Key::new(perturbation.draw)
            .named("disturb")
            .named(&self.model[id].path);
        let noise: Vec<f32> = (0..(channels * height * width) as u64)
            .map(|i| (perturbation.amount * (2.0 * key.uniform(i) - 1.0)) as f32)
            .collect();
        let noise = TensorData::new(noise, [1, channels, height, width]);
        let change = x.clone() * Tensor::from_data(noise, (&x.device(), x.dtype()));
        match perturbation.gradient {
            true => x + (change.clone() - change.detach()),
            false => x + change,
        }
    }
}

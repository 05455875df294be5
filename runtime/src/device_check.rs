//! Compares a device with the CPU before it is trusted: the same images and weights, every value, loss term and gradient.
//! Decides what is too far apart and says where it begins; mends nothing.
//!
//! How far apart two devices may be depends on the network: what a standardization nearly cancels, or what passes many
//! layers, differs more. So the CPU computes several times, each time but the first with every value changed by as much as
//! the device's products are rounded, and what that moves is the measure.

mod distance;

use burn::tensor::{Device, Tensor, TensorData};
use termc_compiler::model::{Model, NodeId};
use termc_data::random::Key;

use self::distance::{Bound, distance, numbers, root_mean_square};
use crate::loss::one_hot;
use crate::network::{Keep, KernelChoice, Network, Pass, Perturbation, Precision};
use crate::objective::{self, Evaluation};
use crate::params::Params;

/// Most images that are compared: the CPU keeps every value of them.
const IMAGES: usize = 16;

/// How often the CPU computes logits, loss and gradients with changed values. A result of one number, such as the gradient of a
/// slow net's last bias, is moved little by one change in ten and much by the next: of eight, their root mean square is good to
/// a quarter, and ten times that is not met by chance.
const DRAWS: u64 = 8;

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct DeviceCheck<'a> {
    /// The model.
    pub model: &'a Model,
    /// Of the weights and the images, both made up.
    pub seed: u64,
    /// Images of a batch in the training; at most 16 are compared.
    pub batch: usize,
    /// Which code computes on the device.
    pub kernels: KernelChoice,
    /// Type of the activations on the device; on the CPU they are 32-bit floats.
    pub precision: Precision,
    /// Something wrong on purpose on the device, to test that it is found.
    pub perturbation: Option<Perturbation>,
}

/// That a device computes what the CPU computes.
#[derive(Clone, Copy, Debug)]
pub struct Deviations {
    /// The largest distance of a value, in parts of what is allowed.
    pub value: f64,
    /// The same for a gradient.
    pub gradient: f64,
    /// How many parameters' gradients are sensitive to rounding alone, so that nothing can be said of them.
    pub undecided: usize,
}

/// That it does not.
#[derive(Clone, Debug)]
pub struct Disagreement {
    /// Where: the node whose value differs, or the first one that reads the parameter whose gradient does.
    pub node: NodeId,
    /// What differs, in words.
    pub what: String,
    /// Relative distance from the CPU's.
    pub distance: f64,
    /// How far it may be.
    pub allowed: f64,
}

/// What the CPU computes, and how far from it one may be.
struct Reference {
    values: Vec<(NodeId, Vec<f32>, Bound)>,
    logits: (Vec<f32>, Bound),
    loss: (Vec<f32>, Bound),
    gradients: Vec<(Vec<f32>, Bound)>,
}

impl DeviceCheck<'_> {
    /// Compares a device with the CPU.
    ///
    /// # Errors
    /// The first value that is too far off, else the first gradient that the backward pass came to.
    pub fn run(&self, device: &Device) -> Result<Deviations, Disagreement> {
        let network = Network::new(self.model);
        let reference = self.reference(&network);
        let mut deviations = Deviations {
            value: 0.0,
            gradient: 0.0,
            undecided: 0,
        };
        self.values(&network, &reference, device, &mut deviations)?;
        self.gradients(&network, &reference, device, &mut deviations)?;
        Ok(deviations)
    }

    fn images(&self) -> TensorData {
        let [_, channels, height, width] = self.model.input.dims(1);
        let count = self.batch.clamp(1, IMAGES);
        let key = Key::new(self.seed).named("agreement");
        let pixels: Vec<f32> = (0..(count * channels * height * width) as u64)
            .map(|i| key.normal(i) as f32)
            .collect();
        TensorData::new(pixels, [count, channels, height, width])
    }

    fn evaluate(&self, network: &Network, device: &Device, pass: &Pass) -> Evaluation {
        let images = self.images();
        let classes = self.model.classes.max(1);
        let count = images.shape().iter().next().copied().unwrap_or(1);
        let labels: Vec<usize> = (0..count).map(|i| i % classes).collect();
        let targets = one_hot(&labels, self.model.classes, device);
        let params = self.params(device);
        let input = Tensor::<4>::from_data(images, device);
        objective::evaluate(network, &params, input, targets, pass)
    }

    fn params(&self, device: &Device) -> Params {
        Params::init(self.model, self.seed, device)
    }

    fn forward(&self, network: &Network, device: &Device, pass: &Pass) -> Vec<(NodeId, Vec<f32>)> {
        let input = Tensor::<4>::from_data(self.images(), device);
        let forward = network.forward(&self.params(device), input, pass);
        let kept = forward.kept.into_iter();
        kept.map(|(node, value)| (node, numbers(value.into_data())))
            .collect()
    }

    /// The CPU's own kernels, which its tests hold to the composed operations.
    fn reference(&self, network: &Network) -> Reference {
        let cpu = Device::flex();
        let plain = Pass {
            kernels: KernelChoice::Fused,
            ..Pass::default()
        };
        let perturbed = |draw: u64| Pass {
            perturbation: Some(Perturbation {
                amount: distance::rounding(self.precision),
                draw,
                only: None,
                gradient: false,
            }),
            ..plain
        };
        let all = |pass: Pass<'static>| Pass {
            keep: Keep::All,
            ..pass
        };
        let values = self.forward(network, &cpu, &all(plain));
        let moved = self.forward(network, &cpu, &all(perturbed(0)));
        let values = values.into_iter().zip(moved);
        let values = values.map(|((node, value), (_, moved))| {
            let bound = Bound::of(distance(&moved, &value));
            (node, value, bound)
        });
        let values = values.collect();
        let plain = self.evaluate(network, &cpu, &plain);
        let (logits, loss, gradients) = (logits(&plain), loss(&plain), parts(self.model, &plain));
        // By draw, how far the logits, the loss and each gradient move.
        let moves: Vec<Vec<f64>> = (0..DRAWS)
            .map(|draw| {
                let moved = self.evaluate(network, &cpu, &perturbed(draw));
                let whole = [
                    distance(&self::logits(&moved), &logits),
                    distance(&self::loss(&moved), &loss),
                ];
                let parts = parts(self.model, &moved).into_iter().zip(&gradients);
                let parts = parts.map(|(moved, gradient)| distance(&moved, gradient));
                whole.into_iter().chain(parts).collect()
            })
            .collect();
        let bound = |which: usize| {
            let moves = moves.iter().filter_map(|moves| moves.get(which));
            Bound::of(root_mean_square(moves.copied()))
        };
        Reference {
            values,
            logits: (logits, bound(0)),
            loss: (loss, bound(1)),
            gradients: (gradients.into_iter().enumerate())
                .map(|(which, gradient)| (gradient, bound(2 + which)))
                .collect(),
        }
    }

    fn values(
        &self,
        network: &Network,
        reference: &Reference,
        device: &Device,
        deviations: &mut Deviations,
    ) -> Result<(), Disagreement> {
        let pass = Pass {
            keep: Keep::Made,
            kernels: self.kernels,
            precision: self.precision,
            perturbation: self.perturbation,
            ..Pass::default()
        };
        let mut expected = reference.values.iter();
        for (node, value) in self.forward(network, device, &pass) {
            let Some((_, reference, bound)) = expected.find(|(id, ..)| *id == node) else {
                continue;
            };
            let name = &self.model[node].path;
            let found = distance(&value, reference);
            deviations.value = deviations.value.max(bound.share(found));
            bound.check(found, node, || format!("the value of `{name}`"))?;
        }
        Ok(())
    }

    fn gradients(
        &self,
        network: &Network,
        reference: &Reference,
        device: &Device,
        deviations: &mut Deviations,
    ) -> Result<(), Disagreement> {
        let pass = Pass {
            kernels: self.kernels,
            precision: self.precision,
            perturbation: self.perturbation,
            ..Pass::default()
        };
        let model = self.model;
        let found = self.evaluate(network, device, &pass);
        let whole = [
            ("the logits", logits(&found), &reference.logits),
            ("the loss", loss(&found), &reference.loss),
        ];
        for (what, found, (expected, bound)) in whole {
            bound.check(distance(&found, expected), model.output, || what.into())?;
        }
        let gradients = parts(model, &found).into_iter().zip(&reference.gradients);
        let mut first = Ok(());
        deviations.undecided = 0;
        for ((id, param), (found, (expected, bound))) in
            model.param_ids().zip(&model.params).zip(gradients)
        {
            let found = distance(&found, expected);
            deviations.undecided += usize::from(bound.undecided());
            deviations.gradient = deviations.gradient.max(bound.share(found));
            let reader = model
                .node_ids()
                .find(|node| model[*node].op.params().contains(&id));
            let node = reader.unwrap_or(model.output);
            // The last in the model's order is the first that the backward pass came to.
            if let Err(wrong) =
                bound.check(found, node, || format!("the gradient of `{}`", param.path))
            {
                first = Err(wrong);
            }
        }
        first
    }
}

fn logits(found: &Evaluation) -> Vec<f32> {
    numbers(found.logits.to_data())
}

fn loss(found: &Evaluation) -> Vec<f32> {
    vec![found.terms.values().total as f32]
}

/// The gradient of every parameter, in the model's order.
fn parts(model: &Model, found: &Evaluation) -> Vec<Vec<f32>> {
    let flat = numbers(found.gradient.to_data());
    let mut rest = flat.as_slice();
    let parts = model.params.iter().map(|param| {
        let (part, after) = rest.split_at(param.count().min(rest.len()));
        rest = after;
        part.to_vec()
    });
    parts.collect()
}

#[cfg(test)]
mod tests;

//! Freezes a trained model: measures what the compiler's pass leaves open over a population of images, and computes the
//! frozen parameters. Which nodes become what is decided by [`termc_compiler::freeze`]; files are `card`'s business.

mod card;
mod population;
mod values;

use burn::tensor::{Device, Tensor, TensorData};
use termc_compiler::analysis::{Dependence, dependence};
use termc_compiler::freeze::{Account, Frozen, freeze_some};
use termc_compiler::model::{Model, NodeId, Op};

pub use card::{Calibrated, Card};
pub use population::Population;

use crate::Error;
use crate::choice::named_values;
use crate::network::{KernelChoice, Network};
use crate::params::Params;

/// How the statistics of the population are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Calibration {
    /// One pass in batches, as in training: every layer sees what the batches make of the layers before it. Means and
    /// variances are those of all images together.
    #[default]
    Batch,
    /// The same, but variances are the mean of the variances within batches: the spread between batches is left out.
    Within,
    /// The same pass, but what is stored is the mean over the batches of what each of them makes: of the scales and
    /// shifts of its standardizations, and of its kernels.
    Mean,
    /// Layer by layer, each with all layers before it frozen already: the statistics are those of the frozen model.
    Sequential,
}

named_values!(Calibration, "calibration", {
    Batch: "batch",
    Within: "within",
    Mean: "mean",
    Sequential: "sequential",
});

/// How a model is frozen.
#[derive(Clone, Copy, Debug)]
pub struct CalibrationOptions {
    /// How the statistics are found.
    pub calibration: Calibration,
    /// Which code computes.
    pub kernels: KernelChoice,
}

/// A frozen model and its parameters.
#[derive(Clone, Debug)]
pub struct FrozenNetwork {
    /// The model.
    pub model: Model,
    /// Its parameters.
    pub params: Params,
    /// What was folded.
    pub account: Account,
}

/// Batches of images `[N, C, H, W]`, the same ones whenever asked.
pub type Batches<'a> = Box<dyn Iterator<Item = Result<TensorData, Error>> + 'a>;

/// Where a calibration stands.
#[derive(Clone, Copy, Debug)]
pub struct CalibrationProgress {
    /// The pass over the images, from 1.
    pub pass: usize,
    /// Images seen in this pass.
    pub images: usize,
}

/// Freezes a model over the images that `batches` yields, once per pass. `watch` is told after each batch.
///
/// # Errors
/// If there are no images, they cannot be read, or no statistics can stand for what a node makes of a batch.
pub fn freeze<'a>(
    params: &Params,
    options: CalibrationOptions,
    device: &Device,
    batches: impl Fn() -> Result<Batches<'a>, Error>,
    mut watch: impl FnMut(CalibrationProgress),
) -> Result<FrozenNetwork, Error> {
    let model = params.model();
    let mut population = Population::new(options.calibration);
    for pass in 1.. {
        let partial = freeze_some(model, |id| population.knows(id));
        if let Some((stuck, _)) = partial.stuck.first() {
            let path = &model[*stuck].path;
            return Err(Error::Input(format!(
                "`{path}` couples the images of a batch in a way that no statistics can stand for"
            )));
        }
        let partial_params =
            values::resolve(params, &partial, &population, options.kernels, device)?;
        if partial.left.is_empty() {
            return Ok(FrozenNetwork {
                account: partial.account,
                model: partial.model,
                params: partial_params,
            });
        }
        let next = match options.calibration {
            Calibration::Batch | Calibration::Within | Calibration::Mean => partial.left.clone(),
            Calibration::Sequential => ready(&partial),
        };
        let network = Network::new(&partial.model);
        let source = |id| match options.calibration {
            Calibration::Mean => seen(&partial.model, id),
            _ => source(&partial.model, id),
        };
        let mut asked: Vec<NodeId> = next.iter().filter_map(|(_, new)| source(*new)).collect();
        asked.sort();
        asked.dedup();
        let mut images = 0;
        for batch in batches()? {
            let batch = batch?;
            let count = batch.shape().first().copied().unwrap_or(0);
            images += count;
            let input = Tensor::<4>::from_data(batch, device);
            network.visit(
                &partial_params,
                input,
                options.kernels,
                &asked,
                |id, value| {
                    for (old, new) in next.iter().filter(|(_, new)| source(*new) == Some(id)) {
                        population.add(
                            *old,
                            &partial.model[*new].op,
                            &partial.model[*new].shape,
                            value,
                            count,
                        );
                    }
                },
            );
            watch(CalibrationProgress { pass, images });
        }
        if images == 0 {
            return Err(Error::Input("there are no images to calibrate with".into()));
        }
    }
    unreachable!("every pass makes at least one more node known")
}

/// The activation a coupled node looks at.
fn source(model: &Model, id: NodeId) -> Option<NodeId> {
    match &model[id].op {
        Op::ContextKernel(op) => Some(op.source),
        Op::Standardize(op) => Some(op.x),
        Op::Mean(op) => Some(op.x),
        _ => None,
    }
}

/// What a coupled node is judged by: the activation that a standardization looks at, the kernel that a context makes.
fn seen(model: &Model, id: NodeId) -> Option<NodeId> {
    match &model[id].op {
        Op::ContextKernel(_) => Some(id),
        _ => source(model, id),
    }
}

/// Of the nodes that couple images, those whose own activation no longer depends on the batch.
fn ready(partial: &Frozen) -> Vec<(NodeId, NodeId)> {
    let all = dependence(&partial.model);
    let alone = |id: NodeId| all.get(id.index()) < Some(&Dependence::Batch);
    let ready =
        (partial.left.iter()).filter(|(_, new)| source(&partial.model, *new).is_some_and(alone));
    ready.copied().collect()
}

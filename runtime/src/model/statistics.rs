//! Means and deviations of what a trained model computes on images that it was trained on, and of the gradients of its loss.

use burn::tensor::Tensor;
use termc_compiler::model::NodeId;
use termc_data::random::Key;
use termc_data::{Dataset, Loader, Subset, split};

use super::{EvaluatedPart, Model, ModelError, fetch};
use crate::Error;
use crate::network::{Keep, Network, Pass};
use crate::objective::{self, Kept};
use crate::train::evaluate::upload;

/// Every value and its gradient are held at once, so that no more images are taken unless somebody asks.
const MOST: usize = 16;

/// Mean and deviation over all numbers of a value, of all images together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanDeviation {
    /// The mean.
    pub mean: f64,
    /// The root of the mean square of what is left.
    pub deviation: f64,
}

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeStatistics {
    /// Whose it is, in the graph of primitives.
    pub node: NodeId,
    /// Of the value.
    pub value: MeanDeviation,
    /// Of the gradient of the total loss, a mean over the batch, with respect to it; None where the loss does not depend on it.
    pub gradient: Option<MeanDeviation>,
}

impl Model {
    /// Statistics of all values of the model's [primitives](termc_compiler::model::Model::primitives), in their order, over so many
    /// training images of the RUN (None: as many as a batch of the training has, and at most 16), without augmentation and dropout.
    ///
    /// # Errors
    /// If the model is frozen, does not come from a RUN folder, or images cannot be read.
    pub fn statistics(
        &self,
        dataset: &Dataset,
        images: Option<usize>,
    ) -> Result<Vec<NodeStatistics>, Error> {
        self.checked.refuse_frozen("it has no gradients")?;
        let settings = self.checked.settings()?;
        let settings = settings.ok_or(ModelError::PartOfRun(EvaluatedPart::Train))?;
        let train = split(dataset, &settings.split_options())?.train;
        let images = images.unwrap_or(settings.batch.min(MOST)).max(1);
        // Data sets may be sorted by class.
        let order = Key::new(0).named("statistics").permutation(train.len());
        let chosen = order.into_iter().take(images);
        let chosen: Vec<usize> = chosen
            .filter_map(|i| train.indices().get(i).copied())
            .collect();
        let images = chosen.len();
        let subset = Subset::new(train.part().clone(), chosen)?;
        let normalize = self.checked.normalization(Some(&settings), dataset);
        let mut batches = Loader::evaluation(subset, images, &normalize)?.epoch(0, 0)?;
        let batch = batches.next();
        let batch = batch.ok_or(ModelError::EmptyPart(EvaluatedPart::Train))??;
        let (input, targets) = upload(batch, &self.compute.device.device);
        let pass = Pass {
            keep: Keep::All,
            leaves: true,
            ..self.pass()
        };
        let primitives = Network::new(&self.checked().as_primitives());
        let found = objective::evaluate(&primitives, &self.params, input, targets, &pass);
        found.kept.into_iter().map(of_kept).collect()
    }
}

fn of_kept(kept: Kept) -> Result<NodeStatistics, Error> {
    Ok(NodeStatistics {
        node: kept.node,
        value: mean_deviation(kept.value)?,
        gradient: kept.gradient.map(mean_deviation).transpose()?,
    })
}

fn mean_deviation(value: Tensor<4>) -> Result<MeanDeviation, Error> {
    let numbers = fetch(value)?;
    let count = numbers.num_elements().max(1) as f64;
    let mean = numbers.iter::<f64>().sum::<f64>() / count;
    let squares = numbers
        .iter::<f64>()
        .map(|x| (x - mean).powi(2))
        .sum::<f64>();
    Ok(MeanDeviation {
        mean,
        deviation: (squares / count).sqrt(),
    })
}

//! What the report shows of the network itself: its kernels, what they are for single images, and the statistics of each
//! block's features. Fetches numbers; draws nothing.

use burn::tensor::{Device, Tensor};
use termc_compiler::analysis::{Dependence, dependence};
use termc_compiler::model::{Instance, InstanceId, Model, NodeId, Normalize};
use termc_data::{Dataset, Loader, Subset};

use super::picture::Plane;
use crate::Error;
use crate::network::{Keep, KernelChoice, Network, Pass};
use crate::params::Params;
use crate::tensors::Tensors;
use crate::train::evaluate::{evaluation_order, upload};
use crate::train::scores::{argmax, probability};

/// Most channels of a kernel that are shown one by one.
const CHANNELS: usize = 12;

/// Looks into a trained network.
pub struct Inspection<'a> {
    /// The model.
    pub model: &'a Model,
    /// Its weights.
    pub weights: &'a Tensors,
    /// The data set it was trained on.
    pub data: &'a Dataset,
    /// What pixels are normalized with, as in training.
    pub normalize: &'a Normalize,
    /// Images per batch for the statistics.
    pub batch: usize,
    /// Test images whose kernels are shown.
    pub images: &'a [usize],
    /// Which code computes.
    pub kernels: KernelChoice,
}

/// What it saw.
#[derive(Clone, Debug)]
pub struct NetworkStatistics {
    /// The kernels that no image changes, in the model's order.
    pub kernels: Vec<Kernel>,
    /// The kernels that the chosen images make.
    pub scores: Vec<PixelScores>,
    /// Each block's features over a batch.
    pub features: Vec<Features>,
}

/// A kernel.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// The path of the slow net that makes it.
    pub name: String,
    /// Number of channels.
    pub channels: usize,
    /// The mean over channels.
    pub mean: Plane,
    /// The first channels.
    pub first: Vec<Plane>,
}

/// The kernels one image makes, the image being alone in its batch.
#[derive(Clone, Debug)]
pub struct PixelScores {
    /// Position in the test part.
    pub image: usize,
    /// Its class.
    pub label: usize,
    /// The most probable class.
    pub answer: usize,
    /// That class's probability.
    pub probability: f64,
    /// Each context-dependent kernel's mean over channels.
    pub kernels: Vec<(String, Plane)>,
}

/// Statistics of a block's result.
#[derive(Clone, Debug)]
pub struct Features {
    /// The block's name.
    pub name: String,
    /// Number of channels.
    pub channels: usize,
    /// Over everything.
    pub mean: f64,
    /// Over everything.
    pub variance: f64,
    /// Of each channel.
    pub channel_means: Vec<f64>,
}

impl Inspection<'_> {
    /// Looks into the network on a device.
    ///
    /// # Errors
    /// If weights do not fit the model, or images cannot be read.
    pub fn run(&self, device: &Device) -> Result<NetworkStatistics, Error> {
        let params = Params::from_tensors(self.model, self.weights, device)?;
        let network = Network::new(self.model);
        let model = self.model;
        let [fixed, made] = kernel_nodes(model);
        let blocks: Vec<&Instance> = (model.instances.iter().skip(1))
            .filter(|instance| !instance.prelude && !instance.slow)
            .collect();
        let results = blocks.iter().map(|block| block.result);

        let all: Vec<NodeId> = fixed.iter().map(|(id, _)| *id).chain(results).collect();
        let batch = self.subset(None)?;
        let (_, kept) = self.forward(&network, &params, batch, self.batch, &all, device)?;
        let kernels = fixed
            .iter()
            .filter_map(|(id, name)| Some(kernel(name, find(&kept, *id)?)));
        let features = (blocks.iter())
            .filter_map(|block| Some(features(&block.path, find(&kept, block.result)?)));
        let (kernels, features) = (kernels.collect(), features.collect());

        let made_ids: Vec<NodeId> = made.iter().map(|(id, _)| *id).collect();
        let mut scores = Vec::new();
        for image in self.images {
            let one = self.subset(Some(*image))?;
            let label = self.data.test.label(*image)?;
            let (logits, kept) = self.forward(&network, &params, one, 1, &made_ids, device)?;
            let answer = argmax(&logits);
            scores.push(PixelScores {
                image: *image,
                label,
                answer,
                probability: probability(&logits, answer),
                kernels: (made.iter())
                    .filter_map(|(id, name)| Some((name.clone(), find(&kept, *id)?.mean())))
                    .collect(),
            });
        }
        Ok(NetworkStatistics {
            kernels,
            scores,
            features,
        })
    }

    fn subset(&self, image: Option<usize>) -> Result<Subset, Error> {
        let indices = match image {
            Some(image) => vec![image],
            None => evaluation_order(&self.data.test)?
                .indices()
                .iter()
                .take(self.batch)
                .copied()
                .collect(),
        };
        Ok(Subset::new(self.data.test.clone(), indices)?)
    }

    fn forward(
        &self,
        network: &Network,
        params: &Params,
        subset: Subset,
        batch: usize,
        keep: &[NodeId],
        device: &Device,
    ) -> Result<(Vec<f32>, Kept), Error> {
        let loader = Loader::evaluation(subset, batch, self.normalize)?;
        let mut batches = loader.epoch(0, 0)?;
        let batch = batches
            .next()
            .ok_or_else(|| Error::Input("the test part has no images".into()))??;
        let (input, _) = upload(batch, device);
        let pass = Pass {
            keep: Keep::These(keep),
            kernels: self.kernels,
            ..Pass::default()
        };
        let forward = network.forward(params, input, &pass);
        let logits = forward.logits.into_data().iter::<f32>().collect();
        let kept = forward
            .kept
            .into_iter()
            .map(|(id, value)| (id, HostTensor::fetch(value)));
        Ok((logits, kept.collect()))
    }
}

/// The planes that slow nets make, each with the net's path: those that no image changes, and the others.
fn kernel_nodes(model: &Model) -> [Vec<(NodeId, String)>; 2] {
    let all = dependence(model);
    let is_slow = |id: InstanceId| model[id].slow;
    let nets = model.instances.iter().filter(|instance| {
        let plane =
            model[instance.result].shape.height() > 1 && model[instance.result].shape.width() > 1;
        instance.slow && plane && !instance.parent.is_some_and(is_slow)
    });
    let nets = nets.map(|net| (net.result, net.path.clone()));
    let (fixed, made) =
        nets.partition(|(id, _)| all.get(id.index()) == Some(&Dependence::Constant));
    [fixed, made]
}

/// Values off the device, in the model's order.
type Kept = Vec<(NodeId, HostTensor)>;

fn find(kept: &[(NodeId, HostTensor)], node: NodeId) -> Option<&HostTensor> {
    kept.iter()
        .find(|(id, _)| *id == node)
        .map(|(_, value)| value)
}

/// A value `[N, C, H, W]` off the device.
struct HostTensor {
    dims: [usize; 4],
    values: Vec<f32>,
}

impl HostTensor {
    fn fetch(value: Tensor<4>) -> Self {
        Self {
            dims: value.dims(),
            values: value.into_data().iter::<f32>().collect(),
        }
    }

    /// The planes in order: of each image, of each channel.
    fn planes(&self) -> impl Iterator<Item = &[f32]> {
        let [.., height, width] = self.dims;
        self.values.chunks_exact((height * width).max(1))
    }

    fn plane(&self, values: Vec<f32>) -> Plane {
        let [.., height, width] = self.dims;
        Plane {
            height,
            width,
            values,
        }
    }

    /// The mean plane.
    fn mean(&self) -> Plane {
        let [.., height, width] = self.dims;
        let count = self.planes().count().max(1) as f32;
        let mut sum = vec![0f32; height * width];
        for plane in self.planes() {
            sum.iter_mut().zip(plane).for_each(|(s, v)| *s += v / count);
        }
        self.plane(sum)
    }
}

fn kernel(name: &str, value: &HostTensor) -> Kernel {
    let [_, channels, ..] = value.dims;
    Kernel {
        name: name.to_owned(),
        channels,
        mean: value.mean(),
        first: value
            .planes()
            .take(CHANNELS)
            .map(|p| value.plane(p.to_vec()))
            .collect(),
    }
}

fn features(name: &str, value: &HostTensor) -> Features {
    let [_, channels, ..] = value.dims;
    let mean_of = |values: &mut dyn Iterator<Item = f64>| {
        let (sum, count) = values.fold((0.0, 0usize), |(s, n), v| (s + v, n + 1));
        sum / count.max(1) as f64
    };
    let mean = mean_of(&mut value.values.iter().map(|v| f64::from(*v)));
    let variance = mean_of(&mut value.values.iter().map(|v| (f64::from(*v) - mean).powi(2)));
    let channel = |channel: usize| {
        let planes = value.planes().skip(channel).step_by(channels.max(1));
        mean_of(&mut planes.flatten().map(|v| f64::from(*v)))
    };
    Features {
        name: name.to_owned(),
        channels,
        mean,
        variance,
        channel_means: (0..channels).map(channel).collect(),
    }
}

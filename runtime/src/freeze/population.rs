//! Statistics of activations over a population of images, summed in float64. Decides nothing.

use std::collections::HashMap;

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;
use termc_compiler::model::{NodeId, Op, Shape};
use termc_kernels::composed::normalize::mean_over;
use termc_kernels::composed::pooling::adaptive_avg_pool;

use super::Calibration;
use crate::network::dims;

/// What is known of the nodes that couple images; nodes are the unfrozen model's.
#[derive(Clone, Debug, Default)]
pub struct Population {
    calibration: Calibration,
    moments: HashMap<NodeId, Vec<Moments>>,
    contexts: HashMap<NodeId, Context>,
}

/// Sums over images and positions of one channel.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    sum: f64,
    squares: f64,
    /// Variance within each batch, times its count.
    within: f64,
    /// Scale and shift of each batch's standardization, times its count.
    map: (f64, f64),
}

/// The sum over images of an activation pooled to the kernel's grid, of the kernel that each batch makes, or of a mean.
#[derive(Clone, Debug)]
struct Context {
    images: f64,
    /// `[1, C, H, W]`
    sizes: [usize; 4],
    sum: Vec<f64>,
}

impl Population {
    /// Nothing known yet.
    pub fn new(calibration: Calibration) -> Self {
        Self {
            calibration,
            ..Self::default()
        }
    }

    /// Whether something was seen of a node.
    pub fn knows(&self, id: NodeId) -> bool {
        self.moments.contains_key(&id) || self.contexts.contains_key(&id)
    }

    /// Adds one batch of so many images of the activation that the node `id`, of this operation and shape, looks at, or
    /// the kernel that it is where kernels are averaged.
    pub(super) fn add(
        &mut self,
        id: NodeId,
        op: &Op,
        shape: &Shape,
        value: &Tensor<4>,
        images: usize,
    ) {
        match op {
            Op::ContextKernel(_) if self.averages_kernels() => {
                self.add_mean(id, value.clone(), images);
            }
            Op::ContextKernel(_) => {
                let pooled = adaptive_avg_pool(value.clone(), shape.sizes.plane());
                self.add_mean(id, pooled.mean_dim(0), images);
            }
            Op::Mean(op) => self.add_mean(id, mean_over(value.clone(), &dims(op.over)), images),
            Op::Standardize(op) => self.add_moments(id, op.eps, value, images),
            _ => {}
        }
    }

    /// Adds the mean over one batch of so many images, `[1, C, H, W]`.
    fn add_mean(&mut self, id: NodeId, mean: Tensor<4>, images: usize) {
        let sizes = mean.dims();
        let known = self.contexts.entry(id).or_insert_with(|| Context {
            images: 0.0,
            sizes,
            sum: vec![0.0; sizes.iter().product()],
        });
        known.images += images as f64;
        let mean = mean.into_data();
        for (sum, mean) in known.sum.iter_mut().zip(mean.iter::<f64>()) {
            *sum += mean * images as f64;
        }
    }

    fn add_moments(&mut self, id: NodeId, eps: f64, value: &Tensor<4>, images: usize) {
        let [_, channels, height, width] = value.dims();
        let data: Vec<f32> = value.to_data().iter::<f32>().collect();
        let positions = height * width;
        let moments = self.moments.entry(id).or_default();
        moments.resize(channels, Moments::default());
        moments.par_iter_mut().enumerate().for_each(|(channel, m)| {
            let (mut sum, mut squares) = (0.0, 0.0);
            let rows = data.chunks_exact(positions.max(1));
            for x in rows.skip(channel).step_by(channels.max(1)).flatten() {
                let x = f64::from(*x);
                sum += x;
                squares += x * x;
            }
            let count = (images * positions) as f64;
            m.count += count;
            m.sum += sum;
            m.squares += squares;
            let within = squares - sum * sum / count;
            m.within += within;
            let scale = 1.0 / ((within / count).max(0.0) + eps).sqrt();
            m.map.0 += scale * count;
            m.map.1 -= sum * scale;
        });
    }

    /// Whether what is known of a context kernel is itself, not the activation that it looks at.
    pub fn averages_kernels(&self) -> bool {
        self.calibration == Calibration::Mean
    }

    /// The scale and shift of each channel that stand for a standardization with this eps.
    pub fn maps(&self, id: NodeId, eps: f64) -> Option<Vec<(f64, f64)>> {
        let known = self.moments.get(&id)?;
        let one = |m: &Moments| {
            let mean = m.sum / m.count;
            let variance = match self.calibration {
                Calibration::Mean => return (m.map.0 / m.count, m.map.1 / m.count),
                Calibration::Within => m.within / m.count,
                Calibration::Batch | Calibration::Sequential => m.squares / m.count - mean * mean,
            };
            let scale = 1.0 / (variance.max(0.0) + eps).sqrt();
            (scale, -mean * scale)
        };
        Some(known.iter().map(one).collect())
    }

    /// The mean of the pooled activation of a context kernel, `[1, C, k, k]`, of the kernel, or of a mean over the batch.
    pub fn context(&self, id: NodeId) -> Option<TensorData> {
        let known = self.contexts.get(&id)?;
        let mean = known.sum.iter().map(|sum| (sum / known.images) as f32);
        Some(TensorData::new(mean.collect::<Vec<f32>>(), known.sizes))
    }
}

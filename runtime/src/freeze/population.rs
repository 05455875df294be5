//! Means and variances of activations over a population of images, summed in float64. Decides nothing.

use std::collections::HashMap;

use burn::tensor::module::adaptive_avg_pool2d;
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;
use termc_compiler::model::{NodeId, Op, Shape};

use crate::kernels::Kernels;

/// What is known of the nodes that couple images; nodes are the unfrozen model's.
#[derive(Clone, Debug, Default)]
pub struct Population {
    /// Whether variances are the mean of those within batches.
    within: bool,
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
}

/// The sum over images of an activation pooled to the kernel's grid.
#[derive(Clone, Debug)]
struct Context {
    images: f64,
    sizes: [usize; 3],
    sum: Vec<f64>,
}

impl Population {
    /// Nothing known yet.
    pub fn new(within: bool) -> Self {
        Self {
            within,
            ..Self::default()
        }
    }

    /// Whether something was seen of a node.
    pub fn knows(&self, id: NodeId) -> bool {
        self.moments.contains_key(&id) || self.contexts.contains_key(&id)
    }

    /// Adds one batch of the activation that the node `id`, of this operation and shape, looks at.
    pub(super) fn add<B: Kernels>(
        &mut self,
        id: NodeId,
        op: &Op,
        shape: &Shape,
        value: &Tensor<B, 4>,
    ) {
        let [images, channels, height, width] = value.dims();
        if let Op::ContextKernel { .. } = op {
            let grid = [shape.height, shape.width];
            let pooled = adaptive_avg_pool2d(value.clone(), grid).mean_dim(0);
            let known = self.contexts.entry(id).or_insert_with(|| Context {
                images: 0.0,
                sizes: [channels, shape.height, shape.width],
                sum: vec![0.0; channels * shape.height * shape.width],
            });
            known.images += images as f64;
            let pooled = pooled.into_data();
            for (sum, mean) in known.sum.iter_mut().zip(pooled.iter::<f64>()) {
                *sum += mean * images as f64;
            }
            return;
        }
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
            m.within += squares - sum * sum / count;
        });
    }

    /// Mean and biased variance of each channel before a standardization.
    pub fn moments(&self, id: NodeId) -> Option<Vec<(f64, f64)>> {
        let known = self.moments.get(&id)?;
        let one = |m: &Moments| {
            let mean = m.sum / m.count;
            let variance = match self.within {
                true => m.within / m.count,
                false => m.squares / m.count - mean * mean,
            };
            (mean, variance.max(0.0))
        };
        Some(known.iter().map(one).collect())
    }

    /// The mean of the pooled activation of a context kernel, `[1, C, k, k]`.
    pub fn context(&self, id: NodeId) -> Option<TensorData> {
        let known = self.contexts.get(&id)?;
        let [channels, height, width] = known.sizes;
        let mean = known.sum.iter().map(|sum| (sum / known.images) as f32);
        Some(TensorData::new(
            mean.collect::<Vec<f32>>(),
            [1, channels, height, width],
        ))
    }
}

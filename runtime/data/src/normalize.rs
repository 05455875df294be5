//! Bytes to normalized floats, and the channel statistics of a data set. Does not decide which statistics apply.

use termc_compiler::model::Normalize;

use super::dataset::Part;
use super::error::Error;

/// Normalization as a table per channel: `(value / 255 - mean) / std`, computed in f64, rounded once.
#[derive(Clone, Debug)]
pub struct Normalizer {
    tables: Vec<[f32; 256]>,
}

impl Normalizer {
    /// Fails unless there is one finite mean and one positive deviation per channel.
    pub fn new(normalize: &Normalize, channels: usize) -> Result<Self, Error> {
        let (mean, std) = (&normalize.mean, &normalize.std);
        let inconsistent = |what, expected: String, found: String| {
            Err(Error::Inconsistent {
                what,
                expected,
                found,
            })
        };
        if mean.len() != channels || std.len() != channels {
            return inconsistent(
                "channel statistics",
                format!("{channels} means and {channels} standard deviations"),
                format!("{} and {}", mean.len(), std.len()),
            );
        }
        if let Some(bad) = std.iter().find(|&&s| !(s.is_finite() && s > 0.0)) {
            return inconsistent("standard deviation", "more than 0".into(), bad.to_string());
        }
        if let Some(bad) = mean.iter().find(|m| !m.is_finite()) {
            return inconsistent("mean", "a finite number".into(), bad.to_string());
        }
        let table = |(mean, std): (&f64, &f64)| {
            std::array::from_fn(|value| ((value as f64 / 255.0 - mean) / std) as f32)
        };
        Ok(Self {
            tables: mean.iter().zip(std).map(table).collect(),
        })
    }

    /// Normalizes one image `[C, H, W]` into `out` of the same shape.
    pub fn apply(&self, image: &[u8], out: &mut [f32]) {
        let plane = image.len() / self.tables.len().max(1);
        let planes = image
            .chunks_exact(plane)
            .zip(out.chunks_exact_mut(plane))
            .zip(&self.tables);
        for ((bytes, floats), table) in planes {
            for (byte, float) in bytes.iter().zip(floats) {
                #[allow(
                    clippy::indexing_slicing,
                    reason = "a byte is a valid index of 256 values"
                )]
                {
                    *float = table[usize::from(*byte)];
                }
            }
        }
    }

    /// What a byte becomes in each channel.
    pub fn value(&self, byte: u8) -> Vec<f32> {
        let value = |table: &[f32; 256]| table.get(usize::from(byte)).copied().unwrap_or_default();
        self.tables.iter().map(value).collect()
    }
}

/// Mean and standard deviation of each channel over all pixels of a part, values scaled to `[0, 1]`. A channel that
/// never varies gets 1/255 for its deviation, so that dividing by it stays possible. Fails if an image cannot be read.
pub fn statistics(part: &Part) -> Result<Normalize, Error> {
    let mut sums = ChannelSums::new(part.shape());
    for index in 0..part.len() {
        sums.add(&part.image(index)?);
    }
    Ok(sums.normalize())
}

/// Sums of the values and of their squares per channel. Whole numbers: exact, so the order of summation cannot matter.
#[derive(Clone, Debug)]
pub(crate) struct ChannelSums {
    sums: Vec<(u64, u64)>,
    /// Values in one channel of one image.
    plane: usize,
    images: usize,
}

impl ChannelSums {
    /// Of no image yet; images have this shape.
    pub fn new([channels, height, width]: [usize; 3]) -> Self {
        Self {
            sums: vec![(0, 0); channels],
            plane: height * width,
            images: 0,
        }
    }

    /// Adds an image `[C, H, W]`.
    pub fn add(&mut self, image: &[u8]) {
        let planes = image.chunks_exact(self.plane.max(1));
        for (plane, (sum, squares)) in planes.zip(&mut self.sums) {
            *sum += plane.iter().map(|&v| u64::from(v)).sum::<u64>();
            *squares += plane
                .iter()
                .map(|&v| u64::from(v) * u64::from(v))
                .sum::<u64>();
        }
        self.images += 1;
    }

    /// Adds what another one has summed up.
    pub fn merge(&mut self, other: &Self) {
        for ((sum, squares), (other_sum, other_squares)) in self.sums.iter_mut().zip(&other.sums) {
            *sum += other_sum;
            *squares += other_squares;
        }
        self.images += other.images;
    }

    /// Mean and standard deviation.
    pub fn normalize(&self) -> Normalize {
        let count = (self.images * self.plane).max(1) as f64;
        let mut normalize = Normalize {
            mean: vec![],
            std: vec![],
        };
        for &(sum, squares) in &self.sums {
            let mean = sum as f64 / count;
            let variance = squares as f64 / count - mean * mean;
            normalize.mean.push(mean / 255.0);
            normalize
                .std
                .push((variance.max(0.0).sqrt()).max(1.0) / 255.0);
        }
        normalize
    }
}

//! How far two results are apart, and how far they may be. Runs nothing.

use burn::tensor::TensorData;
use termc_compiler::model::NodeId;

use super::Disagreement;
use crate::network::Precision;

/// Half of the last place of the numbers that are multiplied: of TensorFloat-32 ones, to which a GPU's matrix units round
/// the factors of float32 products, or of bfloat16 ones.
pub fn rounding(precision: Precision) -> f64 {
    match precision {
        Precision::F32 => 1.0 / 2048.0,
        Precision::Bf16 => 1.0 / 256.0,
    }
}

/// How many times as far as rounding moves a result it may be from the CPU's.
const MARGIN: f64 = 10.0;

/// Least distance that is allowed.
const LEAST: f64 = 2e-3;

/// Results that may be so far off say nothing.
const MOST: f64 = 0.5;

/// How far a result may be from the CPU's.
#[derive(Clone, Copy, Debug)]
pub struct Bound(f64);

impl Bound {
    /// From how far rounding moves the result.
    pub fn of(moved: f64) -> Self {
        Self((MARGIN * moved).max(LEAST))
    }

    /// Whether rounding alone may make anything of the result, as of gradients that cancel.
    pub fn undecided(self) -> bool {
        self.0.is_nan() || self.0 > MOST
    }

    /// A distance in parts of what is allowed; 0 where nothing can be said.
    pub fn share(self, distance: f64) -> f64 {
        match self.undecided() {
            true => 0.0,
            false => distance / self.0,
        }
    }

    /// Refuses what is too far, and what is not a number in any case.
    ///
    /// # Errors
    /// That it is.
    pub fn check(
        self,
        distance: f64,
        node: NodeId,
        what: impl FnOnce() -> String,
    ) -> Result<(), Disagreement> {
        if distance <= self.0 || (self.undecided() && distance.is_finite()) {
            return Ok(());
        }
        Err(Disagreement {
            node,
            what: what(),
            distance,
            allowed: self.0.min(MOST),
        })
    }
}

/// The least size of a number, against which distances are measured. Gradients that cancel to nothing, as of a kernel whose
/// product is standardized, are rounding alone: up to 1e-15 on the CPU, and 4e-15 on a device that sums in float32.
const SMALLEST: f64 = 1e-11;

/// `||found - expected|| / ||expected||`, the latter at least [`SMALLEST`] per number; infinite where sizes differ.
pub fn distance(found: &[f32], expected: &[f32]) -> f64 {
    if found.len() != expected.len() {
        return f64::INFINITY;
    }
    let square = |x: f64| x * x;
    let difference: f64 = (found.iter().zip(expected))
        .map(|(f, e)| square(f64::from(*f) - f64::from(*e)))
        .sum();
    let norm: f64 = expected.iter().map(|e| square(f64::from(*e))).sum();
    let least = square(SMALLEST) * expected.len().max(1) as f64;
    (difference / norm.max(least)).sqrt()
}

/// The root of the mean of their squares; 0 of none.
pub fn root_mean_square(distances: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = distances.fold((0.0, 0.0), |(count, sum), d| (count + 1.0, sum + d * d));
    (sum / f64::max(count, 1.0)).sqrt()
}

/// The numbers of a tensor of any float type.
pub fn numbers(data: TensorData) -> Vec<f32> {
    data.iter::<f32>().collect()
}

//! The learning-rate factor as a function of the step. Keeps no state.

use std::f64::consts::PI;

use termc_compiler::model::Schedule;

/// What the published code's warm-up begins at.
const FIRST: f64 = 1e-8;

/// The factor on the base learning rate at `step` (from 0) of a training of `epochs` epochs of `steps_per_epoch` steps.
///
/// Warm-up: `step / (warmup * steps_per_epoch)`, so the first step has factor 0. Afterwards, with `t` the fraction of
/// the remaining steps that are done: constant 1; cosine `floor + (1 - floor) * (1 + cos(pi t)) / 2`; step
/// `factor ^ floor(epochs since warm-up / every)`.
///
/// Chained cosine, of `T` steps with `w` of warm-up, as the published code composes two schedulers that each multiply the rate:
/// `(1e-8 + (1 - 1e-8) * min(step / w, 1)) * (1 + cos(pi (step - w) / (T - w))) / (1 + cos(pi w / (T - w)))`. The
/// divisor makes the cosine 1 at the first step, so the largest factor, at the end of the warm-up, is `2 / (1 + cos(pi w / (T - w)))`.
/// Where the warm-up takes more than a third of the steps, that factor would grow without bounds: the cosine then is the plain one.
pub fn factor(schedule: &Schedule, step: usize, steps_per_epoch: usize, epochs: usize) -> f64 {
    let step = step as f64;
    let per_epoch = steps_per_epoch.max(1) as f64;
    let total = epochs as f64 * per_epoch;
    let rising = |warmup: f64| (step < warmup * per_epoch).then(|| step / (warmup * per_epoch));
    match *schedule {
        Schedule::Constant { warmup } => rising(warmup).unwrap_or(1.0),
        Schedule::WarmupCosine { warmup, floor } => rising(warmup).unwrap_or_else(|| {
            let warm = warmup * per_epoch;
            floor + (1.0 - floor) * fall(step - warm, total - warm)
        }),
        Schedule::ChainedCosine { warmup } => {
            let warm = warmup * per_epoch;
            let rise = rising(warmup).map_or(1.0, |rise| FIRST + (1.0 - FIRST) * rise);
            let length = total - warm;
            match 2.0 * warm <= length {
                true => rise * fall((step - warm).abs(), length) / fall(warm, length),
                false => rise * fall((step - warm).max(0.0), length),
            }
        }
        Schedule::Step {
            every,
            factor,
            warmup,
        } => rising(warmup).unwrap_or_else(|| {
            let since = step / per_epoch - warmup;
            factor.powf((since / every).floor())
        }),
        Schedule::OneCycle { rise, start, end } => {
            let top = rise * total;
            if step < top {
                1.0 - (1.0 - 1.0 / start) * fall(step, top)
            } else {
                1.0 / end + (1.0 - 1.0 / end) * fall(step - top, total - top)
            }
        }
    }
}

/// Half a cosine: 1 at 0, 0 at `length` and after it.
fn fall(position: f64, length: f64) -> f64 {
    if length <= 0.0 {
        return 0.0;
    }
    0.5 * (1.0 + (PI * (position / length).clamp(0.0, 1.0)).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(schedule: Schedule, steps: &[usize]) -> Vec<f64> {
        steps
            .iter()
            .map(|&s| (factor(&schedule, s, 10, 10) * 1e6).round() / 1e6)
            .collect()
    }

    #[test]
    fn warmup_cosine() {
        let schedule = Schedule::WarmupCosine {
            warmup: 2.0,
            floor: 0.1,
        };
        assert_eq!(
            at(schedule, &[0, 10, 20, 60, 100]),
            [0.0, 0.5, 1.0, 0.55, 0.1]
        );
    }

    /// The released recipe: 100 epochs, 8 of them warm-up.
    #[test]
    fn chained_cosine() {
        let at = |step| factor(&Schedule::ChainedCosine { warmup: 8.0 }, step, 782, 100);
        let top = 2.0 / (1.0 + (PI * 8.0 / 92.0).cos());
        assert!((top - 1.019).abs() < 5e-4);
        assert_eq!(at(0), 1e-8);
        assert!((at(8 * 782) - top).abs() < 1e-12);
        // Half the warm-up, where the cosine is 4 of 92 epochs from its top.
        let half = top * (1.0 + (PI * 4.0 / 92.0).cos()) / 4.0;
        assert!((at(4 * 782) - half).abs() < 1e-7, "{} {half}", at(4 * 782));
        assert!((at(54 * 782) - top / 2.0).abs() < 1e-9);
        assert!(at(100 * 782) < 1e-12 && at(100 * 782 - 1) > 0.0);
    }

    /// A training that is over before or soon after its warm-up rises and falls, without a division by nothing.
    #[test]
    fn chained_cosine_of_few_epochs() {
        for epochs in 1..40 {
            for step in 0..=epochs * 10 {
                let found = factor(&Schedule::ChainedCosine { warmup: 8.0 }, step, 10, epochs);
                assert!((0.0..=2.0).contains(&found), "{epochs} {step} {found}");
            }
        }
    }

    #[test]
    fn constant_and_step() {
        assert_eq!(at(Schedule::Constant { warmup: 0.0 }, &[0, 99]), [1.0, 1.0]);
        let schedule = Schedule::Step {
            every: 3.0,
            factor: 0.1,
            warmup: 1.0,
        };
        assert_eq!(
            at(schedule, &[5, 10, 39, 40, 70]),
            [0.5, 1.0, 1.0, 0.1, 0.01]
        );
    }

    #[test]
    fn one_cycle() {
        let schedule = Schedule::OneCycle {
            rise: 0.3,
            start: 25.0,
            end: 1e4,
        };
        assert_eq!(
            at(schedule, &[0, 15, 30, 65, 100]),
            [0.04, 0.52, 1.0, 0.50005, 0.0001]
        );
    }
}

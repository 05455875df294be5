//! Random numbers as pure functions of a key and an index: no generator state, so any value can be made again in any
//! order and on any thread. Not for cryptography.

use std::f64::consts::TAU;

/// Identifies one unbounded stream of random numbers. Made from a seed, then narrowed by names and numbers:
/// `Key::new(seed).named("dropout").at(step).at(sample)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    /// The root stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0x6a09_e667_f3bc_c908))
    }

    /// The stream of a purpose or operation.
    pub fn named(self, name: &str) -> Self {
        name.bytes().fold(self.at(name.len() as u64), |key, byte| {
            key.at(u64::from(byte))
        })
    }

    /// The stream of an epoch, step, sample or other number.
    pub fn at(self, number: u64) -> Self {
        Self(self.bits(number))
    }

    /// 64 random bits.
    pub fn bits(self, index: u64) -> u64 {
        // Two rounds of the SplitMix64 finaliser between key and counter: each alone is a bijection, so distinct
        // indices of one key never collide.
        mix(mix(index.wrapping_add(0x9e37_79b9_7f4a_7c15)) ^ self.0)
    }

    /// Uniform on `[0, 1)`, 53 random bits.
    pub fn uniform(self, index: u64) -> f64 {
        (self.bits(index) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform on `0..bound`; 0 if `bound` is 0.
    pub fn below(self, index: u64, bound: usize) -> usize {
        ((u128::from(self.bits(index)) * bound as u128) >> 64) as usize
    }

    /// Standard normal (Box-Muller).
    pub fn normal(self, index: u64) -> f64 {
        let key = self.at(index);
        let radius = (-2.0 * (1.0 - key.uniform(0)).ln()).sqrt();
        radius * (TAU * key.uniform(1)).cos()
    }

    /// Gamma variate of shape `concentration > 0` and scale 1 (Marsaglia and Tsang 2000).
    pub fn gamma(self, index: u64, concentration: f64) -> f64 {
        let key = self.at(index);
        if concentration < 1.0 {
            // Gamma(a) = Gamma(a + 1) * U^(1/a)
            let uniform = 1.0 - key.uniform(0);
            return key.at(1).gamma(0, concentration + 1.0) * uniform.powf(1.0 / concentration);
        }
        let d = concentration - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        let mut trial = 0;
        loop {
            let x = key.at(2).normal(trial);
            let v = (1.0 + c * x).powi(3);
            let u = 1.0 - key.at(3).uniform(trial);
            if v > 0.0 && u.ln() < 0.5 * x * x + d * (1.0 - v + v.ln()) {
                return d * v;
            }
            trial += 1;
        }
    }

    /// Beta variate on `[0, 1]`, both parameters positive.
    pub fn beta(self, index: u64, a: f64, b: f64) -> f64 {
        let (x, y) = (self.at(index).gamma(0, a), self.at(index).gamma(1, b));
        if x + y > 0.0 { x / (x + y) } else { 0.5 }
    }

    /// A uniformly random order of `0..len` (Fisher-Yates).
    pub fn permutation(self, len: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..len).collect();
        for i in (1..len).rev() {
            order.swap(i, self.below(i as u64, i + 1));
        }
        order
    }
}

/// The SplitMix64 finaliser: a bijection on 64 bits in which each input bit flips each output bit half of the time.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: impl Iterator<Item = f64>) -> (f64, f64) {
        let values: Vec<f64> = values.collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        (
            mean,
            values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n,
        )
    }

    fn assert_close(found: f64, expected: f64, tolerance: f64) {
        assert!(
            (found - expected).abs() < tolerance,
            "{found} is not about {expected}"
        );
    }

    #[test]
    fn distributions_have_their_moments() {
        let key = Key::new(7).named("moments");
        let n = 200_000;
        let (mean, var) = moments((0..n).map(|i| key.uniform(i)));
        assert_close(mean, 0.5, 0.003);
        assert_close(var, 1.0 / 12.0, 0.001);
        let (mean, var) = moments((0..n).map(|i| key.normal(i)));
        assert_close(mean, 0.0, 0.01);
        assert_close(var, 1.0, 0.02);
        for shape in [0.4, 1.0, 2.0, 6.0] {
            let (mean, var) = moments((0..n).map(|i| key.gamma(i, shape)));
            assert_close(mean, shape, 0.01 * shape.sqrt() + 0.005);
            assert_close(var, shape, 0.04 * shape);
        }
        let (mean, _) = moments((0..n).map(|i| key.beta(i, 1.0, 3.0)));
        assert_close(mean, 0.25, 0.003);
    }

    #[test]
    fn streams_are_reproducible_and_distinct() {
        let key = Key::new(1);
        assert_eq!(
            key.named("crop").at(3).bits(5),
            Key::new(1).named("crop").at(3).bits(5)
        );
        let mut seen = std::collections::HashSet::new();
        for seed in 0..4 {
            for name in ["a", "b", "ab", "ba", ""] {
                for step in 0..10 {
                    for index in 0..10 {
                        assert!(seen.insert(Key::new(seed).named(name).at(step).bits(index)));
                    }
                }
            }
        }
    }

    /// The stream is part of what a seed means: a change here changes every trained network.
    #[test]
    fn values_are_pinned() {
        assert_eq!(Key::new(0).bits(0), PINNED);
    }

    const PINNED: u64 = 2_976_024_376_072_480_965;

    #[test]
    fn permutations_are_permutations_and_differ() {
        let order = Key::new(3).permutation(1000);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
        assert_ne!(order, sorted);
        assert_ne!(order, Key::new(4).permutation(1000));
        assert!(Key::new(3).permutation(0).is_empty());
    }

    #[test]
    fn below_stays_below() {
        let key = Key::new(9);
        assert!((0..10_000).all(|i| key.below(i, 7) < 7));
        assert_eq!(key.below(0, 0), 0);
    }
}

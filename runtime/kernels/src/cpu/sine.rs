//! Sine and cosine of `weight . coordinates + bias`. Arguments reach 1e5, so they are formed and reduced to
//! `[-pi/2, pi/2]` in float64; the polynomials run in float32.

use super::simd::multiversion;

/// `1.5 * 2^52`: adding and subtracting it rounds to the nearest integer.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// pi minus its float64 value.
const PI_REST: f64 = 1.224_646_799_147_353_2e-16;

/// The angle minus the nearest multiple of pi, negated where that multiple is odd, and the sign this takes off a cosine.
#[inline(always)]
fn reduce(angle: f64) -> (f32, f32) {
    let turns = angle.mul_add(std::f64::consts::FRAC_1_PI, ROUND) - ROUND;
    let rest = turns.mul_add(-std::f64::consts::PI, angle);
    let rest = turns.mul_add(-PI_REST, rest);
    let half = (turns.mul_add(0.5, ROUND)) - ROUND;
    let odd = half.mul_add(-2.0, turns);
    let sign = (odd * odd).mul_add(-2.0, 1.0);
    ((rest * sign) as f32, sign as f32)
}

/// Sine on `[-pi/2, pi/2]`: minimax, error 1e-11 before rounding.
#[inline(always)]
fn sine(x: f32) -> f32 {
    let s = x * x;
    let p = -2.379_471_7e-8f32;
    let p = p.mul_add(s, 2.751_885_6e-6);
    let p = p.mul_add(s, -1.984_070_3e-4);
    let p = p.mul_add(s, 8.333_329e-3);
    let p = p.mul_add(s, -1.666_666_7e-1);
    (x * s).mul_add(p, x)
}

/// Cosine on `[-pi/2, pi/2]`: minimax, error 1e-12 before rounding.
#[inline(always)]
fn cosine(x: f32) -> f32 {
    let s = x * x;
    let p = 1.990_786_7e-9f32;
    let p = p.mul_add(s, -2.752_469_8e-7);
    let p = p.mul_add(s, 2.480_104e-5);
    let p = p.mul_add(s, -1.388_888_4e-3);
    let p = p.mul_add(s, 4.166_666_6e-2);
    let p = p.mul_add(s, -0.5);
    p.mul_add(s, 1.0)
}

multiversion! {
    /// `sin(weight * grid + bias)` over a line.
    pub fn sines_1d(to: &mut [f32], weight: f64, grid: &[f64], bias: f64) {
        for (t, g) in to.iter_mut().zip(grid) {
            *t = sine(reduce(weight.mul_add(*g, bias)).0);
        }
    }

    /// `sin(w0 * g0 + w1 * g1 + bias)` over a plane.
    pub fn sines_2d(to: &mut [f32], weight: [f64; 2], rows: &[f64], columns: &[f64], bias: f64) {
        for (t, (r, c)) in to.iter_mut().zip(rows.iter().zip(columns)) {
            *t = sine(reduce(weight[1].mul_add(*c, weight[0].mul_add(*r, bias))).0);
        }
    }

    /// The cosines of [`sines_1d`].
    pub fn cosines_1d(to: &mut [f32], weight: f64, grid: &[f64], bias: f64) {
        for (t, g) in to.iter_mut().zip(grid) {
            let (x, sign) = reduce(weight.mul_add(*g, bias));
            *t = cosine(x) * sign;
        }
    }

    /// The cosines of [`sines_2d`].
    pub fn cosines_2d(to: &mut [f32], weight: [f64; 2], rows: &[f64], columns: &[f64], bias: f64) {
        for (t, (r, c)) in to.iter_mut().zip(rows.iter().zip(columns)) {
            let (x, sign) = reduce(weight[1].mul_add(*c, weight[0].mul_add(*r, bias)));
            *t = cosine(x) * sign;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_angles_keep_their_digits() {
        let grid: Vec<f64> = (0..2000).map(|i| f64::from(i) / 999.5 - 1.0).collect();
        for weight in [0.3, 17.0, 1234.5, 98_765.4] {
            let (mut s, mut c) = (vec![0.0; 2000], vec![0.0; 2000]);
            sines_2d(&mut s, [weight, 0.5 * weight], &grid, &grid, 0.25);
            cosines_1d(&mut c, weight, &grid, 0.25);
            for (i, g) in grid.iter().enumerate() {
                assert!((f64::from(s[i]) - (1.5 * weight * g + 0.25).sin()).abs() < 2e-7);
                assert!((f64::from(c[i]) - (weight * g + 0.25).cos()).abs() < 2e-7);
            }
        }
    }
}

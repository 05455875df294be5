//! Instance standardization of `x * scale` without the product: `(x - mean) / sqrt(var + eps / scale^2)`. The factor's
//! gradient is its share in the epsilon, summed directly; through the product it would drown in rounding.

use super::broadcast::Map;
use super::parallel::{Rows, each_of};
use super::pool::{self, Buffer};
use super::standardize::{
    EPSILON, MOMENTS, Moments, Statistics, finish_plain, grad_moments, input_grad, moments,
};

/// Least factor told from zero, as in the composed form.
const LEAST: f64 = 1e-12;

/// The factor of one image's channel.
fn factor(scale: Map, image: usize, channel: usize) -> f64 {
    scale
        .row(image, channel)
        .first()
        .map_or(1.0, |s| f64::from(*s))
}

/// The result, of `x`'s sizes, and the statistics of each image and channel.
pub fn forward(x: Map, scale: Map) -> (Buffer, Statistics) {
    let [n, channels, positions] = x.sizes;
    let mut out = pool::take(n * channels * positions);
    let mut statistics = pool::take(n * channels * 4);
    let (maps, saved) = (
        Rows::new(&mut out, positions),
        Rows::new(&mut statistics, MOMENTS),
    );
    each_of(n * channels, positions, |row| {
        let (image, channel) = (row / channels, row % channels);
        let x = x.row(image, channel);
        let count = positions as f64;
        let shift = (moments(x, 0.0).0 / count) as f32;
        let (sum, square) = moments(x, shift);
        let rest = sum / count;
        let variance = (square / count - rest * rest).max(0.0);
        let factor = factor(scale, image, channel).max(LEAST);
        let moments = Moments {
            mean: f64::from(shift) + rest,
            scale: 1.0 / (variance + EPSILON / (factor * factor)).sqrt(),
        };
        saved.row(row).copy_from_slice(&moments.split());
        finish_plain(
            &mut maps.row(row),
            x,
            moments.mean as f32,
            moments.scale as f32,
        );
    });
    (out, statistics)
}

/// The gradients of `x` and of the factor of each image and channel, `[n, channels]`.
pub fn backward(grad: Map, x: Map, scale: Map, statistics: &[f32]) -> (Buffer, Buffer) {
    let [n, channels, positions] = x.sizes;
    let mut dx = pool::take(n * channels * positions);
    let mut dscale = pool::take(n * channels);
    let (to_x, to_scale) = (Rows::new(&mut dx, positions), Rows::new(&mut dscale, 1));
    each_of(n * channels, positions, |row| {
        let (image, channel) = (row / channels, row % channels);
        let (x, g) = (x.row(image, channel), grad.row(image, channel));
        let Moments {
            mean,
            scale: inverse,
        } = Moments::read(statistics, row);
        let mut to = to_x.row(row);
        let (sum, product) = grad_moments(g, x, mean);
        let cubed = inverse * inverse * inverse;
        let slope = -cubed * product / positions as f64;
        let offset = -inverse * sum / positions as f64 - slope * mean;
        to.copy_from_slice(g);
        input_grad(&mut to, x, inverse, slope, offset);
        // d inverse / d factor = inverse^3 * eps / factor^3
        let factor = factor(scale, image, channel);
        let share = if factor < LEAST {
            0.0
        } else {
            EPSILON / (factor * factor * factor)
        };
        to_scale.row(row)[0] = (product * cubed * share) as f32;
    });
    (dx, dscale)
}

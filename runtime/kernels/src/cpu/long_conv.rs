//! Convolutions of planes and lines with kernels of as many positions, by Fourier transforms, and both gradients: O(n log n) for
//! n positions.

mod transform;

use self::transform::{Transform, add_multiplied_conjugate, multiply, multiply_conjugate};
use super::parallel::{Rows, each};
use super::pool::{self, Buffer};
use crate::call::Edges;

/// Sizes of a convolution.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Images of `x` and of the kernel: as many, or one for all.
    pub images: [usize; 2],
    /// Channels.
    pub channels: usize,
    /// Rows and columns of a plane.
    pub sides: [usize; 2],
    /// What lies beyond the edges.
    pub edges: Edges,
}

impl Sizes {
    fn plane(&self) -> usize {
        self.sides[0] * self.sides[1]
    }

    fn most_images(&self) -> usize {
        self.images[0].max(self.images[1])
    }

    /// The plane of an operand, 0 or 1, that takes part in a plane of the result.
    fn operand<'a>(
        &self,
        values: [&'a [f32]; 2],
        which: usize,
        image: usize,
        channel: usize,
    ) -> &'a [f32] {
        let image = if self.images[which] == 1 { 0 } else { image };
        &values[which][(image * self.channels + channel) * self.plane()..][..self.plane()]
    }
}

/// Tasks and the images that each goes through: if an operand holds for all images, a task takes those of a channel.
fn tasks(sizes: &Sizes) -> (usize, impl Fn(usize) -> (std::ops::Range<usize>, usize)) {
    let (images, channels) = (sizes.most_images(), sizes.channels);
    let shared = sizes.images.contains(&1);
    let count = if shared { channels } else { images * channels };
    (count, move |task: usize| match shared {
        true => (0..images, task),
        false => (task / channels..task / channels + 1, task % channels),
    })
}

/// The convolution of each plane.
pub fn forward(x: &[f32], kernel: &[f32], sizes: Sizes) -> Buffer {
    let mut out = pool::take(sizes.most_images() * sizes.channels * sizes.plane());
    let planes = Rows::new(&mut out, sizes.plane());
    let (count, of_task) = tasks(&sizes);
    each(count, |task| {
        let (images, channel) = of_task(task);
        let mut transform = Transform::new(&sizes);
        let mut known = [transform.spectrum(), transform.spectrum()];
        let mut product = transform.spectrum();
        for (number, image) in images.enumerate() {
            for (which, known) in known.iter_mut().enumerate() {
                if number == 0 || sizes.images[which] > 1 {
                    transform.of_operand(sizes.operand([x, kernel], which, image, channel), known);
                }
            }
            multiply(&known[0], &known[1], &mut product);
            transform.result(
                &mut product,
                &mut planes.row(image * sizes.channels + channel),
            );
        }
    });
    out
}

/// The gradients that are needed of the operands.
pub fn backward(
    grad: &[f32],
    x: &[f32],
    kernel: &[f32],
    sizes: Sizes,
    needs: [bool; 2],
) -> [Option<Buffer>; 2] {
    let plane = sizes.plane();
    let mut results: [_; 2] = std::array::from_fn(|which| {
        let length = sizes.images[which] * sizes.channels * plane;
        needs[which].then(|| pool::take(length))
    });
    let planes = results
        .each_mut()
        .map(|result| result.as_mut().map(|values| Rows::new(values, plane)));
    let (count, of_task) = tasks(&sizes);
    each(count, |task| {
        let (images, channel) = of_task(task);
        let mut transform = Transform::new(&sizes);
        let mut of_grad = transform.spectrum();
        let mut others = [transform.spectrum(), transform.spectrum()];
        let mut sums = [transform.spectrum(), transform.spectrum()];
        let last = images.end - 1;
        for (number, image) in images.enumerate() {
            let at = (image * sizes.channels + channel) * plane;
            transform.of_gradient(&grad[at..][..plane], &mut of_grad);
            for which in [0, 1] {
                let Some(planes) = &planes[which] else {
                    continue;
                };
                let other = 1 - which;
                if number == 0 || sizes.images[other] > 1 {
                    let values = sizes.operand([x, kernel], other, image, channel);
                    transform.of_operand(values, &mut others[other]);
                }
                let one = sizes.images[which] == 1;
                let sum = &mut sums[which];
                match one && number > 0 {
                    true => add_multiplied_conjugate(&of_grad, &others[other], sum),
                    false => multiply_conjugate(&of_grad, &others[other], sum),
                }
                if !one || image == last {
                    let row = if one { 0 } else { image } * sizes.channels + channel;
                    transform.gradient(sum, &mut planes.row(row));
                }
            }
        }
    });
    results
}

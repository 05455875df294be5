//! Matrix products of maps, pointwise convolutions as such, and their gradients: what is multiplied, not how.

use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use burn::tensor::{DType, Shape, Slice};

use super::elementwise::cast;
use super::submit::Submit;
use super::work::Work;
use crate::backend::Gradient;

/// `a * b` over the last two axes, of matrices that may be meant transposed.
fn product<B: Submit>(
    a: FloatTensor<B>,
    b: FloatTensor<B>,
    transposed: [bool; 2],
) -> FloatTensor<B> {
    let mut results = B::submit(Work::Product { transposed }, vec![a, b]).into_iter();
    match results.next() {
        Some(result) => result,
        None => unreachable!("a product has a result"),
    }
}

/// The sum over the axes along which a tensor of this shape was expanded; summed in float32.
fn sum_to<B: Submit>(x: FloatTensor<B>, shape: &Shape) -> FloatTensor<B> {
    let (from, dtype) = (x.shape(), x.dtype());
    let expanded = from.iter().zip(shape.iter()).map(|(from, to)| from != to);
    let axes: Vec<usize> = expanded
        .enumerate()
        .filter_map(|(axis, expanded)| expanded.then_some(axis))
        .collect();
    if axes.is_empty() {
        return x;
    }
    let x = cast::<B>(x, DType::F32);
    cast::<B>(axes.into_iter().fold(x, B::float_sum_dim), dtype)
}

/// A product of maps, per image and channel.
pub fn matmul<B: Submit>(operands: Vec<FloatTensor<B>>) -> Option<FloatTensor<B>> {
    let [a, b] = operands.try_into().ok()?;
    Some(product::<B>(a, b, [false, false]))
}

/// The gradients that are needed: `grad * b^T` and `a^T * grad`.
pub fn matmul_gradients<B: Submit>(
    gradient: &Gradient,
    grad: FloatTensor<B>,
    saved: &[FloatTensor<B>],
) -> Vec<FloatTensor<B>> {
    let (a, b) = (&saved[0], &saved[1]);
    let mut results = Vec::new();
    if gradient.needs_grad[0] {
        let of_a = product::<B>(grad.clone(), b.clone(), [false, true]);
        results.push(sum_to::<B>(of_a, &a.shape()));
    }
    if gradient.needs_grad[1] {
        let of_b = product::<B>(a.clone(), grad, [true, false]);
        results.push(sum_to::<B>(of_b, &b.shape()));
    }
    results
}

/// How the maps of a pointwise convolution are read as matrices: `[N, C, positions]`, or, where there is one position only,
/// `[1, N, C]`, so that all images are one product.
#[derive(Clone, Copy)]
struct Layout {
    images: usize,
    height: usize,
    width: usize,
}

impl Layout {
    fn of<B: Submit>(map: &FloatTensor<B>) -> Self {
        let shape = map.shape();
        Self {
            images: shape[0],
            height: shape[2],
            width: shape[3],
        }
    }

    fn images_are_rows(self) -> bool {
        self.height * self.width == 1
    }

    fn matrices<B: Submit>(self, map: FloatTensor<B>) -> FloatTensor<B> {
        let channels = map.shape()[1];
        let shape = match self.images_are_rows() {
            true => Shape::new([1, self.images, channels]),
            false => Shape::new([self.images, channels, self.height * self.width]),
        };
        B::float_reshape(map, shape)
    }

    fn maps<B: Submit>(self, matrices: FloatTensor<B>, channels: usize) -> FloatTensor<B> {
        let shape = Shape::new([self.images, channels, self.height, self.width]);
        B::float_reshape(matrices, shape)
    }
}

/// The concatenation of maps that each stand so many times in a row.
fn concat<B: Submit>(parts: Vec<FloatTensor<B>>, times: &[usize]) -> Option<FloatTensor<B>> {
    let runs = parts.into_iter().zip(times);
    let parts = runs.flat_map(|(part, times)| std::iter::repeat_n(part, *times));
    let mut parts: Vec<FloatTensor<B>> = parts.collect();
    match parts.len() {
        0 | 1 => parts.pop(),
        _ => Some(B::float_cat(parts, 1)),
    }
}

/// `[out, in]` as one matrix for all images.
fn shared<B: Submit>(weight: FloatTensor<B>) -> FloatTensor<B> {
    let shape = weight.shape();
    B::float_reshape(weight, Shape::new([1, shape[0], shape[1]]))
}

/// The 1x1 convolution of the concatenation of some maps, each so many times in a row: the maps, the weight, the bias.
pub fn pointwise<B: Submit>(
    mut operands: Vec<FloatTensor<B>>,
    times: &[usize],
) -> Option<FloatTensor<B>> {
    let (bias, weight) = (operands.pop()?, operands.pop()?);
    let outputs = weight.shape()[0];
    let x = concat::<B>(operands, times)?;
    let layout = Layout::of::<B>(&x);
    let (x, weight) = (layout.matrices::<B>(x), shared::<B>(weight));
    let (y, of_bias) = match layout.images_are_rows() {
        true => (product::<B>(x, weight, [false, true]), [1, 1, outputs]),
        false => (product::<B>(weight, x, [false, false]), [1, outputs, 1]),
    };
    let y = B::float_add(y, B::float_reshape(bias, Shape::new(of_bias)));
    Some(layout.maps::<B>(y, outputs))
}

/// The gradients that are needed of the maps, the weight and the bias; the maps and the weight were saved.
pub fn pointwise_gradients<B: Submit>(
    gradient: &Gradient,
    grad: FloatTensor<B>,
    mut saved: Vec<FloatTensor<B>>,
    times: &[usize],
) -> Option<Vec<FloatTensor<B>>> {
    let weight = saved.pop()?;
    let (of_parts, of_affine) = gradient.needs_grad.split_at(saved.len());
    let shape = weight.shape();
    let layout = Layout::of::<B>(&grad);
    let rows = layout.images_are_rows();
    let g = layout.matrices::<B>(grad.clone());
    let mut results = Vec::new();
    if of_parts.contains(&true) {
        let weight = shared::<B>(weight);
        let x = match rows {
            true => product::<B>(g.clone(), weight, [false, false]),
            false => product::<B>(weight, g.clone(), [true, false]),
        };
        let x = layout.maps::<B>(x, shape[1]);
        let mut first = 0;
        for ((part, times), needed) in saved.iter().zip(times).zip(of_parts) {
            let channels = part.shape()[1];
            let start = first;
            first += times * channels;
            if !needed {
                continue;
            }
            let copies = (0..*times).map(|copy| {
                let (all, start) = (Slice::full(), start + copy * channels);
                let copy = [all, Slice::from(start..start + channels), all, all];
                match channels == shape[1] {
                    true => x.clone(),
                    false => B::float_slice(x.clone(), &copy),
                }
            });
            results.extend(copies.reduce(B::float_add));
        }
    }
    if of_affine[0] {
        let x = layout.matrices::<B>(concat::<B>(saved, times)?);
        let of_weight = match rows {
            true => product::<B>(g, x, [true, false]),
            false => product::<B>(g, x, [false, true]),
        };
        let one = Shape::new([1, shape[0], shape[1]]);
        results.push(B::float_reshape(
            sum_to::<B>(of_weight, &one),
            shape.clone(),
        ));
    }
    if of_affine[1] {
        let sum = sum_to::<B>(grad, &Shape::new([1, shape[0], 1, 1]));
        results.push(B::float_reshape(sum, Shape::new([shape[0]])));
    }
    Some(results)
}

//! The composed forms that have no kernel of their own, against numbers worked out by hand.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use burn::tensor::{Device, Tensor, TensorData};
use termc_kernels::KernelChoice::Fused;
use termc_kernels::composed::affine::convolution;
use termc_kernels::composed::elementwise::concat;
use termc_kernels::composed::grid::{coordinates, fourier};
use termc_kernels::composed::normalize::{
    mean_over, moments, normalize_over, standardize_known, standardize_over,
};
use termc_kernels::composed::pooling::{avg_pool, max_pool};

fn tensor<const D: usize>(values: &[f32], shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(
        TensorData::new(values.to_vec(), shape),
        &Device::flex().autodiff(),
    )
}

fn numbers<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

fn assert_near<const D: usize>(found: &Tensor<D>, expected: &[f64]) {
    let found = numbers(found);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    let near = found
        .iter()
        .zip(expected)
        .all(|(f, e)| (f - e).abs() < 1e-5);
    assert!(near, "{found:?} is not {expected:?}");
}

#[test]
fn coordinates_of_a_plane_a_line_and_a_point() {
    let device = Device::flex();
    let plane = coordinates(&[2, 3], &device);
    assert_eq!(plane.dims(), [1, 2, 2, 3]);
    let rows = [-1.0, -1.0, -1.0, 1.0, 1.0, 1.0];
    let columns = [-1.0, 0.0, 1.0, -1.0, 0.0, 1.0];
    assert_near(&plane, &[rows, columns].concat());
    let line = coordinates(&[5], &device);
    assert_eq!(line.dims(), [1, 1, 5, 1]);
    assert_near(&line, &[-1.0, -0.5, 0.0, 0.5, 1.0]);
    assert_near(&coordinates(&[1], &device), &[-1.0]);
    assert_near(&coordinates(&[1, 2], &device), &[-1.0, -1.0, -1.0, 1.0]);
}

/// An argument of 1e5, where float32 is good to 1e-2.
#[test]
fn sines_of_large_arguments_are_exact() {
    let (weight, bias) = (tensor(&[98765.4, 3.0], [2, 1]), tensor(&[0.5, 0.25], [2]));
    let found = fourier(coordinates(&[4], &Device::flex()), (weight, bias));
    assert_eq!(found.dims(), [1, 2, 4, 1]);
    let argument = |i: usize, weight: f32, bias: f64| {
        let coordinate = 2.0 * i as f64 / 3.0 - 1.0;
        (f64::from(weight) * coordinate + bias).sin()
    };
    let first = (0..4).map(|i| argument(i, 98765.4, 0.5));
    let second = (0..4).map(|i| argument(i, 3.0, 0.25));
    assert_near(&found, &first.chain(second).collect::<Vec<_>>());
}

#[test]
fn statistics_over_any_axes() {
    // Two images of two channels of one row of two.
    let x = tensor(&[1.0, 3.0, 5.0, 7.0, 2.0, 2.0, 0.0, 4.0], [2, 2, 1, 2]);
    let batch = mean_over(x.clone(), &[0]);
    assert_eq!(batch.dims(), [1, 2, 1, 2]);
    assert_near(&batch, &[1.5, 2.5, 2.5, 5.5]);
    assert_near(&mean_over(x.clone(), &[0, 1, 2, 3]), &[3.0]);
    assert_near(&mean_over(x.clone(), &[1]), &[3.0, 5.0, 1.0, 3.0]);
    let channels = standardize_over(x.clone(), &[1], 0.0);
    assert_near(&channels, &[-1.0, -1.0, 1.0, 1.0, 1.0, -1.0, -1.0, 1.0]);
    // Mean 4, variance 5 in the first image; an eps of 4 makes it 9.
    let all = standardize_over(x.clone().narrow(0, 0, 1), &[1, 2, 3], 4.0);
    assert_near(&all, &[-1.0, -1.0 / 3.0, 1.0 / 3.0, 1.0]);
    let positions = normalize_over(x, &[2, 3]);
    let lengths = numbers(&mean_over(positions.square(), &[2, 3]));
    assert!(lengths.iter().all(|l| (2.0 * l - 1.0).abs() < 1e-6));
}

/// A channel that is zero has no direction: it stays zero, and its gradient is a number.
#[test]
fn a_norm_of_zero_divides_nothing() {
    let x = tensor(&[0.0, 0.0, 3.0, 4.0], [1, 2, 1, 2]).require_grad();
    let y = normalize_over(x.clone(), &[2, 3]);
    assert_near(&y, &[0.0, 0.0, 0.6, 0.8]);
    let grads = (y * tensor(&[1.0, 1.0, 1.0, 1.0], [1, 2, 1, 2]))
        .sum()
        .backward();
    let gradient = numbers(&x.grad(&grads).unwrap());
    assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
}

#[test]
fn kernels_of_lines_and_oblongs() {
    let x = tensor(&[1.0, 2.0, 3.0, 4.0], [1, 1, 4, 1]);
    let kernel = tensor(&[1.0, 10.0, 100.0], [1, 1, 3, 1]);
    assert_near(&Fused.depthwise(x, kernel), &[210.0, 321.0, 432.0, 43.0]);
    let x = tensor(&[1.0, 2.0, 3.0, 4.0], [1, 1, 2, 2]);
    let kernel = tensor(&[1.0, 10.0, 100.0], [1, 1, 1, 3]);
    assert_near(&Fused.depthwise(x, kernel), &[210.0, 21.0, 430.0, 43.0]);
}

#[test]
fn what_is_the_same_for_all_images_is_joined_to_each() {
    let x = tensor(&[1.0, 2.0], [2, 1, 1, 1]);
    let same = tensor(&[7.0, 8.0], [1, 2, 1, 1]).require_grad();
    let joined = concat(vec![x, same.clone()]);
    assert_near(&joined, &[1.0, 7.0, 8.0, 2.0, 7.0, 8.0]);
    let grads = joined.sum().backward();
    assert_near(&same.grad(&grads).unwrap(), &[2.0, 2.0]);
}

/// Windows of 3 with a step of 2 and one position beyond each edge, and the gradient, which goes to the largest alone.
#[test]
fn the_largest_of_each_window() {
    let values: Vec<f32> = (0..16).map(|i| ((i * 7) % 16) as f32).collect();
    // 0 7 14 5 / 12 3 10 1 / 8 15 6 13 / 4 11 2 9
    let x = tensor::<4>(&values, [1, 1, 4, 4]).require_grad();
    let pooled = max_pool(x.clone(), [3, 3], [2, 2], [1, 1]);
    assert_near(&pooled, &[12.0, 14.0, 15.0, 15.0]);
    let gradients = pooled.sum().backward();
    let gradient: Vec<f64> = x
        .grad(&gradients)
        .unwrap()
        .to_data()
        .iter::<f64>()
        .collect();
    let mut expected = [0.0; 16];
    (expected[4], expected[2], expected[9]) = (1.0, 1.0, 2.0);
    assert_eq!(gradient, expected);
    let line = tensor::<4>(&[3.0, 1.0, 2.0, 5.0], [1, 1, 4, 1]);
    assert_near(&max_pool(line, [2, 1], [2, 1], [0, 0]), &[3.0, 5.0]);
}

/// What lies beyond an edge does not count: the corner windows of 3 hold 4 scalars.
#[test]
fn the_mean_of_each_window() {
    let values: Vec<f32> = (0..16).map(|i| i as f32).collect();
    let x = tensor::<4>(&values, [1, 1, 4, 4]).require_grad();
    let pooled = avg_pool(x.clone(), [3, 3], [2, 2], [1, 1]);
    assert_near(&pooled, &[2.5, 4.0, 8.5, 10.0]);
    let gradients = pooled.sum().backward();
    let gradient = x.grad(&gradients).unwrap();
    let (quarter, sixth, ninth) = (0.25, 1.0 / 6.0, 1.0 / 9.0);
    let (a, b, c) = (quarter + sixth, sixth, sixth + ninth);
    let all = quarter + 2.0 * sixth + ninth;
    assert_near(
        &gradient,
        &[
            quarter, a, b, b, a, all, c, c, b, c, ninth, ninth, b, c, ninth, ninth,
        ],
    );
}

/// Kernels are not flipped, groups see their own channels, strides and zeros beyond the edges are counted.
#[test]
fn a_convolution_by_hand() {
    let x = tensor::<4>(&[1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0], [1, 2, 4, 1]);
    let weight = tensor::<4>(&[1.0, 2.0, 3.0, 0.0, 0.0, 1.0], [2, 1, 3, 1]);
    let bias = Some(tensor::<1>(&[0.5, 0.0], [2]));
    let y = convolution(x, (weight, bias), [2, 1], [1, 0], 2);
    assert_eq!(y.dims(), [1, 2, 2, 1]);
    assert_near(&y, &[8.5, 20.5, 20.0, 40.0]);
}

#[test]
fn statistics_of_a_batch_and_what_known_ones_do() {
    let x = tensor::<4>(&[1.0, 3.0, 0.0, 0.0, 5.0, 7.0, 0.0, 6.0], [2, 2, 2, 1]);
    let [mean, var] = moments(x.clone());
    assert_near(&mean, &[4.0, 1.5]);
    // Unbiased.
    assert_near(&var, &[20.0 / 3.0, 9.0]);
    let one = tensor::<4>(&[2.0], [1, 1, 1, 1]);
    assert_near(&moments(one)[1], &[0.0]);
    let y = standardize_known(x, [tensor(&[1.0, 0.0], [2]), tensor(&[4.0, 1.0], [2])], 0.0);
    assert_near(&y, &[0.0, 1.0, 0.0, 0.0, 2.0, 3.0, 0.0, 6.0]);
}

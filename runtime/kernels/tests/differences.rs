//! Gradients of the composed forms against central differences, in 64 bits, over random shapes of planes and lines.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use burn::tensor::{DType, Device, Tensor, TensorData};
use termc_kernels::composed::affine::convolution;
use termc_kernels::composed::elementwise::silu;
use termc_kernels::composed::normalize::{standardize_known, standardize_over};
use termc_kernels::composed::pooling::avg_pool;

/// Numbers that follow no rule a window could hide behind.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn number(&mut self) -> f64 {
        self.next() as f64 / (1u64 << 30) as f64 - 1.0
    }

    fn from(&mut self, low: usize, high: usize) -> usize {
        low + self.next() as usize % (high - low + 1)
    }
}

type Shape = [usize; 4];

fn tensor(values: &[f64], shape: Shape) -> Tensor<4> {
    let data = TensorData::new(values.to_vec(), shape);
    Tensor::from_data(data, (&Device::flex().autodiff(), DType::F64))
}

fn numbers(x: Tensor<4>) -> Vec<f64> {
    x.into_data().iter::<f64>().collect()
}

/// Compares the gradient of a weighted sum of `f`'s results with respect to every operand.
fn check(
    title: &str,
    random: &mut Random,
    shapes: &[Shape],
    f: impl Fn(Vec<Tensor<4>>) -> Tensor<4>,
) {
    let count = |shape: &Shape| shape.iter().product::<usize>();
    let values: Vec<Vec<f64>> = shapes
        .iter()
        .map(|shape| (0..count(shape)).map(|_| random.number()).collect())
        .collect();
    let operands = |values: &[Vec<f64>]| -> Vec<Tensor<4>> {
        let all = values.iter().zip(shapes);
        all.map(|(values, shape)| tensor(values, *shape).require_grad())
            .collect()
    };
    let result = f(operands(&values));
    let weights: Vec<f64> = (0..count(&result.dims()))
        .map(|_| random.number())
        .collect();
    let sum = |values: &[Vec<f64>]| -> f64 {
        let found = numbers(f(operands(values)));
        found.iter().zip(&weights).map(|(x, w)| x * w).sum()
    };
    let leaves = operands(&values);
    let result = f(leaves.clone());
    let gradients = (result.clone() * tensor(&weights, result.dims()))
        .sum()
        .backward();
    for (number, leaf) in leaves.iter().enumerate() {
        let found = leaf.grad(&gradients).unwrap().into_data();
        let found: Vec<f64> = found.iter::<f64>().collect();
        let step = 1e-5;
        let expected: Vec<f64> = (0..found.len())
            .map(|at| {
                let moved = |by: f64| {
                    let mut values = values.clone();
                    values[number][at] += by;
                    sum(&values)
                };
                (moved(step) - moved(-step)) / (2.0 * step)
            })
            .collect();
        let norm = |all: &[f64]| all.iter().map(|x| x * x).sum::<f64>().sqrt();
        let apart: Vec<f64> = found.iter().zip(&expected).map(|(a, b)| a - b).collect();
        assert!(
            norm(&expected) > 1e-3,
            "{title}: operand {number} is not read"
        );
        let distance = norm(&apart) / norm(&expected);
        assert!(distance < 1e-7, "{title}, operand {number}: {distance:e}");
    }
}

/// Sizes, strides and paddings of windows; every third time over a line.
fn window(random: &mut Random, round: usize) -> ([usize; 2], [usize; 2], [[usize; 2]; 2]) {
    let line = round.is_multiple_of(3);
    let across = |of: usize, one: usize| if line { one } else { of };
    let (height, width) = (random.from(5, 8), random.from(5, 8));
    let (size, stride) = (random.from(1, 4), random.from(1, 3));
    let padding = random.from(0, size / 2);
    (
        [height, across(width, 1)],
        [size, across(size, 1)],
        [[stride, across(stride, 1)], [padding, across(padding, 0)]],
    )
}

#[test]
fn of_convolutions() {
    let mut random = Random(1);
    for round in 0..12 {
        let ([height, width], [rows, columns], [stride, padding]) = window(&mut random, round);
        let groups = random.from(1, 3);
        let (inputs, outputs) = (random.from(1, 2), groups * random.from(1, 2));
        let x = [random.from(1, 3), inputs * groups, height, width];
        let shapes = [x, [outputs, inputs, rows, columns], [1, outputs, 1, 1]];
        check(
            &format!("{shapes:?} {stride:?} {padding:?}"),
            &mut random,
            &shapes,
            |all| {
                let [x, weight, bias] = <[_; 3]>::try_from(all).unwrap();
                let affine = (weight, Some(bias.reshape([outputs])));
                convolution(x, affine, stride, padding, groups)
            },
        );
    }
}

#[test]
fn of_means_of_windows() {
    let mut random = Random(2);
    for round in 0..9 {
        let ([height, width], size, [stride, padding]) = window(&mut random, round);
        let x = [random.from(1, 3), random.from(1, 3), height, width];
        check(
            &format!("{x:?} {size:?} {stride:?} {padding:?}"),
            &mut random,
            &[x],
            |all| {
                let x = all.into_iter().next().unwrap();
                avg_pool(x, size, stride, padding)
            },
        );
    }
}

#[test]
fn of_silu_and_of_standardizations_by_the_batch_and_by_known_statistics() {
    let mut random = Random(3);
    for width in [1, 4] {
        let x = [3, 2, 5, width];
        check("silu", &mut random, &[x], |all| silu(all[0].clone()));
        check("batch", &mut random, &[x], |all| {
            standardize_over(all[0].clone(), &[0, 2, 3], 1e-5)
        });
        check("known", &mut random, &[x], |all| {
            let number = |x: f64| tensor(&[x, 2.0 * x], [1, 2, 1, 1]).reshape([2]);
            standardize_known(all[0].clone(), [number(0.3), number(1.7)], 1e-5)
        });
    }
}

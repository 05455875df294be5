//! Convolutions with kernels as long as what they are applied to: the kernel of the CPU and the composed form against the sums that
//! define them, in float64, forward and both gradients.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use burn::tensor::{DType, Device, Tensor, TensorData};
use termc_kernels::KernelChoice::{self, Composed, Fused};
use termc_kernels::{Edges, composed};

const ALL: [Edges; 3] = [Edges::Circular, Edges::Zero, Edges::Causal];

/// Numbers between -1 and 1 that follow no rule.
fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        f64::from((state >> 40) as u32) / f64::from(1u32 << 23) - 1.0
    };
    (0..count).map(|_| f64::from(next() as f32)).collect()
}

/// The position of the result that `x` at one position and the kernel at another meet in, along one axis.
fn meeting(x: usize, kernel: usize, side: usize, edges: Edges) -> Option<usize> {
    match edges {
        Edges::Circular => Some((x + kernel) % side),
        Edges::Zero => (x + kernel)
            .checked_sub((side - 1) / 2)
            .filter(|i| *i < side),
        Edges::Causal => Some(x + kernel).filter(|i| *i < side),
    }
}

struct Case {
    edges: Edges,
    /// Images of `x` and of the kernel.
    images: [usize; 2],
    channels: usize,
    sides: [usize; 2],
}

/// The result and both gradients for the gradient `grad` of the result.
fn reference(case: &Case, x: &[f64], kernel: &[f64], grad: &[f64]) -> [Vec<f64>; 3] {
    let [rows, columns] = case.sides;
    let (positions, images) = (rows * columns, case.images[0].max(case.images[1]));
    let maps = images * case.channels;
    let mut y = vec![0.0; maps * positions];
    let (mut dx, mut dk) = (vec![0.0; x.len()], vec![0.0; kernel.len()]);
    let along = |side: usize| {
        let pairs = (0..side).flat_map(move |a| (0..side).map(move |b| (a, b)));
        pairs.filter_map(move |(a, b)| Some([a, b, meeting(a, b, side, case.edges)?]))
    };
    for map in 0..maps {
        let (image, channel) = (map / case.channels, map % case.channels);
        let at = |of: usize| (image.min(case.images[of] - 1) * case.channels + channel) * positions;
        for [a, b, c] in along(rows) {
            for [d, e, f] in along(columns) {
                let (x_at, k_at) = (at(0) + a * columns + d, at(1) + b * columns + e);
                let y_at = map * positions + c * columns + f;
                y[y_at] += x[x_at] * kernel[k_at];
                dx[x_at] += grad[y_at] * kernel[k_at];
                dk[k_at] += grad[y_at] * x[x_at];
            }
        }
    }
    [y, dx, dk]
}

fn found(
    case: &Case,
    [x, kernel, grad]: [&[f64]; 3],
    dtype: DType,
    f: impl Fn(Tensor<4>, Tensor<4>, Edges) -> Tensor<4>,
) -> [Vec<f64>; 3] {
    let [rows, columns] = case.sides;
    let tensor = |values: &[f64], images: usize| -> Tensor<4> {
        let data = TensorData::new(values.to_vec(), [images, case.channels, rows, columns]);
        Tensor::from_data(data, (&Device::flex().autodiff(), dtype))
    };
    let x = tensor(x, case.images[0]).require_grad();
    let kernel = tensor(kernel, case.images[1]).require_grad();
    let y = f(x.clone(), kernel.clone(), case.edges);
    let grads = (y.clone() * tensor(grad, y.dims()[0])).sum().backward();
    let out = |t: TensorData| -> Vec<f64> { t.iter::<f64>().collect() };
    [
        out(y.into_data()),
        out(x.grad(&grads).unwrap().into_data()),
        out(kernel.grad(&grads).unwrap().into_data()),
    ]
}

fn distance(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let norm = |all: &mut dyn Iterator<Item = f64>| all.map(|x| x * x).sum::<f64>().sqrt();
    let apart = norm(&mut found.iter().zip(expected).map(|(a, b)| a - b));
    apart / norm(&mut expected.iter().copied())
}

fn check(case: &Case) {
    let count = |images: usize| images * case.channels * case.sides[0] * case.sides[1];
    let images = case.images[0].max(case.images[1]);
    let x = numbers(1, count(case.images[0]));
    let kernel = numbers(2, count(case.images[1]));
    let grad = numbers(3, count(images));
    let expected = reference(case, &x, &kernel, &grad);
    let operands = [&x[..], &kernel, &grad];
    let by = |choice: KernelChoice| {
        found(case, operands, DType::F32, |x, k, edges| {
            choice.long_conv(x, k, edges)
        })
    };
    let double = found(case, operands, DType::F64, composed::long_conv);
    for (title, all, most) in [
        ("by the kernel", by(Fused), 1e-5),
        ("composed", by(Composed), 1e-5),
        ("composed in float64", double, 1e-12),
    ] {
        for (what, (found, expected)) in ["y", "dx", "dk"].iter().zip(all.iter().zip(&expected)) {
            let distance = distance(found, expected);
            let Case {
                edges,
                images,
                sides,
                ..
            } = case;
            assert!(
                distance < most,
                "{title}, {what} of {edges:?} {images:?} {sides:?}: {distance:e}"
            );
        }
    }
}

/// Every length up to where transforms take over, then powers of two, primes and what lies beside them.
#[test]
fn of_lines() {
    let short = 1..=40;
    let long = [
        63, 64, 65, 96, 97, 100, 127, 128, 251, 256, 499, 784, 1009, 1024, 2039, 4093, 4096,
    ];
    for (number, length) in short.chain(long).enumerate() {
        for edges in ALL {
            let images = [[2, 2], [2, 1], [1, 2]][number % 3];
            let small = length < 200;
            check(&Case {
                edges,
                images: if small { images } else { [1, 1] },
                channels: if small { 2 } else { 1 },
                sides: [length, 1],
            });
        }
    }
}

#[test]
fn of_planes() {
    let sides = [
        [1, 1],
        [1, 7],
        [2, 3],
        [5, 5],
        [8, 8],
        [7, 12],
        [16, 9],
        [13, 17],
        [24, 32],
    ];
    for (number, sides) in sides.into_iter().enumerate() {
        for edges in [Edges::Circular, Edges::Zero] {
            let images = [[2, 1], [1, 2], [2, 2]][number % 3];
            check(&Case {
                edges,
                images,
                channels: 2,
                sides,
            });
        }
    }
}

/// What comes later changes nothing before it.
#[test]
fn causal_is_causal() {
    for length in [30, 300] {
        let case = Case {
            edges: Edges::Causal,
            images: [1, 1],
            channels: 1,
            sides: [length, 1],
        };
        let (mut x, kernel) = (numbers(1, length), numbers(2, length));
        let grad = numbers(3, length);
        let of = |x: &[f64]| {
            found(&case, [x, &kernel, &grad], DType::F32, |x, k, e| {
                Fused.long_conv(x, k, e)
            })
        };
        let [before, ..] = of(&x);
        x[length / 2] += 1.0;
        let [after, ..] = of(&x);
        for i in 0..length / 2 {
            assert!((before[i] - after[i]).abs() < 1e-5);
        }
        assert!((before[length / 2] - after[length / 2]).abs() > 1e-2);
    }
}

//! The sines of slow nets on devices without 64-bit floats, against the same in 64-bit floats.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use burn::tensor::{DType, Device, Tensor, TensorData};
use proptest::prelude::*;
use termc_data::random::Key;
use termc_kernels::composed::grid::{sine_of_doubles, sine_of_parts};

/// The grid of a plane or a line.
fn grid(sides: &[usize]) -> Vec<Vec<f64>> {
    let axis = |length: usize| {
        let steps = length.saturating_sub(1).max(1) as f64;
        (0..length)
            .map(move |i| 2.0 * i as f64 / steps - 1.0)
            .collect::<Vec<f64>>()
    };
    match sides {
        [height, width] => {
            let rows = axis(*height);
            let rows = rows
                .into_iter()
                .flat_map(|row| std::iter::repeat_n(row, *width));
            vec![rows.collect(), axis(*width).repeat(*height)]
        }
        other => other.iter().map(|length| axis(*length)).collect(),
    }
}

/// Values and the gradients of weight and bias, for a random weighting of the values.
fn differentiate(
    sine: impl Fn((Tensor<2>, Tensor<1>), &[Vec<f64>]) -> Tensor<2>,
    (weight, bias): (&[f32], &[f32]),
    grid: &[Vec<f64>],
) -> [Vec<f32>; 3] {
    let device = Device::flex().autodiff();
    let (hidden, dims) = (bias.len(), grid.len());
    let weight = TensorData::new(weight.to_vec(), [hidden, dims]);
    let weight = Tensor::<2>::from_data(weight, &device).require_grad();
    let bias = TensorData::new(bias.to_vec(), [hidden]);
    let bias = Tensor::<1>::from_data(bias, &device).require_grad();
    let y = sine((weight.clone(), bias.clone()), grid);
    let key = Key::new(8);
    let factors: Vec<f32> = (0..y.shape().num_elements() as u64)
        .map(|i| key.normal(i) as f32)
        .collect();
    let factors = Tensor::from_data(TensorData::new(factors, y.dims()), &device);
    let grads = (y.clone() * factors).sum().backward();
    let all = [
        y.into_data(),
        weight.grad(&grads).unwrap().into_data(),
        bias.grad(&grads).unwrap().into_data(),
    ];
    all.map(|data| data.try_to_vec().unwrap())
}

fn largest(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| f64::from(a - b).abs());
    differences.fold(0.0, f64::max)
}

/// Norm of the difference over that of the reference, the latter at least a tenth of what sums over so many positions
/// usually have: one that happens to cancel has fewer digits in any order of summation.
fn relative(a: &[f32], b: &[f32], positions: usize) -> f64 {
    let norm = |it: &mut dyn Iterator<Item = f64>| it.map(|x| x * x).sum::<f64>().sqrt();
    let difference = norm(&mut a.iter().zip(b).map(|(a, b)| f64::from(a - b)));
    difference / norm(&mut b.iter().map(|b| f64::from(*b))).max(0.1 * (positions as f64).sqrt())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Of weights up to 2^`bits`, which is 2000 * 2 pi for 13.6 and what an omega of 2000 reaches for 18.
    #[test]
    fn parts_of_32_bits_do_for_one_of_64(hidden in 1usize..9, sides in prop::collection::vec(1usize..40, 1..3), bits in 0.0f64..20.0, seed in 0u64..1000) {
        let grid = grid(&sides);
        let positions = sides.iter().product::<usize>();
        let key = Key::new(seed);
        let count = (hidden * grid.len()) as u64;
        let weight: Vec<f32> = (0..count).map(|i| (bits.exp2() * (2.0 * key.uniform(i) - 1.0)) as f32).collect();
        let bias: Vec<f32> = (0..hidden as u64).map(|i| key.at(1).normal(i) as f32).collect();
        let [y, dw, db] = differentiate(sine_of_parts, (&weight, &bias), &grid);
        let [exact, exact_dw, exact_db] = differentiate(sine_of_doubles, (&weight, &bias), &grid);
        prop_assert!(largest(&y, &exact) < 1e-6, "{:.2e}", largest(&y, &exact));
        prop_assert!(relative(&dw, &exact_dw, positions) < 1e-5, "{:.2e}", relative(&dw, &exact_dw, positions));
        prop_assert!(relative(&db, &exact_db, positions) < 1e-5, "{:.2e}", relative(&db, &exact_db, positions));
    }
}

/// The CPU keeps computing in 64-bit floats.
#[test]
fn the_cpu_has_64_bit_floats() {
    assert!(Device::flex().autodiff().supports_dtype(DType::F64));
}

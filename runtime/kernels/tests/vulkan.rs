//! The kernels of CubeCL's devices on Vulkan, for which a software device will do, against the composed operations on the CPU,
//! in value and every gradient. Needs the feature `vulkan`; without a Vulkan device it is skipped, unless the variable
//! `TERMC_REQUIRE` names `vulkan`.
#![cfg(feature = "vulkan")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use burn::tensor::{DType, Device, Tensor, TensorData};
use proptest::prelude::*;
use termc_kernels::KernelChoice::{self, Composed, Fused};
use termc_kernels::probe::graphics::Interface;
use termc_kernels::{Bias, Over, Parts};

/// Deterministic values around `mean`, nearly normal: sums of four uniform ones.
fn data(seed: u64, mean: f32, shape: [usize; 4]) -> TensorData {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut uniform = || {
        state = (state.wrapping_mul(6_364_136_223_846_793_005)).wrapping_add(1);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let count = shape.iter().product::<usize>();
    let values: Vec<f32> = (0..count)
        .map(|_| mean + 0.87 * (0..4).map(|_| uniform()).sum::<f32>())
        .collect();
    TensorData::new(values, shape)
}

/// A function of some maps, by kernels or composed.
type Function<'a> = &'a dyn Fn(KernelChoice, Vec<Tensor<4>>) -> Tensor<4>;

/// The value and the gradients of all maps, for a random weighting of the value.
fn differentiate(
    device: &Device,
    kernels: KernelChoice,
    function: Function,
    maps: &[TensorData],
) -> Vec<Vec<f32>> {
    let device = device.clone().autodiff();
    let maps: Vec<Tensor<4>> = (maps.iter())
        .map(|map| Tensor::from_data(map.clone(), &device).require_grad())
        .collect();
    let y = function(kernels, maps.clone());
    let weights = Tensor::<4>::from_data(data(99, 0.0, y.dims()), &device);
    let grads = (y.clone().cast(DType::F32) * weights).sum().backward();
    let mut all = vec![y.into_data()];
    all.extend(maps.iter().map(|map| map.grad(&grads).unwrap().into_data()));
    all.into_iter()
        .map(|data| data.iter::<f32>().collect())
        .collect()
}

/// The device that is tested, if there is one.
fn vulkan() -> Option<Device> {
    let required = std::env::var("TERMC_REQUIRE").is_ok_and(|list| list.contains("vulkan"));
    match Interface::Vulkan.open(0) {
        Ok((device, _)) => Some(device),
        Err(missing) => {
            assert!(!required, "{missing}");
            eprintln!("skipped: {missing}");
            None
        }
    }
}

fn relative(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let squares = |it: &mut dyn Iterator<Item = f64>| it.map(|x| x * x).sum::<f64>();
    let difference = squares(&mut a.iter().zip(b).map(|(a, b)| f64::from(a - b)));
    let norm = squares(&mut b.iter().map(|b| f64::from(*b)));
    (difference / norm.max(1e-2 * b.len() as f64)).sqrt()
}

fn agree(function: Function, maps: &[TensorData], tolerance: f64) {
    let Some(device) = vulkan() else {
        return;
    };
    let expected = differentiate(&Device::flex(), Composed, function, maps);
    let found = differentiate(&device, Fused, function, maps);
    assert_eq!(found.len(), expected.len());
    for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
        let error = relative(a, b);
        assert!(error < tolerance, "result {i} differs by {error:.2e}");
    }
}

fn scalar(bias: Tensor<4>) -> Bias {
    Bias::Scalar(bias.reshape([1]))
}

fn spatial(bias: Tensor<4>) -> Bias {
    let [_, _, height, width] = bias.dims();
    Bias::Spatial(bias.reshape([height, width]))
}

fn standardize(over: Over) -> impl Fn(KernelChoice, Vec<Tensor<4>>) -> Tensor<4> {
    move |kernels, maps| kernels.standardize(maps[0].clone(), over)
}

/// Every way to finish: one map and a product, a bias of each kind. Maps `a`, `b`, a scalar and a plane.
fn finish(over: Over) -> impl Fn(KernelChoice, Vec<Tensor<4>>) -> Tensor<4> {
    move |kernels, maps| {
        let [a, b, one, plane] = maps.try_into().unwrap();
        let twice = a.clone() * 2.0;
        kernels.gated(a, b, over, spatial(plane))
            + kernels.standardize_gelu(twice, over, scalar(one))
    }
}

fn convolve(kernels: KernelChoice, maps: Vec<Tensor<4>>) -> Tensor<4> {
    kernels.depthwise(maps[0].clone(), maps[1].clone())
}

fn activate(kernels: KernelChoice, maps: Vec<Tensor<4>>) -> Tensor<4> {
    let x = maps[0].clone() * 2.0;
    kernels.gelu(x.clone()) + kernels.sigmoid(x.clone()) * kernels.silu(x)
}

fn pointwise(kernels: KernelChoice, mut maps: Vec<Tensor<4>>, times: usize) -> Tensor<4> {
    let bias = maps.pop().unwrap();
    let weight = maps.pop().unwrap();
    let [outputs, inputs, ..] = weight.dims();
    let (weight, bias) = (weight.reshape([outputs, inputs]), bias.reshape([outputs]));
    let parts = maps.into_iter().enumerate();
    let parts =
        parts.map(|(i, map)| Parts::from(vec![map]).repeated(if i == 0 { times } else { 1 }));
    kernels.pointwise(parts.collect::<Parts>(), weight, bias)
}

fn multiply(kernels: KernelChoice, maps: Vec<Tensor<4>>) -> Tensor<4> {
    kernels.matmul(maps[0].clone(), maps[1].clone())
}

proptest! {
    // Every size is compiled anew.
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 8, ..ProptestConfig::default() })]

    #[test]
    fn standardizations(n in 1usize..5, pairs in 1usize..4, h in 2usize..20, w in 1usize..20, kind in 0usize..4, seed in 0u64..1000) {
        let over = [Over::Instance, Over::Batch, Over::Groups(2 * pairs), Over::OddGroups(2 * pairs)][kind];
        agree(&standardize(over), &[data(seed, 3.0, [n, 4 * pairs, h, w])], 1e-5);
    }

    #[test]
    fn finishes(n in 1usize..4, c in 1usize..6, h in 2usize..20, w in 1usize..20, kind in 0usize..3, seed in 0u64..1000) {
        let over = [Over::Instance, Over::Batch, Over::Groups(c)][kind];
        let shape = [n, c, h, w];
        agree(&finish(over), &[data(seed, 0.5, shape), data(seed + 1, 0.0, shape), data(seed + 2, 0.0, [1; 4]), data(seed + 3, 0.0, [1, 1, h, w])], 1e-5);
    }

    #[test]
    fn pointwise_convolutions(n in 1usize..5, parts in 1usize..4, times in 1usize..3, c in 1usize..20, h in 1usize..12, w in 1usize..12, one in 0usize..3, out in 1usize..40, seed in 0u64..1000) {
        let [h, w] = if one == 0 { [1, 1] } else { [h, w] };
        let mut maps: Vec<_> = (0..parts as u64).map(|i| data(seed + i, 0.5, [n, c, h, w])).collect();
        maps.extend([data(seed + 7, 0.0, [out, (parts + times - 1) * c, 1, 1]), data(seed + 8, 0.0, [1, out, 1, 1])]);
        agree(&|kernels: KernelChoice, maps: Vec<Tensor<4>>| pointwise(kernels, maps, times), &maps, 1e-5);
    }

    #[test]
    fn stacked_products(n in 1usize..4, c in 1usize..4, sides in [1usize..40, 1usize..40, 1usize..40], expanded in 0usize..3, seed in 0u64..1000) {
        let [rows, inner, columns] = sides;
        let (of_a, of_b) = [([n, c], [n, c]), ([1, c], [n, c]), ([n, c], [n, 1])][expanded];
        let (a, b) = ([of_a[0], of_a[1], rows, inner], [of_b[0], of_b[1], inner, columns]);
        agree(&multiply, &[data(seed, 0.0, a), data(seed + 1, 0.0, b)], 1e-5);
    }

    #[test]
    fn sines(hidden in 1usize..12, h in 1usize..40, w in 1usize..40, line in any::<bool>(), scale in 0usize..5, seed in 0u64..1000) {
        let sides = if line { vec![h * w] } else { vec![h, w] };
        let sines = |kernels: KernelChoice, maps: Vec<Tensor<4>>| {
            let weight = maps[0].clone().reshape([hidden, sides.len()]) * 10f32.powi(scale as i32);
            let y = kernels.sines((weight, maps[1].clone().reshape([hidden])), &sides);
            y.reshape([1, hidden, 1, h * w])
        };
        agree(&sines, &[data(seed, 0.0, [1, 1, hidden, sides.len()]), data(seed + 1, 0.0, [1, 1, 1, hidden])], 2e-5);
    }

    #[test]
    fn vectors(sizes in prop::collection::vec(1usize..3000, 1..70), seed in 0u64..1000) {
        let Some(gpu) = vulkan() else { return Ok(()) };
        let count = sizes.iter().sum();
        let numbers = |t: &Tensor<1>| t.to_data().iter::<f32>().collect::<Vec<_>>();
        let vector = |device: &Device| Tensor::<4>::from_data(data(seed, 0.5, [1, 1, 1, count]), device).reshape([count]);
        let coefficients: Vec<f64> = (0..sizes.len()).map(|i| if i == 1 { 0.0 } else { 0.1 + i as f64 }).collect();
        let found = vector(&gpu);
        let pieces = Fused.cut(found.clone(), &sizes);
        let mut start = 0;
        for (piece, size) in pieces.iter().zip(&sizes) {
            prop_assert_eq!(numbers(piece), &numbers(&found)[start..start + size]);
            // What follows reads a piece as any other tensor.
            prop_assert_eq!(numbers(&(piece.clone() * 2.0)), numbers(&(piece.clone() + piece.clone())));
            start += size;
        }
        prop_assert_eq!(numbers(&Fused.join(pieces)), numbers(&found));
        let (sum, gradient) = Fused.norms(found, &sizes, &coefficients);
        let (expected, slopes) = Composed.norms(vector(&Device::flex()), &sizes, &coefficients);
        prop_assert!(relative(&numbers(&sum), &numbers(&expected)) < 1e-5);
        prop_assert!(relative(&numbers(&gradient), &numbers(&slopes)) < 1e-5);
    }

    #[test]
    fn depthwise(n in 1usize..4, c in 1usize..6, h in 1usize..40, w in 1usize..40, half in 0usize..9, seed in 0u64..1000) {
        let k = 2 * half + 1;
        agree(&convolve, &[data(seed, 0.0, [n, c, h, w]), data(seed + 1, 0.0, [1, c, k, k])], 1e-5);
    }

    #[test]
    fn activations(n in 1usize..4, c in 1usize..6, h in 1usize..20, w in 1usize..20, seed in 0u64..1000) {
        agree(&activate, &[data(seed, 0.0, [n, c, h, w])], 1e-5);
    }
}

/// More images than units of a cube, and maps larger than one.
#[test]
fn large_batches_and_maps() {
    let over = Over::Groups(2);
    agree(&standardize(over), &[data(1, 3.0, [300, 2, 3, 3])], 1e-5);
    agree(&standardize(over), &[data(2, -20.0, [2, 4, 40, 33])], 1e-5);
    let maps = [data(3, 0.0, [2, 3, 50, 35]), data(4, 0.0, [1, 3, 9, 9])];
    agree(&convolve, &maps, 1e-5);
}

/// Products whose shapes earlier versions of Burn's libraries got wrong: `[N, k] x [k, 1]`, and `k` of an odd number of stages.
#[test]
fn products() {
    let Some(device) = vulkan() else {
        return;
    };
    for (rows, inner, columns) in [
        (64, 32, 1),
        (1, 288, 64),
        (144, 288, 64),
        (288, 1728, 64),
        (33, 72, 40),
    ] {
        let a = data(1, 0.0, [2, 1, rows, inner]);
        let b = data(2, 0.0, [2, 1, inner, columns]);
        let product = |device: &Device, transposed: bool| {
            let a = Tensor::<4>::from_data(a.clone(), device);
            let b = Tensor::<4>::from_data(b.clone(), device);
            let y = match transposed {
                // The right side as a transposed view.
                true => a.matmul(b.swap_dims(2, 3).mul_scalar(1.0).swap_dims(2, 3)),
                false => a.matmul(b),
            };
            y.into_data().iter::<f32>().collect::<Vec<f32>>()
        };
        let expected = product(&Device::flex(), false);
        for transposed in [false, true] {
            let error = relative(&product(&device, transposed), &expected);
            assert!(error < 1e-5, "{rows} x {inner} x {columns}: {error:.2e}");
        }
    }
}

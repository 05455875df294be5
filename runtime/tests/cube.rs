//! The GPU kernels on Vulkan (a software device will do) against the composed operations on the CPU, in value and every
//! gradient, on a plain and on a fusing backend; and whole networks. Needs the feature `wgpu-test`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use burn::backend::{Autodiff, Flex};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{DType, Tensor, TensorData};
use burn_wgpu::{CubeBackend, Wgpu, WgpuDevice, WgpuRuntime};
use proptest::prelude::*;
use termc_compiler::model::Over;
use termc_compiler::{Options, compile};
use termc_runtime::agreement::Agreement;
use termc_runtime::device::{Devices, Job};
use termc_runtime::kernels::{Bias, Kernels, composed};
use termc_runtime::network::{KernelChoice, Precision};
use termc_runtime::random::Key;

type Plain = Autodiff<CubeBackend<WgpuRuntime, f32, i32, u32>>;
type Fusing = Autodiff<Wgpu>;
type Cpu = Autodiff<Flex>;

/// Deterministic values around `mean`.
fn data(seed: u64, mean: f32, shape: [usize; 4]) -> TensorData {
    let key = Key::new(seed);
    let count = shape.iter().product::<usize>() as u64;
    let values: Vec<f32> = (0..count).map(|i| mean + key.normal(i) as f32).collect();
    TensorData::new(values, shape)
}

/// A function of some maps, stated once for all backends.
trait Function {
    fn of<B: Kernels>(&self, maps: Vec<Tensor<B, 4>>, fused: bool) -> Tensor<B, 4>;
}

/// The value and the gradients of all maps, for a random weighting of the value.
fn differentiate<B: AutodiffBackend + Kernels>(
    function: &impl Function,
    maps: &[TensorData],
    fused: bool,
) -> Vec<Vec<f32>> {
    let device = B::Device::default();
    let maps: Vec<Tensor<B, 4>> = (maps.iter())
        .map(|map| Tensor::from_data(map.clone(), &device).require_grad())
        .collect();
    let y = function.of(maps.clone(), fused);
    let weights = Tensor::<B, 4>::from_data(data(99, 0.0, y.dims()), &device);
    let grads = (y.clone().cast(DType::F32) * weights).sum().backward();
    let mut all = vec![y.into_data()];
    all.extend(maps.iter().map(|map| map.grad(&grads).unwrap().into_data()));
    all.into_iter()
        .map(|data| data.iter::<f32>().collect())
        .collect()
}

fn relative(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let squares = |it: &mut dyn Iterator<Item = f64>| it.map(|x| x * x).sum::<f64>();
    let difference = squares(&mut a.iter().zip(b).map(|(a, b)| f64::from(a - b)));
    let norm = squares(&mut b.iter().map(|b| f64::from(*b)));
    (difference / norm.max(1e-2 * b.len() as f64)).sqrt()
}

fn agree(function: &impl Function, maps: &[TensorData], tolerance: f64) {
    let expected = differentiate::<Cpu>(function, maps, false);
    let found = [
        differentiate::<Plain>(function, maps, true),
        differentiate::<Fusing>(function, maps, true),
    ];
    for (backend, found) in ["plain", "fusing"].iter().zip(found) {
        assert_eq!(found.len(), expected.len());
        for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
            let error = relative(a, b);
            assert!(
                error < tolerance,
                "{backend}: result {i} differs by {error:.2e}"
            );
        }
    }
}

fn scalar<B: Kernels>(bias: Tensor<B, 4>) -> Bias<B> {
    Bias::Scalar(bias.reshape([1]))
}

fn spatial<B: Kernels>(bias: Tensor<B, 4>) -> Bias<B> {
    let [_, _, height, width] = bias.dims();
    Bias::Spatial(bias.reshape([height, width]))
}

struct Standardize(Over);

impl Function for Standardize {
    fn of<B: Kernels>(&self, maps: Vec<Tensor<B, 4>>, fused: bool) -> Tensor<B, 4> {
        match fused {
            true => B::standardize(maps[0].clone(), self.0),
            false => composed::standardize(maps[0].clone(), self.0),
        }
    }
}

/// Every way to finish: one map and a product, a bias of each kind. Maps `a`, `b`, a scalar and a plane.
struct Finish(Over);

impl Function for Finish {
    fn of<B: Kernels>(&self, maps: Vec<Tensor<B, 4>>, fused: bool) -> Tensor<B, 4> {
        let [a, b, one, plane] = maps.try_into().unwrap();
        let twice = a.clone() * 2.0;
        match fused {
            true => {
                B::gated(a, b, self.0, spatial(plane))
                    + B::standardize_gelu(twice, self.0, scalar(one))
            }
            false => {
                let finish = |x, bias| {
                    composed::bias(composed::gelu(composed::standardize(x, self.0)), bias)
                };
                finish(a * b, spatial(plane)) + finish(twice, scalar(one))
            }
        }
    }
}

struct Depthwise;

impl Function for Depthwise {
    fn of<B: Kernels>(&self, maps: Vec<Tensor<B, 4>>, fused: bool) -> Tensor<B, 4> {
        let (x, kernel) = (maps[0].clone(), maps[1].clone());
        match fused {
            true => B::depthwise(x, kernel),
            false => composed::depthwise(x, kernel),
        }
    }
}

struct Activations;

impl Function for Activations {
    fn of<B: Kernels>(&self, maps: Vec<Tensor<B, 4>>, fused: bool) -> Tensor<B, 4> {
        let x = maps[0].clone() * 2.0;
        match fused {
            true => {
                <B as Kernels>::gelu(x.clone()) + <B as Kernels>::sigmoid(x.clone()) * B::silu(x)
            }
            false => {
                let s = composed::sigmoid(x.clone());
                composed::gelu(x.clone()) + s.clone() * (s * x)
            }
        }
    }
}

proptest! {
    // Every size is compiled anew.
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 8, ..ProptestConfig::default() })]

    #[test]
    fn standardizations(n in 1usize..5, pairs in 1usize..4, h in 2usize..20, w in 1usize..20, kind in 0usize..4, seed in 0u64..1000) {
        let over = [Over::Instance, Over::Batch, Over::Groups(2 * pairs), Over::OddGroups(2 * pairs)][kind];
        agree(&Standardize(over), &[data(seed, 3.0, [n, 4 * pairs, h, w])], 1e-5);
    }

    #[test]
    fn finishes(n in 1usize..4, c in 1usize..6, h in 2usize..20, w in 1usize..20, kind in 0usize..3, seed in 0u64..1000) {
        let over = [Over::Instance, Over::Batch, Over::Groups(c)][kind];
        let shape = [n, c, h, w];
        agree(&Finish(over), &[data(seed, 0.5, shape), data(seed + 1, 0.0, shape), data(seed + 2, 0.0, [1; 4]), data(seed + 3, 0.0, [1, 1, h, w])], 1e-5);
    }

    #[test]
    fn depthwise(n in 1usize..4, c in 1usize..6, h in 1usize..40, w in 1usize..40, half in 0usize..9, seed in 0u64..1000) {
        let k = 2 * half + 1;
        agree(&Depthwise, &[data(seed, 0.0, [n, c, h, w]), data(seed + 1, 0.0, [1, c, k, k])], 1e-5);
    }

    #[test]
    fn activations(n in 1usize..4, c in 1usize..6, h in 1usize..20, w in 1usize..20, seed in 0u64..1000) {
        agree(&Activations, &[data(seed, 0.0, [n, c, h, w])], 1e-5);
    }
}

/// More images than units of a cube, and maps larger than one.
#[test]
fn large_batches_and_maps() {
    let over = Over::Groups(2);
    agree(&Standardize(over), &[data(1, 3.0, [300, 2, 3, 3])], 1e-5);
    agree(&Standardize(over), &[data(2, -20.0, [2, 4, 40, 33])], 1e-5);
    let maps = [data(3, 0.0, [2, 3, 50, 35]), data(4, 0.0, [1, 3, 9, 9])];
    agree(&Depthwise, &maps, 1e-5);
}

/// Whole networks, values and gradients, by the check that trainings on a GPU begin with. On Mesa 22.3's software device they
/// are right on an AMD EPYC; on an Intel Xeon they differ in composed nodes that have no kernel of ours.
fn network(text: &str) {
    let model = compile("t.term", text, &Options::default()).model.unwrap();
    for kernels in [KernelChoice::Composed, KernelChoice::Fused] {
        let job = Agreement {
            model: &model,
            seed: 3,
            batch: 4,
            kernels,
            precision: Precision::F32,
            fault: None,
        };
        let devices = Devices {
            main: WgpuDevice::default(),
            replicas: vec![],
        };
        let agreed = job.run::<Fusing>(devices);
        let agreed = agreed.unwrap_or_else(|wrong| {
            let name = &model[wrong.node].name;
            unreachable!("{kernels:?}, node `{name}`: {wrong:?}")
        });
        println!("{kernels:?}: {agreed:?}");
        // Far below what rounding in matrix units would do: these products are float32.
        assert!(agreed.value < 0.1 && agreed.gradient < 0.5, "{agreed:?}");
    }
}

#[test]
#[ignore = "needs a GPU: Burn's own operations differ on Mesa's software device on some processors"]
fn a_tiny_network() {
    network(include_str!("../../examples/tiny.term"));
}

#[test]
#[ignore = "needs a GPU: Burn's own operations differ on Mesa's software device on some processors"]
fn the_digits_network() {
    network(include_str!("../../examples/digits.term"));
}

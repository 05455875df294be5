//! Every fused kernel against the composed operations in float64, in value and in every gradient, and these against
//! finite differences, over random shapes. Long because it has every kernel and the one way in which all are compared.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use burn::tensor::{DType, Device, Tensor, TensorData};
use proptest::prelude::*;
use termc_kernels::KernelChoice::Fused;
use termc_kernels::composed::slow_net::{ContextTensors, SlowTensors};
use termc_kernels::{Bias, Over, Parts, composed};

/// Deterministic values of mean 0 and variance about 1/3.
fn tensor<const D: usize>(seed: u64, shape: [usize; D]) -> Tensor<D> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex().autodiff())
}

/// Inputs of rank 4, 2 and 1.
#[derive(Clone)]
struct Inputs {
    maps: Vec<Tensor<4>>,
    planes: Vec<Tensor<2>>,
    rows: Vec<Tensor<1>>,
}

impl Inputs {
    fn map(
        &self,
        map4: impl Fn(&Tensor<4>) -> Tensor<4>,
        map2: impl Fn(&Tensor<2>) -> Tensor<2>,
        map1: impl Fn(&Tensor<1>) -> Tensor<1>,
    ) -> Self {
        Self {
            maps: self.maps.iter().map(map4).collect(),
            planes: self.planes.iter().map(map2).collect(),
            rows: self.rows.iter().map(map1).collect(),
        }
    }

    fn double(&self) -> Self {
        self.map(
            |t| t.clone().cast(DType::F64),
            |t| t.clone().cast(DType::F64),
            |t| t.clone().cast(DType::F64),
        )
    }

    /// Adds `step` times the direction to input number `which`, counted as in the results of [`differentiate`].
    fn moved(&self, which: usize, step: f64) -> Self {
        let mut moved = self.clone();
        let (maps, planes) = (self.maps.len(), self.planes.len());
        let seed = DIRECTION + which as u64;
        if which < maps {
            let t = &mut moved.maps[which];
            *t = t.clone() + tensor(seed, t.dims()).cast(DType::F64) * step;
        } else if which < maps + planes {
            let t = &mut moved.planes[which - maps];
            *t = t.clone() + tensor(seed, t.dims()).cast(DType::F64) * step;
        } else {
            let t = &mut moved.rows[which - maps - planes];
            *t = t.clone() + tensor(seed, t.dims()).cast(DType::F64) * step;
        }
        moved
    }
}

/// Where the seeds of the directions of finite differences begin.
const DIRECTION: u64 = 7000;

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// A random weighting of all outputs.
fn weighted(y: &Tensor<4>, seed: u64) -> Tensor<1> {
    (y.clone() * tensor::<4>(seed, y.dims()).cast(y.dtype())).sum()
}

/// The seeds of weightings. Gradients are compared for the first one.
const WEIGHTINGS: [u64; 4] = [99, 98, 97, 96];

/// The output and the gradients of all inputs, for a random weighting of the output.
fn differentiate(
    inputs: &Inputs,
    weighting: u64,
    forward: impl Fn(Inputs) -> Tensor<4>,
) -> Vec<Vec<f64>> {
    let inputs = inputs.map(
        |t| t.clone().require_grad(),
        |t| t.clone().require_grad(),
        |t| t.clone().require_grad(),
    );
    let y = forward(inputs.clone());
    let grads = weighted(&y, weighting).backward();
    let mut all = vec![values(y)];
    all.extend(
        inputs
            .maps
            .iter()
            .map(|t| values(Tensor::<4>::from_inner(t.grad(&grads).unwrap()))),
    );
    all.extend(
        inputs
            .planes
            .iter()
            .map(|t| values(Tensor::<2>::from_inner(t.grad(&grads).unwrap()))),
    );
    all.extend(
        inputs
            .rows
            .iter()
            .map(|t| values(Tensor::<1>::from_inner(t.grad(&grads).unwrap()))),
    );
    all
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b).powi(2));
    squares.sum::<f64>().sqrt()
}

/// At least that of values of 0.1: a lone cosine near zero has fewer digits in any order of operations.
fn norm(values: &[f64]) -> f64 {
    let squares = values.iter().map(|x| x * x).sum::<f64>();
    squares.max(1e-2 * values.len() as f64).sqrt()
}

/// What a result is measured by: its norm, in the mean of the weightings. The gradient of a lone bias is a sum over all
/// outputs, and keeps the rounding of its terms where one weighting makes them cancel.
fn usual_norm(result: usize, weightings: &[Vec<Vec<f64>>]) -> f64 {
    let squares = weightings.iter().map(|all| norm(&all[result]).powi(2));
    (squares.sum::<f64>() / weightings.len() as f64).sqrt()
}

/// Both ways agree as [`compare`] demands, and the reference's gradients are the slopes of its values.
fn agree(
    inputs: &Inputs,
    tolerance: f64,
    fused: impl Fn(Inputs) -> Tensor<4>,
    reference: impl Fn(Inputs) -> Tensor<4>,
) {
    let gradients = compare(inputs, tolerance, fused, &reference);
    slopes(&inputs.double(), &gradients, reference);
}

/// Both ways agree to `tolerance` in value and all gradients, the reference in float64; yields its gradients.
fn compare(
    inputs: &Inputs,
    tolerance: f64,
    fused: impl Fn(Inputs) -> Tensor<4>,
    reference: impl Fn(Inputs) -> Tensor<4>,
) -> Vec<Vec<f64>> {
    let a = differentiate(inputs, WEIGHTINGS[0], fused);
    let exact = inputs.double();
    let mut all = WEIGHTINGS.map(|seed| differentiate(&exact, seed, &reference));
    assert_eq!(a.len(), all[0].len());
    for (i, (a, b)) in a.iter().zip(&all[0]).enumerate() {
        assert_eq!(a.len(), b.len());
        let error = distance(a, b) / usual_norm(i, &all);
        assert!(error < tolerance, "result {i} differs by {error:.2e}");
    }
    all[0].split_off(1)
}

/// Gradients are the slopes along a random direction of each input, found by central differences in float64.
fn slopes(inputs: &Inputs, gradients: &[Vec<f64>], forward: impl Fn(Inputs) -> Tensor<4>) {
    let at = |which, step| values(weighted(&forward(inputs.moved(which, step)), WEIGHTINGS[0]))[0];
    for (which, gradient) in gradients.iter().enumerate() {
        let slope = (at(which, STEP) - at(which, -STEP)) / (2.0 * STEP);
        let direction = values(tensor::<1>(DIRECTION + which as u64, [gradient.len()]));
        let expected: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
        let error = (slope - expected).abs() / norm(gradient);
        assert!(
            error < 1e-5,
            "gradient {which} is {expected}, the slope is {slope}"
        );
    }
}

fn means_and_biases_of(seed: u64, [n, c, h, w]: [usize; 4]) {
    let inputs = Inputs {
        maps: vec![tensor(seed, [n, c, h, w])],
        planes: vec![tensor(seed + 1, [h, w])],
        rows: vec![tensor(seed + 2, [1])],
    };
    let biases = |i: &Inputs| {
        [
            Bias::Spatial(i.planes[0].clone()),
            Bias::Scalar(i.rows[0].clone()),
        ]
    };
    agree(
        &inputs,
        1e-5,
        |i| {
            let add = |y, bias| Fused.bias(y, bias);
            let y = biases(&i).into_iter().fold(i.maps[0].clone(), add);
            Fused.spatial_mean(y.clone()) * Fused.channel_mean(y)
        },
        |i| {
            let y = biases(&i)
                .into_iter()
                .fold(i.maps[0].clone(), composed::bias);
            composed::spatial_mean(y.clone()) * composed::channel_mean(y)
        },
    );
}

/// One of the weightings makes the gradient of the lone bias nearly nothing.
#[test]
fn a_bias_whose_gradient_cancels() {
    means_and_biases_of(878, [3, 2, 13, 5]);
}

/// Step of central differences.
const STEP: f64 = 1e-5;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pointwise(n in 1usize..6, h in 1usize..20, w in 1usize..20, out in 1usize..40,
                 channels in prop::collection::vec((1usize..40, 1usize..4), 1..5), seed in 0u64..1000) {
        let maps = channels.iter().enumerate().map(|(i, (c, _))| tensor(seed + i as u64, [n, *c, h, w])).collect();
        let total = channels.iter().map(|(c, times)| c * times).sum();
        let parts = |maps: Vec<Tensor<4>>| -> Parts {
            let runs = maps.into_iter().zip(&channels);
            runs.map(|(map, (_, times))| Parts::from(vec![map]).repeated(*times)).collect()
        };
        let inputs = Inputs { maps, planes: vec![tensor(seed + 20, [out, total])], rows: vec![tensor(seed + 21, [out])] };
        agree(&inputs, 1e-5,
            |i| Fused.pointwise(parts(i.maps), i.planes[0].clone(), i.rows[0].clone()),
            |i| composed::pointwise(parts(i.maps).expanded(), i.planes[0].clone(), i.rows[0].clone()));
    }

    #[test]
    fn depthwise(n in 1usize..4, c in 1usize..6, h in 1usize..40, w in 1usize..40, half in 0usize..8, seed in 0u64..1000) {
        let k = 2 * half + 1;
        let inputs = Inputs { maps: vec![tensor(seed, [n, c, h, w]), tensor(seed + 1, [1, c, k, k])], planes: vec![], rows: vec![] };
        agree(&inputs, 1e-5,
            |i| Fused.depthwise(i.maps[0].clone(), i.maps[1].clone()),
            |i| composed::depthwise(i.maps[0].clone(), i.maps[1].clone()));
    }

    #[test]
    fn standardize_scaled(n in 1usize..5, c in 1usize..8, h in 2usize..20, w in 1usize..20, shared in any::<bool>(), seed in 0u64..1000) {
        let scale = tensor(seed + 1, [if shared { 1 } else { n }, c, 1, 1]);
        let inputs = Inputs { maps: vec![tensor(seed, [n, c, h, w]), scale], planes: vec![], rows: vec![] };
        // Factors around 1e-2, where the epsilon counts, so that their gradients do.
        let scale = |i: &Inputs| (i.maps[1].clone() + 1.5) * 1e-2;
        agree(&inputs, 1e-5,
            |i| Fused.standardize_scaled(i.maps[0].clone() + 3.0, scale(&i)),
            |i| composed::standardize_scaled(i.maps[0].clone() + 3.0, scale(&i)));
        agree(&inputs, 1e-4,
            |i| composed::standardize_scaled(i.maps[0].clone(), scale(&i)),
            |i| composed::standardize(i.maps[0].clone() * scale(&i), Over::Instance));
    }

    #[test]
    fn standardize(n in 1usize..5, pairs in 1usize..4, h in 2usize..20, w in 1usize..20, kind in 0usize..3, seed in 0u64..1000) {
        let over = [Over::Instance, Over::Batch, Over::Groups(2 * pairs)][kind];
        let inputs = Inputs { maps: vec![tensor(seed, [n, 4 * pairs, h, w])], planes: vec![], rows: vec![] };
        agree(&inputs, 1e-5,
            |i| Fused.standardize(i.maps[0].clone() + 3.0, over),
            |i| composed::standardize(i.maps[0].clone() + 3.0, over));
    }

    #[test]
    fn activations(n in 1usize..4, c in 1usize..6, h in 1usize..20, w in 1usize..20, seed in 0u64..1000) {
        let inputs = Inputs { maps: vec![tensor::<4>(seed, [n, c, h, w]) * 5.0], planes: vec![], rows: vec![] };
        agree(&inputs, 1e-5, |i| Fused.gelu(i.maps[0].clone()), |i| composed::gelu(i.maps[0].clone()));
        agree(&inputs, 1e-5, |i| Fused.sigmoid(i.maps[0].clone()), |i| composed::sigmoid(i.maps[0].clone()));
    }

    #[test]
    fn stretched_sums_and_products(n in 1usize..4, c in 1usize..6, h in 1usize..20, w in 1usize..20,
                                   a in 0usize..8, b in 0usize..8, seed in 0u64..1000) {
        let sizes = |mask: usize| {
            let [n, c] = [if mask & 1 == 0 { n } else { 1 }, if mask & 2 == 0 { c } else { 1 }];
            if mask & 4 == 0 { [n, c, h, w] } else { [n, c, 1, 1] }
        };
        let inputs = Inputs { maps: vec![tensor(seed, sizes(a)), tensor(seed + 1, sizes(b))], planes: vec![], rows: vec![] };
        agree(&inputs, 1e-5,
            |i| Fused.mul(i.maps[0].clone(), i.maps[1].clone()),
            |i| composed::mul(i.maps[0].clone(), i.maps[1].clone()));
        agree(&inputs, 1e-5,
            |i| Fused.add(i.maps[0].clone(), i.maps[1].clone()),
            |i| composed::add(i.maps[0].clone(), i.maps[1].clone()));
    }

    #[test]
    fn means_and_biases(n in 1usize..4, c in 1usize..6, h in 1usize..20, w in 1usize..20, seed in 0u64..1000) {
        means_and_biases_of(seed, [n, c, h, w]);
    }

    #[test]
    fn matmul(n in 1usize..4, c in 1usize..6, h in 1usize..50, k in 1usize..50, w in 1usize..50, seed in 0u64..1000) {
        let inputs = Inputs { maps: vec![tensor(seed, [n, c, h, k]), tensor(seed + 1, [n, c, k, w])], planes: vec![], rows: vec![] };
        agree(&inputs, 1e-5,
            |i| Fused.matmul(i.maps[0].clone(), i.maps[1].clone()),
            |i| composed::matmul(i.maps[0].clone(), i.maps[1].clone()));
    }

    #[test]
    fn fused_activations(n in 1usize..4, c in 1usize..6, h in 2usize..20, w in 1usize..20,
                         a in 0usize..8, b in 0usize..8, kind in 0usize..3, seed in 0u64..1000) {
        let over = [Over::Instance, Over::Batch, Over::Groups(c)][kind];
        let shape = [n, c, h, w];
        let inputs = Inputs { maps: vec![tensor(seed, shape), tensor(seed + 1, shape)], planes: vec![tensor(seed + 2, [h, w])], rows: vec![tensor(seed + 3, [1])] };
        let composed_finish = |x, bias| composed::bias(composed::gelu(composed::standardize(x, over)), bias);
        // Both kinds of bias and of input in one expression, so that every input has a gradient.
        agree(&inputs, 1e-5,
            |i| Fused.gated(i.maps[0].clone(), i.maps[1].clone(), over, Bias::Spatial(i.planes[0].clone()))
                + Fused.standardize_gelu(i.maps[0].clone() * 2.0, over, Bias::Scalar(i.rows[0].clone())),
            |i| composed_finish(i.maps[0].clone() * i.maps[1].clone(), Bias::Spatial(i.planes[0].clone()))
                + composed_finish(i.maps[0].clone() * 2.0, Bias::Scalar(i.rows[0].clone())));
        let sizes = |mask: usize| {
            let [n, c] = [if mask & 1 == 0 { n } else { 1 }, if mask & 2 == 0 { c } else { 1 }];
            if mask & 4 == 0 { [n, c, h, w] } else { [n, c, 1, 1] }
        };
        let inputs = Inputs { maps: vec![tensor(seed, shape), tensor(seed + 1, sizes(a)), tensor(seed + 2, sizes(b))], planes: vec![], rows: vec![] };
        agree(&inputs, 1e-5,
            |i| Fused.gate(Fused.silu(i.maps[0].clone()), i.maps[1].clone(), i.maps[2].clone()),
            |i| composed::mul(i.maps[0].clone() * composed::sigmoid(i.maps[0].clone()),
                composed::sigmoid(composed::mul(i.maps[1].clone(), i.maps[2].clone()))));
    }

    #[test]
    fn what_freezing_leaves(n in 1usize..4, c in prop::collection::vec(1usize..6, 1..3), outputs in 1usize..30,
                            h in 1usize..40, w in 1usize..20, scalar in any::<bool>(), seed in 0u64..1000) {
        let inputs: usize = c.iter().sum();
        let maps = c.iter().enumerate().map(|(i, c)| tensor(seed + i as u64, [n, *c, h, w])).collect();
        let planes = vec![tensor(seed + 5, [outputs, inputs]), tensor(seed + 6, [outputs, inputs]), tensor(seed + 7, [h, w])];
        let rows = vec![tensor(seed + 8, [outputs]), tensor(seed + 9, [outputs]), tensor(seed + 10, [1])];
        let inputs = Inputs { maps, planes, rows };
        let after = |i: &Inputs| match scalar {
            true => Bias::Scalar(i.rows[2].clone() + i.planes[2].clone().sum() * 0.0),
            false => Bias::Spatial(i.planes[2].clone() + (i.rows[2].clone() * 0.0).unsqueeze::<2>()),
        };
        let composed_pointwise = |i: &Inputs, at: usize| composed::pointwise(i.maps.clone(), i.planes[at].clone(), i.rows[at].clone());
        let fused = |i: Inputs| {
            let linear = |at: usize| (i.planes[at].clone(), i.rows[at].clone());
            let both: [_; 2] = Fused.pointwises(i.maps.clone(), vec![linear(0), linear(1)]).try_into().unwrap();
            let [a, b] = both;
            let rescaled = Fused.rescale(a, i.rows[1].clone(), i.rows[0].clone());
            let activated = Fused.gelu_bias(b.clone(), Some([i.rows[0].clone(), i.rows[1].clone()]), after(&i));
            rescaled + activated + Fused.gelu_bias(b, None, after(&i))
                + Fused.pointwise_gelu(i.maps.clone(), i.planes[0].clone(), i.rows[0].clone(), after(&i))
        };
        let reference = |i: Inputs| {
            let (a, b) = (composed_pointwise(&i, 0), composed_pointwise(&i, 1));
            let rescaled = composed::rescale(a.clone(), i.rows[1].clone(), i.rows[0].clone());
            let finish = |x| composed::bias(composed::gelu(x), after(&i));
            rescaled + finish(composed::rescale(b.clone(), i.rows[0].clone(), i.rows[1].clone())) + finish(b) + finish(a)
        };
        agree(&inputs, 1e-5, fused, reference);
        // Without gradients these are other functions.
        let plain = |t: &Tensor<4>| t.clone().inner();
        let parts: Vec<_> = inputs.maps.iter().map(plain).collect();
        let (weights, biases): (Vec<_>, Vec<_>) = (0..2).map(|at| (inputs.planes[at].clone().inner(), inputs.rows[at].clone().inner())).unzip();
        let after = || match scalar {
            true => Bias::Scalar(inputs.rows[2].clone().inner()),
            false => Bias::Spatial(inputs.planes[2].clone().inner()),
        };
        let all = Fused.pointwises(parts.clone(), weights.clone().into_iter().zip(biases.clone()).collect());
        let fused = [
            all[0].clone(),
            all[1].clone(),
            Fused.pointwise_gelu(parts.clone(), weights[0].clone(), biases[0].clone(), after()),
            Fused.gelu_bias(all[0].clone(), None, after()),
            Fused.gelu_bias(all[0].clone(), Some([biases[0].clone(), biases[1].clone()]), after()),
            Fused.rescale(all[0].clone(), biases[0].clone(), biases[1].clone()),
        ];
        let lone = |at: usize| composed::pointwise(parts.clone(), weights[at].clone(), biases[at].clone());
        let rescaled = composed::rescale(lone(0), biases[0].clone(), biases[1].clone());
        let finish = |x| composed::bias(composed::gelu(x), after());
        let reference = [lone(0), lone(1), finish(lone(0)), finish(lone(0)), finish(rescaled.clone()), rescaled];
        let values = |t: Tensor<4>| t.into_data().iter::<f64>().collect::<Vec<f64>>();
        for (i, (a, b)) in fused.into_iter().zip(reference).enumerate() {
            prop_assert_eq!(a.dims(), b.dims());
            let (a, b) = (values(a), values(b));
            let error = distance(&a, &b) / norm(&b);
            prop_assert!(error < 1e-5, "result {} differs by {:.2e}", i, error);
        }
    }

    #[test]
    fn slow_nets(sides in prop::array::uniform2(1usize..9), hidden in 1usize..9, outputs in 1usize..7, layers in 0usize..4,
                 kind in 0usize..4, trained in any::<bool>(), seed in 0u64..1000) {
        // 0: a line, 1: a plane, 2: a plane of several blocks, 3: with a context.
        let [h, w] = if kind == 2 { [19 + sides[0], 17 + sides[1]] } else { sides };
        let (dims, channels, outputs) = if kind == 0 { (1, 3, 1) } else { (2, 3, outputs) };
        let mut planes = Vec::new();
        let mut rows = Vec::new();
        let mut add = |out: usize, input: usize, scale: f64| {
            let n = planes.len() as u64;
            planes.push(tensor::<2>(seed + 2 * n, [out, input]) * scale);
            rows.push(tensor::<1>(seed + 2 * n + 1, [out]));
        };
        (0..=layers).for_each(|_| add(hidden, dims, 20.0));
        (0..layers).for_each(|_| add(hidden, hidden, 1.0));
        add(outputs, hidden, 1.0);
        add(hidden, channels, 1.0);
        (0..=layers).for_each(|_| add(hidden, hidden, 1.0));
        planes.push(tensor(seed + 51, [h, w]));
        rows.extend([tensor(seed + 52, [h * w]), tensor(seed + 53, [1]), tensor(seed + 54, [1])]);
        let maps = vec![tensor(seed + 55, [2, channels, h + 3, w + 2])];
        let inputs = Inputs { maps, planes, rows };
        // What is detached has a slope and no gradient: slopes are looked at without it.
        let detached = std::cell::Cell::new(1.0);
        let run = |i: Inputs, fused: bool| {
            let mut linears = i.planes.iter().cloned().zip(i.rows.iter().cloned());
            let mut take = |n: usize| linears.by_ref().take(n).collect::<Vec<_>>();
            let net = SlowTensors { filters: take(layers + 1), linears: take(layers), output: take(1).remove(0) };
            let last = i.rows.len();
            let factor = |n: usize| if trained { i.rows[n].clone() } else { Tensor::<1>::full([1], 0.7, &i.rows[n].device()).cast(i.rows[n].dtype()) };
            let context = ContextTensors {
                reduce: take(1).remove(0),
                fc1: take(1).remove(0),
                layers: take(layers),
                alpha: factor(last - 2) * detached.get(),
                beta: factor(last - 1),
            };
            let (plane, line, source) = (i.planes.last().unwrap().clone(), i.rows[last - 3].clone(), i.maps[0].clone());
            let y = match (kind, fused) {
                (0, true) => Fused.slow_line(net, line),
                (0, false) => composed::slow_line(termc_kernels::KernelChoice::Composed, net, line),
                (3, true) => Fused.slow_context(net, plane, context, source),
                (3, false) => composed::slow_context(termc_kernels::KernelChoice::Composed, net, plane, context, source),
                (_, true) => Fused.slow_plane(net, plane),
                (_, false) => composed::slow_plane(termc_kernels::KernelChoice::Composed, net, plane),
            };
            // Inputs that this kind does not read have no gradient: a zero multiple of each keeps them in the graph.
            let zero = i.maps[0].clone().sum() * 0.0;
            let zero = i.rows.iter().fold(zero, |s, r| s + r.clone().sum() * 0.0);
            y + i.planes.iter().fold(zero, |s, p| s + p.clone().sum() * 0.0).unsqueeze()
        };
        compare(&inputs, 1e-5, |i| run(i, true), |i| run(i, false));
        detached.set(0.0);
        agree(&inputs, 1e-5, |i| run(i, true), |i| run(i, false));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn updates_are_the_composed_ones_bit_by_bit(seed in 0u64..1000, len in 1usize..20_000, zeros in any::<bool>()) {
        let vector = |i: u64| tensor::<1>(seed + i, [len]).inner();
        let gradient = if zeros { vector(1).zeros_like() } else { vector(1) };
        let (averages, betas) = (vec![vector(2), vector(3)], [0.5, 0.95]);
        let numbers = |(params, moved): (Tensor<1>, Vec<Tensor<1>>)| {
            let all = moved.into_iter().chain([params]);
            all.map(|t| t.into_data().try_to_vec::<f32>().unwrap()).collect::<Vec<_>>()
        };
        let fused = Fused.kar(vector(0), gradient.clone(), averages.clone(), &betas, 3e-4);
        let composed = composed::kar(vector(0), gradient, averages, &betas, 3e-4);
        prop_assert_eq!(numbers(fused), numbers(composed));
    }

    #[test]
    fn norms_and_their_gradients_agree(seed in 0u64..1000, lens in prop::collection::vec(1usize..300, 1..6)) {
        // One piece is 0, and one coefficient.
        let each = lens.iter().enumerate().map(|(i, len)| tensor::<1>(seed + i as u64, [*len]).inner());
        let zero = Tensor::<1>::zeros([3], &Device::flex());
        let vector = Tensor::cat(each.chain([zero]).collect(), 0);
        let sizes: Vec<usize> = lens.iter().copied().chain([3]).collect();
        let coefficients: Vec<f64> = (0..=lens.len()).map(|i| if i == 1 { 0.0 } else { 0.1 + i as f64 }).collect();
        let numbers = |t: Tensor<1>| t.into_data().iter::<f64>().collect::<Vec<_>>();
        let (fused, composed) = (Fused.norms(vector.clone(), &sizes, &coefficients), composed::norms(vector, &sizes, &coefficients));
        for (found, expected) in [(fused.0, composed.0), (fused.1, composed.1)] {
            for (f, e) in numbers(found).into_iter().zip(numbers(expected)) {
                prop_assert!((f - e).abs() <= 1e-5 * (1e-3 + e.abs()), "{} is not {}", f, e);
            }
        }
    }
}

/// A factor may be as small as a sigmoid far below zero makes it: value and gradients of both forms keep to float64, where a
/// gradient that divides by the fourth power of the factor is no number in float32.
#[test]
fn standardize_scaled_by_next_to_nothing() {
    for exponent in 0..12 {
        let scale = |i: &Inputs| (i.maps[1].clone() + 1.5) * 10f64.powi(-exponent);
        let inputs = Inputs {
            maps: vec![tensor(3, [2, 3, 5, 4]), tensor(4, [2, 3, 1, 1])],
            planes: vec![],
            rows: vec![],
        };
        let reference = |i: Inputs| composed::standardize_scaled(i.maps[0].clone(), scale(&i));
        compare(&inputs, 1e-5, reference, reference);
        compare(
            &inputs,
            1e-5,
            |i| Fused.standardize_scaled(i.maps[0].clone(), scale(&i)),
            reference,
        );
    }
}

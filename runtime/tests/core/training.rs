//! What a training does with parameters: updates, penalties, clipping, averages.

use burn::tensor::{Device, Tensor, TensorData};
use termc_compiler::model::{Clip, Penalty};
use termc_compiler::{NoFiles, Options, compile};
use termc_runtime::loss::weight_norm;
use termc_runtime::network::Pass;
use termc_runtime::optim::{Ema, Optimizer, clip};
use termc_runtime::params::Params;
use termc_runtime::tensors::Tensors;

use super::{evaluate, model, numbers, params};

#[test]
fn training_resumes_from_its_tensors_bit_by_bit() {
    let model = model(&["train.optimizer.betas=[0.5, 0.9]"]);
    let steps = |params: &mut Params, optimizer: &mut Optimizer, count: usize| {
        for _ in 0..count {
            let gradient = evaluate(&model, params, &Pass::default()).gradient;
            *params = optimizer.step(params, gradient, 0.01);
        }
    };
    let (mut straight, mut optimizer) = (params(&model), Optimizer::new(&model, &Device::flex()));
    steps(&mut straight, &mut optimizer, 2);
    let (saved, state) = (straight.to_tensors(), optimizer.to_tensors());
    steps(&mut straight, &mut optimizer, 2);

    let mut resumed = Params::from_tensors(&model, &saved, &Device::flex()).unwrap();
    let mut second = Optimizer::new(&model, &Device::flex());
    second.load(&state, 2).unwrap();
    steps(&mut resumed, &mut second, 2);
    assert_eq!(second.steps(), 4);
    assert_eq!(numbers(&resumed.flat()), numbers(&straight.flat()));

    let mut partial: Tensors = state;
    partial.pop_first();
    assert!(
        Optimizer::new(&model, &Device::flex())
            .load(&partial, 2)
            .is_err()
    );
}

#[test]
fn a_zero_parameter_has_no_norm_and_no_gradient_of_one() {
    let model = model(&[]);
    let mut tensors = params(&model).to_tensors();
    let penalised = model
        .params
        .iter()
        .find(|p| p.penalty == Penalty::Fast)
        .unwrap();
    tensors.insert(
        penalised.path.clone(),
        TensorData::zeros::<f32, _>(penalised.shape.clone()),
    );
    let params = Params::from_tensors(&model, &tensors, &Device::flex()).unwrap();
    let [fast, slow] = [0.5, 0.25];
    let (value, gradient) = weight_norm([fast, slow], &params);
    let expected: f64 = model
        .params
        .iter()
        .map(|p| {
            let norm = tensors[&p.path]
                .iter::<f64>()
                .map(|v| v * v)
                .sum::<f64>()
                .sqrt();
            norm * match p.penalty {
                Penalty::None => 0.0,
                Penalty::Fast => fast,
                Penalty::Slow => slow,
            }
        })
        .sum();
    assert!((f64::from(numbers(&value)[0]) - expected).abs() < 1e-6 * expected);
    assert!(numbers(&gradient).iter().all(|g| g.is_finite()));
    assert!(numbers(&gradient).iter().any(|g| *g != 0.0));
    let all = evaluate(&model, &params, &Pass::default());
    assert!(numbers(&all.gradient).iter().all(|g| g.is_finite()));
}

/// What is fixed is stored and never changes, whatever the rule decays, averages or clips.
#[test]
fn fixed_parameters_stay_as_they_are() {
    for rule in [
        "adamw(lr=0.01, betas=[0.9, 0.99], weight_decay=0.5)",
        "sgd(lr=0.1, momentum=0.9, weight_decay=0.5)",
        "kar3(lr=0.01, betas=[0.5, 0.95])",
    ] {
        let text = format!(
            "language 2\nmodel M {{\n input image[2, 3, 3]\n\
             a = linear(image, 4, weight=fixed(normal(1)), bias=0, penalty=fast)\n\
             output logits = mean(gelu(a), positions) |> linear(3)\n\
             loss {{\n cross_entropy(logits)\n weight_norm(fast=0.1)\n }}\n}}\n\
             train {{\n optimizer = {rule}\n ema = 0.9\n clip = norm(0.1)\n}}\n"
        );
        let compiled = compile("m.term", &text, &Options::default(), &NoFiles);
        let model = (compiled.model).unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
        let fixed: Vec<&str> = (model.params.iter())
            .filter(|param| !param.trained)
            .map(|param| param.path.as_str())
            .collect();
        assert_eq!(fixed, ["a.weight"]);
        let start = params(&model);
        let mut ema = Ema::new(0.9, &start);
        let mut optimizer = Optimizer::new(&model, &Device::flex());
        let mut params = start.clone();
        for _ in 0..3 {
            let found = evaluate(&model, &params, &Pass::default());
            assert_eq!(found.terms.values().get("weight_norm"), Some(0.0));
            let gradient = clip(Clip::Norm(0.1), found.gradient);
            params = optimizer.step(&params, gradient, 0.01);
            ema.update(&params);
        }
        let [before, after, averaged] = [&start, &params, ema.params()].map(Params::to_tensors);
        for (path, value) in &before {
            let stays = fixed.contains(&path.as_str());
            assert_eq!(after[path] == *value, stays, "{rule}: {path}");
            assert_eq!(averaged[path] == *value, stays, "{rule}: {path}");
        }
    }
}

#[test]
fn clipping_and_averaging() {
    let gradient = Tensor::<1>::from_data([3.0, -4.0], &Device::flex());
    let clipped = |limit| numbers(&clip(limit, gradient.clone()));
    assert_eq!(clipped(Clip::Value(3.5)), [3.0, -3.5]);
    assert_eq!(clipped(Clip::Norm(10.0)), [3.0, -4.0]);
    assert!(
        clipped(Clip::Norm(1.0))
            .iter()
            .zip([0.6, -0.8])
            .all(|(a, b)| (a - b).abs() < 1e-6)
    );

    let model = model(&[]);
    let (first, second) = (params(&model), Params::init(&model, 2, &Device::flex()));
    let mut ema = Ema::new(0.75, &first);
    ema.update(&second);
    let expected: Vec<f32> = numbers(&first.flat())
        .iter()
        .zip(numbers(&second.flat()))
        .map(|(a, b)| 0.75 * a + 0.25 * b)
        .collect();
    let found = numbers(&ema.params().flat());
    assert!(
        found
            .iter()
            .zip(&expected)
            .all(|(a, b)| (a - b).abs() <= 1e-6 * b.abs().max(1.0))
    );
    let mut other = Ema::new(0.75, &first);
    other.load(&ema.to_tensors(), &Device::flex()).unwrap();
    assert_eq!(numbers(&other.params().flat()), found);
}

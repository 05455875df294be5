//! Parameters, passes, optimizer state, weight files and import, on the smallest example.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use termc_compiler::model::{Clip, Model, NodeId, Op, Penalty};
use termc_compiler::{NoFiles, Options, compile};
use termc_data::random::Key;
use termc_runtime::Error;
use termc_runtime::import::{self, Checkpoint, NameMap};
use termc_runtime::loss::{one_hot, weight_norm};
use termc_runtime::model::ModelError;
use termc_runtime::network::{Dropout, Keep, KernelChoice, Network, Pass, Perturbation};
use termc_runtime::objective::{self, Evaluation};
use termc_runtime::optim::{Ema, Optimizer, clip};
use termc_runtime::params::Params;
use termc_runtime::tensors::Tensors;
use termc_runtime::weights;

fn model(sets: &[&str]) -> Model {
    example("tiny.term", sets)
}

fn example(name: &str, sets: &[&str]) -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(name);
    let options = Options {
        sets: sets.iter().map(|s| (*s).to_owned()).collect(),
        ..Options::default()
    };
    let compiled = compile(
        name,
        &std::fs::read_to_string(path).unwrap(),
        &options,
        &NoFiles,
    );
    compiled
        .model
        .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

fn params(model: &Model) -> Params {
    Params::init(model, 1, &Device::flex())
}

fn images(model: &Model, count: usize) -> Tensor<4> {
    let [_, channels, height, width] = model.input.dims(1);
    let key = Key::new(5);
    let pixels: Vec<f32> = (0..count * channels * height * width)
        .map(|i| key.normal(i as u64) as f32)
        .collect();
    Tensor::from_data(
        TensorData::new(pixels, [count, channels, height, width]),
        &Device::flex(),
    )
}

fn evaluate(model: &Model, params: &Params, pass: &Pass) -> Evaluation {
    let targets = one_hot(&[0, 1, 2], model.classes, &Device::flex());
    objective::evaluate(
        &Network::new(model),
        params,
        images(model, 3),
        targets,
        pass,
    )
}

fn numbers(tensor: &Tensor<1>) -> Vec<f32> {
    tensor.to_data().try_to_vec().unwrap()
}

#[test]
fn initial_values_depend_on_seed_and_path_alone() {
    let (plain, more) = (model(&[]), model(&["classes=7"]));
    let [a, b] = [&plain, &more].map(|m| params(m).to_tensors());
    assert_eq!(params(&plain).to_tensors(), a);
    assert_eq!(
        a["b[1].K.net.filters[0].weight"],
        b["b[1].K.net.filters[0].weight"]
    );
    assert_ne!(
        a["b[0].K.net.filters[0].weight"],
        Params::init(&plain, 2, &Device::flex()).to_tensors()["b[0].K.net.filters[0].weight"]
    );
    assert!(
        numbers(&params(&plain).flat())
            .iter()
            .all(|v| v.is_finite())
    );
}

#[test]
fn weights_survive_a_file_and_name_what_differs() {
    let (model, folder) = (model(&[]), tempfile::tempdir().unwrap());
    let path = folder.path().join("w.safetensors");
    weights::write(&path, &model, &params(&model)).unwrap();
    let read = weights::read(&path).unwrap();
    assert_eq!(read.source.as_deref(), Some(model.source.as_str()));
    let back = Params::from_tensors(&model, &read.tensors, &Device::flex()).unwrap();
    assert_eq!(numbers(&back.flat()), numbers(&params(&model).flat()));

    let mut changed = read.tensors;
    let bias = changed.remove("b[0].bias.value").unwrap();
    changed.insert("b[0].bias.other".into(), bias);
    changed.insert(
        "logits.linear.bias".into(),
        TensorData::new(vec![0f32; 3], [3]),
    );
    let mismatch = Params::from_tensors(&model, &changed, &Device::flex()).unwrap_err();
    assert_eq!(mismatch.missing, ["b[0].bias.value"]);
    assert_eq!(mismatch.unknown, ["b[0].bias.other"]);
    assert_eq!(
        mismatch.shapes,
        [("logits.linear.bias".to_owned(), vec![4], vec![3])]
    );
}

#[test]
fn other_weight_formats_are_refused() {
    let (model, folder) = (model(&[]), tempfile::tempdir().unwrap());
    let path = folder.path().join("w.safetensors");
    for (version, told) in [
        ("3", "has weight format `3`; this version reads `2`"),
        ("1", "was written for language 1"),
    ] {
        let mut file = weights::file(&model, &params(&model));
        let key = weights::key::FORMAT.to_owned();
        file.metadata.insert(key, version.to_owned());
        file.write(&path).unwrap();
        let error = weights::read(&path).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

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

#[test]
fn dropout_zeroes_whole_channels_and_is_the_same_for_parts_of_a_batch() {
    let model = example("digits.term", &[]);
    let rate = |id: NodeId| match &model[id].op {
        Op::Dropout(op) => Some((op.x, op.rate)),
        _ => None,
    };
    let (id, (x, rate)) = model
        .node_ids()
        .find_map(|id| Some((id, rate(id)?)))
        .unwrap();
    let (network, params) = (Network::new(&model), params(&model));
    // For each image and channel from `first` on, what the channel was multiplied by.
    let factors = |first: usize, count: usize, key: Option<u64>| -> Vec<f32> {
        let pass = Pass {
            dropout: key.map(|seed| Dropout {
                key: Key::new(seed),
                first_image: first,
            }),
            keep: Keep::These(&[x, id]),
            ..Pass::default()
        };
        let input = images(&model, first + count).narrow(0, first, count);
        let kept = network.forward(&params, input, &pass).kept;
        let [before, after] = [0, 1].map(|i| kept[i].1.to_data().try_to_vec::<f32>().unwrap());
        let positions = model[id].shape.sizes.positions();
        let channels = before.chunks(positions).zip(after.chunks(positions));
        let factor = channels.map(|(before, after)| {
            let factor = after[0] / before[0];
            assert!(
                before
                    .iter()
                    .zip(after)
                    .all(|(b, a)| (b * factor - a).abs() < 1e-5)
            );
            factor
        });
        factor.collect()
    };
    let whole = factors(0, 32, Some(3));
    let zeros = whole.iter().filter(|f| **f == 0.0).count() as f64 / whole.len() as f64;
    assert!(
        (zeros - rate).abs() < 0.03,
        "{zeros} of all channels are dropped"
    );
    let scale = (1.0 / (1.0 - rate)) as f32;
    assert!(whole.iter().all(|f| *f == 0.0 || (f - scale).abs() < 1e-4));
    let zero = |factors: &[f32]| factors.iter().map(|f| *f == 0.0).collect::<Vec<_>>();
    assert_eq!(
        zero(&factors(24, 8, Some(3))),
        zero(&whole)[whole.len() / 4 * 3..]
    );
    assert_ne!(zero(&factors(0, 32, Some(4))), zero(&whole));
    assert!(factors(0, 4, None).iter().all(|f| *f == 1.0));
}

#[test]
fn passes_keep_what_is_asked_for_and_agree() {
    let model = model(&[]);
    let network = Network::new(&model);
    let params = params(&model);
    let run = |keep, kernels| {
        let pass = Pass {
            keep,
            kernels,
            ..Pass::default()
        };
        network.forward(&params, images(&model, 2), &pass)
    };
    let all = run(Keep::All, KernelChoice::Composed);
    assert_eq!(all.kept.len(), model.nodes.len());
    for (id, value) in &all.kept {
        assert_eq!(
            value.dims(),
            model[*id].shape.dims(2),
            "{}",
            model[*id].path
        );
    }
    let named = run(Keep::Named, KernelChoice::Composed);
    assert!(named.kept.iter().all(|(id, _)| model[*id].named));
    assert!(!named.kept.is_empty() && named.kept.len() < all.kept.len());
    let none = run(Keep::Nothing, KernelChoice::Composed);
    assert_eq!(none.logits.to_data(), all.logits.to_data());
    assert!(none.kept.is_empty());
    let fused = run(Keep::Nothing, KernelChoice::Fused).logits.to_data();
    none.logits
        .to_data()
        .assert_approx_eq::<f32>(&fused, burn::tensor::Tolerance::relative(1e-4));
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

#[test]
fn an_import_lists_what_is_left_over_on_both_sides() {
    let model = model(&[]);
    let mut foreign = Tensors::new();
    foreign.insert("blocks.0.bias".into(), TensorData::new(vec![0.5f32], [1]));
    foreign.insert(
        "network.blocks.7.bias".into(),
        TensorData::new(vec![0.5f32], [1]),
    );
    foreign.insert("mine.5".into(), TensorData::new(vec![0.5f32], [1]));
    foreign.insert(
        "network.train_length".into(),
        TensorData::new(vec![1i64], [1]),
    );
    foreign.insert("out_layer.bias".into(), TensorData::new(vec![0f32; 3], [3]));
    let refused = |map: &NameMap| {
        let mut checkpoint = Checkpoint::from(foreign.clone());
        match import::import(&model, &mut checkpoint, map, None) {
            Err(Error::Model(ModelError::Import(error))) => error,
            other => panic!("{other:?}"),
        }
    };
    let error = refused(&NameMap::default());
    assert_eq!(error.missing.len(), model.params.len() - 2);
    let of_another = ("network.blocks.7.bias", "b[7].bias.value");
    let of_another = (of_another.0.to_owned(), of_another.1.to_owned());
    assert_eq!(error.unmatched, [of_another]);
    assert_eq!(error.ignored, ["mine.5", "network.train_length"]);
    // Ten of the missing ones, then how many there are besides.
    assert_eq!(
        error
            .to_string()
            .matches("nothing in the checkpoint is for")
            .count(),
        10
    );
    let more = format!("... and {} more like these", error.missing.len() - 10);
    assert!(error.to_string().contains(&more), "{error}");
    assert_eq!(error.shapes.len(), 1);
    assert!(
        error
            .to_string()
            .contains("`out_layer.bias` has shape [3], but `logits.linear.bias` needs [4]")
    );

    let map: NameMap = [("mine.{N}".to_owned(), "b[0].bias.value".to_owned())]
        .into_iter()
        .collect();
    assert_eq!(refused(&map).repeated.len(), 1);
}

#[test]
fn an_exported_model_imports_again() {
    let model = model(&[]);
    let own = params(&model).to_tensors();
    let map: NameMap = [("{*}".to_owned(), "{*}".to_owned())].into_iter().collect();
    let mut checkpoint = Checkpoint::from(own.clone());
    let imported = import::import(&model, &mut checkpoint, &map, None).unwrap();
    assert_eq!(imported.tensors, own);
}

/// The gradients of inner values are slopes of the loss: each value is changed in a direction, and the loss with it.
#[test]
fn gradients_of_inner_values_are_slopes_of_the_loss() {
    // Without context: what context-dependent slow nets make of it stops gradients on purpose.
    let text = "language 2\nmodel M {\n input image[3, 6, 6]\n K = hyper(image, magnet(hidden=8, omega=4))\n Z = image * K\n \
                a = instance_std(rgu(Z) + rgu(image))\n b = Z @ a |> mixer(6) |> g_ibs(3) |> gelu |> bias\n \
                output logits = head(b, 4)\n loss { cross_entropy(logits, smoothing=0.1) }\n}\n";
    let compiled = compile("m.term", text, &Options::default(), &NoFiles);
    let model = compiled
        .model
        .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
    let model = model.as_primitives();
    let params = params(&model);
    let pass = Pass {
        keep: Keep::All,
        leaves: true,
        kernels: KernelChoice::Composed,
        ..Pass::default()
    };
    let found = evaluate(&model, &params, &pass);
    assert_eq!(found.kept.len(), model.nodes.len());
    let changed = |amount: f64, only: NodeId| Pass {
        keep: Keep::All,
        kernels: KernelChoice::Composed,
        perturbation: Some(Perturbation {
            amount,
            draw: 0,
            only: Some(only),
            gradient: false,
        }),
        ..Pass::default()
    };
    let total = |amount, only| {
        let found = evaluate(&model, &params, &changed(amount, only));
        found.terms.values().total
    };
    let all = |x: &Tensor<4>| x.to_data().iter::<f64>().collect::<Vec<f64>>();
    let mut compared = 0;
    for kept in &found.kept {
        // The direction is the change itself, which is linear in its amount.
        let amount = 1e-2;
        let change = {
            let keep = [kept.node];
            let pass = Pass {
                keep: Keep::These(&keep),
                ..changed(amount, kept.node)
            };
            let moved = Network::new(&model).forward(&params, images(&model, 3), &pass);
            all(&(moved.kept[0].1.clone() - kept.value.clone()))
        };
        let slope = (total(amount, kept.node) - total(-amount, kept.node)) / 2.0;
        let expected = match &kept.gradient {
            None => 0.0,
            Some(gradient) => {
                let gradient = all(gradient);
                assert_eq!(gradient.len(), change.len());
                gradient.iter().zip(&change).map(|(g, c)| g * c).sum()
            }
        };
        let path = &model[kept.node].path;
        println!("{path}: {slope:.3e}, {expected:.3e}");
        assert!(
            (slope - expected).abs() <= 2e-3 * expected.abs() + 5e-7,
            "{path}: {slope:e}, not {expected:e}"
        );
        compared += usize::from(expected.abs() > 5e-5);
    }
    assert!(compared > 20, "{compared}");
    // Leaves change nothing.
    let without = evaluate(
        &model,
        &params,
        &Pass {
            leaves: false,
            ..pass
        },
    );
    assert_eq!(numbers(&without.gradient), numbers(&found.gradient));
}

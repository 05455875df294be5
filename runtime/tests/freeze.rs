//! Frozen networks: equal to batch mode where the population is one batch, and bit for bit the same in any batch.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use burn::tensor::{Device, Tensor, TensorData};
use termc_compiler::freeze::coupled;
use termc_compiler::model::Model;
use termc_compiler::{NoFiles, Options as Source, compile, model_names};
use termc_runtime::freeze::{Batches, Calibration, CalibrationOptions, FrozenNetwork, freeze};
use termc_runtime::model::ModelSource;
use termc_runtime::network::{KernelChoice, Network, Pass};
use termc_runtime::params::Params;

const ALL: [Calibration; 4] = [
    Calibration::Batch,
    Calibration::Within,
    Calibration::Mean,
    Calibration::Sequential,
];

fn examples(largest: usize) -> Vec<(String, Model)> {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
    let mut all = vec![];
    for folder in ["", "/ablations", "/baselines"].map(|below| format!("{examples}{below}")) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|e| e != "term") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for name in std::iter::once(None).chain(model_names(&text).into_iter().map(Some)) {
                let options = Source {
                    model: name.clone(),
                    ..Source::default()
                };
                let source = ModelSource::read(&path).unwrap();
                let model = source.check(&options).unwrap().model;
                if model.input.height() <= largest {
                    all.push((format!("{} {name:?}", path.display()), model));
                }
            }
        }
    }
    all
}

/// A model of every shape of coupling: without mixer, 1x1 kernels, batch statistics beside nothing linear.
fn odd() -> Model {
    let text = "language 2\nconst w = magnet_in_context(hidden=5, omega=4)\n\
        model Odd {\n input image[3, 6, 6]\n K = hyper(image, magnet(hidden=5, omega=4))\n\
        a = local(image, size=1, from=image, net=w)\n\
        b = local(image * K, size=1, from=a, net=w, mix=false)\n\
        c = local(a, size=3, from=b, net=w, mix=false)\n\
        d = gelu(c + b) |> batch_std |> dropout(0.2, shared=positions) |> mixer |> mixer |> g_ibs(3)\n\
        e = batch_std(gelu(d)) + d + batch_std(d * b) |> gelu |> bias\n\
        f = linear(e, 8) |> g_ibs(4) |> gelu |> bias |> g_ibs(1)\n\
        output logits = mean(f, positions) |> linear(5)\n\
        loss { cross_entropy(logits) }\n}\n";
    let compiled = compile("odd.term", text, &Source::default(), &NoFiles);
    compiled
        .model
        .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

/// Sequences, a slow net and a context of one's own, another eps, maps without a bias.
fn line() -> Model {
    let text = "language 2\n\
        block net(grid: grid, channels: int, context) {\n\
        h = fourier(grid, 5, weight=uniform(3), bias=none)\n\
        pooled = adaptive_avg_pool(context, grid.sizes)\n\
        c = mean(linear(pooled, 5, bias=none), batch)\n\
        linear(h * tanh(c), channels)\n }\n\
        model Line {\n input sequence[2, 12]\n\
        a = linear(sequence, 6, bias=none) |> standardize([batch, positions], eps=0.01) |> gelu\n\
        b = depthwise(a, net(grid([5]), a.channels, sequence))\n\
        c = standardize(b, [batch, positions], eps=0.1) |> linear(4, bias=none) |> batch_std\n\
        d = c - mean(gelu(c), batch)\n\
        output logits = mean(d * d, positions) |> linear(3)\n\
        loss { cross_entropy(logits) }\n}\n";
    let compiled = compile("line.term", text, &Source::default(), &NoFiles);
    compiled
        .model
        .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

fn images(model: &Model, count: usize, phase: f32) -> TensorData {
    let [_, channels, height, width] = model.input.dims(1);
    let size = channels * height * width;
    let pixel = |i: usize| {
        let (image, at) = ((i / size) as f32, (i % size) as f32);
        (at * 0.7 + image * 1.3 + phase).sin() + (at * (0.013 + 0.002 * image)).cos() * 0.5
    };
    let pixels: Vec<f32> = (0..count * size).map(pixel).collect();
    TensorData::new(pixels, [count, channels, height, width])
}

fn pass(kernels: KernelChoice) -> Pass<'static> {
    Pass {
        kernels,
        ..Pass::default()
    }
}

fn logits(params: &Params, images: &TensorData, kernels: KernelChoice) -> Vec<f32> {
    let input = Tensor::<4>::from_data(images.clone(), &Device::flex());
    let network = Network::new(params.model());
    let found = network.forward(params, input, &pass(kernels)).logits;
    found.into_data().iter::<f32>().collect()
}

fn frozen(
    params: &Params,
    batches: &[TensorData],
    calibration: Calibration,
    kernels: KernelChoice,
) -> FrozenNetwork {
    let options = CalibrationOptions {
        calibration,
        kernels,
    };
    let source = || Ok(Box::new(batches.iter().cloned().map(Ok)) as Batches);
    freeze(params, options, &Device::flex(), source, |_| {}).unwrap()
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let pairs = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    let norm: f64 = b.iter().map(|x| f64::from(*x).powi(2)).sum();
    (pairs.sum::<f64>() / norm).sqrt()
}

/// The strongest test there is: everything measured and everything folded must be right.
#[test]
fn over_one_batch_the_frozen_network_answers_as_the_batch() {
    let mut all = examples(8);
    all.push(("odd".into(), odd()));
    all.push(("line".into(), line()));
    for (title, model) in all {
        let params = Params::init(&model, 5, &Device::flex());
        let batch = images(&model, 6, 0.0);
        for kernels in [KernelChoice::Fused, KernelChoice::Composed] {
            let expected = logits(&params, &batch, kernels);
            for calibration in ALL {
                let frozen = frozen(&params, std::slice::from_ref(&batch), calibration, kernels);
                assert!(coupled(&frozen.model).is_empty());
                let found = logits(&frozen.params, &batch, kernels);
                let distance = distance(&found, &expected);
                assert!(
                    distance <= 1e-5,
                    "{title} {calibration:?} {kernels:?}: {distance:e}"
                );
            }
        }
    }
}

#[test]
fn answers_are_the_same_bits_in_any_batch() {
    let mut all = examples(8);
    all.push(("odd".into(), odd()));
    all.push(("line".into(), line()));
    for (title, model) in all {
        let params = Params::init(&model, 5, &Device::flex());
        let batches: Vec<TensorData> = (0..3).map(|i| images(&model, 8, i as f32)).collect();
        for kernels in [KernelChoice::Fused, KernelChoice::Composed] {
            let frozen = frozen(&params, &batches, Calibration::Batch, kernels);
            let all = images(&model, 64, 0.3);
            let whole = logits(&frozen.params, &all, kernels);
            assert!(whole.iter().all(|x| x.is_finite()), "{title}");
            let classes = model.classes;
            let size = model.input.per_image();
            let pixels: Vec<f32> = all.iter::<f32>().collect();
            for count in [1, 7] {
                let order: Vec<usize> = (0..64).map(|i| i * 29 % 64).take(count * 3).collect();
                for group in order.chunks(count) {
                    let part: Vec<f32> = group
                        .iter()
                        .flat_map(|i| &pixels[i * size..(i + 1) * size])
                        .copied()
                        .collect();
                    let [_, c, h, w] = model.input.dims(1);
                    let part = TensorData::new(part, [group.len(), c, h, w]);
                    let found = logits(&frozen.params, &part, kernels);
                    for (row, i) in found.chunks(classes).zip(group) {
                        let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                        assert_eq!(
                            bits(row),
                            bits(&whole[i * classes..(i + 1) * classes]),
                            "{title} {kernels:?} batch {count}"
                        );
                    }
                }
            }
        }
    }
}

/// Large batches are computed in parts; digits from 427 images on.
#[test]
fn answers_are_the_same_bits_in_a_batch_that_is_computed_in_parts() {
    let mut models = examples(8);
    let at = models
        .iter()
        .position(|(title, _)| title.ends_with("/digits.term None"));
    let (_, model) = models.swap_remove(at.unwrap());
    let params = Params::init(&model, 5, &Device::flex());
    let batches = [images(&model, 8, 0.0)];
    let frozen = frozen(&params, &batches, Calibration::Batch, KernelChoice::Fused);
    let whole = logits(
        &frozen.params,
        &images(&model, 1001, 0.3),
        KernelChoice::Fused,
    );
    assert_eq!(whole.len(), 1001 * model.classes);
    let pixels: Vec<f32> = images(&model, 1001, 0.3).iter().collect();
    for from in [0, 300, 600, 900] {
        let to = 1001.min(from + 300);
        let part = TensorData::new(pixels[from * 64..to * 64].to_vec(), [to - from, 1, 8, 8]);
        let found = logits(&frozen.params, &part, KernelChoice::Fused);
        assert_eq!(found, whole[from * model.classes..to * model.classes]);
    }
}

#[test]
fn statistics_are_those_of_all_images_whatever_the_last_batch() {
    // One standardization: the population does not depend on how the images are cut into batches.
    let text = "language 2\nmodel M {\n input image[2, 4, 4]\n a = gelu(image) |> batch_std |> gelu\n\
        output logits = mean(a, positions) |> linear(3)\n loss { cross_entropy(logits) }\n}\n";
    let model = compile("m.term", text, &Source::default(), &NoFiles)
        .model
        .unwrap();
    let params = Params::init(&model, 1, &Device::flex());
    let whole = images(&model, 10, 0.0);
    let pixels: Vec<f32> = whole.iter::<f32>().collect();
    let cut = |from: usize, to: usize| {
        TensorData::new(pixels[from * 32..to * 32].to_vec(), [to - from, 2, 4, 4])
    };
    let parts = [cut(0, 4), cut(4, 8), cut(8, 10)];
    for calibration in [Calibration::Batch, Calibration::Sequential] {
        let a = frozen(
            &params,
            std::slice::from_ref(&whole),
            calibration,
            KernelChoice::Fused,
        );
        let b = frozen(&params, &parts, calibration, KernelChoice::Fused);
        assert_eq!(a.params.to_tensors(), b.params.to_tensors());
    }
    let a = frozen(
        &params,
        std::slice::from_ref(&whole),
        Calibration::Within,
        KernelChoice::Fused,
    );
    let b = frozen(&params, &parts, Calibration::Within, KernelChoice::Fused);
    assert_ne!(a.params.to_tensors(), b.params.to_tensors());
}

#[test]
fn the_mean_of_what_batches_make_is_what_an_image_meets_on_average() {
    // Linear after the standardization: the frozen answer is the mean of the answers in each batch.
    let text = "language 2\nmodel M {\n input image[2, 4, 4]\n a = batch_std(image) |> mixer\n\
        output logits = mean(a, positions) |> linear(3)\n loss { cross_entropy(logits) }\n}\n";
    let model = compile("m.term", text, &Source::default(), &NoFiles)
        .model
        .unwrap();
    let params = Params::init(&model, 1, &Device::flex());
    // Batches of different spread.
    let batch = |i: usize| {
        let data = images(&model, 5, i as f32 * 2.0);
        let pixels: Vec<f32> = data.iter::<f32>().map(|x| x * (i + 1) as f32).collect();
        TensorData::new(pixels, data.shape().clone())
    };
    let batches: Vec<TensorData> = (0..3).map(batch).collect();
    let of = |way| frozen(&params, &batches, way, KernelChoice::Fused).params;
    let asked = images(&model, 1, 0.7);
    let pixels: Vec<f32> = asked.iter().collect();
    let found = logits(&of(Calibration::Mean), &asked, KernelChoice::Fused);
    let other = logits(&of(Calibration::Batch), &asked, KernelChoice::Fused);
    // Beside many copies of a batch, an image hardly changes what the batch makes.
    let mut mean = vec![0.0; model.classes];
    for batch in &batches {
        let alone = beside(&params, batch, &pixels);
        mean.iter_mut().zip(alone).for_each(|(m, x)| *m += x / 3.0);
    }
    assert!(distance(&found, &mean) < 5e-3, "{found:?} {mean:?}");
    assert!(distance(&other, &mean) > 2e-2, "{other:?} {mean:?}");
}

/// The answer to an image beside four hundred times the images of a batch.
fn beside(params: &Params, batch: &TensorData, image: &[f32]) -> Vec<f32> {
    let model = params.model();
    let mut pixels: Vec<f32> = image.to_vec();
    (0..400).for_each(|_| pixels.extend(batch.iter::<f32>()));
    let [_, c, h, w] = model.input.dims(1);
    let count = pixels.len() / (c * h * w);
    let all = logits(
        params,
        &TensorData::new(pixels, [count, c, h, w]),
        KernelChoice::Fused,
    );
    all[..model.classes].to_vec()
}

/// A norm over the batch: no number of one image stands for it.
#[test]
fn what_no_statistics_stand_for_is_refused() {
    let text = "language 2\nmodel M {\n input image[2, 4, 4]\n a = normalize(image, batch)\n\
        output logits = mean(a, positions) |> linear(3)\n loss { cross_entropy(logits) }\n}\n";
    let model = compile("m.term", text, &Source::default(), &NoFiles).model;
    let params = Params::init(&model.unwrap(), 1, &Device::flex());
    let options = CalibrationOptions {
        calibration: Calibration::Batch,
        kernels: KernelChoice::Fused,
    };
    let none = || Ok(Box::new(std::iter::empty()) as Batches);
    let error = freeze(&params, options, &Device::flex(), none, |_| {}).unwrap_err();
    let said = error.to_string();
    assert!(
        said.starts_with("`a` couples the images of a batch"),
        "{said}"
    );
}

#[test]
fn no_images_are_an_error() {
    let model = odd();
    let params = Params::init(&model, 1, &Device::flex());
    let options = CalibrationOptions {
        calibration: Calibration::Batch,
        kernels: KernelChoice::Fused,
    };
    let none = || Ok(Box::new(std::iter::empty()) as Batches);
    let error = freeze(&params, options, &Device::flex(), none, |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "there are no images to calibrate with");
}

//! A whole training on Vulkan beside the same one on the CPU: the loop, keyed dropout and augmentation, clipping, the
//! optimizer, averaged weights, evaluation and files are shared, the numbers must come out alike. Needs the feature `vulkan`.
#![cfg(feature = "vulkan")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "short/vulkan.rs"]
mod device;
mod short;

use std::path::Path;

use burn::tensor::Device;
use termc_compiler::model::Model;
use termc_compiler::{NoFiles, Options, compile};
use termc_data::StopRequest;
use termc_runtime::train::metrics::{self, Row, Span};
use termc_runtime::train::ranks::Single;
use termc_runtime::train::{Outcome, RunFolder, SaveRequest, Settings, Training};

use self::device::vulkan;
use self::short::{Silent, digits, settings};

/// What a training of 96 digits on a device records.
fn train(model: &Model, device: Device) -> (Outcome, Vec<Row>) {
    let settings = Settings {
        limit: Some(96),
        val: 0.2,
        ..settings(model, 16)
    };
    let data = digits();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let training = Training {
        model,
        data: &data,
        folder: Some(&RunFolder::create(&path, &model.source, &settings).unwrap()),
        ranks: &Single,
        device,
        settings: &settings,
        resume: None,
        start: None,
        stop: &StopRequest::new(),
        save: &SaveRequest::new(),
        stop_after: None,
        stop_after_epoch: None,
        observer: &mut Silent,
    };
    let outcome = training.run().unwrap();
    (outcome, metrics::read(&path).unwrap())
}

fn trained_alike(recipe: &str, tolerance: f64) {
    let Some(gpu) = vulkan() else {
        return;
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits.term");
    let source = std::fs::read_to_string(path).unwrap();
    let (head, rest) = source.split_once("train {").unwrap();
    let (_, tail) = rest.split_once("\n}").unwrap();
    let text = format!("{head}train {{\n{recipe}\n}}{tail}");
    let compiled = compile("digits.term", &text, &Options::default(), &NoFiles);
    let model = (compiled.model).unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
    let (reference, expected) = train(&model, Device::flex());
    let (outcome, found) = train(&model, gpu);
    for outcome in [reference, outcome] {
        assert!(matches!(outcome, Outcome::Finished { .. }), "{outcome:?}");
    }
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().any(|row| row.span == Span::Step));
    for (a, b) in found.iter().zip(&expected) {
        assert_eq!(
            (a.span, a.split, a.step, a.lr),
            (b.span, b.split, b.step, b.lr)
        );
        let apart = (a.loss.unwrap() - b.loss.unwrap()).abs();
        assert!(apart < tolerance, "{apart}: {a:?} {b:?}");
    }
}

/// Gradients enter as they are; averages, clipping and augmentation on the way.
#[test]
#[ignore = "a software device takes tens of minutes to compile the kernels"]
fn of_smooth_optimizers() {
    let adamw = "optimizer = adamw(lr=0.002, betas=[0.9, 0.99])\nschedule = warmup_cosine(warmup=1)\nepochs = 2\nbatch = 16\naugment = [random_affine(degrees=10)]\nclip = norm(5)\nema = 0.9";
    trained_alike(adamw, 1e-5);
    let sgd = "optimizer = sgd(lr=0.005, momentum=0.9)\nschedule = constant\nepochs = 2\nbatch = 8\naccumulate = 2\naugment = [mixup(alpha=0.2)]";
    trained_alike(sgd, 1e-5);
}

/// Kar takes the sign of a gradient, also of one that is rounding alone: further apart.
#[test]
#[ignore = "a software device takes tens of minutes to compile the kernels"]
fn of_kar() {
    let kar = "optimizer = kar3(lr=0.0007, betas=[0.5, 0.95])\nschedule = warmup_cosine(warmup=1)\nepochs = 2\nbatch = 16";
    trained_alike(kar, 1e-3);
}

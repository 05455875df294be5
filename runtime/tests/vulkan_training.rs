//! A whole training on Vulkan beside the same one on the CPU: the loop, keyed dropout and augmentation, clipping, the
//! optimizer, averaged weights, evaluation and files are shared, the numbers must come out alike. Needs the feature `vulkan`.
#![cfg(feature = "vulkan")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "short/vulkan.rs"]
mod device;
mod short;

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
        folder: Some(&RunFolder::create(&path, model.source(), &settings).unwrap()),
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

/// The smallest example, for images of digits.
fn tiny() -> String {
    let source = include_str!("../../examples/tiny.term");
    let fitted = source.replace("image[3, 6, 6]", "image[1, 8, 8]");
    let fitted = fitted.replace("classes: int = 4", "classes: int = 10");
    let fitted = fitted.replace("g_ibs(6)", "g_ibs(2)");
    assert_eq!(fitted.matches("[1, 8, 8]").count(), 1);
    assert_eq!(fitted.matches("int = 10").count(), 1);
    fitted
}

/// Trains a model by a recipe on the CPU and on the device; every recorded loss may be apart by less than `tolerance`.
fn trained_alike(source: &str, recipe: &str, tolerance: f64) {
    let Some(gpu) = vulkan() else {
        return;
    };
    let (head, rest) = source.split_once("train {").unwrap();
    let (_, tail) = rest.split_once("\n}").unwrap();
    let text = format!("{head}train {{\n{recipe}\n}}{tail}");
    let compiled = compile("t.term", &text, &Options::default(), &NoFiles);
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
fn of_smooth_optimizers() {
    let adamw = "optimizer = adamw(lr=0.002, betas=[0.9, 0.99])\nschedule = warmup_cosine(warmup=1)\nepochs = 2\nbatch = 16\naugment = [random_affine(degrees=10)]\nclip = norm(5)\nema = 0.9";
    trained_alike(&tiny(), adamw, 1e-5);
    let sgd = "optimizer = sgd(lr=0.005, momentum=0.9)\nschedule = constant\nepochs = 2\nbatch = 8\naccumulate = 2\naugment = [mixup(alpha=0.2)]";
    trained_alike(&tiny(), sgd, 1e-5);
}

const KAR: &str = "optimizer = kar3(lr=0.0007, betas=[0.5, 0.95])\nschedule = warmup_cosine(warmup=1)\nepochs = 2\nbatch = 16";

/// Kar takes the sign of a gradient, also of one that is rounding alone: further apart.
#[test]
fn of_kar() {
    trained_alike(&tiny(), KAR, 1e-3);
}

#[test]
#[ignore = "a software device compiles its kernels for minutes"]
fn of_the_digits_network() {
    trained_alike(include_str!("../../examples/digits.term"), KAR, 1e-3);
}

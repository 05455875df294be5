//! Models as a Rust program uses them: loaded, asked with files, pixels and tensors, evaluated, frozen; and refused where
//! something does not fit.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::Path;

use burn::tensor::TensorData;
use termc_runtime::compiler::Options;
use termc_runtime::data::{Arrangement, Fit};
use termc_runtime::device::DeviceChoice;
use termc_runtime::import::NameMap;
use termc_runtime::model::{
    Compute, DatasetChoice, EvaluateOptions, ImageBatch, Model, ModelError, ModelSource,
    Preprocessing, RunInput, RunOptions, import_checkpoint,
};
use termc_runtime::tensors::TensorFile;
use termc_runtime::{Error, Fault};

const FROZEN: &str = "../examples/embed/digits.safetensors";
const SEVEN: &str = "../examples/seven.png";
const DIGITS: &str = "../examples/digits.term";
const PUBLISHED: &str = "tests/parity/digits.weights.safetensors";

fn cpu() -> Compute {
    Compute::on(&DeviceChoice::Cpu).unwrap()
}

/// The digits model with published weights, and the folder that its weight file is in.
fn trained() -> (Model, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("weights.safetensors");
    let source = ModelSource::read(DIGITS.as_ref()).unwrap();
    let checked = source.check(&Options::default()).unwrap();
    let names = NameMap::default();
    import_checkpoint(&checked, PUBLISHED.as_ref(), &names, None, &weights).unwrap();
    let model = Model::load_with(DIGITS, Some(&weights), cpu()).unwrap();
    (model, folder)
}

#[track_caller]
fn refusal<T>(result: Result<T, Error>) -> ModelError {
    match result {
        Err(Error::Model(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it is not refused"),
    }
}

#[test]
fn files_and_pixels_are_the_same_images() {
    let model = Model::load_with(FROZEN, None, cpu()).unwrap();
    let images = model.read_images(&[SEVEN]).unwrap();
    assert_eq!(images.len(), 1);
    let predictions = model.predict(&images).unwrap();
    assert_eq!(predictions[0].class(), "7");
    for prediction in &predictions {
        let sum: f64 = prediction.probabilities().iter().sum();
        assert!((sum - 1.0).abs() < 1e-9);
        let ranked = prediction.ranked();
        assert!(ranked.is_sorted_by(|a, b| a.2 >= b.2));
        assert_eq!(ranked[0].0, prediction.label());
        assert_eq!(ranked[0].2, prediction.probability());
    }
    let [_, shape @ ..] = model.checked().input.dims(1);
    let pixels: Vec<u8> = (0..64).map(|i| (i * 4) as u8).collect();
    let twice = ImageBatch::from_pixels(shape, [pixels.clone(), pixels].concat()).unwrap();
    let [a, b] = &model.predict(&twice).unwrap()[..] else {
        panic!("two images have two answers");
    };
    assert_eq!(a, b);
}

#[test]
fn images_that_do_not_fit_are_refused() {
    let model = Model::load_with(FROZEN, None, cpu()).unwrap();
    for pixels in [0, 63, 65] {
        let error = refusal(ImageBatch::from_pixels([1, 8, 8], vec![0; pixels]));
        assert!(matches!(error, ModelError::PixelCount { .. }));
    }
    assert!(ImageBatch::from_pixels([0, 8, 8], vec![]).is_err());
    let wide = ImageBatch::from_pixels([3, 8, 8], vec![0; 192]).unwrap();
    let error = refusal(model.predict(&wide));
    assert!(error.to_string().contains("[3, 8, 8]"), "{error}");
    assert!(error.to_string().contains("[1, 8, 8]"), "{error}");
    let error = model.read_images(&["no.png"]).unwrap_err();
    assert_eq!(error.fault(), Fault::Machine);
}

#[test]
fn models_that_cannot_be_loaded_say_why() {
    let source = ModelSource::from_text("wrong.term", "model M {");
    let error = refusal(source.check(&Options::default()));
    assert!(error.to_string().contains("wrong.term:1"), "{error}");

    let error = refusal(Model::load_with(DIGITS, None, cpu()));
    assert!(matches!(error, ModelError::NoWeights));
    let error = refusal(Model::load_with("src", None, cpu()));
    assert!(matches!(error, ModelError::NotRunFolder(_)));
    let error = refusal(Model::load_with(DIGITS, Some(Path::new(FROZEN)), cpu()));
    assert!(matches!(error, ModelError::WeightsOfFrozen(_)));
    let error = refusal(Model::load_with(FROZEN, Some(Path::new(PUBLISHED)), cpu()));
    assert!(matches!(error, ModelError::WeightsOfUnfrozen(_)));
    let changes = Options {
        sets: vec!["train.epochs=3".into()],
        ..Options::default()
    };
    let error = refusal(ModelSource::read(FROZEN.as_ref()).unwrap().check(&changes));
    assert!(matches!(error, ModelError::FrozenChanged(_)));
    let missing = Model::load_with("nowhere.term", None, cpu()).unwrap_err();
    assert_eq!(missing.fault(), Fault::Machine);
    let other = Path::new("tests/parity/tiny.weights.safetensors");
    let error = Model::load_with(DIGITS, Some(other), cpu()).unwrap_err();
    assert!(matches!(error, Error::Mismatch(_)), "{error}");
}

#[test]
fn without_a_training_the_caller_says_what_images_mean() {
    let (model, _folder) = trained();
    let images = ImageBatch::read([1, 8, 8], &[SEVEN], Fit::Crop).unwrap();
    assert!(matches!(
        refusal(model.predict(&images)),
        ModelError::NoPreprocessing(_)
    ));
    let error = refusal(model.read_images(&[SEVEN]));
    assert!(matches!(error, ModelError::NoPreprocessing(_)));
    let digits = DatasetChoice {
        dataset: Some("digits".parse().unwrap()),
        ..DatasetChoice::default()
    };
    let dataset = model.source().open_dataset(&digits, None).unwrap();
    let model = model.with_preprocessing(Preprocessing {
        normalize: dataset.normalize.clone(),
        classes: dataset.classes.clone(),
        fit: dataset.fit,
        arrangement: Arrangement::default(),
    });
    assert_eq!(model.predict(&images).unwrap().len(), 1);
    let options = EvaluateOptions {
        batch: Some(8),
        limit: Some(20),
        ..EvaluateOptions::default()
    };
    let mut seen = Vec::new();
    let scores = model
        .evaluate(&dataset, options, |done, total| seen.push((done, total)))
        .unwrap();
    assert_eq!(scores.images, 20);
    assert_eq!(seen, [(8, 20), (16, 20), (20, 20)]);
}

#[test]
fn tensors_are_run_with_and_without_labels() {
    let (model, _folder) = trained();
    let pixels: Vec<f32> = (0..128).map(|i| (i as f32 * 0.1).sin()).collect();
    let mut input = RunInput {
        name: "made up".into(),
        images: TensorData::new(pixels, [2, 1, 8, 8]),
        labels: None,
    };
    let plain = model.run(&input, RunOptions::default()).unwrap();
    assert_eq!(plain.keys().collect::<Vec<_>>(), ["logits"]);
    let gradients = RunOptions {
        gradients: true,
        trace: false,
    };
    let error = refusal(model.run(&input, gradients));
    assert!(matches!(error, ModelError::NoLabels(_)));
    input.labels = Some(vec![3, 7]);
    let found = model.run(&input, gradients).unwrap();
    assert!(found.contains_key("loss.total"));
    let count = found.keys().filter(|k| k.starts_with("grad.")).count();
    assert_eq!(count, model.checked().params.len());

    let frozen = Model::load_with(FROZEN, None, cpu()).unwrap();
    let error = refusal(frozen.run(&input, gradients));
    assert!(matches!(error, ModelError::Frozen { .. }));
}

#[test]
fn tensor_files_are_held_to_the_model() {
    let (model, folder) = trained();
    let path = folder.path().join("in.safetensors");
    let read = |tensors: &[(&str, TensorData)]| {
        let tensors = tensors.iter().cloned();
        let file = TensorFile {
            tensors: tensors
                .map(|(name, data)| (name.to_owned(), data))
                .collect(),
            ..TensorFile::default()
        };
        file.write(&path).unwrap();
        RunInput::read(&path, model.checked())
    };
    let images = |n: usize| TensorData::new(vec![0f32; n * 64], [n, 1, 8, 8]);
    let labels = |labels: &[i64]| TensorData::new(labels.to_vec(), [labels.len()]);
    assert!(matches!(refusal(read(&[])), ModelError::NoInput(_)));
    let good = read(&[("input", images(2)), ("labels", labels(&[0, 9]))]).unwrap();
    assert_eq!(good.labels, Some(vec![0, 9]));
    let flat = TensorData::new(vec![0f32; 128], [2, 64]);
    for (tensors, says) in [
        (vec![("input", flat)], "takes [N, 1, 8, 8]"),
        (vec![("input", images(0))], "takes [N, 1, 8, 8]"),
        (
            vec![("input", images(2)), ("labels", labels(&[1]))],
            "2 images but 1 labels",
        ),
        (
            vec![("input", images(1)), ("labels", labels(&[10]))],
            "the label 10",
        ),
        (
            vec![("input", images(1)), ("labels", labels(&[-1]))],
            "the label -1",
        ),
    ] {
        let error = refusal(read(&tensors)).to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn the_cpu_computes_in_32_bit_floats() {
    let error = refusal(Compute::require_precision(
        &cpu().device,
        termc_runtime::network::Precision::Bf16,
    ));
    assert!(matches!(error, ModelError::Precision { .. }));
}

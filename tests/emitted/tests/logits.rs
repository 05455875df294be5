//! Emitted models compute what the runtime computes, bit for bit, and refuse weights that are not theirs.
#![allow(clippy::unwrap_used, reason = "tests")]

use burn::backend::Flex;
use burn::tensor::{Tensor, TensorData};
use termc_compiler::model::Model;
use termc_compiler::{Options, compile};
use termc_emitted::{CASES, Case};
use termc_runtime::network::{KernelChoice, Network, Pass};
use termc_runtime::params::Params;
use termc_runtime::tensors::TensorFile;
use termc_runtime::weights;

fn model(case: &Case) -> Model {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/");
    let text = std::fs::read_to_string(format!("{examples}{}", case.file)).unwrap();
    let options = Options {
        variant: case.variant.map(str::to_owned),
        ..Options::default()
    };
    compile(case.file, &text, &options).model.unwrap()
}

/// Images that are the same on every run: a fixed mixture of waves.
fn images(case: &Case, batch: usize) -> TensorData {
    let [channels, height, width] = case.input;
    let count = batch * channels * height * width;
    let pixel = |i| (i as f32 * 0.7).sin() + (i as f32 * 0.013).cos();
    let pixels: Vec<f32> = (0..count).map(pixel).collect();
    TensorData::new(pixels, [batch, channels, height, width])
}

fn named<'a>(file: &str, variant: impl Into<Option<&'a str>>) -> &'static Case {
    let variant = variant.into();
    let mut cases = CASES.iter();
    cases
        .find(|c| c.file == file && c.variant == variant)
        .unwrap()
}

#[test]
fn every_example_and_variant_is_there() {
    assert!(CASES.len() >= 16, "{} cases", CASES.len());
    assert!(CASES.iter().any(|case| case.variant.is_some()));
    for case in CASES {
        let model = model(case);
        assert_eq!(case.parameters as u64, model.parameter_count());
        assert_eq!(case.input, model.input);
    }
}

#[test]
fn logits_equal_the_runtimes_bit_for_bit() {
    for case in CASES {
        let model = model(case);
        let params = Params::<Flex>::init(&model, 7, &Default::default());
        let bytes = weights::file(&model, &params).to_bytes().unwrap();
        let images = images(case, 2);
        let pass = Pass {
            kernels: KernelChoice::Composed,
            ..Pass::default()
        };
        let input = Tensor::from_data(images.clone(), &Default::default());
        let expected = Network::new(&model).forward(&params, input, &pass).logits;
        let found = (case.logits)(&bytes, images).unwrap();
        let bits =
            |data: TensorData| -> Vec<u32> { data.iter::<f32>().map(f32::to_bits).collect() };
        let expected = expected.into_data();
        assert!(expected.iter::<f32>().all(f32::is_finite));
        assert_eq!(found.shape, expected.shape);
        assert_eq!(
            bits(found),
            bits(expected),
            "{} {:?}",
            case.file,
            case.variant
        );
    }
}

#[test]
fn fresh_parameters_give_finite_logits() {
    for case in CASES {
        let logits = (case.fresh)(images(case, 1));
        let finite = logits.iter::<f32>().all(f32::is_finite);
        assert!(finite, "{} {:?}: {logits}", case.file, case.variant);
        assert!(logits.iter::<f32>().any(|x| x != 0.0));
    }
}

/// A weight file of the tiny model, changed.
fn with(change: impl FnOnce(&mut TensorFile)) -> Result<TensorData, String> {
    let case = named("tiny.term", None);
    let model = model(case);
    let params = Params::<Flex>::init(&model, 7, &Default::default());
    let mut file = weights::file(&model, &params);
    change(&mut file);
    (case.logits)(&file.to_bytes().unwrap(), images(case, 1))
}

const NAME: &str = "b0.fast_rgu_0_k.weight";

#[test]
fn weights_that_do_not_fit_are_refused_by_name() {
    assert!(with(|_| {}).is_ok());
    let missing = with(|file| drop(file.tensors.remove(NAME).unwrap()));
    assert!(missing.unwrap_err().contains(NAME));
    let unknown = with(|file| {
        let value = file.tensors.get(NAME).unwrap().clone();
        file.tensors.insert("b0.other".into(), value);
    });
    assert!(unknown.unwrap_err().contains("`b0.other`"));
    let misshaped = with(|file| {
        let value = TensorData::new(vec![0f32; 6], [2, 3]);
        file.tensors.insert(NAME.into(), value);
    });
    assert!(misshaped.unwrap_err().contains(NAME));
    let shifted = with(|file| {
        let layer = file
            .tensors
            .remove("b0.K_hyper_0.filters.0.weight")
            .unwrap();
        file.tensors
            .insert("b0.K_hyper_0.filters.9.weight".into(), layer);
    });
    assert!(shifted.is_err());
    let case = named("tiny.term", None);
    assert!((case.logits)(b"not a weight file", images(case, 1)).is_err());
    let other = named("digits.term", None);
    let params = Params::<Flex>::init(&model(other), 7, &Default::default());
    let bytes = weights::file(&model(other), &params).to_bytes().unwrap();
    assert!((case.logits)(&bytes, images(case, 1)).is_err());
}

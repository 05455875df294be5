//! Emitted models, frozen ones too, compute what the runtime computes, bit for bit, and refuse weights that are not
//! theirs.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use burn::tensor::{Device, TensorData};
use common::{composed, network, title};
use termc_compiler::model::{Model, Param};
use termc_emitted::{CASES, Case};
use termc_runtime::params::Params;
use termc_runtime::tensors::TensorFile;
use termc_runtime::weights;

/// The model of a case that is not frozen.
fn model(case: &Case) -> Model {
    common::compiled(case).model.unwrap()
}

fn images(case: &Case, batch: usize) -> TensorData {
    common::images(case, batch, 0.7)
}

fn named(file: &str, model: &str) -> &'static Case {
    let mut cases = CASES.iter();
    cases
        .find(|c| c.file == file && c.model == model && !c.frozen && c.fresh.is_none())
        .unwrap()
}

#[test]
fn every_example_is_there_as_it_is_and_frozen() {
    let (frozen, plain): (Vec<&Case>, Vec<&Case>) = CASES.iter().partition(|case| case.frozen);
    assert!(plain.len() >= 50, "{} cases", plain.len());
    assert!(plain.iter().any(|case| case.file == "generated"));
    let names = |cases: Vec<&Case>| -> Vec<_> {
        let names = cases.iter().map(|case| (case.file, case.model));
        names.collect()
    };
    for case in &plain {
        let model = model(case);
        assert_eq!(case.parameters as u64, model.parameter_count());
        assert_eq!(model.input.dims(1)[1..], case.input);
    }
    let (fresh, plain) = plain.into_iter().partition(|case| case.fresh.is_some());
    assert_eq!(names(frozen), names(plain));
    assert!(names(fresh).len() >= 30);
}

#[test]
fn logits_equal_the_runtimes_bit_for_bit() {
    for case in CASES {
        let (model, params) = network(case, 7);
        assert_eq!(model.frozen, case.frozen);
        assert_eq!(case.parameters as u64, model.parameter_count());
        let bytes = weights::file(&model, &params).to_bytes().unwrap();
        let images = images(case, 2);
        let expected = composed(&model, &params, images.clone());
        let found = (case.logits)(&bytes, images).unwrap();
        let bits =
            |data: TensorData| -> Vec<u32> { data.iter::<f32>().map(f32::to_bits).collect() };
        assert!(expected.iter::<f32>().all(f32::is_finite));
        assert_eq!(found.shape(), expected.shape());
        assert_eq!(bits(found), bits(expected), "{}", title(case));
    }
}

#[test]
fn frozen_sources_answer_for_each_image_by_itself() {
    for case in CASES.iter().filter(|case| case.frozen) {
        let (model, params) = network(case, 7);
        let bytes = weights::file(&model, &params).to_bytes().unwrap();
        let images = images(case, 3);
        let whole: Vec<f32> = (case.logits)(&bytes, images.clone())
            .unwrap()
            .iter()
            .collect();
        let pixels: Vec<f32> = images.iter().collect();
        let [channels, height, width] = case.input;
        let mut apart = vec![];
        for pixels in pixels.chunks(channels * height * width) {
            let image = TensorData::new(pixels.to_vec(), [1, channels, height, width]);
            apart.extend((case.logits)(&bytes, image).unwrap().iter::<f32>());
        }
        let bits = |all: &[f32]| -> Vec<u32> { all.iter().map(|x| x.to_bits()).collect() };
        assert_eq!(bits(&apart), bits(&whole), "{}", title(case));
    }
}

#[test]
fn fresh_parameters_give_finite_logits() {
    for (case, fresh) in CASES.iter().filter_map(|case| Some((case, case.fresh?))) {
        let logits = fresh(images(case, 1));
        let finite = logits.iter::<f32>().all(f32::is_finite);
        assert!(finite, "{}: {logits}", title(case));
        assert!(logits.iter::<f32>().any(|x| x != 0.0));
    }
}

#[test]
fn parameters_have_gradients_on_a_device_with_autodiff() {
    for case in CASES {
        let (model, params) = network(case, 7);
        let bytes = weights::file(&model, &params).to_bytes().unwrap();
        let trainable = (case.trainable)(&bytes, images(case, 2)).unwrap();
        let fixed = model.params.iter().filter(|p| !p.trained).map(Param::count);
        // The logits of one case do not depend on a kernel that its loss compares.
        let unread = !case.frozen && case.file.ends_with("unread.term");
        let all = case.parameters - if case.frozen { 0 } else { fixed.sum() };
        assert_eq!(
            trainable == all,
            !unread,
            "{}: {trainable} of {all}",
            title(case)
        );
        assert!(trainable > 0);
    }
}

/// A weight file of the tiny model, changed.
fn with(change: impl FnOnce(&mut TensorFile)) -> Result<TensorData, String> {
    let case = named("tiny.term", "Tiny");
    let model = model(case);
    let params = Params::init(&model, 7, &Device::flex());
    let mut file = weights::file(&model, &params);
    change(&mut file);
    (case.logits)(&file.to_bytes().unwrap(), images(case, 1))
}

const NAME: &str = "b[0].fast.rgu[0].k.weight";

#[test]
fn weights_that_do_not_fit_are_refused_by_name() {
    assert!(with(|_| {}).is_ok());
    let missing = with(|file| drop(file.tensors.remove(NAME).unwrap()));
    assert_eq!(missing.unwrap_err(), format!("missing: `{NAME}`"));
    let unknown = with(|file| {
        let value = file.tensors.get(NAME).unwrap().clone();
        file.tensors.insert("b[0].other".into(), value);
    });
    assert!(unknown.unwrap_err().contains("`b[0].other`"));
    let misshaped = with(|file| {
        let value = TensorData::new(vec![0f32; 6], [2, 3]);
        file.tensors.insert(NAME.into(), value);
    });
    assert!(misshaped.unwrap_err().contains(NAME));
    let shifted = with(|file| {
        let layer = file.tensors.remove("b[0].K.net.filters[0].weight").unwrap();
        file.tensors
            .insert("b[0].K.net.filters[9].weight".into(), layer);
    });
    assert!(shifted.is_err());
    let case = named("tiny.term", "Tiny");
    assert!((case.logits)(b"not a weight file", images(case, 1)).is_err());
    let other = named("digits.term", "Digits");
    let params = Params::init(&model(other), 7, &Device::flex());
    let bytes = weights::file(&model(other), &params).to_bytes().unwrap();
    assert!((case.logits)(&bytes, images(case, 1)).is_err());
}

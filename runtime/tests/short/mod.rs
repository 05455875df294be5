//! A short training on some of the embedded digits, for tests that run whole ones.

use termc_compiler::model::Model;
use termc_runtime::data::{self, Dataset, Source};
use termc_runtime::train::{Event, FORMAT, Interval, Observer, Protocol, Settings};

pub fn digits() -> Dataset {
    data::open(&Source::Digits, &data::Options::default()).unwrap()
}

/// Two epochs of 160 images.
pub fn settings(model: &Model, batch: usize) -> Settings {
    Settings {
        format: FORMAT,
        termc: "test".into(),
        model: model.name.clone(),
        parameters: model.parameter_count(),
        dataset: "digits".into(),
        data_dir: None,
        data: None,
        seed: 3,
        epochs: 2,
        batch,
        limit: Some(160),
        protocol: Protocol::Honest,
        val: 0.1,
        device: "cpu".into(),
        device_used: "cpu".into(),
        precision: "f32".into(),
        kernels: "fused".into(),
        checkpoint_every: Interval::Steps(2),
        keep: 2,
        log_every: 1,
        recipe: serde_json::Value::Null,
    }
}

/// Is told everything and says nothing.
pub struct Silent;

impl Observer for Silent {
    fn on(&mut self, _: Event<'_>) {}
}

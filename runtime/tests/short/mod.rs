//! A short training on some of the embedded digits, for tests that run whole ones.

use termc_compiler::model::Model;
use termc_data::{Dataset, DatasetSource};
use termc_runtime::device::DeviceChoice;
use termc_runtime::network::{KernelChoice, Precision};
use termc_runtime::train::{Event, FORMAT, Interval, Observer, Protocol, Settings};

#[allow(dead_code, reason = "not every test has them")]
pub fn digits() -> Dataset {
    termc_data::open(
        &DatasetSource::Digits,
        &termc_data::DatasetOptions::default(),
    )
    .unwrap()
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
        fit: termc_data::Fit::Crop,
        test: None,
        start: None,
        seed: 3,
        epochs: 2,
        batch,
        limit: Some(160),
        protocol: Protocol::Honest,
        val: 0.1,
        device: DeviceChoice::Cpu,
        device_used: "cpu".into(),
        precision: Precision::F32,
        kernels: KernelChoice::Fused,
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

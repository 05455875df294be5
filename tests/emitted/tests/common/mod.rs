//! What the tests of emitted source share: a case's model with parameters, and made-up images.

use burn::tensor::{Device, Tensor, TensorData};
use termc_compiler::model::Model;
use termc_compiler::{Compiled, NoFiles, Options, compile};
use termc_emitted::Case;
use termc_runtime::freeze::{self, Batches, Calibration};
use termc_runtime::network::{KernelChoice, Network, Pass};
use termc_runtime::params::Params;

/// The model of a case before it is frozen, and what it was compiled from.
pub fn compiled(case: &Case) -> Compiled {
    compile(case.file, case.source, &Options::default(), &NoFiles)
}

/// The model of a case with fresh parameters; a frozen one is calibrated on made-up images.
pub fn network(case: &Case, seed: u64) -> (Model, Params) {
    let model = compiled(case).model.unwrap();
    let params = Params::init(&model, seed, &Device::flex());
    if !case.frozen {
        return (model, params);
    }
    let options = freeze::CalibrationOptions {
        calibration: Calibration::Batch,
        kernels: KernelChoice::Fused,
    };
    let batch = images(case, 4, 0.41);
    let batches = || Ok(Box::new(std::iter::once(Ok(batch.clone()))) as Batches);
    let frozen = freeze::freeze(&params, options, &Device::flex(), batches, |_| {}).unwrap();
    (frozen.model, frozen.params)
}

/// Images that are the same on every run: a fixed mixture of waves.
pub fn images(case: &Case, batch: usize, step: f32) -> TensorData {
    let [channels, height, width] = case.input;
    let count = batch * channels * height * width;
    let pixel = |i| (i as f32 * step).sin() + (i as f32 * 0.013).cos();
    let pixels: Vec<f32> = (0..count).map(pixel).collect();
    TensorData::new(pixels, [batch, channels, height, width])
}

/// The logits that the runtime computes in plain Burn, primitive by primitive, as emitted source does.
pub fn composed(model: &Model, params: &Params, images: TensorData) -> TensorData {
    let pass = Pass {
        kernels: KernelChoice::Composed,
        ..Pass::default()
    };
    let input = Tensor::from_data(images, &Device::flex());
    let forward = Network::new(&model.as_primitives()).forward(params, input, &pass);
    forward.logits.into_data()
}

/// What a failed assertion says.
pub fn title(case: &Case) -> String {
    let form = if case.frozen { ", frozen" } else { "" };
    format!("{} of {}{form}", case.model, case.file)
}

//! Whole networks on Vulkan, values and gradients, by the check that trainings on a GPU begin with; and products whose shapes
//! earlier versions of Burn's libraries got wrong. Needs the feature `vulkan`.
#![cfg(feature = "vulkan")]
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "short/vulkan.rs"]
mod device;

use termc_compiler::{NoFiles, Options, compile};
use termc_runtime::device_check::DeviceCheck;
use termc_runtime::network::{KernelChoice, Precision};

use self::device::vulkan;

/// Requires a model's values and gradients on the device to be the CPU's.
fn agrees(text: &str, kernels: KernelChoice) {
    let Some(device) = vulkan() else {
        return;
    };
    let model = compile("t.term", text, &Options::default(), &NoFiles)
        .model
        .unwrap();
    let check = DeviceCheck {
        model: &model,
        seed: 3,
        batch: 4,
        kernels,
        precision: Precision::F32,
        perturbation: None,
    };
    let deviations = check.run(&device).unwrap_or_else(|wrong| {
        let name = &model[wrong.node].path;
        unreachable!("node `{name}`: {wrong:?}")
    });
    println!("{deviations:?}");
    // Far below what rounding in matrix units would do: these products are float32.
    assert!(
        deviations.value < 0.1 && deviations.gradient < 0.5,
        "{deviations:?}"
    );
}

const TINY: &str = include_str!("../../examples/tiny.term");
const DIGITS: &str = include_str!("../../examples/digits.term");

#[test]
fn a_tiny_network() {
    agrees(TINY, KernelChoice::Fused);
}

#[test]
#[ignore = "a software device compiles its kernels for minutes"]
fn a_tiny_network_of_composed_operations() {
    agrees(TINY, KernelChoice::Composed);
}

#[test]
#[ignore = "a software device compiles its kernels for minutes"]
fn the_digits_network() {
    for kernels in KernelChoice::ALL {
        agrees(DIGITS, kernels);
    }
}

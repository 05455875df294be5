//! The CPU as the device that is compared with itself, and with faults put in.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use termc_compiler::{NoFiles, Options, compile};

use super::*;

fn model(text: &str) -> Model {
    compile("t.term", text, &Options::default(), &NoFiles)
        .model
        .unwrap()
}

fn digits() -> Model {
    model(include_str!("../../../examples/digits.term"))
}

fn check(
    model: &Model,
    kernels: KernelChoice,
    perturbation: Option<Perturbation>,
) -> Result<Deviations, Disagreement> {
    seeded(model, 3, kernels, perturbation)
}

fn seeded(
    model: &Model,
    seed: u64,
    kernels: KernelChoice,
    perturbation: Option<Perturbation>,
) -> Result<Deviations, Disagreement> {
    let job = DeviceCheck {
        model,
        seed,
        batch: 4,
        kernels,
        precision: Precision::F32,
        perturbation,
    };
    job.run(&Device::flex())
}

fn fault(amount: f64, only: NodeId, gradient: bool) -> Option<Perturbation> {
    Some(Perturbation {
        amount,
        draw: 0,
        only: Some(only),
        gradient,
    })
}

#[test]
fn the_cpu_agrees_with_itself() {
    for text in [
        include_str!("../../../examples/tiny.term"),
        include_str!("../../../examples/digits.term"),
    ] {
        let model = model(text);
        for kernels in [KernelChoice::Fused, KernelChoice::Composed] {
            let deviations = check(&model, kernels, None).unwrap();
            println!(
                "{kernels:?}: {deviations:?} of {} gradients",
                model.params.len()
            );
            assert!(
                deviations.value < 0.1 && deviations.gradient < 0.5,
                "{deviations:?}"
            );
            assert!(
                deviations.undecided * 2 < model.params.len(),
                "{deviations:?}"
            );
        }
    }
}

/// Rounding like that of a GPU's matrix units must pass, also where it adds up over the layers. Twice as much may be too far
/// for a few weights and images, whose gradients happen to cancel.
#[test]
fn rounding_is_no_fault() {
    let rounding = |times: f64| Perturbation {
        amount: times * distance::rounding(Precision::F32),
        draw: 1_000,
        only: None,
        gradient: false,
    };
    let model = digits();
    let passed = |times: f64| {
        let each = (0..10).filter_map(|seed| {
            seeded(&model, seed, KernelChoice::Composed, Some(rounding(times))).ok()
        });
        each.collect::<Vec<Deviations>>()
    };
    let once = passed(1.0);
    assert_eq!(once.len(), 10, "{once:?}");
    let twice = passed(2.0);
    assert!(twice.len() >= 9, "{twice:?}");
    let values = twice.iter().map(|deviations| deviations.value);
    assert!(values.clone().all(|value| value > 0.05), "{twice:?}");
}

#[test]
fn a_wrong_value_is_found_at_its_node() {
    let model = digits();
    let middle = model.node_ids().nth(model.nodes.len() / 2).unwrap();
    let wrong = check(&model, KernelChoice::Composed, fault(0.3, middle, false)).unwrap_err();
    assert_eq!(wrong.node, middle);
    assert_eq!(wrong.what, format!("the value of `{}`", model[middle].path));
    assert!(wrong.distance > wrong.allowed);
    let broken = check(
        &model,
        KernelChoice::Composed,
        fault(f64::NAN, middle, false),
    )
    .unwrap_err();
    assert_eq!(broken.node, middle);
}

#[test]
fn a_wrong_gradient_is_found_where_the_backward_pass_meets_it() {
    let model = digits();
    // The last block's value: every gradient but that of the head passes it.
    let block = model.instances.iter().rfind(|one| one.block == "sfne");
    let result = block.unwrap().result;
    let wrong = check(&model, KernelChoice::Fused, fault(0.9, result, true)).unwrap_err();
    assert!(wrong.what.starts_with("the gradient of `"), "{wrong:?}");
    assert!(wrong.node.index() <= result.index(), "{wrong:?}");
}

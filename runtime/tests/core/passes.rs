//! Forward and backward passes: dropout, kept values, gradients of inner values.

use burn::tensor::Tensor;
use termc_compiler::model::{NodeId, Op};
use termc_compiler::{NoFiles, Options, compile};
use termc_data::random::Key;
use termc_runtime::network::{Dropout, Keep, KernelChoice, Network, Pass, Perturbation};

use super::{evaluate, example, images, model, numbers, params};

#[test]
fn dropout_zeroes_whole_channels_and_is_the_same_for_parts_of_a_batch() {
    let model = example("digits.term", &[]);
    let rate = |id: NodeId| match &model[id].op {
        Op::Dropout(op) => Some((op.x, op.rate)),
        _ => None,
    };
    let (id, (x, rate)) = model
        .node_ids()
        .find_map(|id| Some((id, rate(id)?)))
        .unwrap();
    let (network, params) = (Network::new(&model), params(&model));
    // For each image and channel from `first` on, what the channel was multiplied by.
    let factors = |first: usize, count: usize, key: Option<u64>| -> Vec<f32> {
        let pass = Pass {
            dropout: key.map(|seed| Dropout {
                key: Key::new(seed),
                first_image: first,
            }),
            keep: Keep::These(&[x, id]),
            ..Pass::default()
        };
        let input = images(&model, first + count).narrow(0, first, count);
        let kept = network.forward(&params, input, &pass).kept;
        let [before, after] = [0, 1].map(|i| kept[i].1.to_data().try_to_vec::<f32>().unwrap());
        let positions = model[id].shape.sizes.positions();
        let channels = before.chunks(positions).zip(after.chunks(positions));
        let factor = channels.map(|(before, after)| {
            let factor = after[0] / before[0];
            assert!(
                before
                    .iter()
                    .zip(after)
                    .all(|(b, a)| (b * factor - a).abs() < 1e-5)
            );
            factor
        });
        factor.collect()
    };
    let whole = factors(0, 32, Some(3));
    let zeros = whole.iter().filter(|f| **f == 0.0).count() as f64 / whole.len() as f64;
    assert!(
        (zeros - rate).abs() < 0.03,
        "{zeros} of all channels are dropped"
    );
    let scale = (1.0 / (1.0 - rate)) as f32;
    assert!(whole.iter().all(|f| *f == 0.0 || (f - scale).abs() < 1e-4));
    let zero = |factors: &[f32]| factors.iter().map(|f| *f == 0.0).collect::<Vec<_>>();
    assert_eq!(
        zero(&factors(24, 8, Some(3))),
        zero(&whole)[whole.len() / 4 * 3..]
    );
    assert_ne!(zero(&factors(0, 32, Some(4))), zero(&whole));
    assert!(factors(0, 4, None).iter().all(|f| *f == 1.0));
}

#[test]
fn passes_keep_what_is_asked_for_and_agree() {
    let model = model(&[]);
    let network = Network::new(&model);
    let params = params(&model);
    let run = |keep, kernels| {
        let pass = Pass {
            keep,
            kernels,
            ..Pass::default()
        };
        network.forward(&params, images(&model, 2), &pass)
    };
    let all = run(Keep::All, KernelChoice::Composed);
    assert_eq!(all.kept.len(), model.nodes.len());
    for (id, value) in &all.kept {
        assert_eq!(
            value.dims(),
            model[*id].shape.dims(2),
            "{}",
            model[*id].path
        );
    }
    let named = run(Keep::Named, KernelChoice::Composed);
    assert!(named.kept.iter().all(|(id, _)| model[*id].named));
    assert!(!named.kept.is_empty() && named.kept.len() < all.kept.len());
    let none = run(Keep::Nothing, KernelChoice::Composed);
    assert_eq!(none.logits.to_data(), all.logits.to_data());
    assert!(none.kept.is_empty());
    let fused = run(Keep::Nothing, KernelChoice::Fused).logits.to_data();
    none.logits
        .to_data()
        .assert_approx_eq::<f32>(&fused, burn::tensor::Tolerance::relative(1e-4));
}

/// The gradients of inner values are slopes of the loss: each value is changed in a direction, and the loss with it.
#[test]
fn gradients_of_inner_values_are_slopes_of_the_loss() {
    // Without context: what context-dependent slow nets make of it stops gradients on purpose.
    let text = "language 2\nmodel M {\n input image[3, 6, 6]\n K = hyper(image, magnet(hidden=8, omega=4))\n Z = image * K\n \
                a = instance_std(rgu(Z) + rgu(image))\n b = Z @ a |> mixer(6) |> g_ibs(3) |> gelu |> bias\n \
                output logits = head(b, 4)\n loss { cross_entropy(logits, smoothing=0.1) }\n}\n";
    let compiled = compile("m.term", text, &Options::default(), &NoFiles);
    let model = compiled
        .model
        .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
    let model = model.as_primitives();
    let params = params(&model);
    let pass = Pass {
        keep: Keep::All,
        leaves: true,
        kernels: KernelChoice::Composed,
        ..Pass::default()
    };
    let found = evaluate(&model, &params, &pass);
    assert_eq!(found.kept.len(), model.nodes.len());
    let changed = |amount: f64, only: NodeId| Pass {
        keep: Keep::All,
        kernels: KernelChoice::Composed,
        perturbation: Some(Perturbation {
            amount,
            draw: 0,
            only: Some(only),
            gradient: false,
        }),
        ..Pass::default()
    };
    let total = |amount, only| {
        let found = evaluate(&model, &params, &changed(amount, only));
        found.terms.values().total
    };
    let all = |x: &Tensor<4>| x.to_data().iter::<f64>().collect::<Vec<f64>>();
    let mut compared = 0;
    for kept in &found.kept {
        // The direction is the change itself, which is linear in its amount.
        let amount = 1e-2;
        let change = {
            let keep = [kept.node];
            let pass = Pass {
                keep: Keep::These(&keep),
                ..changed(amount, kept.node)
            };
            let moved = Network::new(&model).forward(&params, images(&model, 3), &pass);
            all(&(moved.kept[0].1.clone() - kept.value.clone()))
        };
        let slope = (total(amount, kept.node) - total(-amount, kept.node)) / 2.0;
        let expected = match &kept.gradient {
            None => 0.0,
            Some(gradient) => {
                let gradient = all(gradient);
                assert_eq!(gradient.len(), change.len());
                gradient.iter().zip(&change).map(|(g, c)| g * c).sum()
            }
        };
        let path = &model[kept.node].path;
        println!("{path}: {slope:.3e}, {expected:.3e}");
        assert!(
            (slope - expected).abs() <= 2e-3 * expected.abs() + 5e-7,
            "{path}: {slope:e}, not {expected:e}"
        );
        compared += usize::from(expected.abs() > 5e-5);
    }
    assert!(compared > 20, "{compared}");
    // Leaves change nothing.
    let without = evaluate(
        &model,
        &params,
        &Pass {
            leaves: false,
            ..pass
        },
    );
    assert_eq!(numbers(&without.gradient), numbers(&found.gradient));
}

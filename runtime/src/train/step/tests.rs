//! Steps on several devices are steps on one.

use burn_flex::FlexDevice;
use termc_compiler::{Options, compile};

use super::*;
use crate::device::Cpu;
use crate::random::Key;
use crate::train::{FORMAT, Interval, Protocol};

fn network() -> Arc<Network> {
    let text = include_str!("../../../../examples/ablations/bottleneck.term");
    let compiled = compile("t.term", text, &Options::default());
    Arc::new(Network::new(&compiled.model.unwrap()))
}

fn learner(network: &Arc<Network>, devices: usize) -> Learner<Cpu> {
    let settings = Settings {
        format: FORMAT,
        termc: String::new(),
        model: String::new(),
        parameters: 0,
        dataset: String::new(),
        data_dir: None,
        data: None,
        seed: 0,
        epochs: 1,
        batch: 8,
        limit: None,
        protocol: Protocol::Honest,
        val: 0.0,
        device: String::new(),
        device_used: String::new(),
        precision: String::new(),
        kernels: "fused".into(),
        checkpoint_every: Interval::Steps(1),
        keep: 1,
        log_every: 1,
        recipe: serde_json::Value::Null,
    };
    let devices = Devices {
        main: FlexDevice,
        replicas: vec![FlexDevice; devices - 1],
    };
    Learner::new(network, &settings, &devices, None).unwrap()
}

fn compared(learner: &Learner<Cpu>) -> Result<Tensors, Error> {
    learner.compare(0)?;
    Ok(learner.to_tensors())
}

fn batch(images: usize) -> Batch {
    let key = Key::new(4);
    let pixels = (0..images * 64).map(|i| key.normal(i as u64) as f32);
    let mut targets = vec![0.0; images * 10];
    targets
        .chunks_mut(10)
        .enumerate()
        .for_each(|(i, row)| row[i % 10] = 1.0);
    Batch {
        number: 0,
        shape: [images, 1, 8, 8],
        images: pixels.collect(),
        targets,
        labels: (0..images).map(|i| i % 10).collect(),
        indices: (0..images).collect(),
    }
}

#[test]
fn shares_cover_the_step_in_order() {
    let all = shares(vec![batch(7), batch(2)], 3);
    let sizes = |shares: &Vec<Share>| -> Vec<(usize, usize)> {
        shares
            .iter()
            .map(|s| (s.first_image, s.batch.len()))
            .collect()
    };
    let sizes: Vec<_> = all.iter().map(sizes).collect();
    assert_eq!(
        sizes,
        [[(0, 2), (7, 0)], [(2, 2), (7, 1)], [(4, 3), (8, 1)]]
    );
    let weights: f64 = all.iter().flatten().map(|s| s.weight).sum();
    assert!((weights - 1.0).abs() < 1e-12);
    let first: Vec<f32> = all.iter().flat_map(|s| s[0].batch.images.clone()).collect();
    assert_eq!(first, batch(7).images);
    let targets: Vec<f32> = all
        .iter()
        .flat_map(|s| s[0].batch.targets.clone())
        .collect();
    assert_eq!(targets, batch(7).targets);
    assert_eq!(all[2][0].batch.shape, [3, 1, 8, 8]);
}

/// The last batch of an epoch may have fewer images than there are devices.
#[test]
fn devices_without_images_add_nothing() {
    let network = network();
    let after = |devices: usize| {
        let mut learner = learner(&network, devices);
        let result = learner
            .step(vec![batch(2)], 0, 0.01, Wish::default)
            .unwrap();
        assert_eq!(result.images, 2);
        (result.terms.total, compared(&learner).unwrap())
    };
    let ((one, weights), (three, same)) = (after(1), after(3));
    assert!((one - three).abs() < 1e-6);
    assert_eq!(weights.len(), same.len());
}

#[test]
fn replicas_stay_equal_and_are_held_to_it() {
    let network = network();
    let mut learner = learner(&network, 3);
    for step in 0..3 {
        learner
            .step(vec![batch(8), batch(5)], step, 0.01, Wish::default)
            .unwrap();
        compared(&learner).unwrap();
    }
    // A device that changes its weights by itself is found out.
    let answer = learner.others[1].ask(|peer| {
        let gradient = peer.replica.params().flat().ones_like();
        peer.replica.update(gradient, 1e-6);
    });
    answer.wait().unwrap();
    let error = compared(&learner).unwrap_err().to_string();
    assert_eq!(
        error,
        "the weights on device 3 of 3 differ from those on the first"
    );
}

#[test]
fn what_is_not_finite_anywhere_stops_all_and_changes_nothing() {
    let network = network();
    let mut learner = learner(&network, 2);
    let before = compared(&learner).unwrap();
    for image in [0, 7] {
        let mut broken = batch(8);
        broken.images[image * 64] = f32::NAN;
        let stopped = learner
            .step(vec![broken], 0, 0.01, Wish::default)
            .unwrap_err();
        assert!(
            matches!(stopped, NoStep::NotFinite(Culprit::Value(_))),
            "{stopped:?}"
        );
        assert_eq!(compared(&learner).unwrap(), before);
    }
    learner
        .step(vec![batch(8)], 0, 0.01, Wish::default)
        .unwrap();
    assert_ne!(compared(&learner).unwrap(), before);
}

/// What learners on several nodes come to after some steps: losses, images and weights of each.
fn on_nodes(devices: &[usize]) -> Vec<(f64, usize, Tensors)> {
    let network = network();
    let nodes = crate::train::nodes::tests::meet(devices);
    let work = |(nodes, own): (Nodes, usize)| {
        let mut learner = learner(&network, own);
        learner.nodes = Some(nodes);
        let mut last = 0.0;
        let mut images = 0;
        for step in 0..3 {
            // The last has fewer images than there are devices.
            let batches = vec![batch([8, 7, 2][step])];
            let result = learner.step(batches, step, 0.01, Wish::default).unwrap();
            last = result.terms.total;
            images += result.images;
            learner.compare(step + 1).unwrap();
        }
        learner.part().unwrap();
        (last, images, learner.to_tensors())
    };
    std::thread::scope(|scope| {
        let working: Vec<_> = (nodes.into_iter().zip(devices))
            .map(|(nodes, own)| scope.spawn(move || work((nodes, *own))))
            .collect();
        working.into_iter().map(|t| t.join().unwrap()).collect()
    })
}

/// Two addends give one sum: devices of one node and nodes of one device come to the same bits.
#[test]
fn two_nodes_make_the_steps_of_two_devices() {
    let network = network();
    let mut learner = learner(&network, 2);
    let mut last = 0.0;
    for step in 0..3 {
        let batches = vec![batch([8, 7, 2][step])];
        let result = learner.step(batches, step, 0.01, Wish::default).unwrap();
        last = result.terms.total;
    }
    let expected = learner.to_tensors();
    drop(learner);
    for (found, images, tensors) in on_nodes(&[1, 1]) {
        assert_eq!((found, images), (last, 17));
        assert_eq!(tensors, expected);
    }
}

#[test]
fn nodes_may_have_several_devices() {
    let found = on_nodes(&[2, 1, 1]);
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0], found[2]);
    assert_eq!(found[0].1, 17);
}

#[test]
fn a_device_whose_thread_ends_is_an_error() {
    let network = network();
    let learner = learner(&network, 2);
    let answer: super::super::peers::Answer<()> = learner.others[0].ask(|_| panic!("on purpose"));
    assert!(answer.wait().is_err());
    assert!(compared(&learner).is_err());
}

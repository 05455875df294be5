use std::collections::HashMap;
use std::time::Duration;

use termc_compiler::model::{Augment, Normalize, PadMode};
use termc_data::{Batch, DatasetOptions, DatasetSource, Loader, SplitOptions, Subset, open, split};

use crate::{part, plain};

fn recipe() -> Vec<Augment> {
    vec![
        Augment::RandomCrop {
            padding: 2,
            mode: PadMode::Symmetric,
        },
        Augment::HorizontalFlip,
        Augment::RandomErasing {
            probability: 0.5,
            area: [0.1, 0.3],
        },
        Augment::Mixup { alpha: 0.4 },
        Augment::Cutmix { alpha: 1.0 },
    ]
}

fn training(n: usize, batch: usize, seed: u64) -> Loader {
    let subset = Subset::all(part(n, [3, 6, 5], 10));
    Loader::training(subset, batch, &plain(3), &recipe(), seed).unwrap()
}

fn all(loader: &Loader, epoch: usize, first: usize) -> Vec<Batch> {
    loader
        .epoch(epoch, first)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn every_image_is_in_exactly_one_batch() {
    for (n, batch, sizes) in [
        (100, 32, vec![32, 32, 32, 4]),
        (96, 32, vec![32, 32, 32]),
        (97, 32, vec![32, 32, 33]),
        (33, 32, vec![33]),
        (1, 32, vec![1]),
        (3, 1, vec![1, 1, 1]),
        (5, 32, vec![5]),
    ] {
        let subset = Subset::all(part(n, [1, 2, 2], 3));
        for loader in [
            Loader::training(subset.clone(), batch, &plain(1), &[], 1).unwrap(),
            Loader::evaluation(subset, batch, &plain(1)).unwrap(),
        ] {
            let batches = all(&loader, 0, 0);
            assert_eq!(batches.iter().map(Batch::len).collect::<Vec<_>>(), sizes);
            assert_eq!(loader.batches(), sizes.len());
            let mut seen: Vec<usize> = batches.iter().flat_map(|b| b.indices.clone()).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..n).collect::<Vec<_>>());
        }
    }
}

#[test]
fn evaluation_keeps_order_and_normalizes() {
    let normalize = Normalize {
        mean: vec![0.5, 0.25],
        std: vec![0.5, 2.0],
    };
    let part = part(10, [2, 1, 3], 4);
    let subset = Subset::new(part, vec![7, 2, 9]).unwrap();
    let loader = Loader::evaluation(subset, 2, &normalize).unwrap();
    let batches = all(&loader, 5, 0);
    assert_eq!(batches.len(), 1);
    let batch = &batches[0];
    assert_eq!(batch.shape, [3, 2, 1, 3]);
    assert_eq!(batch.indices, [7, 2, 9]);
    assert_eq!(batch.labels, [3, 2, 1]);
    assert_eq!(
        batch.targets,
        [0., 0., 0., 1., 0., 0., 1., 0., 0., 1., 0., 0.]
    );
    let value = |byte: f64, mean: f64, std: f64| ((byte / 255.0 - mean) / std) as f32;
    let expected: Vec<f32> = [7.0, 2.0, 9.0]
        .into_iter()
        .flat_map(|byte| [[value(byte, 0.5, 0.5); 3], [value(byte, 0.25, 2.0); 3]].concat())
        .collect();
    assert_eq!(batch.images, expected);
}

#[test]
fn epochs_differ_and_repeat() {
    let loader = training(50, 8, 3);
    assert_eq!(all(&loader, 2, 0), all(&loader, 2, 0));
    assert_eq!(all(&loader, 2, 0), all(&training(50, 8, 3), 2, 0));
    let order = |loader: &Loader, epoch| -> Vec<usize> {
        all(loader, epoch, 0)
            .into_iter()
            .flat_map(|b| b.indices)
            .collect()
    };
    assert_ne!(order(&loader, 2), order(&loader, 3));
    assert_ne!(order(&loader, 2), order(&training(50, 8, 4), 2));
    assert_ne!(order(&loader, 0), (0..50).collect::<Vec<_>>());
}

#[test]
fn an_epoch_can_be_entered_anywhere() {
    let loader = training(50, 8, 3);
    let whole = all(&loader, 4, 0);
    for first in 0..=loader.batches() {
        assert_eq!(all(&loader, 4, first), whole[first..]);
    }
}

#[test]
fn augmentation_is_the_images_own() {
    // Without mixing, what becomes of an image does not depend on the batch size or its neighbours.
    let images = |batch| {
        let subset = Subset::all(part(40, [3, 6, 5], 10));
        let loader = Loader::training(subset, batch, &plain(3), &recipe()[..3], 9).unwrap();
        let mut images = HashMap::new();
        for batch in all(&loader, 1, 0) {
            for (index, image) in batch.indices.iter().zip(batch.images.chunks(90)) {
                images.insert(*index, image.to_vec());
            }
        }
        images
    };
    assert_eq!(images(7), images(40));
}

#[test]
fn leaving_an_epoch_early_stops_its_worker() {
    let loader = training(10_000, 1, 0);
    let mut epoch = loader.epoch(0, 0).unwrap();
    assert_eq!(epoch.next().unwrap().unwrap().number, 0);
    assert_eq!(epoch.position(), 1);
    // Dropping joins the worker: this would take much longer, or for ever, if it went on.
    drop(epoch);
}

#[test]
fn a_slow_consumer_does_not_wait() {
    let loader = training(64, 8, 0);
    let mut epoch = loader.epoch(0, 0).unwrap();
    epoch.next().unwrap().unwrap();
    let first = epoch.waited();
    assert!(first > Duration::ZERO);
    let mut slept = Duration::ZERO;
    loop {
        let pause = Duration::from_millis(40);
        std::thread::sleep(pause);
        slept += pause;
        if epoch.next().is_none() {
            break;
        }
    }
    let waited = epoch.waited() - first;
    assert!(waited < slept / 4, "{waited:?} of {slept:?}");
}

#[test]
fn wrong_settings_are_refused() {
    let subset = Subset::all(part(4, [3, 2, 2], 2));
    let message = |normalize: Normalize, batch| {
        Loader::evaluation(subset.clone(), batch, &normalize)
            .err()
            .unwrap()
            .to_string()
    };
    assert_eq!(
        message(plain(3), 0),
        "batch size: expected at least 1, found 0"
    );
    assert_eq!(
        message(plain(1), 1),
        "channel statistics: expected 3 means and 3 standard deviations, found 1 and 1"
    );
    let zero = Normalize {
        mean: vec![0.0; 3],
        std: vec![1.0, 0.0, 1.0],
    };
    assert_eq!(
        message(zero, 1),
        "standard deviation: expected more than 0, found 0"
    );
    assert_eq!(
        Subset::new(part(4, [1, 1, 1], 2), vec![1, 4])
            .unwrap_err()
            .to_string(),
        "image index: expected less than 4, found 4"
    );
}

/// What a seed means is part of every recorded run: these values may not change.
#[test]
fn a_seed_keeps_its_meaning() {
    let digits = open(&DatasetSource::Digits, &DatasetOptions::default()).unwrap();
    let options = SplitOptions {
        val: 0.1,
        limit: Some(100),
        seed: 1,
    };
    let split = split(&digits, &options).unwrap();
    let validation = [206, 1393, 885, 1208, 1165, 1280, 524, 1369, 1182, 15];
    assert_eq!(split.validation.indices(), validation);
    let loader = Loader::training(split.train, 8, &plain(1), &recipe()[..2], 1).unwrap();
    let batch = loader.epoch(3, 2).unwrap().next().unwrap().unwrap();
    assert_eq!(batch.indices, [1307, 851, 692, 1050, 79, 416, 711, 684]);
    let bytes: Vec<i64> = batch
        .images
        .iter()
        .map(|v| (v * 255.0).round() as i64)
        .collect();
    assert_eq!(bytes[..8], [128, 0, 0, 128, 191, 143, 207, 207]);
    let sum = bytes
        .iter()
        .enumerate()
        .map(|(at, v)| at as i64 * v)
        .sum::<i64>();
    assert_eq!(sum, 9_567_349);
}

use std::sync::Arc;

use termc_data::{Dataset, DatasetOptions, DatasetSource, Identity, Part, open};

use crate::dataset;

#[test]
fn the_digits_are_all_there() {
    let digits = open(&DatasetSource::Digits, &DatasetOptions::default()).unwrap();
    assert_eq!(digits.shape, [1, 8, 8]);
    assert_eq!((digits.train.len(), digits.test.len()), (1438, 359));
    assert_eq!(digits.classes.join(""), "0123456789");
    // The first record is a 0 and in the training part, the fifth a 4 and in the test part.
    assert_eq!(digits.train.label(0).unwrap(), 0);
    assert_eq!(digits.test.label(0).unwrap(), 4);
    let first = [0, 0, 80, 207, 143, 16, 0, 0];
    assert_eq!(digits.train.image(0).unwrap()[..8], first);
    let brightest = (0..1438).map(|i| *digits.train.image(i).unwrap().iter().max().unwrap());
    assert_eq!(brightest.max(), Some(255));
    let counts = |labels: &[u16]| {
        let mut counts = [0; 10];
        labels
            .iter()
            .for_each(|&label| counts[usize::from(label)] += 1);
        counts
    };
    let (train, test) = (counts(digits.train.labels()), counts(digits.test.labels()));
    assert_eq!(
        std::array::from_fn(|c| train[c] + test[c]),
        [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    );
    assert!(
        (digits.normalize.mean[0] - 0.3057).abs() < 0.001,
        "{:?}",
        digits.normalize
    );
    assert!(
        (digits.normalize.std[0] - 0.376).abs() < 0.001,
        "{:?}",
        digits.normalize
    );
}

#[test]
fn names_are_read_and_written() {
    for name in [
        "digits",
        "CIFAR10",
        "CIFAR100",
        "MNIST",
        "FashionMNIST",
        "STL10",
        "folder:some/where",
    ] {
        assert_eq!(name.parse::<DatasetSource>().unwrap().to_string(), name);
    }
    assert_eq!(
        "cifar10".parse::<DatasetSource>().unwrap().to_string(),
        "CIFAR10"
    );
    let error = "CIFAR11".parse::<DatasetSource>().unwrap_err().to_string();
    assert_eq!(
        error,
        "no data set is called `CIFAR11`, expected one of digits, CIFAR10, CIFAR100, MNIST, FashionMNIST, STL10, folder:DIR"
    );
}

/// The real images, where this machine has them unpacked in the official layout.
#[test]
fn cifar10_from_a_folder() {
    let Some(folder) = std::env::var_os("TERMC_CIFAR10") else {
        eprintln!("skipped: TERMC_CIFAR10 names no folder with cifar-10-batches-bin");
        return;
    };
    let options = DatasetOptions {
        data_dir: Some(folder.into()),
        ..DatasetOptions::default()
    };
    let cifar = open(&"CIFAR10".parse().unwrap(), &options).unwrap();
    assert_eq!((cifar.train.len(), cifar.test.len()), (50_000, 10_000));
    let statistics = termc_data::statistics(&cifar.train).unwrap();
    for (found, expected) in [
        (&statistics.mean, &cifar.normalize.mean),
        (&statistics.std, &cifar.normalize.std),
    ] {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 0.003, "{statistics:?}");
        }
    }
}

#[test]
fn one_changed_pixel_changes_the_identity() {
    let data = dataset(40, 10, [1, 3, 3], 10);
    let identity = Identity::of(&data);
    assert_eq!(identity.difference(&Identity::of(&data)), None);
    let mut images: Vec<u8> = (0..40).flat_map(|i| [i as u8; 9]).collect();
    images[100] ^= 1;
    let labels = data.train.labels().to_vec();
    let changed = Dataset {
        train: Arc::new(Part::new([1, 3, 3], 10, images, labels.clone()).unwrap()),
        ..data.clone()
    };
    let difference = identity.difference(&Identity::of(&changed)).unwrap();
    assert_eq!(difference.0, "the pixels");
    assert_ne!(difference.1, difference.2);
    // Images behind a function cannot be hashed beforehand, and older records have no hash.
    let part = data.train.clone();
    let read = move |index| part.image(index).map(|image| image.into_owned());
    let unknown = Dataset {
        train: Arc::new(Part::from_fn([1, 3, 3], 10, labels, read).unwrap()),
        ..data.clone()
    };
    assert_eq!(Identity::of(&unknown).pixels, None);
    assert_eq!(identity.difference(&Identity::of(&unknown)), None);
    let fewer = dataset(30, 10, [1, 3, 3], 10);
    let difference = identity.difference(&Identity::of(&fewer)).unwrap();
    assert_eq!(difference.0, "the training part");
}

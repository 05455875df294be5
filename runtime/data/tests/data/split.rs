use std::collections::HashSet;
use std::sync::Arc;

use proptest::prelude::*;
use termc_data::{Dataset, Part, SplitOptions, Subset, split};

use crate::{dataset, plain};

fn options(val: f64, limit: Option<usize>, seed: u64) -> SplitOptions {
    SplitOptions { val, limit, seed }
}

fn class_counts(subset: &Subset, classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    for &index in subset.indices() {
        counts[subset.part().label(index).unwrap()] += 1;
    }
    counts
}

#[test]
fn every_image_is_in_exactly_one_subset() {
    let data = dataset(1003, 17, [1, 1, 1], 10);
    let split = split(&data, &options(0.1, None, 7)).unwrap();
    assert_eq!((split.train.len(), split.validation.len()), (903, 100));
    let all: HashSet<usize> = [split.train.indices(), split.validation.indices()]
        .concat()
        .into_iter()
        .collect();
    assert_eq!(all.len(), 1003);
    assert_eq!(split.test.indices(), (0..17).collect::<Vec<_>>());
    assert!(split.validation.part().len() == 1003 && split.test.part().len() == 17);
}

#[test]
fn without_validation_everything_trains() {
    let split = split(&dataset(50, 5, [1, 1, 1], 10), &options(0.0, None, 0)).unwrap();
    assert_eq!((split.train.len(), split.validation.len()), (50, 0));
}

#[test]
fn seeds_decide_and_nothing_else() {
    let data = dataset(1000, 10, [1, 1, 1], 10);
    let at = |seed| split(&data, &options(0.2, None, seed)).unwrap();
    assert_eq!(at(1).train.indices(), at(1).train.indices());
    assert_eq!(at(1).validation.indices(), at(1).validation.indices());
    assert_ne!(at(1).validation.indices(), at(2).validation.indices());
}

#[test]
fn smaller_limits_use_subsets() {
    let data = dataset(1000, 10, [1, 1, 1], 10);
    let at = |limit| {
        let split = split(&data, &options(0.0, Some(limit), 3)).unwrap();
        split
            .train
            .indices()
            .iter()
            .copied()
            .collect::<HashSet<_>>()
    };
    assert!(at(40).is_subset(&at(100)));
    assert_eq!(at(5000).len(), 1000);
}

#[test]
fn impossible_splits_are_refused() {
    let data = dataset(10, 2, [1, 1, 1], 2);
    for (options, message) in [
        (
            options(1.0, None, 0),
            "cannot split 10 training images: the validation fraction is 1, expected 0 <= fraction < 1",
        ),
        (
            options(-0.1, None, 0),
            "cannot split 10 training images: the validation fraction is -0.1, expected 0 <= fraction < 1",
        ),
        (
            options(f64::NAN, None, 0),
            "cannot split 10 training images: the validation fraction is NaN, expected 0 <= fraction < 1",
        ),
        (
            options(0.1, Some(1), 0),
            "cannot split 10 training images: with a limit of 1 and 1 for validation none is left to train on",
        ),
        (
            options(0.0, Some(0), 0),
            "cannot split 10 training images: with a limit of 0 and 0 for validation none is left to train on",
        ),
    ] {
        assert_eq!(split(&data, &options).unwrap_err().to_string(), message);
    }
}

proptest! {
    /// Both parts hold each class in proportion, to within two images, however uneven the classes are.
    #[test]
    fn splits_are_stratified(
        labels in prop::collection::vec(0u16..5, 20..400),
        skew in 0u16..4,
        val in 0.05f64..0.6,
        seed in 0u64..100,
    ) {
        let labels: Vec<u16> = labels.iter().map(|&l| if l > skew { 4 } else { l }).collect();
        let n = labels.len();
        let part = |labels: Vec<u16>| Arc::new(Part::new([1, 1, 1], 5, vec![0; labels.len()], labels).unwrap());
        let data = Dataset {
            name: "uneven".into(),
            classes: (0..5).map(|c| c.to_string()).collect(),
            shape: [1, 1, 1],
            normalize: plain(1),
            train: part(labels),
            fit: termc_data::Fit::Crop,
            drawn: None,
            validation: None,
            test: part(vec![0]),
            warnings: vec![],
            notes: vec![],
        };
        let split = split(&data, &options(val, None, seed)).unwrap();
        prop_assert_eq!(split.train.len() + split.validation.len(), n);
        let whole = class_counts(&Subset::all(data.train.clone()), 5);
        let validation = class_counts(&split.validation, 5);
        let fraction = split.validation.len() as f64 / n as f64;
        for (count, validating) in whole.iter().zip(&validation) {
            prop_assert!((*count as f64 * fraction - *validating as f64).abs() <= 2.0, "{:?} {:?}", whole, validation);
        }
    }
}

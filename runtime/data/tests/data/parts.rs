//! The parts of image folders: with and without folders for them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use image::{GrayImage, Luma};
use tempfile::TempDir;
use termc_data::{
    Dataset, DatasetOptions, DatasetSource, Error, Identity, SplitOptions, open, split,
};

/// Image files of 2x2 pixels, each its own grey.
fn save(folder: &Path, count: usize) {
    fs::create_dir_all(folder).unwrap();
    for number in 0..count {
        GrayImage::from_pixel(2, 2, Luma([number as u8]))
            .save(folder.join(format!("{number:03}.png")))
            .unwrap();
    }
}

fn open_with(dir: &TempDir, test: Option<f64>, seed: u64) -> Result<Dataset, Error> {
    let options = DatasetOptions {
        test,
        seed,
        ..DatasetOptions::default()
    };
    open(&DatasetSource::Folder(dir.path().to_owned()), &options)
}

fn files(part: &termc_data::Part) -> BTreeSet<PathBuf> {
    (0..part.len())
        .map(|index| part.file(index).unwrap().clone())
        .collect()
}

fn count(part: &termc_data::Part, label: u16) -> usize {
    part.labels()
        .iter()
        .filter(|&&found| found == label)
        .count()
}

#[test]
fn without_a_split_a_test_part_is_drawn() {
    let dir = TempDir::new().unwrap();
    for (class, images) in [("cats", 40), ("dogs", 10), ("rare", 2), ("single", 1)] {
        save(&dir.path().join(class), images);
    }
    let data = open_with(&dir, None, 0).unwrap();
    assert_eq!(data.classes, ["cats", "dogs", "rare", "single"]);
    // A fifth of each class, of two images one, of a single one none.
    let tests = [0, 1, 2, 3].map(|label| count(&data.test, label));
    assert_eq!(tests, [8, 2, 1, 0]);
    assert_eq!(data.train.len(), 53 - 11);
    let all = &files(&data.train) | &files(&data.test);
    assert_eq!(all.len(), 53);
    let shown = dir.path().display();
    assert_eq!(
        data.notes,
        [format!(
            "no test folder: 11 images, 20 % of each class of `{shown}`, drawn with seed 0, are the test part"
        )]
    );
    assert!(data.validation.is_none());
    // The same again, and another one with another seed.
    assert_eq!(
        files(&open_with(&dir, None, 0).unwrap().test),
        files(&data.test)
    );
    assert_ne!(
        files(&open_with(&dir, None, 1).unwrap().test),
        files(&data.test)
    );
    let half = open_with(&dir, Some(0.5), 0).unwrap();
    let tests = [0, 1, 2, 3].map(|label| count(&half.test, label));
    assert_eq!(tests, [20, 5, 1, 0]);
    for fraction in [0.0, 1.0, -0.1, f64::NAN] {
        let error = open_with(&dir, Some(fraction), 0).unwrap_err().to_string();
        assert!(error.contains("expected 0 < fraction < 1"), "{error}");
    }
}

#[test]
fn a_class_of_single_images_cannot_be_divided() {
    let dir = TempDir::new().unwrap();
    save(&dir.path().join("a"), 1);
    save(&dir.path().join("b"), 1);
    let error = open_with(&dir, None, 0).unwrap_err().to_string();
    assert!(
        error.ends_with("no class has two images, of which one could test"),
        "{error}"
    );
}

#[test]
fn a_training_folder_alone_is_divided_as_well() {
    let dir = TempDir::new().unwrap();
    save(&dir.path().join("Train/a"), 10);
    save(&dir.path().join("Train/b"), 10);
    let data = open_with(&dir, Some(0.3), 0).unwrap();
    assert_eq!((data.train.len(), data.test.len()), (14, 6));
}

#[test]
fn validation_folders_validate() {
    let dir = TempDir::new().unwrap();
    for (part, images) in [("train", 10), ("val", 3), ("test", 2)] {
        save(&dir.path().join(part).join("a"), images);
        save(&dir.path().join(part).join("b"), images);
    }
    let data = open_with(&dir, None, 0).unwrap();
    assert_eq!((data.train.len(), data.test.len()), (20, 4));
    assert_eq!(data.notes, [""; 0]);
    let options = |val, limit| SplitOptions {
        val,
        limit,
        seed: 0,
    };
    let parts = split(&data, &options(0.1, None)).unwrap();
    assert_eq!(
        (parts.train.len(), parts.validation.len(), parts.test.len()),
        (20, 6, 4)
    );
    assert_eq!(
        files(parts.validation.part()),
        files(data.validation.as_ref().unwrap())
    );
    let parts = split(&data, &options(0.0, Some(7))).unwrap();
    assert_eq!((parts.train.len(), parts.validation.len()), (7, 0));
    // One changed pixel there is another data set.
    let before = Identity::of(&data);
    save(&dir.path().join("val/a"), 1);
    GrayImage::from_pixel(2, 2, Luma([77]))
        .save(dir.path().join("val/a/000.png"))
        .unwrap();
    let after = Identity::of(&open_with(&dir, None, 0).unwrap());
    assert_eq!(before.difference(&after).unwrap().0, "the pixels");

    // Where it stands for the test part, as in ImageNet, and where one is drawn.
    fs::remove_dir_all(dir.path().join("test")).unwrap();
    let data = open_with(&dir, None, 0).unwrap();
    assert_eq!((data.train.len(), data.test.len()), (20, 6));
    assert!(data.validation.is_none());
    let shown = dir.path().join("val");
    let note = format!("no test folder: `{}` is the test part", shown.display());
    assert!(data.notes[0].starts_with(&note), "{:?}", data.notes);
    let data = open_with(&dir, Some(0.2), 0).unwrap();
    assert_eq!((data.train.len(), data.test.len()), (16, 4));
    assert_eq!(data.validation.unwrap().len(), 6);
}

#[test]
fn classes_of_other_parts_are_those_of_training() {
    let dir = TempDir::new().unwrap();
    for folder in ["train/a", "train/b", "train/c", "test/c", "valid/b"] {
        save(&dir.path().join(folder), 2);
    }
    let data = open_with(&dir, None, 0).unwrap();
    assert_eq!(data.test.labels(), [2, 2]);
    assert_eq!(data.validation.unwrap().labels(), [1, 1]);
    save(&dir.path().join("valid/B"), 1);
    let error = open_with(&dir, None, 0).unwrap_err();
    let folder = dir.path().join("valid");
    let expected = format!(
        "class `B` of `{}` is not among the training classes",
        folder.display()
    );
    assert_eq!(error.to_string(), expected);
    assert!(error.help().unwrap().contains("check the spelling"));
}

#[test]
fn contradictions_are_refused() {
    let dir = TempDir::new().unwrap();
    for folder in ["train/a", "test/a"] {
        save(&dir.path().join(folder), 2);
    }
    let error = open_with(&dir, Some(0.2), 0).unwrap_err();
    let test = dir.path().join("test");
    let expected = format!(
        "a test part is to be drawn, and `{}` is one",
        test.display()
    );
    assert_eq!(error.to_string(), expected);
    assert!(error.help().unwrap().contains("--test"));
    fs::create_dir(dir.path().join("Testing")).unwrap();
    let error = open_with(&dir, None, 0).unwrap_err().to_string();
    assert!(error.contains("have names of the same part"), "{error}");
    fs::remove_dir(dir.path().join("Testing")).unwrap();
    fs::rename(dir.path().join("train"), dir.path().join("trian")).unwrap();
    let error = open_with(&dir, None, 0).unwrap_err().to_string();
    let train = dir.path().join("train");
    let expected = format!(
        "no image files in `{}`, expected a folder with image files for each class",
        train.display()
    );
    assert_eq!(error, expected);
}

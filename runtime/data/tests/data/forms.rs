//! Published data sets in the forms that people have besides the official binary one, files of other data sets, and what is told
//! of them. Parquet files are tested in a module of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use termc_data::fetch::{FetchOptions, NoticeCallback};
use termc_data::{Dataset, DatasetOptions, DatasetSpec, Error, FileLayout, open_spec};

use crate::formats::{contents, small};

pub fn open(spec: &DatasetSpec, data_dir: &Path) -> Result<Dataset, Error> {
    let options = DatasetOptions {
        data_dir: Some(data_dir.to_owned()),
        offline: true,
        ..DatasetOptions::default()
    };
    open_spec(spec, &options)
}

pub fn stored(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name)
}

/// A description with as many images as the stored files have, in one file a part.
pub fn of_stored(spec: DatasetSpec) -> DatasetSpec {
    let mut spec = small(spec, 3, 2);
    if spec.layout == FileLayout::Cifar10 {
        spec.train.truncate(1);
    }
    spec
}

/// Requires the images of the stored files: three and two, as their make.py says.
#[track_caller]
pub fn assert_stored(data: &Dataset) {
    for (part, numbers) in [(&data.train, &[0, 1, 2][..]), (&data.test, &[5, 6])] {
        let labels: Vec<u16> = numbers.iter().map(|&i| i as u16 + 3).collect();
        assert_eq!(part.labels(), labels);
        for (index, &number) in numbers.iter().enumerate() {
            let image = part.image(index).unwrap();
            let expected = (0..image.len()).map(|p| ((number * 101 + p * 7) % 256) as u8);
            assert!(image.iter().copied().eq(expected), "{} {number}", data.name);
        }
    }
}

#[test]
fn arrays_are_read_in_either_order() {
    for (spec, from, to) in [
        (DatasetSpec::mnist(), "mnist.npz", "mnist.npz"),
        (DatasetSpec::cifar10(), "cifar10.npz", "cifar10.npz"),
        (DatasetSpec::cifar10(), "planar.npz", "cifar-10.npz"),
    ] {
        let spec = of_stored(spec);
        let dir = TempDir::new().unwrap();
        fs::copy(stored("arrays").join(from), dir.path().join(to)).unwrap();
        assert_stored(&open(&spec, dir.path()).unwrap());
    }
}

#[test]
fn arrays_that_do_not_fit_are_named() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("mnist.npz");
    let spec = of_stored(DatasetSpec::mnist());
    let starts = |text: &str| {
        let message = open(&spec, dir.path()).unwrap_err().to_string();
        let expected = format!("`{}` is malformed: {text}", file.display());
        assert!(message.starts_with(&expected), "{message}");
    };
    fs::copy(stored("arrays/floats.npz"), &file).unwrap();
    starts("the array of images is of type `<f4`, expected of bytes (`uint8`)");
    fs::copy(stored("arrays/cifar10.npz"), &file).unwrap();
    starts("the array of images is of sizes [3, 32, 32, 3], expected of sizes [3, 28, 28, 1]");
    let whole = fs::read(stored("arrays/mnist.npz")).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    starts("its content is ");
    // One bit of the first array's compressed values, which end where the next one's header begins.
    let header = |at: &usize| whole[*at..].starts_with(b"PK\x03\x04");
    let end = (1..whole.len()).find(header).unwrap();
    for at in (64..end).step_by(40) {
        let mut damaged = whole.clone();
        damaged[at] ^= 4;
        fs::write(&file, damaged).unwrap();
        assert!(open(&spec, dir.path()).is_err(), "byte {at}");
    }
    let wrong = small(DatasetSpec::mnist(), 4, 2);
    fs::write(&file, &whole).unwrap();
    let message = open(&wrong, dir.path()).unwrap_err().to_string();
    assert!(
        message.contains("expected of sizes [4, 28, 28, 1]"),
        "{message}"
    );
}

#[test]
fn what_is_there_and_does_not_serve_is_named() {
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    let fashion = DatasetSpec::fashion_mnist();
    for file in fashion.files() {
        fs::create_dir_all(at("FashionMNIST/raw")).unwrap();
        fs::write(at("FashionMNIST/raw").join(&file.name), "").unwrap();
    }
    fs::write(at("cifar10.npz"), "").unwrap();
    fs::write(at("cifar-10-python.tar.gz"), "").unwrap();
    fs::write(at("mnist.pkl.gz"), "").unwrap();
    fs::write(at("test_batch.mat"), "").unwrap();
    fs::write(at("notes.txt"), "").unwrap();
    let message = open(&DatasetSpec::mnist(), dir.path())
        .unwrap_err()
        .to_string();
    let lines: Vec<&str> = message.lines().map(str::trim).collect();
    let shown = |path: &str| at(path).display().to_string();
    assert_eq!(
        lines[1..],
        [
            // Told once, though it is NumPy's as well.
            format!("`{}` is CIFAR10", shown("cifar10.npz")),
            format!("`{}` is FashionMNIST", shown("FashionMNIST/raw")),
            format!(
                "`{}` is an archive: unpack it there",
                shown("cifar-10-python.tar.gz")
            ),
            format!(
                "`{}` is a file of a framework, which is not read",
                shown("mnist.pkl.gz")
            ),
            format!(
                "`{}` is a file for MATLAB, which is not read",
                shown("test_batch.mat")
            ),
        ]
    );
}

#[test]
fn fetching_is_told_before_it_starts() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("cifar-10-python.tar.gz"), "").unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let options = DatasetOptions {
        data_dir: Some(dir.path().to_owned()),
        fetch: FetchOptions {
            // Nobody answers there.
            mirror: Some("http://127.0.0.1:9".into()),
            retries: 0,
            notice: NoticeCallback::new(move |text: &str| {
                tell.lock().unwrap().push(text.to_owned())
            }),
            ..FetchOptions::default()
        },
        ..DatasetOptions::default()
    };
    assert!(open_spec(&DatasetSpec::cifar10(), &options).is_err());
    let told = told.lock().unwrap().clone();
    let shown = dir.path().display();
    assert_eq!(
        told,
        [format!(
            "CIFAR10 is not in `{shown}` (looked for `cifar-10-batches-bin`, or `cifar-10-batches-py`, or \
             `plain_text/train-*.parquet` and `test-*.parquet`, or `cifar10.npz`): fetching 170 MB, \
             `http://127.0.0.1:9/cifar-10-binary.tar.gz`\n  `{shown}/cifar-10-python.tar.gz` is an archive: \
             unpack it there"
        )]
    );
}

/// The published files themselves, where this machine has them.
#[test]
fn published_files_are_recognised() {
    let Some(folder) = std::env::var_os("TERMC_FASHION_MNIST") else {
        eprintln!("skipped: TERMC_FASHION_MNIST names no folder with FashionMNIST's four files");
        return;
    };
    let folder = Path::new(&folder);
    let data = open(&DatasetSpec::fashion_mnist(), folder).unwrap();
    assert_eq!(data.warnings, [""; 0]);
    let error = open(&DatasetSpec::mnist(), folder).unwrap_err().to_string();
    assert!(
        error.ends_with("its labels are those of `FashionMNIST`"),
        "{error}"
    );
}

#[test]
fn checksums_that_differ_are_told() {
    let mut spec = small(DatasetSpec::stl10(), 2, 1);
    let dir = TempDir::new().unwrap();
    for (files, first) in [(&spec.train, 0), (&spec.test, 1000)] {
        for file in files {
            fs::write(dir.path().join(&file.name), contents(&spec, file, first)).unwrap();
        }
    }
    assert_eq!(open(&spec, dir.path()).unwrap().warnings, [""; 0]);
    // As `md5sum` has it of the two bytes 1 and 2.
    spec.train[1].md5 = Some("0cb988d042a7f28dd5fe2b55b3f5ac7a".into());
    assert_eq!(open(&spec, dir.path()).unwrap().warnings, [""; 0]);
    spec.train[1].md5 = Some("5a34089d4802c674881badbb80307741".into());
    let file = dir.path().join("train_y.bin");
    assert_eq!(
        open(&spec, dir.path()).unwrap().warnings,
        [format!(
            "1 file of `STL10` is not as published (the first is `{}`: its contents have MD5 \
             0cb988d042a7f28dd5fe2b55b3f5ac7a, the published ones 5a34089d4802c674881badbb80307741); results do not compare \
             with published ones",
            file.display()
        )]
    );
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_build_without_parquet_says_so() {
    let dir = TempDir::new().unwrap();
    for part in ["train", "test"] {
        fs::write(
            dir.path().join(format!("{part}-00000-of-00001.parquet")),
            "",
        )
        .unwrap();
    }
    let error = open(&DatasetSpec::cifar10(), dir.path()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.ends_with("is a Parquet file, and this build reads none"),
        "{message}"
    );
    assert!(error.help().unwrap().contains("feature `parquet`"));
}

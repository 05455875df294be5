use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use termc_data::{DataFile, Dataset, DatasetOptions, DatasetSpec, Error};

/// Opens what is there, without fetching.
fn open_spec(spec: &DatasetSpec, data_dir: &Path) -> Result<Dataset, Error> {
    let options = DatasetOptions {
        data_dir: Some(data_dir.to_owned()),
        offline: true,
        ..DatasetOptions::default()
    };
    termc_data::open_spec(spec, &options)
}

/// A data set's description with `train` and `test` images instead of the official numbers.
pub fn small(mut spec: DatasetSpec, train: u64, test: u64) -> DatasetSpec {
    use termc_data::FileLayout::*;
    let pixels: u64 = spec.shape.iter().product::<usize>() as u64;
    let resize = |files: &mut Vec<DataFile>, images: u64| match spec.layout {
        Cifar10 => files
            .iter_mut()
            .for_each(|f| f.bytes = images * (1 + pixels)),
        Cifar100 => files
            .iter_mut()
            .for_each(|f| f.bytes = images * (2 + pixels)),
        Idx => {
            files[0].bytes = 16 + images * pixels;
            files[1].bytes = 8 + images;
        }
        Stl10 => {
            files[0].bytes = images * pixels;
            files[1].bytes = images;
        }
    };
    // Their contents are made up.
    spec.first_labels = None;
    for file in spec.train.iter_mut().chain(&mut spec.test) {
        file.md5 = None;
    }
    if let Some(python) = &mut spec.python {
        for file in python.train.iter_mut().chain(&mut python.test) {
            file.md5 = None;
        }
    }
    resize(&mut spec.train, train);
    resize(&mut spec.test, test);
    spec
}

/// Pixel (c, y, x) of image i.
fn pixel(i: usize, c: usize, y: usize, x: usize) -> u8 {
    (i * 101 + c * 67 + y * 5 + x * 3) as u8
}

/// The contents of one file of a small data set; images are numbered from `first`, image i has class i % classes.
pub fn contents(spec: &DatasetSpec, file: &DataFile, first: usize) -> Vec<u8> {
    use termc_data::FileLayout::*;
    let [channels, height, width] = spec.shape;
    let classes = spec.classes.len();
    let image = |i: usize| -> Vec<u8> {
        let at = |p: usize| pixel(i, p / (height * width), p / width % height, p % width);
        (0..channels * height * width).map(at).collect()
    };
    let columns = |i: usize| -> Vec<u8> {
        let at = |p: usize| pixel(i, p / (height * width), p % height, p / height % width);
        (0..channels * height * width).map(at).collect()
    };
    let size = channels * height * width;
    let label = |i: usize| (i % classes) as u8;
    let bytes = file.bytes as usize;
    let be = |n: usize| (n as u32).to_be_bytes().to_vec();
    match spec.layout {
        Cifar10 => (0..bytes / (1 + size))
            .flat_map(|i| [vec![label(first + i)], image(first + i)].concat())
            .collect(),
        Cifar100 => (0..bytes / (2 + size))
            .flat_map(|i| [vec![7, label(first + i)], image(first + i)].concat())
            .collect(),
        Idx if file.name.contains("images") => {
            let n = (bytes - 16) / size;
            let header = [vec![0, 0, 8, 3], be(n), be(height), be(width)].concat();
            [header, (0..n).flat_map(|i| image(first + i)).collect()].concat()
        }
        Idx => {
            let n = bytes - 8;
            let header = [vec![0, 0, 8, 1], be(n)].concat();
            [header, (0..n).map(|i| label(first + i)).collect()].concat()
        }
        Stl10 if file.name.contains("_X") => {
            (0..bytes / size).flat_map(|i| columns(first + i)).collect()
        }
        Stl10 => (0..bytes).map(|i| label(first + i) + 1).collect(),
    }
}

/// Number of the first image in each file: training files count on (CIFAR-10 has five), test starts at 1000.
pub fn all_contents(spec: &DatasetSpec) -> Vec<(String, Vec<u8>)> {
    let size: usize = spec.shape.iter().product();
    let mut result = Vec::new();
    for (files, mut first) in [(&spec.train, 0), (&spec.test, 1000)] {
        for file in files {
            result.push((file.name.clone(), contents(spec, file, first)));
            if spec.layout == termc_data::FileLayout::Cifar10 {
                first += file.bytes as usize / (1 + size);
            }
        }
    }
    result
}

fn write(folder: &Path, spec: &DatasetSpec) {
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in all_contents(spec) {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

fn every_spec() -> Vec<DatasetSpec> {
    vec![
        small(DatasetSpec::cifar10(), 3, 4),
        small(DatasetSpec::cifar100(), 15, 4),
        small(DatasetSpec::mnist(), 15, 4),
        small(DatasetSpec::fashion_mnist(), 15, 4),
        small(DatasetSpec::stl10(), 15, 4),
    ]
}

#[test]
fn official_layouts_are_read() {
    for spec in every_spec() {
        let dir = TempDir::new().unwrap();
        write(&dir.path().join(&spec.folders[0]), &spec);
        let data = open_spec(&spec, dir.path()).unwrap();
        assert_eq!(
            (data.train.len(), data.test.len()),
            (15, 4),
            "{}",
            spec.name
        );
        let [_, height, width] = spec.shape;
        for (part, first) in [(&data.train, 0), (&data.test, 1000)] {
            for i in 0..part.len() {
                assert_eq!(part.label(i).unwrap(), (first + i) % spec.classes.len());
                let image = part.image(i).unwrap();
                for (p, &value) in image.iter().enumerate() {
                    let (c, y, x) = (p / (height * width), p / width % height, p % width);
                    assert_eq!(value, pixel(first + i, c, y, x), "{} {i} {p}", spec.name);
                }
            }
        }
    }
}

#[test]
fn official_sizes() {
    let total = |spec: DatasetSpec| spec.files().map(|f| f.bytes).sum::<u64>();
    assert_eq!(total(DatasetSpec::cifar10()), 184_380_000);
    assert_eq!(total(DatasetSpec::cifar100()), 184_440_000);
    assert_eq!(
        total(DatasetSpec::mnist()),
        47_040_016 + 60_008 + 7_840_016 + 10_008
    );
    assert_eq!(
        total(DatasetSpec::stl10()),
        138_240_000 + 5_000 + 221_184_000 + 8_000
    );
    assert_eq!(DatasetSpec::cifar100().classes.len(), 100);
    assert!(DatasetSpec::cifar100().classes.is_sorted());
    for spec in [
        DatasetSpec::cifar10(),
        DatasetSpec::mnist(),
        DatasetSpec::fashion_mnist(),
        DatasetSpec::stl10(),
    ] {
        assert_eq!(spec.classes.len(), 10, "{}", spec.name);
        assert_eq!(spec.normalize.mean.len(), spec.shape[0]);
    }
}

#[test]
fn files_may_lie_in_the_folder_itself_or_be_gzipped() {
    let spec = small(DatasetSpec::mnist(), 15, 4);
    let dir = TempDir::new().unwrap();
    for (name, bytes) in all_contents(&spec) {
        let file = fs::File::create(dir.path().join(name + ".gz")).unwrap();
        let mut encoder = GzEncoder::new(file, Compression::fast());
        encoder.write_all(&bytes).unwrap();
        encoder.finish().unwrap();
    }
    assert_eq!(open_spec(&spec, dir.path()).unwrap().train.len(), 15);
}

/// Breaks one file of a data set and expects the message; `{}` stands for the file.
fn broken(spec: &DatasetSpec, name: &str, change: impl Fn(&mut Vec<u8>), message: &str) {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join(&spec.folders[0]);
    write(&folder, spec);
    let file = folder.join(name);
    let mut bytes = fs::read(&file).unwrap();
    change(&mut bytes);
    fs::write(&file, bytes).unwrap();
    let error = open_spec(spec, dir.path()).unwrap_err().to_string();
    assert_eq!(error, message.replace("{}", &file.display().to_string()));
}

#[test]
fn truncated_and_overlong_files_are_named() {
    let cifar = small(DatasetSpec::cifar10(), 3, 4);
    let message = "`{}` holds 9218 bytes, expected 9219";
    broken(&cifar, "data_batch_4.bin", |b| b.truncate(9218), message);
    let message = "`{}` holds 12293 bytes, expected 12292";
    broken(&cifar, "test_batch.bin", |b| b.push(0), message);
    let stl = small(DatasetSpec::stl10(), 2, 1);
    broken(
        &stl,
        "train_y.bin",
        |b| b.clear(),
        "`{}` holds 0 bytes, expected 2",
    );
}

#[test]
fn malformed_files_are_named() {
    let cifar = small(DatasetSpec::cifar10(), 3, 4);
    let message = "`{}` is malformed: the label of record 2 is 10, expected less than 10";
    broken(&cifar, "data_batch_2.bin", |b| b[2 * 3073] = 10, message);
    let cifar = small(DatasetSpec::cifar100(), 3, 4);
    let message = "`{}` is malformed: the label of record 0 is 100, expected less than 100";
    broken(&cifar, "test.bin", |b| b[1] = 100, message);
    let mnist = small(DatasetSpec::mnist(), 3, 4);
    let (images, labels) = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte");
    let message = "`{}` is malformed: the magic number is [0, 0, 13, 3], expected [0, 0, 8, 3]";
    broken(&mnist, images, |b| b[2] = 13, message);
    let message = "`{}` is malformed: the image size is [28, 27], expected [28, 28]";
    broken(&mnist, images, |b| b[15] = 27, message);
    let message = "`{}` is malformed: the number of items is 4 items, expected 2352 bytes of data";
    broken(&mnist, images, |b| b[7] = 4, message);
    let message = "`{}` is malformed: label 1 is 11, expected less than 10";
    broken(&mnist, labels, |b| b[9] = 11, message);
    let stl = small(DatasetSpec::stl10(), 3, 4);
    let message = "`{}` is malformed: label 2 is 0, expected 1 to 10";
    broken(&stl, "train_y.bin", |b| b[2] = 0, message);
}

#[test]
fn names_with_dots_are_found() {
    let spec = small(DatasetSpec::mnist(), 15, 4);
    let dir = TempDir::new().unwrap();
    for (name, bytes) in all_contents(&spec) {
        fs::write(dir.path().join(name.replace("-idx", ".idx")), bytes).unwrap();
    }
    assert_eq!(open_spec(&spec, dir.path()).unwrap().train.len(), 15);
}

#[test]
fn mnist_is_never_taken_for_fashion_mnist() {
    let spec = small(DatasetSpec::mnist(), 12, 12);
    let dir = TempDir::new().unwrap();
    write(dir.path(), &spec);
    let open = |first| {
        let spec = DatasetSpec {
            first_labels: first,
            ..spec.clone()
        };
        open_spec(&spec, dir.path())
    };
    let own = std::array::from_fn(|i| i as u8);
    let test = std::array::from_fn(|i| ((1000 + i) % 10) as u8);
    assert!(open(Some([own, test])).is_ok());
    let error = open(DatasetSpec::fashion_mnist().first_labels).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` is not of data set `MNIST`: its labels begin with [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], expected \
             [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]",
            dir.path().join("train-labels-idx1-ubyte").display()
        )
    );
    assert!(error.help().is_some());
    let mut first = DatasetSpec::mnist().first_labels.unwrap();
    first[0] = own;
    let error = open(Some(first)).unwrap_err().to_string();
    assert!(error.contains("t10k-labels-idx1-ubyte"), "{error}");
}

#[test]
fn absent_and_incomplete_data_sets_are_told_apart() {
    let spec = small(DatasetSpec::cifar10(), 3, 4);
    let dir = TempDir::new().unwrap();
    let error = open_spec(&spec, dir.path()).unwrap_err().to_string();
    let (folder, root) = (dir.path().join("cifar-10-batches-bin"), dir.path());
    assert_eq!(
        error,
        format!(
            "data set `CIFAR10` is not there and fetching is off: no `data_batch_1.bin` in `{}` or `{}`",
            folder.display(),
            root.display()
        )
    );
    write(&folder, &spec);
    fs::remove_file(folder.join("data_batch_3.bin")).unwrap();
    let error = open_spec(&spec, dir.path()).unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "data set `CIFAR10` is incomplete: `{}` lacks `data_batch_3.bin`",
            folder.display()
        )
    );
}

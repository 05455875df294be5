//! The Python version of CIFAR, as its authors and as later programs pickle it.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use termc_data::{Dataset, DatasetOptions, DatasetSpec, Error, open_spec};

use crate::formats::{contents, small};

/// A file as Python 2 wrote those of the official archives: protocol 2, every text and the pixels as `str`.
pub fn pickled(labels_key: &str, labels: &[u8], pixels: &[u8]) -> Vec<u8> {
    let text = |text: &str| [&[b'U', text.len() as u8], text.as_bytes()].concat();
    let int = |n: usize| [&b"J"[..], &(n as u32).to_le_bytes()].concat();
    let list = labels.iter().flat_map(|&label| [b'K', label]);
    let parts: Vec<Vec<u8>> = vec![
        b"\x80\x02}q\x01(".to_vec(),
        text("batch_label"),
        text("training batch"),
        text(labels_key),
        [&b"]q\x02("[..], &list.collect::<Vec<u8>>(), b"e"].concat(),
        text("data"),
        b"cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nK\x00\x85U\x01b\x87R".to_vec(),
        [b"(K\x01".to_vec(), int(labels.len()), int(3072), b"\x86".to_vec()].concat(),
        b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89".to_vec(),
        [&b"T"[..], &(pixels.len() as u32).to_le_bytes(), pixels, b"tb"].concat(),
        b"u.".to_vec(),
    ];
    parts.concat()
}

/// Splits records of a binary file into labels and pixels.
fn split(bytes: &[u8], labels_per_record: usize) -> (Vec<u8>, Vec<u8>) {
    let records = bytes.chunks_exact(labels_per_record + 3072);
    let (mut labels, mut pixels) = (Vec::new(), Vec::new());
    for record in records {
        labels.push(record[labels_per_record - 1]);
        pixels.extend_from_slice(&record[labels_per_record..]);
    }
    (labels, pixels)
}

/// Writes the Python version of a small data set.
fn write(folder: &Path, spec: &DatasetSpec, labels_per_record: usize) {
    fs::create_dir_all(folder).unwrap();
    let python = spec.python.as_ref().unwrap();
    for (names, files, first) in [
        (&python.train, &spec.train, 0),
        (&python.test, &spec.test, 1000),
    ] {
        for (number, (named, file)) in names.iter().zip(files).enumerate() {
            let (labels, pixels) =
                split(&contents(spec, file, first + 3 * number), labels_per_record);
            fs::write(
                folder.join(&named.name),
                pickled(&python.labels, &labels, &pixels),
            )
            .unwrap();
        }
    }
}

fn open(spec: &DatasetSpec, data_dir: &Path) -> Result<Dataset, Error> {
    let options = DatasetOptions {
        data_dir: Some(data_dir.to_owned()),
        offline: true,
        ..DatasetOptions::default()
    };
    open_spec(spec, &options)
}

#[test]
fn the_official_pickles_are_the_binary_data_set() {
    for (spec, labels_per_record, images) in [
        (small(DatasetSpec::cifar10(), 3, 4), 1, 15),
        (small(DatasetSpec::cifar100(), 3, 4), 2, 3),
    ] {
        let dir = TempDir::new().unwrap();
        let (subfolder, direct) = (dir.path().join("a"), dir.path().join("b"));
        let python = &spec.python.as_ref().unwrap().folder;
        write(&subfolder.join(python), &spec, labels_per_record);
        write(&direct, &spec, labels_per_record);
        for folder in [subfolder, direct] {
            let data = open(&spec, &folder).unwrap();
            assert_eq!((data.train.len(), data.test.len()), (images, 4));
            for (part, first) in [(&data.train, 0), (&data.test, 1000)] {
                for index in 0..part.len() {
                    let number = first + index;
                    assert_eq!(part.label(index).unwrap(), number % spec.classes.len());
                    let image = part.image(index).unwrap();
                    // As tests/data/formats.rs makes them.
                    let expected = (0..3072).map(|p| {
                        let (c, y, x) = (p / 1024, p / 32 % 32, p % 32);
                        (number * 101 + c * 67 + y * 5 + x * 3) as u8
                    });
                    assert!(image.iter().copied().eq(expected), "{} {index}", spec.name);
                }
            }
        }
    }
}

#[test]
fn pickles_of_every_protocol_are_read() {
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cifar");
    for protocol in 2..=5 {
        let spec = DatasetSpec::cifar10();
        let dir = TempDir::new().unwrap();
        let python = spec.python.as_ref().unwrap();
        for file in python.train.iter().chain(&python.test) {
            let from = stored.join(format!("protocol{protocol}"));
            fs::copy(from, dir.path().join(&file.name)).unwrap();
        }
        let data = open(&spec, dir.path()).unwrap();
        let warning = "6 files of `CIFAR10` are not as published (the first is `";
        assert!(data.warnings[0].starts_with(warning), "{:?}", data.warnings);
        assert_eq!(data.test.labels(), [3, 4]);
        for index in 0..2 {
            let expected = (0..3072).map(|p| ((index * 101 + p * 7) % 256) as u8);
            let image = data.test.image(index).unwrap();
            assert!(image.iter().copied().eq(expected), "protocol {protocol}");
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let spec = small(DatasetSpec::cifar100(), 3, 4);
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("cifar-100-python");
    write(&folder, &spec, 2);
    let file = folder.join("train");
    let message = || open(&spec, dir.path()).unwrap_err().to_string();
    let starts = |text: &str| {
        let expected = format!("`{}` is malformed: {text}", file.display());
        assert!(message().starts_with(&expected), "{}", message());
    };
    fs::write(&file, pickled("labels", &[1], &[0; 3072])).unwrap();
    starts("its content is another object, expected a dict with `fine_labels`");
    fs::write(&file, pickled("fine_labels", &[1], &[0; 3071])).unwrap();
    starts("data is 3071 bytes, expected 3072 bytes for 1 labels");
    fs::write(&file, pickled("fine_labels", &[100], &[0; 3072])).unwrap();
    starts("label 0 is 100, expected less than 100");
    fs::write(&file, "<html>").unwrap();
    starts("its content is a file that");
    fs::remove_file(&file).unwrap();
    let expected = format!(
        "data set `CIFAR100` is incomplete: `{}` lacks `train`",
        folder.display()
    );
    assert_eq!(message(), expected);
}

//! Parquet files as Hugging Face's hub has them, and one set of images in all forms.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use image::{GrayImage, ImageFormat, RgbImage};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use tempfile::TempDir;
use termc_data::{Dataset, DatasetSpec, Identity, Loader, Subset};

use crate::cifar_python::pickled;
use crate::formats::{contents, small};
use crate::forms::{assert_stored, of_stored, open, stored};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn parquet_files_of_the_hub_are_read_wherever_they_are_put() {
    let cache = "hub/datasets--uoft-cs--cifar10/snapshots/0b2714987fa478483af9968de7c934580d0bb9a2";
    for (spec, folder, places) in [
        (
            DatasetSpec::cifar10(),
            "hub/cifar10",
            &["", "plain_text", "cifar10/plain_text", cache][..],
        ),
        (
            DatasetSpec::cifar100(),
            "hub/cifar100",
            &["", "cifar100", "cifar100/cifar100"],
        ),
        (DatasetSpec::mnist(), "hub/mnist", &["mnist/mnist", "data"]),
        (
            DatasetSpec::fashion_mnist(),
            "hub/mnist",
            &["fashion_mnist/fashion_mnist"],
        ),
    ] {
        let spec = of_stored(spec);
        for place in places {
            let dir = TempDir::new().unwrap();
            copy(&stored(folder), &dir.path().join(place));
            assert_stored(&open(&spec, dir.path()).unwrap());
        }
    }
}

#[test]
fn parquet_files_that_do_not_fit_are_named() {
    let spec = of_stored(DatasetSpec::cifar10());
    let dir = TempDir::new().unwrap();
    copy(&stored("hub/cifar100"), dir.path());
    let file = dir.path().join("train-00000-of-00001.parquet");
    let message = |spec: &DatasetSpec| open(spec, dir.path()).unwrap_err().to_string();
    assert_eq!(
        message(&spec),
        format!(
            "`{}` is malformed: the list of columns is `img`, `fine_label`, `coarse_label`, expected `label` among them",
            file.display()
        )
    );
    let mut more = small(DatasetSpec::cifar100(), 4, 2);
    assert_eq!(
        message(&more),
        format!(
            "`{}` is malformed: the number of images is 3, expected 4",
            file.display()
        )
    );
    more.classes.truncate(4);
    let start = format!(
        "`{}` is malformed: `fine_label` of row 1 is 4, expected a number less than 4",
        file.display()
    );
    assert_eq!(message(&more), start);
    fs::write(&file, "<html>").unwrap();
    let start = format!("`{}` is malformed: its content is ", file.display());
    assert!(message(&more).starts_with(&start), "{}", message(&more));
    fs::remove_file(&file).unwrap();
    assert_eq!(
        message(&more),
        format!(
            "data set `CIFAR100` is incomplete: `{}` lacks `train-*.parquet`",
            dir.path().display()
        )
    );
}

/// A part of the hub's form: PNG files and labels.
fn write_parquet(file: &Path, part: &termc_data::Part) {
    let schema = "message schema { optional group img { optional binary bytes; optional binary path (UTF8); } \
                  optional int64 label; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let sink = fs::File::create(file).unwrap();
    let mut writer = SerializedFileWriter::new(sink, schema, Arc::new(properties)).unwrap();
    let [channels, height, width] = part.shape();
    let png = |index: usize| {
        let image = part.image(index).unwrap();
        let size = (width as u32, height as u32);
        let mut bytes = Cursor::new(Vec::new());
        if channels == 1 {
            let image = GrayImage::from_raw(size.0, size.1, image.to_vec()).unwrap();
            image.write_to(&mut bytes, ImageFormat::Png).unwrap();
        } else {
            let plane = height * width;
            let at = |x: u32, y: u32, c: usize| image[c * plane + y as usize * width + x as usize];
            let pixel = |x, y| image::Rgb([0, 1, 2].map(|c| at(x, y, c)));
            let image = RgbImage::from_fn(size.0, size.1, pixel);
            image.write_to(&mut bytes, ImageFormat::Png).unwrap();
        }
        ByteArray::from(bytes.into_inner())
    };
    let all: Vec<usize> = (0..part.len()).collect();
    for rows in all.chunks(1000) {
        let mut group = writer.next_row_group().unwrap();
        let images: Vec<ByteArray> = rows.iter().map(|&index| png(index)).collect();
        let definitions = vec![2; rows.len()];
        column::<ByteArrayType>(&mut group, &images, &definitions);
        column::<ByteArrayType>(&mut group, &[], &vec![1; rows.len()]);
        let label = |&index: &usize| part.label(index).unwrap() as i64;
        let labels: Vec<i64> = rows.iter().map(label).collect();
        column::<Int64Type>(&mut group, &labels, &vec![1; rows.len()]);
        group.close().unwrap();
    }
    writer.close().unwrap();
}

fn column<T: parquet::data_type::DataType>(
    group: &mut SerializedRowGroupWriter<'_, fs::File>,
    values: &[T::T],
    definitions: &[i16],
) {
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<T>()
        .write_batch(values, Some(definitions), None)
        .unwrap();
    column.close().unwrap();
}

/// Requires the same pixels, labels and first batches.
fn assert_same(a: &Dataset, b: &Dataset) {
    assert_eq!(Identity::of(a).difference(&Identity::of(b)), None);
    for (a, b) in [(&a.train, &b.train), (&a.test, &b.test)] {
        let batches = |part: &Arc<termc_data::Part>| {
            let normalize = DatasetSpec::cifar10().normalize;
            let subset = Subset::all(part.clone());
            let loader = Loader::training(subset, 128, &normalize, &[], 7).unwrap();
            loader
                .epoch(0, 0)
                .unwrap()
                .map(Result::unwrap)
                .take(3)
                .collect::<Vec<_>>()
        };
        assert_eq!(batches(a), batches(b));
    }
}

/// The same images as binary files, pickles and Parquet files.
fn compare_forms(spec: &DatasetSpec, binary: &Path) {
    let data = open(spec, binary).unwrap();
    let python = TempDir::new().unwrap();
    let folder = python.path().join("cifar-10-batches-py");
    fs::create_dir(&folder).unwrap();
    let files = spec.python.as_ref().unwrap();
    for (part, files) in [(&data.train, &files.train), (&data.test, &files.test)] {
        let per_file = part.len() / files.len();
        for (number, file) in files.iter().enumerate() {
            let range = number * per_file..(number + 1) * per_file;
            let labels: Vec<u8> = part.labels()[range.clone()]
                .iter()
                .map(|&l| l as u8)
                .collect();
            let pixels: Vec<u8> = range
                .flat_map(|i| part.image(i).unwrap().into_owned())
                .collect();
            fs::write(folder.join(&file.name), pickled("labels", &labels, &pixels)).unwrap();
        }
    }
    assert_same(&open(spec, python.path()).unwrap(), &data);
    let hub = TempDir::new().unwrap();
    write_parquet(
        &hub.path().join("train-00000-of-00001.parquet"),
        &data.train,
    );
    write_parquet(&hub.path().join("test-00000-of-00001.parquet"), &data.test);
    assert_same(&open(spec, hub.path()).unwrap(), &data);
}

#[test]
fn all_forms_give_the_same_batches() {
    let spec = small(DatasetSpec::cifar10(), 100, 200);
    let dir = TempDir::new().unwrap();
    for (number, file) in spec.train.iter().enumerate() {
        fs::write(
            dir.path().join(&file.name),
            contents(&spec, file, 100 * number),
        )
        .unwrap();
    }
    fs::write(
        dir.path().join("test_batch.bin"),
        contents(&spec, &spec.test[0], 1000),
    )
    .unwrap();
    compare_forms(&spec, dir.path());
}

/// The real images, where this machine has them unpacked in the official layout.
#[test]
fn all_forms_of_cifar10_give_the_same_batches() {
    let Some(folder) = std::env::var_os("TERMC_CIFAR10") else {
        eprintln!("skipped: TERMC_CIFAR10 names no folder with cifar-10-batches-bin");
        return;
    };
    compare_forms(&DatasetSpec::cifar10(), Path::new(&folder));
}

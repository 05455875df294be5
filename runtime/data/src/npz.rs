//! NumPy's `.npz` files with images and labels: a ZIP archive of arrays, as Keras has MNIST and others have CIFAR. Finds no
//! files and runs no Python.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::CrcReader;
use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::dataset::Part;
use super::error::Error;
use super::published::DatasetSpec;
use super::recognise::{self, Mismatches};

/// Names of the arrays of images and labels of the training and the test part, as Keras and as others have them.
const NAMES: [[[&str; 2]; 2]; 3] = [
    [["x_train", "y_train"], ["x_test", "y_test"]],
    [
        ["train_images", "train_labels"],
        ["test_images", "test_labels"],
    ],
    [["train_x", "train_y"], ["test_x", "test_y"]],
];

/// An array, its values in C order.
struct Array {
    /// `u1`, `<i8` and so on.
    kind: String,
    sizes: Vec<usize>,
    values: Vec<u8>,
}

/// Reads the training and the test part.
pub(super) fn read(
    spec: &DatasetSpec,
    file: &Path,
    mismatches: &mut Mismatches,
) -> Result<(Part, Part), Error> {
    let source = File::open(file).map_err(Error::read(file))?;
    let fault = |problem: zip::result::ZipError| {
        Error::malformed(file, "its content", "a ZIP archive of arrays", problem)
    };
    let mut archive = ZipArchive::new(BufReader::new(source)).map_err(fault)?;
    let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    let has = |name: &str| names.iter().any(|found| *found == format!("{name}.npy"));
    let complete = |parts: &&[[&str; 2]; 2]| parts.iter().flatten().all(|name| has(name));
    let Some([train, test]) = NAMES.iter().find(complete) else {
        let expected = "`x_train`, `y_train`, `x_test` and `y_test` among them";
        let found = format!("`{}`", names.join("`, `"));
        return Err(Error::malformed(
            file,
            "the list of arrays",
            expected,
            found,
        ));
    };
    let mut part = |[images, labels]: &[&str; 2], part: usize| {
        let count = spec.images(part);
        let pixels = count * spec.shape.iter().product::<usize>();
        let images = array(&mut archive, file, images, pixels)?;
        // Numbers of up to 8 bytes.
        let labels = array(&mut archive, file, labels, 8 * count)?;
        let (images, labels) = (
            planes(spec, file, images, count)?,
            classes(spec, file, &labels)?,
        );
        if labels.len() != count {
            return Err(Error::malformed(
                file,
                "the number of labels",
                count,
                labels.len(),
            ));
        }
        recognise::contents(spec, part, (file, &images), (file, &labels), mismatches)?;
        let labels = labels.into_iter().map(u16::from).collect();
        Part::new(spec.shape, spec.classes.len(), images, labels)
    };
    Ok((part(train, 0)?, part(test, 1)?))
}

/// Reads an array of at most so many bytes of values.
fn array(
    archive: &mut ZipArchive<BufReader<File>>,
    file: &Path,
    name: &str,
    most: usize,
) -> Result<Array, Error> {
    let what = || format!("array `{name}`");
    let malformed = |expected: &str, found: String| Error::malformed(file, what(), expected, found);
    let member = format!("{name}.npy");
    let index = archive
        .index_for_name(&member)
        .ok_or_else(|| malformed("there", "missing".into()))?;
    // Unpacked here: the crate's own unpacking is a feature that nothing else needs.
    let entry = archive.by_index_raw(index);
    let entry = entry.map_err(|problem| malformed("readable", problem.to_string()))?;
    let (method, checksum) = (entry.compression(), entry.crc32());
    // A header is one line; what is longer is no array of this data set.
    let limit = most as u64 + (1 << 16);
    let source: Box<dyn Read + '_> = match method {
        CompressionMethod::STORE => Box::new(entry),
        CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(entry)),
        other => return Err(malformed("stored or deflated", other.to_string())),
    };
    let mut bytes = Vec::new();
    let mut reader = CrcReader::new(source.take(limit));
    reader.read_to_end(&mut bytes).map_err(Error::read(file))?;
    if bytes.len() as u64 == limit {
        return Err(malformed(&format!("at most {most} bytes"), "more".into()));
    }
    if reader.crc().sum() != checksum {
        let found = format!("{:08x}", reader.crc().sum());
        return Err(malformed(&format!("of checksum {checksum:08x}"), found));
    }
    parse(bytes).ok_or_else(|| malformed("an array of NumPy in C order", "something else".into()))
}

/// Takes an `.npy` file apart: magic number, version, length, then a Python dict in one line, then the values.
fn parse(mut bytes: Vec<u8>) -> Option<Array> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (length, start) = match rest {
        [1, _, a, b, ..] => (usize::from(u16::from_le_bytes([*a, *b])), 10),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 12),
        _ => return None,
    };
    let header = std::str::from_utf8(bytes.get(start..start + length)?).ok()?;
    let after = |key: &str| Some(header.split_once(&format!("'{key}':"))?.1.trim_start());
    if !after("fortran_order")?.starts_with("False") {
        return None;
    }
    let kind = after("descr")?.strip_prefix('\'')?.split('\'').next()?;
    let kind = kind.trim_start_matches(['|', '=']).to_owned();
    let sizes = after("shape")?.strip_prefix('(')?.split(')').next()?;
    let sizes = sizes
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty());
    let sizes: Vec<usize> = sizes.map(|size| size.parse().ok()).collect::<Option<_>>()?;
    let width: usize = kind.get(kind.len().checked_sub(1)?..)?.parse().ok()?;
    let values = bytes.split_off(start + length);
    let count = sizes
        .iter()
        .try_fold(width, |count, &size| count.checked_mul(size))?;
    (count == values.len()).then_some(Array {
        kind,
        sizes,
        values,
    })
}

/// Images as `[N, C, H, W]`, from that or from `[N, H, W, C]`, or of one channel from `[N, H, W]`.
fn planes(spec: &DatasetSpec, file: &Path, array: Array, count: usize) -> Result<Vec<u8>, Error> {
    let [channels, height, width] = spec.shape;
    let malformed = |expected: String, found: String| {
        Err(Error::malformed(
            file,
            "the array of images",
            expected,
            found,
        ))
    };
    if array.kind != "u1" {
        return malformed(
            "of bytes (`uint8`)".into(),
            format!("of type `{}`", array.kind),
        );
    }
    let sizes = array.sizes.as_slice();
    let planar = sizes == [count, channels, height, width];
    if planar || (channels == 1 && sizes == [count, height, width]) {
        return Ok(array.values);
    }
    if sizes != [count, height, width, channels] {
        let expected = [count, height, width, channels];
        return malformed(
            format!("of sizes {expected:?}"),
            format!("of sizes {sizes:?}"),
        );
    }
    let images = array.values.chunks_exact(channels * height * width);
    let planes = images.flat_map(|image| {
        (0..channels).flat_map(move |channel| image.iter().skip(channel).step_by(channels).copied())
    });
    Ok(planes.collect())
}

/// Labels from whole numbers of any width, `[N]` or `[N, 1]`.
fn classes(spec: &DatasetSpec, file: &Path, array: &Array) -> Result<Vec<u8>, Error> {
    let malformed = |what: String, expected: String, found: String| {
        Error::malformed(file, what, expected, found)
    };
    let width = match array.kind.as_str() {
        "u1" | "i1" => 1,
        "<u2" | "<i2" => 2,
        "<u4" | "<i4" => 4,
        "<u8" | "<i8" => 8,
        other => {
            let what = "the array of labels".into();
            let found = format!("of type `{other}`");
            return Err(malformed(what, "of whole numbers".into(), found));
        }
    };
    if !matches!(array.sizes.as_slice(), [_] | [_, 1]) {
        let what = "the array of labels".into();
        let found = format!("of sizes {:?}", array.sizes);
        return Err(malformed(what, "of one number an image".into(), found));
    }
    let numbers = array.values.chunks_exact(width).enumerate();
    let label = |(index, bytes): (usize, &[u8])| match bytes {
        [label, rest @ ..]
            if rest.iter().all(|&byte| byte == 0) && usize::from(*label) < spec.classes.len() =>
        {
            Ok(*label)
        }
        other => {
            let found = format!("{other:?} (little-endian)");
            Err(Error::label(file, index, spec.classes.len(), found))
        }
    };
    numbers.map(label).collect()
}

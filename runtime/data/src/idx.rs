//! The IDX layout of MNIST and FashionMNIST: big-endian headers, then bytes; plain or gzipped. Finds no files.

use std::path::Path;

use super::dataset::Part;
use super::error::Error;
use super::files;
use super::published::{DataFile, DatasetSpec};
use super::recognise::{self, Mismatches};

/// Type code of unsigned bytes in an IDX header.
const UNSIGNED_BYTE: u8 = 8;

/// Reads part 0 (training) or 1 (test) from its image file and its label file, which have to be this data set's.
pub(super) fn read(
    spec: &DatasetSpec,
    folder: &Path,
    [images, labels]: [&DataFile; 2],
    part: usize,
    mismatches: &mut Mismatches,
) -> Result<Part, Error> {
    let [_, height, width] = spec.shape;
    let (image_path, bytes) = files::read(folder, images)?;
    let (count, pixels) = check_header(&image_path, &bytes, &[height, width])?;
    let (label_path, bytes) = files::read(folder, labels)?;
    let (label_count, classes) = check_header(&label_path, &bytes, &[])?;
    if label_count != count {
        return Err(Error::malformed(
            &label_path,
            "the number of labels",
            count,
            label_count,
        ));
    }
    let (images, labels) = ((&*image_path, pixels), (&*label_path, classes));
    recognise::contents(spec, part, images, labels, mismatches)?;
    if let Some((number, label)) =
        (classes.iter().enumerate()).find(|&(_, &label)| usize::from(label) >= spec.classes.len())
    {
        let classes = spec.classes.len();
        return Err(Error::label(&label_path, number, classes, label));
    }
    let classes = classes.iter().map(|&label| u16::from(label)).collect();
    Part::new(spec.shape, spec.classes.len(), pixels.to_vec(), classes)
}

/// Checks an IDX header against the expected sizes of all axes but the first; the number of items and their bytes.
fn check_header<'a>(
    path: &Path,
    bytes: &'a [u8],
    sizes: &[usize],
) -> Result<(usize, &'a [u8]), Error> {
    let axes = sizes.len() + 1;
    let Some((header, data)) = bytes.split_at_checked(4 + 4 * axes) else {
        return Err(Error::malformed(path, "the header", "present", "cut off"));
    };
    let (magic, dims) = header.split_at(4);
    if magic != [0, 0, UNSIGNED_BYTE, axes as u8] {
        let expected = format!("[0, 0, {UNSIGNED_BYTE}, {axes}]");
        return Err(Error::malformed(
            path,
            "the magic number",
            expected,
            format!("{magic:?}"),
        ));
    }
    let mut dims = dims
        .chunks_exact(4)
        .map(|d| d.iter().fold(0usize, |n, &byte| n << 8 | usize::from(byte)));
    let count = dims.next().unwrap_or(0);
    let found: Vec<usize> = dims.collect();
    if found != sizes {
        return Err(Error::malformed(
            path,
            "the image size",
            format!("{sizes:?}"),
            format!("{found:?}"),
        ));
    }
    let expected = count.checked_mul(sizes.iter().product());
    if expected != Some(data.len()) {
        let expected = format!("{} bytes of data", data.len());
        return Err(Error::malformed(
            path,
            "the number of items",
            expected,
            format!("{count} items"),
        ));
    }
    Ok((count, data))
}

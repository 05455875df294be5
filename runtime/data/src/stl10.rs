//! The binary layout of STL-10: images as column-major planes, labels from 1. Finds no files.

use std::path::Path;

use super::dataset::Part;
use super::error::Error;
use super::files;
use super::published::{DataFile, DatasetSpec};
use super::recognise::Mismatches;

/// Reads a part from its image file and its label file.
pub(super) fn read(
    spec: &DatasetSpec,
    folder: &Path,
    images: &DataFile,
    labels: &DataFile,
    mismatches: &mut Mismatches,
) -> Result<Part, Error> {
    let [channels, height, width] = spec.shape;
    let (image_path, bytes) = files::read(folder, images)?;
    let (label_path, codes) = files::read(folder, labels)?;
    mismatches.check(&image_path, &bytes, images.md5.as_deref());
    mismatches.check(&label_path, &codes, labels.md5.as_deref());
    let expected = codes.len() * channels * height * width;
    if bytes.len() != expected {
        let what = format!("the size (for {} labels)", codes.len());
        return Err(Error::malformed(&image_path, what, expected, bytes.len()));
    }
    let mut classes = Vec::with_capacity(codes.len());
    for (number, &code) in codes.iter().enumerate() {
        if code == 0 || usize::from(code) > spec.classes.len() {
            let what = format!("label {number}");
            let expected = format!("1 to {}", spec.classes.len());
            return Err(Error::malformed(&label_path, what, expected, code));
        }
        classes.push(u16::from(code - 1));
    }
    let mut pixels = vec![0; bytes.len()];
    let planes = bytes
        .chunks_exact(height * width)
        .zip(pixels.chunks_exact_mut(height * width));
    for (columns, plane) in planes {
        for (y, row) in plane.chunks_exact_mut(width).enumerate() {
            let values = columns.iter().skip(y).step_by(height);
            row.iter_mut().zip(values).for_each(|(out, &v)| *out = v);
        }
    }
    Part::new(spec.shape, spec.classes.len(), pixels, classes)
}

//! The binary layout of CIFAR-10 and CIFAR-100: records of label bytes and three 32x32 planes. Finds no files.

use std::path::Path;

use super::dataset::Part;
use super::error::Error;
use super::files;
use super::published::{DataFile, DatasetSpec};

/// Reads a part from its files, in order. Each record is one label byte (CIFAR-10) or a coarse and a fine one
/// (CIFAR-100, the fine one counts), then the image `[C, H, W]`.
pub(super) fn read(
    spec: &DatasetSpec,
    folder: &Path,
    parts: &[DataFile],
    coarse: bool,
) -> Result<Part, Error> {
    let pixels: usize = spec.shape.iter().product();
    let labels_per_record = if coarse { 2 } else { 1 };
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for file in parts {
        let (path, bytes) = files::read(folder, file)?;
        let records = bytes.chunks_exact(labels_per_record + pixels);
        if !records.remainder().is_empty() {
            let what = "the length of the last record";
            let expected = labels_per_record + pixels;
            let found = records.remainder().len();
            return Err(Error::malformed(&path, what, expected, found));
        }
        images.reserve(records.len() * pixels);
        for (number, record) in records.enumerate() {
            let (head, image) = record.split_at(labels_per_record);
            let label = head.last().copied().unwrap_or(u8::MAX);
            if usize::from(label) >= spec.classes.len() {
                let what = format!("the label of record {number}");
                let expected = format!("less than {}", spec.classes.len());
                return Err(Error::malformed(&path, what, expected, label));
            }
            labels.push(u16::from(label));
            images.extend_from_slice(image);
        }
    }
    Part::new(spec.shape, spec.classes.len(), images, labels)
}

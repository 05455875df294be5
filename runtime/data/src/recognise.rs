//! Whether files are the published ones, by their checksums. Reads no files.

use std::path::{Path, PathBuf};

use md5::{Digest, Md5};

use super::error::Error;
use super::published::{DatasetSpec, FileLayout};
use super::source::all_published;

/// Files that are not as published.
#[derive(Debug, Default)]
pub(super) struct Mismatches(Vec<(PathBuf, String, String)>);

impl Mismatches {
    /// Compares a file's contents with its published checksum, if there is one.
    pub fn check(&mut self, file: &Path, bytes: &[u8], published: Option<&str>) {
        if let Some(published) = published {
            self.compare(file, md5(&[bytes]), published);
        }
    }

    fn compare(&mut self, file: &Path, found: String, published: &str) {
        if found != published {
            let file = file.to_owned();
            self.0.push((file, found, published.to_owned()));
        }
    }

    /// What is told of them.
    pub fn warning(&self, name: &str) -> Option<String> {
        let (file, found, published) = self.0.first()?;
        let (count, file) = (self.0.len(), file.display());
        let files = match count {
            1 => format!("1 file of `{name}` is"),
            count => format!("{count} files of `{name}` are"),
        };
        Some(format!(
            "{files} not as published (the first is `{file}`: its contents have MD5 {found}, the \
             published ones {published}); results do not compare with published ones"
        ))
    }
}

/// Compares part 0 (training) or 1 (test) of data sets that have files of the same names and sizes, however they were
/// stored: with the checksums that its IDX files have. Fails if the labels are those of another data set. `images` and `labels`
/// are the files they come from.
pub(super) fn contents(
    spec: &DatasetSpec,
    part: usize,
    (image_file, pixels): (&Path, &[u8]),
    (label_file, labels): (&Path, &[u8]),
    mismatches: &mut Mismatches,
) -> Result<(), Error> {
    if spec.layout != FileLayout::Idx {
        return Ok(());
    }
    let other = |found: String| Error::OtherDataset {
        file: label_file.to_owned(),
        name: spec.name.clone(),
        found,
    };
    let [_, height, width] = spec.shape;
    let count = labels.len();
    let of_labels = md5(&[&header(&[count]), labels]);
    let others = all_published().filter(|other| other.layout == spec.layout);
    for another in others.filter(|other| other.name != spec.name) {
        let theirs = published(&another, part);
        if theirs.is_some_and(|[_, labels]| labels == of_labels) {
            return Err(other(format!("its labels are those of `{}`", another.name)));
        }
    }
    let first = spec.first_labels.and_then(|parts| parts.get(part).copied());
    if let Some(expected) = first.filter(|first| !labels.starts_with(first)) {
        let found: Vec<u8> = labels.iter().copied().take(expected.len()).collect();
        return Err(other(format!(
            "its labels begin with {found:?}, expected {expected:?}"
        )));
    }
    if let Some([published_images, published_labels]) = published(spec, part) {
        let of_images = md5(&[&header(&[count, height, width]), pixels]);
        mismatches.compare(image_file, of_images, &published_images);
        mismatches.compare(label_file, of_labels, &published_labels);
    }
    Ok(())
}

/// The checksums of the image file and the label file of a part.
fn published(spec: &DatasetSpec, part: usize) -> Option<[String; 2]> {
    let files = if part == 0 { &spec.train } else { &spec.test };
    match files.as_slice() {
        [images, labels] => Some([images.md5.clone()?, labels.md5.clone()?]),
        _ => None,
    }
}

/// The header of an IDX file of bytes.
fn header(sizes: &[usize]) -> Vec<u8> {
    let sizes_in_words = sizes.iter().flat_map(|&size| (size as u32).to_be_bytes());
    [0, 0, 8, sizes.len() as u8]
        .into_iter()
        .chain(sizes_in_words)
        .collect()
}

/// In lower-case hexadecimal digits, of all parts one after the other.
fn md5(parts: &[&[u8]]) -> String {
    let mut hash = Md5::new();
    parts.iter().for_each(|part| hash.update(part));
    let bytes = hash.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

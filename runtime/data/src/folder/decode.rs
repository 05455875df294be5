//! What decoding the files of an image folder brings: pixels, channel statistics, warnings. Finds no files.

use std::path::Path;

use termc_compiler::model::Normalize;

use super::ImageFile;
use super::layout::Role;
use super::scan::plural;
use crate::dataset::{PixelHash, image_hash};
use crate::error::Error;
use crate::normalize::ChannelSums;
use crate::picture::{self, Fit};

/// One decoded file.
pub(super) struct Decoded {
    /// `[C, H, W]`; None if it was not to be kept.
    pub pixels: Option<Box<[u8]>>,
    /// Of its pixels.
    pub hash: PixelHash,
    /// Of its channels.
    sums: ChannelSums,
    /// Whether there is colour to be seen in it.
    colour: bool,
    /// A JPEG file without its end marker.
    without_end: bool,
    /// It had another size.
    resized: bool,
}

impl Decoded {
    /// Decodes a file to pixels of `shape`.
    pub fn of(path: &Path, shape: [usize; 3], fit: Fit, keep: bool) -> Result<Self, Error> {
        let picture = picture::read(path)?;
        let [_, height, width] = shape;
        let resized = picture.pixels.size() != (width, height);
        let (colour, without_end) = (picture.pixels.has_colour(), picture.without_end);
        let pixels = picture.planes(path, shape, fit)?;
        let mut sums = ChannelSums::new(shape);
        sums.add(&pixels);
        Ok(Self {
            hash: image_hash(&pixels),
            pixels: keep.then(|| pixels.into_boxed_slice()),
            sums,
            colour,
            without_end,
            resized,
        })
    }
}

/// The channel statistics of the training part.
pub(super) fn statistics(files: &[ImageFile], decoded: &[Decoded], shape: [usize; 3]) -> Normalize {
    let mut sums = ChannelSums::new(shape);
    for (file, decoded) in files.iter().zip(decoded) {
        if file.role == Role::Training {
            sums.merge(&decoded.sums);
        }
    }
    sums.normalize()
}

/// The decoded files to which something applies: how many of how many, and the first; None if it applies to none.
fn which(
    files: &[ImageFile],
    decoded: &[Decoded],
    applies: impl Fn(&Decoded) -> bool,
) -> Option<String> {
    let mut matching = files.iter().zip(decoded).filter(|(_, d)| applies(d));
    let (first, _) = matching.next()?;
    let count = plural(matching.count() + 1, "image");
    let (all, first) = (files.len(), first.path.display());
    Some(format!("{count} of {all} (the first is `{first}`)"))
}

/// What was done to images of another size.
pub(super) fn resized_note(
    files: &[ImageFile],
    decoded: &[Decoded],
    [_, height, width]: [usize; 3],
    fit: Fit,
) -> Option<String> {
    let which = which(files, decoded, |decoded| decoded.resized)?;
    Some(format!(
        "{which}: another size than {width}x{height}, fitted to it by `{fit}`"
    ))
}

/// What the user should mind in the decoded files, a sentence each.
pub(super) fn warnings(
    files: &[ImageFile],
    decoded: &[Decoded],
    [channels, ..]: [usize; 3],
) -> Vec<String> {
    let which = |applies: fn(&Decoded) -> bool| which(files, decoded, applies);
    let without_end = which(|decoded| decoded.without_end)
        .map(|which| format!("{which}: JPEG without an end marker, though all rows are there"));
    let converted = match channels {
        1 => which(|decoded| decoded.colour)
            .map(|which| format!("{which}: coloured, turned to grey as the model has one channel")),
        // All grey is told as well: the model would do with one channel.
        _ => which(|decoded| !decoded.colour)
            .map(|which| format!("{which}: grey, the same in all three channels")),
    };
    without_end.into_iter().chain(converted).collect()
}

/// That some files were left out.
pub(super) fn skipped_warning(unreadable: &[Error], count: usize) -> String {
    let files = plural(unreadable.len(), "image file");
    let first = unreadable.first().map(ToString::to_string);
    format!(
        "{files} of {count} left out as unreadable, the first: {}",
        first.unwrap_or_default()
    )
}

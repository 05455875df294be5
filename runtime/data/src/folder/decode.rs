//! What decoding the files of an image folder brings: pixels, channel statistics, warnings. Finds no files.

use std::path::Path;

use termc_compiler::model::Normalize;

use super::ImageFile;
use super::scan::plural;
use crate::dataset::{PixelHash, image_hash};
use crate::error::Error;
use crate::normalize::ChannelSums;
use crate::picture::{self, Fit};

/// One decoded file.
pub(super) struct Decoded {
    /// `[C, H, W]`, empty if it was not to be kept.
    pub pixels: Vec<u8>,
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
            pixels: if keep { pixels } else { Vec::new() },
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
        if !file.test {
            sums.merge(&decoded.sums);
        }
    }
    sums.normalize()
}

/// What the user should know of the decoded files, a sentence each.
pub(super) fn warnings(
    files: &[ImageFile],
    decoded: &[Decoded],
    shape: [usize; 3],
    fit: Fit,
) -> Vec<String> {
    let [channels, height, width] = shape;
    let mut warnings = Vec::new();
    let mut warn = |applies: &dyn Fn(&Decoded) -> bool, text: &dyn Fn(String) -> String| {
        let mut matching = files.iter().zip(decoded).filter(|(_, d)| applies(d));
        if let Some((first, _)) = matching.next() {
            let count = plural(matching.count() + 1, "image");
            let (all, first) = (files.len(), first.path.display());
            warnings.push(text(format!("{count} of {all} (the first is `{first}`)")));
        }
    };
    warn(&|decoded| decoded.without_end, &|which| {
        format!("{which}: JPEG without an end marker, though all rows are there")
    });
    warn(&|decoded| decoded.resized, &|which| {
        format!("{which}: another size than {width}x{height}, fitted to it by `{fit}`")
    });
    let coloured = decoded.iter().filter(|decoded| decoded.colour).count();
    match channels {
        1 => warn(&|decoded| decoded.colour, &|which| {
            format!("{which}: coloured, turned to grey as the model has one channel")
        }),
        // All grey is told as well: the model would do with one channel.
        _ if coloured < decoded.len() => warn(&|decoded| !decoded.colour, &|which| {
            format!("{which}: grey, the same in all three channels")
        }),
        _ => {}
    }
    warnings
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

//! The embedded handwritten digits (UCI optdigits, see `files/NOTICE.md`). Reads no files.

use std::path::Path;
use std::sync::Arc;

use super::dataset::{Dataset, Part};
use super::error::Error;
use super::normalize::statistics;
use super::picture::Fit;

/// Records of 65 bytes: the label, then 8x8 pixels from 0 to 16.
static RECORDS: &[u8] = include_bytes!("../files/optdigits.bin");

/// Brightest pixel value of the records.
const BRIGHTEST: u32 = 16;

/// 1,438 training and 359 test images of 1x8x8: every record whose number modulo 5 is 4 belongs to the test part.
/// Pixels are scaled from 0..16 to 0..255, rounded half up.
pub(super) fn open(fit: Fit) -> Result<Dataset, Error> {
    let mut parts = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for (number, record) in RECORDS.chunks_exact(65).enumerate() {
        let [(images, labels), test] = &mut parts;
        let (images, labels) = if number % 5 == 4 {
            (&mut test.0, &mut test.1)
        } else {
            (images, labels)
        };
        if let Some((label, pixels)) = record.split_first() {
            labels.push(u16::from(*label));
            for &pixel in pixels {
                images.push(scale(pixel, number)?);
            }
        }
    }
    let [train, test] = parts.map(|(images, labels)| Part::new([1, 8, 8], 10, images, labels));
    let (train, test) = (train?, test?);
    Ok(Dataset {
        name: "digits".into(),
        classes: (0..10).map(|digit| digit.to_string()).collect(),
        shape: [1, 8, 8],
        normalize: statistics(&train)?,
        fit,
        drawn: None,
        train: Arc::new(train),
        validation: None,
        test: Arc::new(test),
        warnings: vec![],
        notes: vec![],
    })
}

fn scale(pixel: u8, record: usize) -> Result<u8, Error> {
    let scaled = (u32::from(pixel) * 255 + BRIGHTEST / 2) / BRIGHTEST;
    u8::try_from(scaled).map_err(|_| {
        let what = format!("a pixel of record {record}");
        Error::malformed(Path::new("optdigits.bin"), what, "0 to 16", pixel)
    })
}

//! Fingerprints of data sets: recorded with a training, compared when it is resumed and among its processes.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Dataset, Part};

/// The fingerprint of a data set. Where its files lie is no part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Class names by label.
    pub classes: Vec<String>,
    /// Number of images of the training part and a hash of their labels.
    pub train: String,
    /// The same of the validation part, where the data set has one of its own.
    #[serde(default)]
    pub validation: Option<String>,
    /// The same of the test part.
    pub test: String,
    /// Mean of the training part's pixel values in `[0, 1]`, one per channel.
    pub mean: Vec<f64>,
    /// Their standard deviation.
    pub std: Vec<f64>,
    /// A hash of all pixels of all parts; None for images that are read by a function, and in older records.
    #[serde(default)]
    pub pixels: Option<String>,
}

impl Identity {
    /// Of this data set.
    pub fn of(data: &Dataset) -> Self {
        Self {
            classes: data.classes.clone(),
            train: part(&data.train),
            validation: data.validation.as_deref().map(part),
            test: part(&data.test),
            mean: data.normalize.mean.clone(),
            std: data.normalize.std.clone(),
            pixels: pixels(data),
        }
    }

    /// A name and a description of each property, in the order in which differences are reported.
    pub fn described(&self) -> [(&'static str, String); 6] {
        let classes = short_hash(&[self.classes.join("\n").as_bytes()]);
        let count = self.classes.len();
        [
            ("the list of classes", format!("{count} names ({classes})")),
            ("the training part", self.train.clone()),
            (
                "the validation part",
                self.validation.clone().unwrap_or("none".into()),
            ),
            ("the test part", self.test.clone()),
            (
                "the normalization",
                format!("{:?} {:?}", self.mean, self.std),
            ),
            ("the pixels", self.pixels.clone().unwrap_or_default()),
        ]
    }

    /// The first property that differs: its name, its description here and that of the other one. Pixels are compared
    /// where both are known.
    pub fn difference(&self, other: &Self) -> Option<(&'static str, String, String)> {
        let pairs = self.described().into_iter().zip(other.described());
        let known = |text: &str| !text.is_empty();
        let mut different =
            pairs.filter(|((_, own), (_, other))| own != other && known(own) && known(other));
        different
            .next()
            .map(|((name, own), (_, other))| (name, own, other))
    }
}

fn part(part: &Part) -> String {
    let labels: Vec<u8> = part.labels().iter().flat_map(|l| l.to_le_bytes()).collect();
    format!("{} images ({})", part.len(), short_hash(&[&labels]))
}

fn pixels(data: &Dataset) -> Option<String> {
    let parts = [
        Some(&data.train),
        data.validation.as_ref(),
        Some(&data.test),
    ];
    let hashes: Option<Vec<_>> = parts
        .into_iter()
        .flatten()
        .map(|part| part.pixel_hash())
        .collect();
    let hashes = hashes?;
    let hashes: Vec<&[u8]> = hashes.iter().map(|hash| hash.as_slice()).collect();
    Some(short_hash(&hashes))
}

/// The first 12 hexadecimal digits of the SHA-256 of all parts, one after the other.
pub fn short_hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    let bytes = hash.finalize();
    bytes.iter().take(6).map(|b| format!("{b:02x}")).collect()
}

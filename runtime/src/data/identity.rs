//! What tells one data set from another: recorded with a training, compared when it goes on and among nodes.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Dataset, Part};

/// What a training's data are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Class names by label.
    pub classes: Vec<String>,
    /// Number of images of the training part and a hash of their labels; pixels show in the normalization.
    pub train: String,
    /// The same of the test part.
    pub test: String,
    /// Mean of the training part's pixel values in `[0, 1]`, one per channel.
    pub mean: Vec<f64>,
    /// Their standard deviation.
    pub std: Vec<f64>,
}

impl Identity {
    /// Of this data set.
    pub fn of(data: &Dataset) -> Self {
        Self {
            classes: data.classes.clone(),
            train: part(&data.train),
            test: part(&data.test),
            mean: data.normalize.mean.clone(),
            std: data.normalize.std.clone(),
        }
    }

    /// The same in words, in the order in which differences are told.
    pub fn words(&self) -> [(&'static str, String); 4] {
        let classes = short(&[self.classes.join("\n").as_bytes()]);
        let count = self.classes.len();
        [
            ("the list of classes", format!("{count} names ({classes})")),
            ("the training part", self.train.clone()),
            ("the test part", self.test.clone()),
            (
                "the normalization",
                format!("{:?} {:?}", self.mean, self.std),
            ),
        ]
    }

    /// The first difference, in words: what this is and what the other one.
    pub fn difference(&self, other: &Self) -> Option<(&'static str, String, String)> {
        let pairs = self.words().into_iter().zip(other.words());
        let mut different = pairs.filter(|(own, other)| own != other);
        different
            .next()
            .map(|((name, own), (_, other))| (name, own, other))
    }
}

fn part(part: &Part) -> String {
    let labels: Vec<u8> = part.labels().iter().flat_map(|l| l.to_le_bytes()).collect();
    format!("{} images ({})", part.len(), short(&[&labels]))
}

/// Enough of a SHA-256 to tell two things apart.
pub(crate) fn short(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    let bytes = hash.finalize();
    bytes.iter().take(6).map(|b| format!("{b:02x}")).collect()
}

//! What must be the same on all nodes for them to make the same training: compared in words when they meet, so that a
//! difference is named.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use termc_compiler::model::Model;

use crate::data::{Dataset, Part};
use crate::train::checkpoint::Checkpoint;
use crate::train::settings::Settings;

/// How nodes talk; another version is refused.
const PROTOCOL: u32 = 1;

/// Names and values, in the order in which differences are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement(Vec<(String, String)>);

impl Agreement {
    /// Of a training of `model` on `data`, new or resumed, with devices of one kind.
    pub fn new(
        model: &Model,
        settings: &Settings,
        data: &Dataset,
        resumed: Option<&Checkpoint>,
        kind: &str,
    ) -> Self {
        let words = [
            ("the version of termc", env!("CARGO_PKG_VERSION").to_owned()),
            ("the protocol", PROTOCOL.to_string()),
            ("the model", short(&[model.source.as_bytes()])),
            ("the seed", settings.seed.to_string()),
            ("`--epochs`", settings.epochs.to_string()),
            ("`--batch`", settings.batch.to_string()),
            (
                "`--limit`",
                settings.limit.map_or("none".into(), |n| n.to_string()),
            ),
            (
                "`--protocol`",
                format!("{:?}", settings.protocol).to_lowercase(),
            ),
            ("`--val`", settings.val.to_string()),
            ("`--precision`", settings.precision.clone()),
            ("`--kernels`", settings.kernels.clone()),
            ("the kind of device", kind.to_owned()),
            ("the classes", short(&[data.classes.join("\n").as_bytes()])),
            ("the training part", part(&data.train)),
            ("the test part", part(&data.test)),
            (
                "the normalization",
                format!("{:?} {:?}", data.normalize.mean, data.normalize.std),
            ),
            (
                "the step to go on from",
                resumed.map_or("none".into(), |checkpoint| {
                    checkpoint.state.step.to_string()
                }),
            ),
        ];
        Self(words.map(|(name, value)| (name.to_owned(), value)).into())
    }

    /// Of a test that has its own words.
    #[cfg(test)]
    pub fn of(name: &str, value: &str) -> Self {
        Self(vec![(name.into(), value.into())])
    }

    /// The first difference between what node 0 and node `node` say.
    pub fn difference(&self, theirs: &Self, node: usize) -> Option<String> {
        let mut pairs = self.0.iter().zip(&theirs.0);
        let different = pairs.find(|(own, other)| own != other);
        let told = different.map(|((name, own), (_, other))| {
            format!("{name} is {own} on node 0 and {other} on node {node}")
        });
        told.or_else(|| {
            (self != theirs).then(|| format!("node {node} is of another version of termc"))
        })
    }
}

/// Number of images and a hash of their labels; pixels show in the normalization.
fn part(part: &Part) -> String {
    let labels: Vec<u8> = part.labels().iter().flat_map(|l| l.to_le_bytes()).collect();
    format!("{} images ({})", part.len(), short(&[&labels]))
}

/// Enough of a SHA-256 to tell two things apart.
fn short(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    let bytes = hash.finalize();
    bytes.iter().take(6).map(|b| format!("{b:02x}")).collect()
}

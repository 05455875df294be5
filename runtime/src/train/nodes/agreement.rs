//! What must be the same on all nodes for them to make the same training: compared in words when they meet, so that a
//! difference is named.

use serde::{Deserialize, Serialize};
use termc_compiler::model::Model;

use crate::data::Dataset;
use crate::data::identity::{Identity, short};
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
        let data = Identity::of(data).words();
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
            (
                "the step to go on from",
                resumed.map_or("none".into(), |checkpoint| {
                    checkpoint.state.step.to_string()
                }),
            ),
        ];
        let words = words.into_iter().chain(data);
        Self(
            words
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
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

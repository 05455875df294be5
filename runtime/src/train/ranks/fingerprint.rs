//! What has to be the same on all ranks for them to make the same training: compared in words before it begins, so that a
//! difference is named. Compares no weights.

use serde::{Deserialize, Serialize};
use termc_compiler::model::Model;
use termc_data::{Dataset, Identity, short_hash};

use super::{Communicator, gather_values};
use crate::Error;
use crate::train::checkpoint::Checkpoint;
use crate::train::settings::Settings;

/// Names and values, in the order in which differences are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(Vec<(String, String)>);

impl Fingerprint {
    /// Of a training of `model` on `data`, new or resumed, on devices of one kind.
    pub fn new(
        model: &Model,
        settings: &Settings,
        data: &Dataset,
        resumed: Option<&Checkpoint>,
        kind: &str,
    ) -> Self {
        let limit = settings.limit.map_or("none".into(), |n| n.to_string());
        let start = settings.start.as_ref();
        let start = start.map_or("none".into(), |start| {
            short_hash(&[start.sha256.as_bytes()])
        });
        let step = resumed.map_or("none".into(), |c| c.state.step.to_string());
        let words = [
            ("the version of termc", env!("CARGO_PKG_VERSION").to_owned()),
            ("the model", short_hash(&[model.source().as_bytes()])),
            ("the seed", settings.seed.to_string()),
            ("`--epochs`", settings.epochs.to_string()),
            ("`--batch`", settings.batch.to_string()),
            ("`--limit`", limit),
            ("`--protocol`", settings.protocol.to_string()),
            ("`--val`", settings.val.to_string()),
            ("`--precision`", settings.precision.to_string()),
            ("`--kernels`", settings.kernels.to_string()),
            ("the weights to begin with", start),
            ("the kind of device", kind.to_owned()),
            ("the step to go on from", step),
        ];
        let words = words.into_iter().chain(Identity::of(data).described());
        let words = words.map(|(name, value)| (name.to_owned(), value));
        Self(words.collect())
    }

    /// Requires it to be the same on all ranks. Collective.
    ///
    /// # Errors
    /// The first difference from rank 0, the same on all ranks; or that a rank was lost.
    pub fn require_equal(&self, ranks: &dyn Communicator) -> Result<(), Error> {
        let all = gather_values(ranks, "its start", self.clone())?;
        let Some((root, others)) = all.split_first() else {
            return Ok(());
        };
        let different = others.iter().enumerate();
        let mut different = different.filter_map(|(i, other)| root.difference(other, i + 1));
        different.next().map_or(Ok(()), |difference| {
            Err(Error::Input(format!(
                "the ranks were started differently: {difference}"
            )))
        })
    }

    fn difference(&self, theirs: &Self, rank: usize) -> Option<String> {
        let mut pairs = self.0.iter().zip(&theirs.0);
        let different = pairs.find(|(own, other)| own != other);
        let told = different.map(|((name, own), (_, other))| {
            format!("{name} is {own} on rank 0 and {other} on rank {rank}")
        });
        told.or_else(|| {
            (self != theirs).then(|| format!("rank {rank} is of another version of termc"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        let of = |seed: &str| Fingerprint(vec![("the seed".into(), seed.into())]);
        assert_eq!(of("7").difference(&of("7"), 1), None);
        assert_eq!(
            of("7").difference(&of("8"), 3).unwrap(),
            "the seed is 7 on rank 0 and 8 on rank 3"
        );
        let longer = Fingerprint([of("7").0, of("7").0].concat());
        assert!(of("7").difference(&longer, 1).is_some());
    }
}

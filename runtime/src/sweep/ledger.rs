//! The ledger of a sweep, a file that is replaced as a whole at every change. That a training is over its own folder says.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::train::checkpoint::hash;
use crate::train::folder::{self, read_json, write_json};

/// The ledger's name in its folder.
pub const LEDGER: &str = "sweep.json";

/// Version of the layout; others are refused.
const FORMAT: u32 = 1;

/// How often a training may fail before it is left.
const ATTEMPTS: usize = 2;

/// Takes the folder of a sweep for this process, until the result is dropped; the system gives it back however the process ends.
///
/// # Errors
/// If another sweep has it, or the disk refuses it.
pub fn lock(folder: &Path) -> Result<File, Error> {
    folder::lock(folder).map(|(file, _)| file)
}

/// What is trained, and what went wrong with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// [`FORMAT`].
    format: u32,
    /// Options of every training, as they were given.
    pub options: Vec<String>,
    /// The models, in the order of their file.
    pub members: Vec<Member>,
    /// The seeds of each.
    pub seeds: Vec<u64>,
    /// By the names of their folders, the trainings that failed.
    pub failures: BTreeMap<String, Failures>,
}

/// A model, variant or member of a family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// SHA-256 of its canonical source.
    pub source: String,
    /// Trained numbers.
    pub parameters: u64,
    /// For one image.
    pub multiply_adds: u64,
    /// What it differs in from the first one, in lines.
    pub changes: Vec<String>,
}

/// What went wrong with a training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Failures {
    /// How often it failed.
    pub attempts: usize,
    /// What the last attempt said.
    pub message: String,
}

/// One training.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Its model.
    pub member: &'a Member,
    /// Its seed.
    pub seed: u64,
}

impl Run<'_> {
    /// The name of its folder.
    pub fn folder(&self) -> String {
        let name = self.member.name.replace('[', "-").replace(']', "");
        format!("{name}-seed{}", self.seed)
    }
}

impl Member {
    /// The member's `source` for a model of this canonical source.
    pub fn digest(source: &str) -> String {
        hash(source.as_bytes())
    }
}

impl Ledger {
    /// A new one.
    pub fn new(options: Vec<String>, members: Vec<Member>, seeds: Vec<u64>) -> Self {
        Self {
            format: FORMAT,
            options,
            members,
            seeds,
            failures: BTreeMap::new(),
        }
    }

    /// Goes on with what is in the folder, if a training of it has begun: with the same options and sources; models and seeds may have been
    /// added or left out, and what failed before is tried anew.
    ///
    /// # Errors
    /// If the ledger cannot be read, or is of other options or of another source of one of the models.
    pub fn going_on(self, folder: &Path) -> Result<Self, Error> {
        let path = folder.join(LEDGER);
        if !path.exists() {
            return Ok(self);
        }
        let there: Self = read_json(&path)?;
        let begun = |run: Run<'_>| folder.join(run.folder()).join("config.json").is_file();
        if !there.runs().any(begun) {
            // Nothing was trained yet: the call was mistaken, and is corrected now.
            return Ok(self);
        }
        let refuse = |problem: String| {
            Err(Error::Content {
                path: path.clone(),
                problem,
            })
        };
        if there.format != FORMAT {
            return refuse(format!(
                "has format {}; this version reads {FORMAT}",
                there.format
            ));
        }
        if there.options != self.options {
            return refuse(format!(
                "is of a sweep with the options `{}`, not `{}`; name another folder with `--out`",
                there.options.join(" "),
                self.options.join(" ")
            ));
        }
        for member in &self.members {
            let same = |other: &&Member| other.name == member.name && other.source != member.source;
            if let Some(other) = there.members.iter().find(same) {
                return refuse(format!(
                    "is of a sweep in which `{}` was another model; name another folder with `--out`",
                    other.name
                ));
            }
        }
        Ok(self)
    }

    /// Writes it.
    ///
    /// # Errors
    /// If the disk refuses it.
    pub fn save(&self, folder: &Path) -> Result<(), Error> {
        write_json(&folder.join(LEDGER), self)
    }

    /// All trainings: the first seed of every model, then the next one.
    pub fn runs(&self) -> impl Iterator<Item = Run<'_>> {
        let seeds = self.seeds.iter();
        seeds.flat_map(|seed| {
            let members = self.members.iter();
            members.map(|member| Run {
                member,
                seed: *seed,
            })
        })
    }

    /// The trainings of one model.
    pub fn runs_of<'a>(&'a self, member: &'a Member) -> impl Iterator<Item = Run<'a>> {
        let seeds = self.seeds.iter();
        seeds.map(move |seed| Run {
            member,
            seed: *seed,
        })
    }

    /// Notes that a training failed, and says whether it has another attempt.
    pub fn failed(&mut self, folder: &str, message: String) -> bool {
        let failure = self.failures.entry(folder.to_owned()).or_default();
        failure.attempts += 1;
        failure.message = message;
        failure.attempts < ATTEMPTS
    }

    /// Notes that a training is over.
    pub fn succeeded(&mut self, folder: &str) {
        self.failures.remove(folder);
    }

    /// Whether a training has failed as often as it may.
    pub fn has_failed(&self, folder: &str) -> bool {
        let failure = self.failures.get(folder);
        failure.is_some_and(|failure| failure.attempts >= ATTEMPTS)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn ledger(options: &[&str], source: &str) -> Ledger {
        let member = Member {
            name: "A[2]".into(),
            source: Member::digest(source),
            parameters: 1,
            multiply_adds: 2,
            changes: vec![],
        };
        let options = options.iter().map(|&option| option.to_owned());
        Ledger::new(options.collect(), vec![member], vec![0, 1])
    }

    #[test]
    fn only_the_same_sweep_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = ledger(&["--epochs", "2"], "a")
            .going_on(folder.path())
            .unwrap();
        let names: Vec<String> = first.runs().map(|run| run.folder()).collect();
        assert_eq!(names, ["A-2-seed0", "A-2-seed1"]);
        assert!(first.failed("A-2-seed1", "once".into()));
        assert!(!first.has_failed("A-2-seed1"));
        assert!(!first.failed("A-2-seed1", "twice".into()));
        assert!(first.has_failed("A-2-seed1") && !first.has_failed("A-2-seed0"));
        first.save(folder.path()).unwrap();
        let again = ledger(&["--epochs", "2"], "a")
            .going_on(folder.path())
            .unwrap();
        assert!(again.failures.is_empty());
        first.succeeded("A-2-seed1");
        assert_eq!(again, first);
        // As long as nothing is trained, another call may correct the first.
        let corrected = ledger(&["--epochs", "3"], "a");
        assert_eq!(
            corrected.clone().going_on(folder.path()).unwrap(),
            corrected
        );
        let run = folder.path().join("A-2-seed1");
        std::fs::create_dir(&run).unwrap();
        std::fs::write(run.join("config.json"), "{}").unwrap();
        let wrong = |other: Ledger| other.going_on(folder.path()).unwrap_err().to_string();
        assert!(wrong(ledger(&["--epochs", "3"], "a")).contains("`--epochs 2`, not `--epochs 3`"));
        assert!(wrong(ledger(&["--epochs", "2"], "b")).contains("`A[2]` was another model"));
    }
}

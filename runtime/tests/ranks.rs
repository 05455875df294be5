//! Whole trainings on several ranks, which are threads here: what is computed is the same whatever carries the bytes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod short;
#[path = "short/ranks.rs"]
mod threads;

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use termc_compiler::model::Model;
use termc_compiler::{NoFiles, Options, compile};
use termc_data::{Dataset, Part, StopRequest};
use termc_runtime::tensors::Tensors;
use termc_runtime::train::metrics::{self, Row, Span, Split};
use termc_runtime::train::ranks::Communicator;
use termc_runtime::train::{Outcome, RunFolder, SaveRequest, Settings, Training, checkpoint};
use termc_runtime::{Error, weights};

use self::short::{Silent, digits, settings};
use self::threads::on_ranks;

/// An example with some texts replaced, each of which must be there.
fn example(name: &str, changes: &[(&str, &str)]) -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut text = std::fs::read_to_string(path.join(name)).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "no `{from}` in {name}");
        text = text.replace(from, to);
    }
    let compiled = compile(name, &text, &Options::default(), &NoFiles);
    compiled
        .model
        .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

/// Without coupling between images: whatever computes a batch comes to the same.
fn uncoupled(changes: &[(&str, &str)]) -> Model {
    example("ablations/bottleneck.term", changes)
}

const SGD: (&str, &str) = ("adamw(lr=0.002, betas=[0.9, 0.99])", "sgd(lr=1)");
const CONSTANT: (&str, &str) = ("warmup_cosine(warmup=1, floor=0.01)", "constant");
const UNCLIPPED: (&str, &str) = ("clip = norm(5)", "");
const UNAVERAGED: (&str, &str) = ("ema = 0.99", "");

struct Case {
    model: Model,
    settings: Settings,
    data: Dataset,
    folder: tempfile::TempDir,
}

impl Case {
    fn new(model: Model, batch: usize) -> Self {
        Self {
            settings: settings(&model, batch),
            data: digits(),
            folder: tempfile::tempdir().unwrap(),
            model,
        }
    }

    fn run(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Begins a training, or goes on with it if its folder is there. All ranks come to the same.
    fn train(&self, name: &str, ranks: usize, stop_after: Option<usize>) -> Result<Outcome, Error> {
        let path = self.run(name);
        let folder = match path.exists() {
            true => RunFolder::resume(&path).unwrap().0,
            false => RunFolder::create(&path, self.model.source(), &self.settings).unwrap(),
        };
        let resume = checkpoint::latest(&folder.checkpoints(), |_, reason| panic!("{reason}"));
        let resume = resume.unwrap();
        let mut outcomes = on_ranks(ranks, |rank| {
            let training = Training {
                model: &self.model,
                data: &self.data,
                folder: Some(&folder).filter(|_| rank.rank() == 0),
                ranks: rank,
                device: Device::flex(),
                settings: &self.settings,
                resume: resume.clone(),
                start: None,
                stop: &StopRequest::new(),
                save: &SaveRequest::new(),
                stop_after,
                stop_after_epoch: None,
                observer: &mut Silent,
            };
            training.run()
        });
        let root = outcomes.swap_remove(0);
        for other in outcomes {
            assert_eq!(told(&other), told(&root));
        }
        root
    }

    fn last(&self, name: &str) -> Tensors {
        let file = weights::read(&self.run(name).join("last.safetensors"));
        file.unwrap().tensors
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.run(name).join("last.safetensors")).unwrap()
    }

    fn rows(&self, name: &str) -> Vec<Row> {
        metrics::read(&self.run(name)).unwrap()
    }
}

/// An outcome without what rank 0 alone has.
fn told(outcome: &Result<Outcome, Error>) -> String {
    match outcome {
        Ok(Outcome::Stopped { step, reason, .. }) => format!("{step} {reason:?}"),
        other => format!("{other:?}"),
    }
}

/// The largest difference of any number.
fn distance(a: &Tensors, b: &Tensors) -> f64 {
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    let pairs = a.values().zip(b.values());
    let numbers = pairs.flat_map(|(a, b)| {
        let numbers: Vec<(f64, f64)> = a.iter::<f64>().zip(b.iter::<f64>()).collect();
        numbers
    });
    numbers.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// With SGD at rate 1 weights differ by what gradients differ.
#[test]
fn two_ranks_find_the_gradient_of_one() {
    let model = uncoupled(&[SGD, CONSTANT, UNCLIPPED, UNAVERAGED]);
    let case = Case::new(model, 32);
    for (name, ranks) in [("one", 1), ("two", 2), ("three", 3)] {
        case.train(name, ranks, Some(1)).unwrap();
    }
    let one = case.last("one");
    for name in ["two", "three"] {
        let apart = distance(&one, &case.last(name));
        assert!(apart < 1e-6, "{name}: {apart}");
    }
}

#[test]
fn a_training_on_two_ranks_is_that_on_one() {
    let case = Case::new(uncoupled(&[]), 32);
    for (name, ranks) in [("one", 1), ("two", 2)] {
        let outcome = case.train(name, ranks, None).unwrap();
        assert!(matches!(outcome, Outcome::Finished { .. }), "{outcome:?}");
    }
    let (one, two) = (case.rows("one"), case.rows("two"));
    assert_eq!(one.len(), two.len());
    for (one, two) in one.iter().zip(&two) {
        assert_eq!(
            (one.span, one.split, one.step),
            (two.span, two.split, two.step)
        );
        let apart = one.loss.unwrap() - two.loss.unwrap();
        assert!(apart.abs() < 1e-4, "{one:?} {two:?}");
    }
    let apart = distance(&case.last("one"), &case.last("two"));
    assert!(apart < 1e-3, "{apart}");
}

/// Each rank computes its part of a batch by itself, which is what gradient accumulation does one after the other.
#[test]
fn batch_statistics_are_those_of_a_ranks_shard() {
    let recipe = |more: &str| {
        let text = format!(
            "train {{\n optimizer = sgd(lr=1)\n schedule = constant\n epochs = 2\n batch = 32\n{more}\n}}"
        );
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits.term");
        let source = std::fs::read_to_string(path).unwrap();
        let (head, rest) = source.split_once("train {").unwrap();
        let (_, tail) = rest.split_once("\n}").unwrap();
        let compiled = compile(
            "digits.term",
            &format!("{head}{text}{tail}"),
            &Options::default(),
            &NoFiles,
        );
        compiled
            .model
            .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
    };
    let whole = Case::new(recipe(""), 32);
    whole.train("one", 1, Some(1)).unwrap();
    whole.train("two", 2, Some(1)).unwrap();
    let parts = Case::new(recipe("accumulate = 2"), 16);
    parts.train("parts", 1, Some(1)).unwrap();
    let two = whole.last("two");
    let apart = distance(&two, &parts.last("parts"));
    assert!(apart < 1e-6, "{apart}");
    let apart = distance(&two, &whole.last("one"));
    assert!(apart > 1e-5, "the model couples no images: {apart}");
}

#[test]
fn two_ranks_come_to_the_same_bits_stopped_or_not() {
    let case = Case::new(uncoupled(&[]), 32);
    case.train("a", 2, None).unwrap();
    case.train("b", 2, None).unwrap();
    assert!(case.bytes("a") == case.bytes("b"));
    for stop in [Some(3), Some(4), None] {
        case.train("stopped", 2, stop).unwrap();
    }
    assert!(case.bytes("a") == case.bytes("stopped"));
    // Another number of ranks may go on, too.
    case.train("fewer", 2, Some(3)).unwrap();
    let outcome = case.train("fewer", 1, None).unwrap();
    assert!(matches!(outcome, Outcome::Finished { .. }));
    assert!(distance(&case.last("a"), &case.last("fewer")) < 1e-3);
}

/// An image that overflows is on one rank only; all of them must end.
#[test]
fn what_is_not_finite_on_one_rank_ends_the_training() {
    for seed in 0..4 {
        let mut case = Case::new(uncoupled(&[]), 16);
        case.settings.seed = seed;
        case.settings.limit = Some(16);
        case.settings.val = 0.0;
        let mut images = vec![0; 16 * 64];
        images.iter_mut().take(64).for_each(|pixel| *pixel = 255);
        let labels: Vec<u16> = (0..16).map(|i| i % 10).collect();
        let part = Part::new([1, 8, 8], 10, images, labels).unwrap();
        case.data.train = part.into();
        case.data.normalize.mean = vec![0.0];
        case.data.normalize.std = vec![1e-30];
        let outcome = case.train("run", 2, None).unwrap();
        let Outcome::NotFinite { found, step, .. } = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(step, 1);
        let said = found.describe(&case.model);
        assert!(said.contains("is not finite"), "{said}");
        let rows = case.rows("run");
        let of_epochs = |r: &&Row| r.span == Span::Epoch && r.split == Split::Train;
        assert_eq!(rows.iter().filter(of_epochs).count(), 0);
    }
}

/// A rank that goes on from other weights is found out before the first step, by all.
#[test]
fn ranks_that_differ_are_refused() {
    let case = Case::new(uncoupled(&[]), 32);
    case.train("run", 2, Some(3)).unwrap();
    let (folder, _) = RunFolder::resume(&case.run("run")).unwrap();
    let found = checkpoint::latest(&folder.checkpoints(), |_, reason| panic!("{reason}"));
    let found = found.unwrap().unwrap();
    let outcomes = on_ranks(3, |rank| {
        let mut resume = found.clone();
        if rank.rank() == 2 {
            let weight = resume.tensors.values_mut().next().unwrap();
            weight.as_mut_slice::<f32>().unwrap()[0] += 1.0;
        }
        let training = Training {
            model: &case.model,
            data: &case.data,
            folder: Some(&folder).filter(|_| rank.rank() == 0),
            ranks: rank,
            device: Device::flex(),
            settings: &case.settings,
            resume: Some(resume),
            start: None,
            stop: &StopRequest::new(),
            save: &SaveRequest::new(),
            stop_after: None,
            stop_after_epoch: None,
            observer: &mut Silent,
        };
        training.run()
    });
    for outcome in outcomes {
        assert_eq!(
            outcome.unwrap_err().to_string(),
            "the weights on rank 2 differ from those on rank 0 after step 3"
        );
    }
}

/// Evaluations are shared, too, and come to the bits of one rank.
#[test]
fn three_ranks_validate_as_one_does() {
    let case = Case::new(uncoupled(&[]), 32);
    case.train("run", 1, Some(10)).unwrap();
    let copy = case.run("copy");
    copy_folder(&case.run("run"), &copy);
    // Nothing is left but the validation of the last epoch and the test.
    let epochs = |name: &str| {
        let rows = case.rows(name).into_iter();
        rows.filter(|row| row.span == Span::Epoch && row.split != Split::Train)
            .map(|row| (row.split, row.epoch, row.loss, row.top1, row.top5))
            .collect::<Vec<_>>()
    };
    case.train("run", 1, None).unwrap();
    case.train("copy", 3, None).unwrap();
    assert_eq!(epochs("run"), epochs("copy"));
    let test = |name: &str| std::fs::read(case.run(name).join("test.json")).unwrap();
    assert!(test("run") == test("copy"));
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, to) = entry.map(|e| (e.path(), to.join(e.file_name()))).unwrap();
        match path.is_dir() {
            true => copy_folder(&path, &to),
            false => std::fs::copy(&path, &to).map(|_| ()).unwrap(),
        }
    }
}

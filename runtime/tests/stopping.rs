//! A stop request in the middle of an evaluation: it ends within a batch, and the training goes on to the same bits.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[allow(dead_code, reason = "shared with tests that use other parts")]
mod short;
#[path = "short/ranks.rs"]
mod threads;

use std::path::Path;

use burn::tensor::Device;
use termc_compiler::model::Model;
use termc_compiler::{NoFiles, Options, compile};
use termc_data::StopRequest;
use termc_runtime::train::metrics::{self, Row, Split};
use termc_runtime::train::ranks::{Communicator, Single};
use termc_runtime::train::{
    Event, Observer, Outcome, RunFolder, SaveRequest, StopReason, Training, checkpoint,
};

use self::short::{digits, settings};
use self::threads::on_ranks;

/// Asks for a stop after the first batch of some evaluations.
struct StopIn<'a> {
    stop: &'a StopRequest,
    /// The part, and its evaluations that are let pass.
    place: Option<(Split, usize)>,
    batches: Vec<(Split, usize)>,
}

impl Observer for StopIn<'_> {
    fn on(&mut self, event: Event<'_>) {
        let Event::Evaluated { split, done, total } = event else {
            return;
        };
        self.batches.push((split, done));
        if let Some((place, passed)) = &mut self.place
            && *place == split
        {
            match (*passed, done == total) {
                (0, _) => self.stop.request(),
                (_, true) => *passed -= 1,
                _ => {}
            }
        }
    }
}

fn model() -> Model {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/ablations/bottleneck.term"
    );
    let text = std::fs::read_to_string(path).unwrap();
    compile("bottleneck.term", &text, &Options::default(), &NoFiles)
        .model
        .unwrap()
}

/// Begins a training of two epochs or goes on with it; gives its outcome and the batches of its evaluations.
fn train(
    run: &Path,
    ranks: &dyn Communicator,
    place: Option<(Split, usize)>,
) -> (Outcome, Vec<(Split, usize)>) {
    let model = model();
    let mut settings = settings(&model, 16);
    settings.limit = Some(400);
    settings.val = 0.5;
    let is_root = ranks.rank() == 0;
    let folder = match (is_root, run.join("config.json").exists()) {
        (false, _) => None,
        (true, true) => Some(RunFolder::resume(run).unwrap().0),
        (true, false) => Some(RunFolder::create(run, model.source(), &settings).unwrap()),
    };
    let checkpoints = run.join("checkpoints");
    let resume = checkpoint::latest(&checkpoints, |_, reason| panic!("{reason}")).unwrap();
    // Rank 0 writes only once all have read.
    ranks.all_gather(&[]).unwrap();
    let stop = StopRequest::new();
    let mut observer = StopIn {
        stop: &stop,
        place,
        batches: vec![],
    };
    let training = Training {
        model: &model,
        data: &digits(),
        folder: folder.as_ref(),
        ranks,
        device: Device::flex(),
        settings: &settings,
        resume,
        start: None,
        stop: &stop,
        save: &SaveRequest::new(),
        stop_after: None,
        stop_after_epoch: None,
        observer: &mut observer,
    };
    let outcome = training.run().unwrap();
    (outcome, observer.batches)
}

fn same(a: &Path, b: &Path) {
    let rows = |run: &Path| -> Vec<Row> {
        let rows = metrics::read(run).unwrap().into_iter();
        rows.map(|row| Row {
            images_per_second: None,
            loading: None,
            seconds: 0.0,
            ..row
        })
        .collect()
    };
    assert_eq!(rows(a), rows(b));
    for name in ["last.safetensors", "best.safetensors", "test.json"] {
        let read = |run: &Path| std::fs::read(run.join(name)).unwrap();
        assert!(read(a) == read(b), "`{name}` differs");
    }
}

#[test]
fn a_stop_in_an_evaluation_is_prompt_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let straight = folder.path().join("straight");
    let (_, batches) = train(&straight, &Single, None);
    // 200 images validate twice, 359 test; in batches of 64.
    assert_eq!(batches.len(), 4 + 4 + 6);
    for (number, place) in [(Split::Val, 0), (Split::Val, 1), (Split::Test, 0)]
        .into_iter()
        .enumerate()
    {
        let run = folder.path().join(number.to_string());
        let (outcome, batches) = train(&run, &Single, Some(place));
        let Outcome::Stopped {
            reason, checkpoint, ..
        } = outcome
        else {
            panic!("{outcome:?}");
        };
        assert!(reason.by_signal && checkpoint.unwrap().exists());
        assert_eq!(batches.last(), Some(&(place.0, 64)));
        let (outcome, again) = train(&run, &Single, None);
        assert!(matches!(outcome, Outcome::Finished { .. }), "{outcome:?}");
        // The evaluation begins anew, and no step comes before it.
        assert_eq!(again.first(), Some(&(place.0, 64)));
        same(&straight, &run);
    }
}

#[test]
fn a_stop_in_an_evaluation_stops_all_ranks() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let outcomes = on_ranks(2, |rank| {
        let place = Some((Split::Val, 0)).filter(|_| rank.rank() == 1);
        train(&run, rank, place)
    });
    for (outcome, batches) in outcomes {
        let Outcome::Stopped { reason, .. } = outcome else {
            panic!("{outcome:?}");
        };
        let expected = StopReason {
            rank: 1,
            by_signal: true,
        };
        assert_eq!(reason, expected);
        assert_eq!(batches, [(Split::Val, 128)]);
    }
    for (outcome, _) in on_ranks(2, |rank| train(&run, rank, None)) {
        assert!(matches!(outcome, Outcome::Finished { .. }), "{outcome:?}");
    }
}

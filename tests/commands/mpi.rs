//! Trainings on several ranks: `termc train` started by `mpirun` on the loopback interface. Needs the feature `mpi`; where
//! there is no `mpirun` the tests are skipped, unless the variable `TERMC_REQUIRE` names `mpi`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{
    SMALL, Said, assert_same, bytes, checkpoints, has_rows, read_tensors, resuming, said, signal,
    termc, train_on, training, wait_for,
};

/// How long a job may outlive a lost rank.
const LIMIT: Duration = Duration::from_secs(60);

/// `mpirun` for so many ranks of `termc`; None where it is not installed.
fn mpirun(ranks: usize, arguments: &[&str]) -> Option<Command> {
    let found = Command::new("mpirun").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        let required = std::env::var("TERMC_REQUIRE").is_ok_and(|list| list.contains("mpi"));
        assert!(!required, "there is no `mpirun`");
        eprintln!("skipped: there is no `mpirun`");
        return None;
    }
    let mut command = Command::new("mpirun");
    command
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .env("NO_COLOR", "1")
        .args(["--oversubscribe", "--mca", "btl", "self,tcp"])
        .args(["--mca", "btl_tcp_if_include", "lo"])
        .args(["-n", &ranks.to_string()])
        .arg(env!("CARGO_BIN_EXE_termc"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Some(command)
}

/// Runs a job to its end; None where there is no `mpirun`.
fn job(ranks: usize, arguments: &[&str]) -> Option<Said> {
    Some(said(mpirun(ranks, arguments)?.output().unwrap()))
}

/// A folder for the runs and models of a test.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn run(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A model in a file: the small one with another recipe.
    fn model(&self, name: &str, recipe: &str) -> String {
        let source = std::fs::read_to_string(SMALL).unwrap();
        let head = &source[..source.find("train {").unwrap()];
        self.write(name, &format!("{head}train {{\n{recipe}\n}}\n"))
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn of_model<'a>(model: &'a str, run: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let more = [&["--limit", "320"], more].concat();
    train_on(model, "digits", run.to_str().unwrap(), &more)
}

/// The largest difference of any weight.
fn distance(a: &Path, b: &Path) -> f32 {
    let read = |run: &Path| read_tensors(&run.join("last.safetensors"));
    let (a, b) = (read(a), read(b));
    assert!(a.keys().eq(b.keys()));
    let pairs = a.values().zip(b.values());
    let apart = pairs.flat_map(|((_, a), (_, b))| a.iter().zip(b).map(|(a, b)| (a - b).abs()));
    apart.fold(0.0, f32::max)
}

#[test]
fn two_ranks_make_the_same_bits_again_stopped_or_not() {
    let place = Place::new();
    let [first, second, stopped] = ["first", "second", "stopped"].map(|name| place.run(name));
    for run in [&first, &second] {
        let Some(said) = job(2, &training(run.to_str().unwrap(), &[])) else {
            return;
        };
        let said = said.expect(0);
        assert!(said.out.starts_with("test accuracy "), "{}", said.out);
        assert_eq!(said.out.lines().count(), 2, "rank 0 alone has results");
        said.says("Small on digits, 2 ranks: cpu, cpu, in")
            .says("each of the 2 ranks takes them over its own 16 of the 32 images");
    }
    assert_same(&first, &second);
    let config: serde_json::Value = serde_json::from_slice(&bytes(&first, "config.json")).unwrap();
    assert_eq!(config["device_used"], "2 ranks: cpu, cpu");

    let stop = training(stopped.to_str().unwrap(), &["--stop-after", "13"]);
    job(2, &stop)
        .unwrap()
        .expect(0)
        .says("stopped after step 13");
    job(2, &resuming(&stopped, &["--stop-after", "9"]))
        .unwrap()
        .expect(0)
        .says("going on from step 13");
    job(2, &resuming(&stopped, &[])).unwrap().expect(0);
    assert_same(&first, &stopped);
    job(2, &resuming(&stopped, &[]))
        .unwrap()
        .expect(0)
        .says("over");
}

/// Means over a batch are those of a rank's shard, as with gradient accumulation in one process.
#[test]
fn two_ranks_train_as_one_that_accumulates_two_batches() {
    let place = Place::new();
    let recipe = |name: &str, batch: &str| {
        let recipe = format!(
            " optimizer = sgd(lr=0.1)\n schedule = constant\n epochs = 2\n {batch}\n augment = [random_crop(padding=1)]"
        );
        place.model(name, &recipe)
    };
    let whole = recipe("whole.term", "batch = 32");
    let halves = recipe("halves.term", "batch = 16\n accumulate = 2");
    let [two, parts, one] = ["two", "parts", "one"].map(|name| place.run(name));
    let stop = ["--stop-after", "3"];
    let Some(said) = job(2, &of_model(&whole, &two, &stop)) else {
        return;
    };
    said.expect(0);
    termc(&of_model(&halves, &parts, &stop)).expect(0);
    let apart = distance(&two, &parts);
    assert!(apart < 1e-6, "{apart}");
    termc(&of_model(&whole, &one, &stop)).expect(0);
    let apart = distance(&two, &one);
    assert!(apart > 1e-4, "the model couples no images: {apart}");
}

#[test]
fn a_training_goes_on_on_another_number_of_ranks() {
    let place = Place::new();
    let run = place.run("run");
    let stop = training(run.to_str().unwrap(), &["--stop-after", "5"]);
    let Some(said) = job(2, &stop) else {
        return;
    };
    said.expect(0);
    termc(&resuming(&run, &["--stop-after", "4"]))
        .expect(0)
        .says("going on from step 5");
    job(3, &resuming(&run, &["--stop-after", "4"]))
        .unwrap()
        .expect(0)
        .says("going on from step 9");
    // One rank of `mpirun` is a training in one process.
    let said = job(1, &resuming(&run, &[])).unwrap().expect(0);
    assert!(!said.err.contains("ranks"), "{}", said.err);
    assert!(run.join("test.json").exists());
}

#[test]
fn what_no_rank_can_do_is_told_once() {
    let place = Place::new();
    let run = place.run("run");
    let name = run.to_str().unwrap();
    let Some(said) = job(2, &training(name, &["--batch", "1"])) else {
        return;
    };
    let said = said
        .expect(2)
        .says("batches of 1 are too small for 2 ranks: cpu, cpu");
    assert_eq!(said.err.matches("error:").count(), 1, "{}", said.err);
    assert!(!run.exists(), "a folder was made");
    let wrong = place.write("wrong.term", "model");
    let said = job(2, &of_model(&wrong, &run, &[])).unwrap().expect(1);
    assert_eq!(said.err.matches("wrong.term:").count(), 1, "{}", said.err);

    std::fs::create_dir(&run).unwrap();
    std::fs::write(run.join("file"), "").unwrap();
    let said = job(2, &training(name, &[])).unwrap().expect(2);
    assert_eq!(said.err.matches("not empty").count(), 1, "{}", said.err);
}

/// Ranks that were given different calls, as `mpirun` can with a colon.
#[test]
fn ranks_that_were_started_differently_are_refused() {
    let place = Place::new();
    let run = place.run("run");
    let name = run.to_str().unwrap();
    let seeds = ["7", "8"].map(|seed| training(name, &["--seed", seed]));
    let Some(mut command) = mpirun(1, &seeds[0]) else {
        return;
    };
    command.args([":", "-n", "1", env!("CARGO_BIN_EXE_termc")]);
    let said = said(command.args(&seeds[1]).output().unwrap()).expect(1);
    let said =
        said.says("the ranks were started differently: the seed is 7 on rank 0 and 8 on rank 1");
    assert_eq!(said.err.matches("error:").count(), 1, "{}", said.err);
    assert!(!run.exists(), "a folder was made");
}

/// A training that lasts, under way: `mpirun` and its ranks' process ids, in order.
fn under_way(run: &Path) -> Option<(Child, Vec<u32>)> {
    let more = ["--epochs", "500", "--checkpoint-every", "2"];
    let mut child = mpirun(2, &training(run.to_str().unwrap(), &more))?
        .spawn()
        .unwrap();
    wait_for(&mut child, "the first row", || has_rows(run));
    let ranks = ["0", "1"].map(|rank| {
        let wanted = format!("OMPI_COMM_WORLD_RANK={rank}");
        let is_rank = |id: &u32| {
            let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            let mut variables = environment.split(|byte| *byte == 0);
            variables.any(|variable| variable == wanted.as_bytes())
        };
        children(child.id()).into_iter().find(is_rank).unwrap()
    });
    Some((child, ranks.to_vec()))
}

/// The processes that a process has started.
fn children(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap();
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |id: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        fields.split_whitespace().nth(1) == Some(&parent.to_string())
    };
    ids.filter(is_child).collect()
}

/// Waits for the end of a job, which must come in time, and with it that of its ranks.
fn ends(mut child: Child, ranks: &[u32]) -> Said {
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > LIMIT {
            child.kill().unwrap();
            ranks.iter().for_each(|id| signal(*id, "-KILL"));
            panic!("the job goes on after {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let said = said(child.wait_with_output().unwrap());
    for rank in ranks {
        let left = Path::new("/proc").join(rank.to_string()).join("exe");
        assert!(!left.exists(), "rank {rank} is still there\n{}", said.err);
    }
    said
}

/// One process goes on from what is left.
fn goes_on(run: &Path) -> Said {
    let said = termc(&resuming(run, &["--stop-after", "1"])).expect(0);
    said.says("going on from step")
}

#[test]
fn a_killed_rank_ends_the_job_and_the_checkpoints_are_whole() {
    for killed in [0, 1] {
        let place = Place::new();
        let run = place.run("run");
        let Some((child, ranks)) = under_way(&run) else {
            return;
        };
        signal(ranks[killed], "-KILL");
        let said = ends(child, &ranks);
        assert_ne!(said.status, Some(0));
        let on = goes_on(&run);
        // Rank 0 may have died while it wrote.
        assert!(
            !on.err.contains("passing over") || killed == 0,
            "{}",
            on.err
        );
    }
}

#[test]
fn a_stopped_rank_ends_the_job_within_a_minute() {
    let place = Place::new();
    let run = place.run("run");
    let Some((child, ranks)) = under_way(&run) else {
        return;
    };
    signal(ranks[1], "-STOP");
    let said = ends(child, &ranks).expect(3);
    let said = said.says("rank 1 has not answered for 30 s");
    said.says("--resume");
    goes_on(&run);
}

#[test]
fn a_signal_to_any_rank_stops_all_of_them_after_the_same_step() {
    for asked in [0, 1] {
        let place = Place::new();
        let run = place.run("run");
        let Some((child, ranks)) = under_way(&run) else {
            return;
        };
        signal(ranks[asked], "-INT");
        let said = ends(child, &ranks).expect(130);
        assert_eq!(said.err.matches("stopped after step").count(), 1);
        if asked == 1 {
            assert!(said.err.contains("as rank 1 was asked to"), "{}", said.err);
        }
        let (_, rest) = said.err.split_once("stopped after step ").unwrap();
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let saved = checkpoints(&run).pop().unwrap();
        assert!(
            saved.ends_with(format!("step-{:0>9}.safetensors", digits)),
            "{saved:?}"
        );
        let text = format!("going on from step {digits}");
        goes_on(&run).says(&text);
    }
}

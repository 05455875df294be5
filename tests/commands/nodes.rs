//! Trainings on several machines: processes of `termc train` that meet on the loopback interface.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::support::{
    SMALL, Said, assert_same, bytes, command, read_tensors, rows, said, termc, wait_for,
};

/// An address that is free now.
fn rendezvous() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A training on two nodes.
struct Pair {
    folder: tempfile::TempDir,
}

impl Pair {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn run(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A model in a file: the small one with another recipe.
    fn model(&self, recipe: &str) -> String {
        let source = std::fs::read_to_string(SMALL).unwrap();
        let head = &source[..source.find("train {").unwrap()];
        self.write(&format!("{head}train {{\n{recipe}\n}}\n"))
    }

    fn write(&self, text: &str) -> String {
        let path = self.folder.path().join(format!("m{}.term", text.len()));
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn start(address: &str, node: usize, nodes: usize, more: &[&str]) -> Child {
    let (node, nodes) = (node.to_string(), nodes.to_string());
    let mut arguments = vec!["train", "--device", "cpu", "--rendezvous", address];
    arguments.extend(["--node", &node, "--nodes", &nodes]);
    arguments.extend(more);
    let mut command = command(&arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    child.spawn().unwrap()
}

fn end(child: Child) -> Said {
    said(child.wait_with_output().unwrap())
}

/// Runs the same command as node 0 and as node 1; `own` is what only one of them says.
fn both(more: &[&str], own: [&[&str]; 2]) -> [Said; 2] {
    let address = rendezvous();
    let children = [0, 1].map(|node| start(&address, node, 2, &[more, own[node]].concat()));
    children.map(end)
}

fn new<'a>(model: &'a str, run: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec![model, "--dataset", "digits", "--limit", "320"];
    arguments.extend(["--log-every", "4"]);
    arguments.extend(["--out", run.to_str().unwrap()]);
    arguments.extend(more);
    arguments
}

fn alone(model: &str, run: &Path, more: &[&str]) {
    let mut arguments = vec!["train", model, "--dataset", "digits", "--limit", "320"];
    arguments.extend(["--device", "cpu", "--log-every", "4"]);
    arguments.extend(["--out", run.to_str().unwrap()]);
    arguments.extend(more);
    termc(&arguments).expect(0);
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

/// Without means over a batch, and with SGD at rate 1, weights differ by what gradients differ.
#[test]
fn two_nodes_find_the_gradient_of_one() {
    let pair = Pair::new();
    let example = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/ablations/bottleneck.term"
    );
    let text = std::fs::read_to_string(example).unwrap();
    let (head, tail) = text.split_once("train {").unwrap();
    let (_, tail) = tail.split_once("\n}").unwrap();
    let recipe = "train {\n optimizer sgd(lr: 1)\n schedule constant\n epochs 2\n batch 32\n}";
    let model = pair.write(&format!("{head}{recipe}{tail}"));
    let stop = ["--stop-after", "1"];
    let (one, two) = (pair.run("one"), pair.run("two"));
    alone(&model, &one, &stop);
    for said in both(&new(&model, &two, &stop), [&[], &[]]) {
        said.expect(0);
    }
    let apart = distance(&one, &two);
    assert!(apart < 1e-6, "{apart}");
}

/// Means over a batch are those of a node's share, as with gradient accumulation on one machine.
#[test]
fn batch_statistics_are_those_of_a_nodes_share() {
    let pair = Pair::new();
    let recipe = |batch: &str| {
        pair.model(&format!(
            " optimizer sgd(lr: 0.1)\n schedule constant\n epochs 2\n {batch}\n augment random_crop(padding: 1)"
        ))
    };
    let (whole, halves) = (recipe("batch 32"), recipe("batch 16\n accumulate 2"));
    let [two, parts, one] = ["two", "parts", "one"].map(|name| pair.run(name));
    let stop = ["--stop-after", "3"];
    for said in both(&new(&whole, &two, &stop), [&[], &[]]) {
        said.expect(0);
    }
    alone(&halves, &parts, &stop);
    let apart = distance(&two, &parts);
    assert!(apart < 1e-5, "{apart}");
    alone(&whole, &one, &stop);
    let apart = distance(&two, &one);
    assert!(apart > 1e-4, "the model couples no images: {apart}");
}

#[test]
fn a_training_on_two_nodes_is_complete_and_stopping_changes_nothing() {
    let pair = Pair::new();
    let [straight, stopped] = ["straight", "stopped"].map(|name| pair.run(name));
    let [first, second] = both(&new(SMALL, &straight, &[]), [&[], &[]]);
    let (first, second) = (first.expect(0), second.expect(0));
    assert!(first.out.starts_with("test accuracy "), "{}", first.out);
    assert!(
        first.err.contains("Small on digits, 2 nodes: cpu; cpu, in"),
        "{}",
        first.err
    );
    assert!(
        first
            .err
            .contains("each of the 2 devices takes them over its own 16 of the 32 images"),
        "{}",
        first.err
    );
    assert_eq!(second.out, "", "only node 0 has results");
    assert!(
        second
            .err
            .contains("the training is over after step 27; node 0 has tested it"),
        "{}",
        second.err
    );
    let config: serde_json::Value =
        serde_json::from_slice(&bytes(&straight, "config.json")).unwrap();
    assert_eq!(config["device_used"], "2 nodes: cpu; cpu");
    assert_eq!(pair.folder.path().read_dir().unwrap().count(), 1);

    // Either may be told to stop; both do, after the same step, and all of it comes to the same bits.
    let stop: &[&str] = &["--stop-after", "13"];
    let [first, second] = both(&new(SMALL, &stopped, &[]), [&[], stop]);
    first
        .expect(0)
        .says("stopped after step 13, as node 1 was asked to, saved");
    second
        .expect(0)
        .says("stopped after step 13; node 0 has saved it");
    let resume = ["--resume", stopped.to_str().unwrap()];
    for said in both(&resume, [&["--stop-after", "9"], &[]]) {
        said.expect(0).says("going on from step 13");
    }
    for said in both(&resume, [&[], &[]]) {
        said.expect(0).says("going on from step 22");
    }
    assert_same(&straight, &stopped);
}

#[test]
fn nodes_that_were_started_differently_are_refused_on_both_sides() {
    let pair = Pair::new();
    let run = pair.run("run");
    let refused = |own: [&[&str]; 2], text: &str| {
        for said in both(&new(SMALL, &run, &[]), own) {
            said.expect(1).says(text).says("--node");
        }
        assert!(!run.exists(), "a folder was made");
    };
    refused(
        [&["--seed", "7"], &["--seed", "8"]],
        "the nodes were started differently: the seed is 7 on node 0 and 8 on node 1",
    );
    refused(
        [&[], &["--set", "train.optimizer.lr=0.5"]],
        "the nodes were started differently: the model is",
    );
    refused(
        [&["--batch", "16"], &["--batch", "32"]],
        "`--batch` is 16 on node 0 and 32 on node 1",
    );
    for said in both(&new(SMALL, &run, &["--batch", "1"]), [&[], &[]]) {
        said.expect(2)
            .says("batches of 1 are too small for the 2 devices");
    }

    // A copy of the folder that is not of today.
    for said in both(&new(SMALL, &run, &["--stop-after", "3"]), [&[], &[]]) {
        said.expect(0);
    }
    let copy = pair.run("copy");
    std::fs::create_dir_all(copy.join("checkpoints")).unwrap();
    for name in ["config.json", "model.term"] {
        std::fs::copy(run.join(name), copy.join(name)).unwrap();
    }
    let address = rendezvous();
    let more = ["--join-timeout", "1m", "--resume"];
    let [first, second] = [&run, &copy].map(|path| [&more[..], &[path.to_str().unwrap()]].concat());
    let children = [
        start(&address, 0, 2, &first),
        start(&address, 1, 2, &second),
    ];
    for said in children.map(end) {
        said.expect(1)
            .says("the step to go on from is 3 on node 0 and none on node 1");
    }
}

#[test]
fn who_does_not_come_is_named_after_the_time_limit() {
    let pair = Pair::new();
    let run = pair.run("run");
    let arguments = new(SMALL, &run, &["--join-timeout", "1s"]);
    let address = rendezvous();
    let text = format!("nodes 1, 2 of 3 have not joined at `{address}` within 1 s");
    end(start(&address, 0, 3, &arguments)).expect(3).says(&text);
    let text = format!("node 0 was not reached at `{address}` within 1 s");
    end(start(&address, 1, 2, &arguments)).expect(3).says(&text);
    // Node 2 never comes: node 1 hears that from node 0.
    let children = [0, 1].map(|node| start(&address, node, 3, &arguments));
    for said in children.map(end) {
        let said = said.expect(3);
        assert!(said.err.contains("within 1 s"), "{}", said.err);
    }
    assert!(!run.exists(), "a folder was made");
}

#[test]
fn calls_that_make_no_sense_are_refused() {
    let refused = |more: &[&str]| {
        let mut arguments = vec!["train", SMALL, "--dataset", "digits"];
        arguments.extend(more);
        termc(&arguments).expect(2)
    };
    refused(&["--nodes", "2"]);
    refused(&["--node", "1"]);
    refused(&[
        "--nodes",
        "1",
        "--node",
        "0",
        "--rendezvous",
        "127.0.0.1:5000",
    ]);
    refused(&["--nodes", "2", "--node", "0", "--rendezvous", "127.0.0.1"]).says("10.0.0.1:5000");
    refused(&[
        "--nodes",
        "2",
        "--node",
        "2",
        "--rendezvous",
        "127.0.0.1:5000",
    ])
    .says("there is no node 2 of 2");
}

/// Starts a training that lasts, and waits until it is under way.
#[cfg(unix)]
fn under_way(pair: &Pair) -> (PathBuf, [Child; 2]) {
    let run = pair.run("run");
    let address = rendezvous();
    let arguments = new(SMALL, &run, &["--epochs", "500", "--checkpoint-every", "2"]);
    let mut children = [0, 1].map(|node| start(&address, node, 2, &arguments));
    wait_for(&mut children[0], "the first row", || {
        run.join("metrics.jsonl").exists() && !rows(&run).is_empty()
    });
    (run, children)
}

#[cfg(unix)]
#[test]
fn a_lost_node_ends_the_others_and_the_checkpoints_are_whole() {
    for lost in [0, 1] {
        let pair = Pair::new();
        let (run, mut children) = under_way(&pair);
        children[lost].kill().unwrap();
        children[lost].wait().unwrap();
        let [first, second] = children;
        let left = end(if lost == 0 { second } else { first }).expect(3);
        let text = format!("node {lost} was lost: its connection ended");
        assert!(left.err.contains(&text), "{}", left.err);
        assert!(left.err.contains("--resume"), "{}", left.err);
        // One node may go on from there.
        let resume = [
            "train",
            "--resume",
            run.to_str().unwrap(),
            "--stop-after",
            "1",
        ];
        let on = termc(&resume).expect(0);
        assert!(on.err.contains("going on from step"), "{}", on.err);
        // Node 0 may have died while it wrote.
        assert!(!on.err.contains("passing over") || lost == 0, "{}", on.err);
    }
}

#[cfg(unix)]
#[test]
fn a_signal_to_any_node_stops_all_of_them_after_the_same_step() {
    for asked in [0, 1] {
        let pair = Pair::new();
        let (run, children) = under_way(&pair);
        let id = children[asked].id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-INT", &id])
            .status();
        assert!(sent.unwrap().success());
        let [first, second] = children.map(end).map(|said| said.expect(130));
        let step = |said: &Said| {
            let (_, rest) = said.err.split_once("stopped after step ").unwrap();
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<usize>().unwrap()
        };
        assert_eq!(step(&first), step(&second));
        let other = if asked == 0 { &second } else { &first };
        let text = format!("as node {asked} was asked to");
        assert!(other.err.contains(&text), "{}", other.err);
        let on = [
            "train",
            "--resume",
            run.to_str().unwrap(),
            "--stop-after",
            "1",
        ];
        let text = format!("going on from step {}", step(&first));
        termc(&on).expect(0).says(&text);
    }
}

//! Running `termc` and looking at what it left behind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};

/// The model all trainings of these tests use.
pub const SMALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/small.term");

/// `termc` with these arguments, without colours and on the CPU's one kind of output.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_termc"));
    command
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

/// What a finished `termc` said.
pub struct Said {
    /// Exit status.
    pub status: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs `termc` to its end.
pub fn termc(arguments: &[&str]) -> Said {
    said(command(arguments).output().unwrap())
}

pub fn said(output: Output) -> Said {
    Said {
        status: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Said {
    /// Requires an exit status and shows everything where it is another.
    #[track_caller]
    pub fn expect(self, status: i32) -> Self {
        let Self { out, err, .. } = &self;
        assert_eq!(
            self.status,
            Some(status),
            "--- stdout\n{out}\n--- stderr\n{err}"
        );
        self
    }

    /// Requires a text on standard error.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "no `{text}` in\n{}", self.err);
        self
    }
}

/// The arguments of a training.
pub fn train_on<'a>(
    model: &'a str,
    dataset: &'a str,
    out: &'a str,
    more: &[&'a str],
) -> Vec<&'a str> {
    let mut arguments = vec!["train", model, "--dataset", dataset, "--device", "cpu"];
    arguments.extend(["--out", out]);
    arguments.extend(more);
    arguments
}

/// The arguments of a short training on the embedded digits.
pub fn training<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let short = ["--limit", "320", "--log-every", "4"];
    train_on(SMALL, "digits", out, &[&short[..], more].concat())
}

/// The folder `run` of a short training, below another folder.
pub fn trained(folder: &Path, epochs: &str) -> PathBuf {
    let run = folder.join("run");
    termc(&training(run.to_str().unwrap(), &["--epochs", epochs])).expect(0);
    run
}

/// The arguments of going on with a training.
pub fn resuming<'a>(run: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    [&["train", "--resume", run.to_str().unwrap()], more].concat()
}

/// Starts `termc`, whose output can be read.
#[cfg(unix)]
pub fn start(arguments: &[&str]) -> Child {
    let mut command = command(arguments);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Sends a signal, such as `-INT`, to the process of this id.
#[cfg(unix)]
pub fn signal(id: u32, name: &str) {
    let sent = Command::new("kill").args([name, &id.to_string()]).status();
    assert!(sent.unwrap().success());
}

/// What a folder holds, in alphabetical order.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// A file's bytes.
#[track_caller]
pub fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    let path = folder.join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The rows of a training's record without what differs from run to run: times and throughputs.
pub fn rows(folder: &Path) -> Vec<serde_json::Value> {
    let text = String::from_utf8(bytes(folder, "metrics.jsonl")).unwrap();
    let parse = |line: &str| {
        let mut row: serde_json::Value = serde_json::from_str(line).unwrap();
        for key in ["seconds", "images_per_second", "loading"] {
            row.as_object_mut().unwrap().remove(key);
        }
        row
    };
    text.lines().map(parse).collect()
}

/// Whether a training has recorded anything yet.
#[cfg(unix)]
pub fn has_rows(folder: &Path) -> bool {
    folder.join("metrics.jsonl").exists() && !rows(folder).is_empty()
}

/// Requires two trainings to have come to the same, bit for bit.
#[track_caller]
pub fn assert_same(a: &Path, b: &Path) {
    assert_eq!(rows(a), rows(b));
    for name in ["last.safetensors", "best.safetensors", "test.json"] {
        assert!(bytes(a, name) == bytes(b, name), "`{name}` differs");
    }
}

/// The path of a file in examples/.
pub fn example(name: &str) -> String {
    format!("{}/examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The checkpoint files of a training, oldest first.
pub fn checkpoints(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("checkpoints")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "safetensors"));
    paths.sort();
    paths
}

/// Waits until a condition holds; the process must not end before.
#[track_caller]
pub fn wait_for(child: &mut Child, what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if condition() {
            return;
        }
        if let Some(status) = child.try_wait().unwrap() {
            panic!("ended with {status} before {what}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited a minute for {what}");
}

/// 32-bit floats by name: shape and values.
pub type Floats = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// A tensor as a file stores it.
pub type Stored<'a> = (&'a str, Dtype, Vec<usize>, Vec<u8>);

/// Writes a .safetensors file.
pub fn write_tensors(path: &Path, tensors: &[Stored<'_>]) {
    let views: BTreeMap<&str, TensorView<'_>> = tensors
        .iter()
        .map(|(name, dtype, shape, data)| {
            let view = TensorView::new(*dtype, shape.clone(), data).unwrap();
            (*name, view)
        })
        .collect();
    std::fs::write(path, serialize(views, None).unwrap()).unwrap();
}

/// Writes a .safetensors file of 32-bit floats.
pub fn write_floats(path: &Path, tensors: &Floats) {
    let stored: Vec<Stored<'_>> = tensors
        .iter()
        .map(|(name, (shape, values))| {
            let data = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            (name.as_str(), Dtype::F32, shape.clone(), data)
        })
        .collect();
    write_tensors(path, &stored);
}

/// The 32-bit floats of a .safetensors file.
pub fn read_tensors(path: &Path) -> Floats {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let floats = |data: &[u8]| -> Vec<f32> {
        let words = data.chunks_exact(4);
        words
            .map(|word| f32::from_le_bytes(word.try_into().unwrap()))
            .collect()
    };
    let of_floats = file
        .tensors()
        .into_iter()
        .filter(|(_, view)| view.dtype() == Dtype::F32);
    of_floats
        .map(|(name, view)| (name, (view.shape().to_vec(), floats(view.data()))))
        .collect()
}

/// Writes a picture as BMP, from the grey values `[height, width]`.
pub fn write_bmp(path: &Path, width: usize, grey: &[u8]) {
    let row = width * 3;
    let padding = row.next_multiple_of(4) - row;
    let height = grey.len() / width;
    let mut bytes = b"BM".to_vec();
    let size = 54 + (row + padding) * height;
    let mut numbers = |numbers: &[u32]| numbers.iter().for_each(|n| bytes.extend(n.to_le_bytes()));
    // Planes and bits per pixel are one number: 1 and 24.
    numbers(&[
        size as u32,
        0,
        54,
        40,
        width as u32,
        height as u32,
        1 | 24 << 16,
    ]);
    numbers(&[0; 6]);
    for line in grey.chunks(width).rev() {
        bytes.extend(line.iter().flat_map(|value| [*value; 3]));
        bytes.extend(vec![0; padding]);
    }
    std::fs::write(path, bytes).unwrap();
}

/// A folder of the embedded digits as pictures: `count` of each class in both parts.
pub fn digits_folder(folder: &Path, classes: std::ops::Range<usize>, count: usize) {
    use termc_runtime::data::{DatasetOptions, DatasetSource, Part, open};
    let digits = open(&DatasetSource::Digits, &DatasetOptions::default()).unwrap();
    let write = |name: &str, part: &Part| {
        for class in classes.clone() {
            let of_class = folder.join(name).join(format!("digit {class}"));
            std::fs::create_dir_all(&of_class).unwrap();
            let images = (0..part.len()).filter(|i| part.label(*i).unwrap() == class);
            for (number, image) in images.take(count).enumerate() {
                let path = of_class.join(format!("{number:03}.bmp"));
                write_bmp(&path, 8, &part.image(image).unwrap());
            }
        }
    };
    write("train", &digits.train);
    write("test", &digits.test);
}

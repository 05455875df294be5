//! The trainings of a sweep as processes of their own: begun, gone on with, waited for, stopped. Each ends by itself, saving, when the
//! sweep is no more, however that ended, since its standard input does.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use termc_runtime::Error;
use termc_runtime::train::RunFolder;

use crate::failure::Failure;

/// How long a training of an earlier sweep, one that was killed, may take to save and end.
const PATIENCE: Duration = Duration::from_secs(120);

/// A training that runs.
pub struct Training {
    /// The name of its folder.
    pub folder: String,
    child: Child,
    log: PathBuf,
    /// Where this attempt's messages begin in the log.
    start: u64,
}

impl Training {
    /// Begins the training in `dir/folder`, or goes on with it, until its end or until `pause` epochs are done; `arguments` are those of
    /// a new one, without its folder.
    ///
    /// # Errors
    /// If the program cannot be started, or the folder stays in use.
    pub fn start(
        dir: &Path,
        folder: String,
        arguments: &[String],
        pause: Option<usize>,
    ) -> Result<Self, Failure> {
        let run = dir.join(&folder);
        let log = dir.join(format!("{folder}.log"));
        let file = OpenOptions::new().create(true).append(true).open(&log);
        let file = file.map_err(Error::file("write", &log))?;
        let start = file.metadata().map_or(0, |data| data.len());
        let program = std::env::current_exe().map_err(Failure::machine)?;
        let mut command = Command::new(program);
        command.args(["train", "--stop-with-stdin"]);
        if is_begun(&run)? {
            command
                .arg("--resume")
                .arg(&run)
                .args(said_again(arguments));
        } else {
            command.args(arguments).arg("--out").arg(&run);
        }
        if let Some(epoch) = pause {
            command.args(["--stop-after-epoch", &epoch.to_string()]);
        }
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .map_err(Failure::machine)?;
        Ok(Self {
            folder,
            child,
            log,
            start,
        })
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Lets it save and end.
    pub fn stop(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Waits for its end.
    pub fn wait(&mut self) {
        // Nothing can be done where even this fails.
        let _ = self.child.wait();
    }

    /// The error that its last attempt told, in one line.
    pub fn message(&self) -> String {
        let mut text = String::new();
        let read = File::open(&self.log).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.start))?;
            file.read_to_string(&mut text)
        });
        let lines: Vec<&str> = text.lines().collect();
        let error = lines.iter().rev().find(|line| line.starts_with("error"));
        match (read, error.or(lines.last())) {
            (Ok(_), Some(line)) => line.trim_start_matches("error: ").to_owned(),
            _ => format!("see `{}`", self.log.display()),
        }
    }
}

/// Whether there is a training to go on with; what was left of one that never began is cleared away.
fn is_begun(run: &Path) -> Result<bool, Failure> {
    let end = Instant::now() + PATIENCE;
    loop {
        // A training of an earlier sweep that has the folder still saves, and then gives it back.
        let free =
            RunFolder::clear_unbegun(run).and_then(|()| match run.join("config.json").is_file() {
                true => RunFolder::resume(run).map(|_| true),
                false => Ok(false),
            });
        match free {
            Ok(is_begun) => return Ok(is_begun),
            Err(error) if Instant::now() > end => return Err(error.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(200)),
        }
    }
}

/// Those of a training's arguments that its folder does not record: they hold for each call by itself.
fn said_again(arguments: &[String]) -> impl Iterator<Item = &String> {
    let of = |word: &str| match word {
        "--skip-damaged" => 1,
        "--self-check" => 2,
        _ => 0,
    };
    let mut left = 0;
    arguments.iter().filter(move |word| {
        left = if left > 0 { left - 1 } else { of(word) };
        left > 0
    })
}

//! Names the digits in PNG files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use termc_embed::classifier::{Answer, Classifier};
use termc_embed::picture::Picture;

/// Names the digits in PNG files, bright ink on dark ground.
#[derive(Parser)]
struct Arguments {
    /// The files
    #[arg(value_name = "PNG", required = true)]
    files: Vec<PathBuf>,

    /// How many classes to name, the most probable first
    #[arg(long, value_name = "K", default_value_t = 3)]
    top: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(lines) => {
            lines.iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// One line per file.
fn run(arguments: &Arguments) -> Result<Vec<String>, String> {
    let pictures: Result<Vec<Picture>, String> = arguments.files.iter().map(|f| read(f)).collect();
    let classifier = Classifier::new().map_err(|error| error.to_string())?;
    let answers = classifier.classify(&pictures?);
    let lines = arguments.files.iter().zip(&answers);
    let line = |(file, answer): (&PathBuf, &Answer)| {
        let guesses = answer.iter().take(arguments.top);
        let guesses = guesses.map(|g| format!("{} {:.2} %", g.class, 100.0 * g.probability));
        let guesses: Vec<String> = guesses.collect();
        format!("{}: {}", file.display(), guesses.join(", "))
    };
    Ok(lines.map(line).collect())
}

fn read(file: &Path) -> Result<Picture, String> {
    let named = |error: &dyn std::fmt::Display| format!("`{}`: {error}", file.display());
    let bytes = std::fs::read(file).map_err(|error| named(&error))?;
    Picture::decode(&bytes).map_err(|error| named(&error))
}

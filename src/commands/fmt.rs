//! `termc fmt`: files in canonical form, comments kept.

use std::path::{Path, PathBuf};

use clap::Args;
use termc_compiler::{Options, compile};
use termc_runtime::tensors::write_atomic;

use crate::failure::Failure;
use crate::model;
use crate::terminal::Terminal;

/// Arguments of `termc fmt`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The .term files; `-` formats standard input to standard output
    #[arg(value_name = "MODEL", required = true)]
    models: Vec<PathBuf>,

    /// Change nothing; name the files that are not in canonical form, and fail if there are any
    #[arg(long)]
    check: bool,
}

/// Formats every file that can be read; the others are shown with their errors.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let mut wrong = 0;
    let mut differing = 0;
    for path in &arguments.models {
        if path.is_dir() || path.extension().is_some_and(|e| e == "safetensors") {
            let message = format!("`{}` is not a source file", path.display());
            return Err(Failure::input(message).help("`termc fmt` takes .term files, and `-`"));
        }
        let text = model::read(path)?;
        let Ok(formatted) = termc_grammar::format(&text.text) else {
            // The same errors again, as the compiler shows them.
            let compiled = compile(&text.name, &text.text, &Options::default(), &text.files());
            model::show(&compiled, &compiled.diagnostics, terminal);
            wrong += 1;
            continue;
        };
        let stdin = path == Path::new("-");
        let same = formatted == text.text;
        match (arguments.check, stdin) {
            (true, _) if same => {}
            (true, _) => {
                terminal.line(&text.name)?;
                differing += 1;
            }
            (false, true) => terminal.print(&formatted)?,
            (false, false) if same => {}
            (false, false) => write_atomic(path, formatted.as_bytes())?,
        }
    }
    match (wrong, differing) {
        (0, 0) => Ok(()),
        (0, n) => Err(Failure::input(format!(
            "{n} of {} not in canonical form",
            arguments.models.len()
        ))
        .help("`termc fmt` without `--check` rewrites them")),
        _ => Err(Failure::reported()),
    }
}

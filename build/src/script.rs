//! Tells Cargo how a compilation went. Decides nothing.

use std::io::Write;

use crate::{Error, Outcome};

/// Prints what Cargo wants to know and, of a failure, all that is wrong; a failure ends the process with status 1.
pub(crate) fn report(outcome: &Outcome) {
    // A build script whose output nobody reads has no one to tell.
    let _ = std::io::stdout().write_all(directives(outcome).as_bytes());
    if let Err(error) = &outcome.result {
        let _ = writeln!(std::io::stderr(), "\n{error}");
        std::process::exit(1);
    }
}

/// The lines for Cargo.
fn directives(outcome: &Outcome) -> String {
    let mut lines = vec![];
    for path in &outcome.reads {
        lines.push(format!("rerun-if-changed={}", path.display()));
    }
    for warning in &outcome.warnings {
        lines.push(format!("warning={}", on_one_line(warning)));
    }
    match &outcome.result {
        Ok(_) => {}
        // Editors find their way from these; the text with the source lines goes to standard error.
        Err(Error::Model { lines: errors, .. }) => {
            lines.extend(errors.iter().map(|e| format!("error={}", on_one_line(e))));
        }
        Err(error) => lines.push(format!("error={}", on_one_line(&error.to_string()))),
    }
    lines
        .into_iter()
        .map(|line| format!("cargo::{line}\n"))
        .collect()
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

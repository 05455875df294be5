//! The `termc` command line: reads the arguments, runs one command, turns its outcome into an exit status.

mod choice;
mod cli;
mod columns;
mod commands;
mod compiling;
mod failure;
mod model;
mod output;
mod progress;
mod size;
mod terminal;

use std::process::ExitCode;

use clap::Parser;
use termc_runtime::panics;

fn main() -> ExitCode {
    panics::install(failure::defect);
    let cli = cli::Cli::parse();
    let terminal = terminal::Terminal::new(cli.color);
    let done = panics::catch(|| cli.command.run(&terminal));
    panics::ending();
    match done {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            failure.print(&terminal);
            ExitCode::from(failure.status())
        }
        Err(panic) => {
            terminal.note(&failure::defect(&panic));
            ExitCode::from(panics::STATUS)
        }
    }
}

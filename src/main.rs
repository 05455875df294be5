//! The `termc` command line: reads the arguments, runs one command, turns its outcome into an exit status.

mod cli;
mod commands;
mod data;
mod failure;
mod model;
mod progress;
mod size;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    failure::catch_panics();
    let cli = cli::Cli::parse();
    let terminal = terminal::Terminal::new(cli.color);
    match cli.command.run(&terminal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(&terminal);
            ExitCode::from(failure.status())
        }
    }
}

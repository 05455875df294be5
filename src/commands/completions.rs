//! `termc completions`: what a shell needs to know of the command line, from its own definition.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Arguments of `termc completions`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The shell that is to complete
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Prints the script.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let mut text = vec![];
    clap_complete::generate(arguments.shell, &mut Cli::command(), "termc", &mut text);
    terminal.print(&String::from_utf8_lossy(&text))
}

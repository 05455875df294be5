//! `termc man`: manual pages from the command line's own definition.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use termc_runtime::tensors::write_atomic;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Arguments of `termc man`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Write a page for `termc` and one for each command into this folder [default: print that of `termc`]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// Writes the pages.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let mut root = Cli::command();
    root.build();
    let Some(folder) = arguments.output else {
        return terminal.print(&page(root)?);
    };
    std::fs::create_dir_all(&folder).map_err(|error| {
        Failure::machine(format!("cannot make `{}`: {error}", folder.display()))
    })?;
    let commands = root
        .get_subcommands()
        .filter(|command| command.get_name() != "help");
    for command in commands {
        let name = format!("termc-{}", command.get_name());
        let text = page(command.clone())?;
        write_atomic(&folder.join(format!("{name}.1")), text.as_bytes())?;
    }
    write_atomic(&folder.join("termc.1"), page(root)?.as_bytes())?;
    terminal.line(folder.display().to_string())
}

fn page(command: clap::Command) -> Result<String, Failure> {
    let mut text = vec![];
    let page = clap_mangen::Man::new(command);
    page.render(&mut text).map_err(Failure::machine)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

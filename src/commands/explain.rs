//! `termc explain`: the long text of a diagnostic code.

use clap::Args;
use termc_compiler::diagnostics::Code;

use crate::failure::Failure;
use crate::terminal::{Accent, Terminal};

/// Arguments of `termc explain`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A code such as `E304`; without one all codes are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Prints why it is reported, an example and the mended example.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let Some(name) = arguments.code else {
        let line = |code: &Code| {
            let name = terminal.accent(Accent::Bold, code.name());
            format!("{name}  {}\n", code.title())
        };
        return terminal.print(&Code::ALL.iter().map(line).collect::<String>());
    };
    let Some(code) = Code::parse(&name) else {
        return Err(Failure::usage(format!("there is no diagnostic `{name}`"))
            .help("`termc explain` without a code lists them all"));
    };
    let example =
        |text: &str| -> String { text.lines().map(|line| format!("    {line}\n")).collect() };
    terminal.print(&format!(
        "{}: {}\n\n{}\n\nReported for\n\n{}\nand not for\n\n{}",
        terminal.accent(Accent::Bold, code.name()),
        code.title(),
        code.why(),
        example(code.wrong()),
        example(code.right()),
    ))
}

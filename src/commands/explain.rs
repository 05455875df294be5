//! `termc explain`: what a name of the language means. The texts are the compiler's.

use clap::Args;
use termc_compiler::diagnostics::Code;
use termc_compiler::explain::{entries, explain, parameter};

use crate::failure::Failure;
use crate::terminal::{Accent, Terminal};

/// Arguments of `termc explain`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A block of the prelude such as `rgu`, a primitive, a word, setting or parameter of the language, or a code such as
    /// `E304`; without one all are listed
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Prints documentation and definition; of a code why it is reported, an example and the mended example.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let Some(name) = arguments.name else {
        return list(terminal);
    };
    if let Some(code) = Code::parse(&name) {
        return terminal.print(&diagnostic(code, terminal));
    }
    let mut meanings = explain(&name);
    meanings.extend(parameter(&name));
    if meanings.is_empty() {
        let near = termc_compiler::explain::nearest(&name);
        let help = near.map_or_else(
            || "`termc explain` without a name lists all there are".into(),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(Failure::usage(format!("the language has nothing called `{name}`")).help(help));
    }
    let texts = meanings.iter().map(|meaning| {
        let title = terminal.accent(Accent::Dim, &format!("{name}: {}", meaning.kind));
        format!("{title}\n\n{}\n", meaning.text.trim_end())
    });
    terminal.print(&texts.collect::<Vec<_>>().join("\n"))
}

fn list(terminal: &Terminal) -> Result<(), Failure> {
    let mut out = String::new();
    let mut section = "";
    for entry in entries() {
        if entry.kind != section {
            section = entry.kind;
            out += &format!("{}\n", terminal.accent(Accent::Dim, section));
        }
        let name = terminal.accent(Accent::Bold, &format!("{:<19}", entry.name));
        out += &format!("  {name}  {}\n", entry.title);
    }
    out += &format!("{}\n", terminal.accent(Accent::Dim, "diagnostic"));
    for code in Code::ALL {
        let name = terminal.accent(Accent::Bold, &format!("{:<19}", code.name()));
        out += &format!("  {name}  {}\n", code.title());
    }
    terminal.print(&out)
}

fn diagnostic(code: Code, terminal: &Terminal) -> String {
    let example =
        |text: &str| -> String { text.lines().map(|line| format!("    {line}\n")).collect() };
    format!(
        "{}: {}\n\n{}\n\nReported for\n\n{}\nand not for\n\n{}",
        terminal.accent(Accent::Bold, code.name()),
        code.title(),
        code.why(),
        example(code.wrong()),
        example(code.right()),
    )
}

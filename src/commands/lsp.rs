//! `termc lsp`: the language server, for editors to start. It speaks the language server protocol on standard input and
//! output.

use clap::Args;

use crate::failure::Failure;
use crate::terminal::Terminal;

/// Arguments of `termc lsp`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Ignored: some editors say how they talk to a server, and this one knows no other way
    #[arg(long, hide = true)]
    stdio: bool,
}

/// Serves until the editor says that it is enough.
pub fn run(arguments: Arguments, _terminal: &Terminal) -> Result<(), Failure> {
    let Arguments { stdio: _known } = arguments;
    termc_lsp::serve(std::io::stdin(), std::io::stdout().lock());
    Ok(())
}

//! The language server of `.term` files. Everything it says is the compiler's; here are documents, positions and the
//! protocol. It computes no tensors.

mod actions;
mod analysis;
mod backend;
mod capabilities;
mod completion;
mod context;
mod edits;
mod figures;
mod findings;
mod folders;
mod folding;
mod graph;
mod hints;
mod hover;
mod later;
mod lenses;
mod names;
mod overlay;
mod prelude;
mod pump;
mod symbols;
mod text;
mod tokens;
mod world;

use std::io::{Read, Write};

use futures::executor::block_on;
use futures::io::AllowStdIo;
use tower_lsp_server::{LspService, Server};

pub use capabilities::GRAPH_COMMAND;

/// Answers requests of the language server protocol until the client says `exit` or closes the input.
pub fn serve(input: impl Read + Send + 'static, output: impl Write) {
    let (service, socket) = LspService::new(backend::Backend::new);
    // One after the other: every answer is computed at once, and texts must not change out of order.
    let server =
        Server::new(pump::reading(input), AllowStdIo::new(output), socket).concurrency_level(1);
    block_on(server.serve(service));
}

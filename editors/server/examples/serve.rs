//! The server on standard input and output, for tests of editors that have no whole `termc`.

fn main() {
    termc_lsp::serve(std::io::stdin(), std::io::stdout().lock());
}

//! Writes the picture of a file: FILE FORMAT [DEPTH [PATH [WIDTH]]]. For looking at changes without the whole program.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a tool")]

use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = Path::new(&arguments[0]);
    let text = std::fs::read_to_string(path).unwrap();
    let options = termc_compiler::Options::default();
    let files = termc_files::Folder::of(path);
    let compiled = termc_compiler::compile(&arguments[0], &text, &options, &files);
    let model = compiled.model.unwrap();
    let options = termc_graph::Options {
        format: arguments[1].parse().unwrap(),
        depth: arguments.get(2).map_or(0, |depth| depth.parse().unwrap()),
        at: arguments.get(3).cloned(),
        width: arguments.get(4).map(|width| width.parse().unwrap()),
    };
    print!(
        "{}",
        termc_graph::graph(&model, &compiled.sources, &options).unwrap()
    );
}

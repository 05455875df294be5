//! Generates the parser from `grammar.js`, with Node.js, and compiles it. Nothing of it is committed.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    // Editors take the parser from `src/`, where git ignores it.
    let out = root.join("src");
    tree_sitter_generate::generate_parser_in_directory(
        root.clone(),
        Some(out.clone()),
        None::<PathBuf>,
        tree_sitter_generate::ABI_VERSION_MAX,
        None,
        Some("node"),
        true,
        tree_sitter_generate::OptLevel::default(),
    )?;
    cc::Build::new()
        .std("c11")
        .include(&out)
        .file(out.join("parser.c"))
        .warnings(false)
        .compile("tree-sitter-term");
    for path in ["grammar.js", "tree-sitter.json"] {
        println!("cargo:rerun-if-changed={path}");
    }
    Ok(())
}

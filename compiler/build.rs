//! Parses the prelude, every file in `prelude/`, once for all programs that are compiled: reading its trees takes a tenth of the
//! time that parsing its texts took at every start. What is wrong with a text ends the build.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Where the places of the prelude begin; those of a compilation's own texts are below.
const BASE: u32 = 1 << 31;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=prelude");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("prelude");
    let files = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut files = files.collect::<Result<Vec<PathBuf>, std::io::Error>>()?;
    files.retain(|path| path.extension().is_some_and(|e| e == "term"));
    files.sort();

    let (mut texts, mut trees, mut base) = (String::new(), vec![], BASE);
    for path in &files {
        let text = std::fs::read_to_string(path)?;
        let tree = termc_grammar::parse(&text, base);
        let tree = tree.map_err(|errors| format!("{}: {errors:?}", path.display()))?;
        let name = path.file_name().unwrap_or_default().display();
        writeln!(texts, "    (\"prelude/{name}\", include_str!({path:?})),")?;
        trees.push((base, tree));
        base += u32::try_from(text.len())? + 1;
    }
    std::fs::write(out.join("prelude.trees"), postcard::to_allocvec(&trees)?)?;
    let constants = format!(
        "/// Where the places of the prelude begin; those of a compilation's own texts are below.\n\
         pub(crate) const BASE: u32 = {BASE};\n\
         /// The prelude's files: name and text.\n\
         pub(crate) const TEXTS: &[(&str, &str)] = &[\n{texts}];\n"
    );
    std::fs::write(out.join("prelude.rs"), constants)?;
    Ok(())
}

//! Parses the prelude when the compiler is built: reading its trees takes an eighth of the time that parsing its texts took at every
//! start. What is wrong with a text ends the build.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Where the places of the prelude begin; those of a compilation's own texts are below.
const BASE: u32 = 1 << 31;

/// The files in `prelude/`, in the order in which definitions stand in the reference and in the canonical source of a model.
const FILES: [&str; 5] = ["statistics", "channels", "slow_nets", "kernels", "gates"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=prelude");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("prelude");
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        let is_text = path.extension().is_some_and(|e| e == "term");
        if is_text
            && !FILES
                .iter()
                .any(|name| path.file_stem() == Some(name.as_ref()))
        {
            return Err(format!("{} is not among {FILES:?}", path.display()).into());
        }
    }

    let (mut texts, mut trees, mut base) = (String::new(), vec![], BASE);
    for name in FILES {
        let path = folder.join(name).with_extension("term");
        let text = std::fs::read_to_string(&path)?;
        let tree = termc_grammar::parse(&text, base);
        let tree = tree.map_err(|errors| format!("{}: {errors:?}", path.display()))?;
        writeln!(
            texts,
            "    (\"prelude/{name}.term\", include_str!({path:?})),"
        )?;
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

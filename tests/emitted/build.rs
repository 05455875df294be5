//! Emits every example and variant, as it is and frozen, into one module each, and a table of them.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use termc_compiler::emit::{self, EmitOptions};
use termc_compiler::freeze::freeze;
use termc_compiler::{Options, compile, variant_names};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    println!("cargo::rerun-if-changed={}", examples.display());
    let mut files = vec![];
    // What examples would not show: names, and blocks of which little is left.
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    println!("cargo::rerun-if-changed={}", models.display());
    for folder in [examples.clone(), examples.join("ablations"), models] {
        for entry in std::fs::read_dir(folder)? {
            files.push(entry?.path());
        }
    }
    files.retain(|path| path.extension().is_some_and(|e| e == "term"));
    files.sort();
    let (mut modules, mut table) = (String::new(), String::new());
    for file in files {
        let text = std::fs::read_to_string(&file)?;
        let path = match file.strip_prefix(&examples) {
            Ok(path) => path.to_string_lossy().into_owned(),
            Err(_) => {
                let name = file.file_name().ok_or("a folder")?.to_string_lossy();
                format!("../tests/emitted/models/{name}")
            }
        };
        let variants = variant_names(&text).into_iter().map(Some);
        for variant in std::iter::once(None).chain(variants) {
            let options = Options {
                variant: variant.clone(),
                ..Options::default()
            };
            let compiled = compile(&path, &text, &options);
            let model = compiled.model.ok_or("an example has errors")?;
            let stem = path.trim_start_matches("../").trim_end_matches(".term");
            let stem = stem.replace('/', "_");
            let suffix = variant.as_ref().map(|v| format!("_{v}"));
            let module = format!("{stem}{}", suffix.unwrap_or_default()).to_lowercase();
            let frozen = freeze(&model).model;
            for (module, model) in [(format!("{module}_frozen"), &frozen), (module, &model)] {
                let source = emit::rust(model, &EmitOptions::new(&compiled.sources)).source;
                std::fs::write(out.join(format!("{module}.rs")), source)?;
                let (name, frozen) = (&model.name, model.frozen);
                let form = if frozen { "frozen " } else { "" };
                writeln!(
                    modules,
                    "/// `{name}` of `{path}`, {form}as emitted.\npub mod {module} {{\n    \
                     include!(concat!(env!(\"OUT_DIR\"), \"/{module}.rs\"));\n}}"
                )?;
                writeln!(
                    table,
                    "    case!({module}::{name}, {path:?}, {variant:?}, {frozen}),"
                )?;
            }
        }
    }
    let table = format!("/// All of them.\npub const CASES: &[Case] = &[\n{table}];\n");
    std::fs::write(out.join("all.rs"), modules + &table)?;
    Ok(())
}

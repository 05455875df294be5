//! Emits the models of the examples, and generated ones, as they are and frozen, into one module each, and a table of them;
//! and the programs of `termc new`.

use std::collections::HashSet;
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use termc_compiler::emit::{self, EmitOptions};
use termc_compiler::freeze::freeze;
use termc_compiler::{Compiled, NoFiles, Options, compile, model_names};
use termc_files::Folder;

#[path = "../../compiler/tests/support/generate.rs"]
#[allow(clippy::indexing_slicing, reason = "the tests of the compiler's")]
mod generate;
#[path = "../../compiler/tests/support/random.rs"]
#[allow(clippy::indexing_slicing, reason = "the tests of the compiler's")]
mod random;

/// How many generated models are compiled; many more are emitted by the tests of the compiler.
const GENERATED: u64 = 24;

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let examples = here.join("../../examples");
    // What examples would not show: names, and blocks of which little is left.
    let models = here.join("models");
    let support = here.join("../../compiler/tests/support");
    for folder in [&examples, &models, &support] {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    programs(&here.join("../../src/commands/new"), &out)?;
    let mut files = vec![];
    let more = ["ablations", "baselines"].map(|name| examples.join(name));
    for folder in [examples.clone()].into_iter().chain(more).chain([models]) {
        for entry in std::fs::read_dir(folder)? {
            files.push(entry?.path());
        }
    }
    files.retain(|path| path.extension().is_some_and(|e| e == "term"));
    files.sort();
    let mut emitted = Emitted {
        out,
        ..Emitted::default()
    };
    for file in files {
        let text = std::fs::read_to_string(&file)?;
        let path = match file.strip_prefix(&examples) {
            Ok(path) => path.to_string_lossy().into_owned(),
            Err(_) => {
                let name = file.file_name().ok_or("a folder")?.to_string_lossy();
                format!("models/{name}")
            }
        };
        for name in chosen(model_names(&text)) {
            let options = Options {
                model: Some(name.clone()),
                ..Options::default()
            };
            let compiled = compile(&path, &text, &options, &Folder::of(&file));
            emitted.model(&path, &name, &compiled)?;
        }
    }
    for seed in 0..GENERATED {
        let text = generate::model(seed);
        let compiled = compile("generated.term", &text, &Options::default(), &NoFiles);
        emitted.model("generated", &seed.to_string(), &compiled)?;
    }
    emitted.finish()
}

/// What `termc new` makes of the models that it alone has: program and network, in a folder for each.
fn programs(templates: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", templates.display());
    let program = std::fs::read_to_string(templates.join("program.rs"))?;
    for template in ["folder", "sequence"] {
        let text = std::fs::read_to_string(templates.join(format!("{template}.term")))?;
        let compiled = compile("model.term", &text, &Options::default(), &NoFiles);
        let Some(model) = &compiled.model else {
            return Err(format!("the template {template} has errors").into());
        };
        let options = EmitOptions {
            fresh: true,
            ..EmitOptions::new(&compiled.sources)
        };
        let folder = out.join(format!("new_{template}"));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(
            folder.join("network.rs"),
            emit::rust(model, &options).source,
        )?;
        // A file that is included has no documentation of its own.
        let program = program.replacen("//!", "//", 1);
        std::fs::write(
            folder.join("main.rs"),
            program.replace("NETWORK", &model.name),
        )?;
    }
    Ok(())
}

/// Of families the last member alone.
fn chosen(names: Vec<String>) -> Vec<String> {
    let family = |name: &String| name.split('[').next().unwrap_or_default().to_owned();
    let mut chosen: Vec<String> = vec![];
    for name in names {
        if name.contains('[')
            && chosen
                .last()
                .is_some_and(|last| family(last) == family(&name))
        {
            chosen.pop();
        }
        chosen.push(name);
    }
    chosen
}

/// The name of the network in emitted source: that of the first structure that is public.
fn network(source: &str) -> Option<&str> {
    let (_, rest) = source.split_once("pub struct ")?;
    rest.split([' ', '<']).next()
}

/// What was emitted so far.
#[derive(Default)]
struct Emitted {
    out: PathBuf,
    modules: String,
    table: String,
    /// Files that a model was emitted of.
    files: HashSet<String>,
}

impl Emitted {
    /// A model as it is and frozen.
    fn model(&mut self, file: &str, name: &str, compiled: &Compiled) -> Result<(), Box<dyn Error>> {
        let Some(model) = &compiled.model else {
            return Err(format!("{name} of {file} has errors").into());
        };
        let stem = format!("{}_{name}", file.trim_end_matches(".term"));
        let module = stem
            .replace(['/', '['], "_")
            .replace(']', "")
            .to_lowercase();
        // The canonical source stands alone: the tests compile it again.
        std::fs::write(self.out.join(format!("{module}.term")), model.source())?;
        let frozen = freeze(model).model;
        let options = EmitOptions::new(&compiled.sources);
        let fresh = EmitOptions {
            fresh: true,
            ..options
        };
        let mut forms = vec![("_frozen", &frozen, options), ("", model, options)];
        // How parameters start is the same code in all models of a file.
        if file == "generated" || self.files.insert(file.to_owned()) {
            forms.push(("_fresh", model, fresh));
        }
        for (ending, model, options) in forms {
            let source = emit::rust(model, &options).source;
            std::fs::write(self.out.join(format!("{module}{ending}.rs")), &source)?;
            let structure = network(&source).ok_or("no structure")?;
            let (frozen, fresh) = (model.frozen, options.fresh);
            let form = match (frozen, fresh) {
                (true, _) => ", frozen",
                (_, true) => ", with fresh parameters",
                _ => "",
            };
            writeln!(
                self.modules,
                "/// `{name}` of `{file}`{form}, as emitted.\npub mod {module}{ending} {{\n    \
                 include!(concat!(env!(\"OUT_DIR\"), \"/{module}{ending}.rs\"));\n}}"
            )?;
            writeln!(
                self.table,
                "    case!({module}{ending}::{structure}, {file:?}, {name:?}, {frozen}, {fresh}, \"{module}.term\"),"
            )?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Box<dyn Error>> {
        let table = format!(
            "/// All of them.\npub const CASES: &[Case] = &[\n{}];\n",
            self.table
        );
        std::fs::write(self.out.join("all.rs"), self.modules + &table)?;
        Ok(())
    }
}

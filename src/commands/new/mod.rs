//! `termc new`: a folder with a model that checks, trains and emits at once, and a program that embeds it. Never writes into
//! a folder that has something in it.

mod pictures;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use termc_compiler::emit::{self, EmitOptions};
use termc_compiler::{NoFiles, Options, compile};

use crate::failure::Failure;
use crate::terminal::Terminal;

/// Arguments of `termc new`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder to make
    #[arg(value_name = "NAME")]
    folder: PathBuf,

    /// What the model is for
    #[arg(long, value_enum, default_value_t, value_name = "TEMPLATE")]
    template: Template,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Template {
    /// The embedded handwritten digits: trains in minutes on a laptop
    #[default]
    Digits,
    /// The released model for CIFAR-10
    Cifar10,
    /// A folder of image files, some of which are made as an example
    Folder,
    /// Sequences: here the rows of digits, one after the other
    Sequence,
}

impl Template {
    fn model(self) -> &'static str {
        match self {
            Self::Digits => include_str!("../../../examples/digits.term"),
            Self::Cifar10 => include_str!("../../../examples/cifar10.term"),
            Self::Folder => include_str!("folder.term"),
            Self::Sequence => include_str!("sequence.term"),
        }
    }

    /// As `--dataset` takes it.
    fn dataset(self) -> &'static str {
        match self {
            Self::Digits | Self::Sequence => "digits",
            Self::Cifar10 => "CIFAR10",
            Self::Folder => "folder:pictures",
        }
    }

    /// What is to be known of the data.
    fn data(self) -> &'static str {
        match self {
            Self::Digits => "The digits are part of termc.",
            Self::Cifar10 => {
                "`--data-dir` says where CIFAR-10 lies; without it, it is looked for in the cache folder."
            }
            Self::Folder => {
                "Put your own images into `pictures/train/CLASS/` and `pictures/test/CLASS/`, and set `classes` in\n\
                 `model.term` to how many classes there are. The stripes that are there only show how."
            }
            Self::Sequence => {
                "The digits are part of termc; a model of sequences takes the pixels of an image row by row."
            }
        }
    }
}

/// `termc-emitted` compiles it, with the dependency of `MANIFEST`.
const PROGRAM: &str = include_str!("program.rs");
/// Burn's version is the one that emitted source is made for.
const MANIFEST: &str = include_str!("manifest.toml");
const README: &str = include_str!("README.md");

/// Makes the folder.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let Arguments { folder, template } = arguments;
    let name = package(&folder)?;
    let files = files(&name, template)?;
    std::fs::create_dir_all(&folder).map_err(|error| cannot("make", &folder, error))?;
    let mut entries = std::fs::read_dir(&folder).map_err(|error| cannot("read", &folder, error))?;
    if entries.next().is_some() {
        let message = format!("`{}` is not empty", folder.display());
        return Err(Failure::usage(message).help("choose a name that is free"));
    }
    for (path, bytes) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| cannot("make", parent, error))?;
        }
        std::fs::write(&path, bytes).map_err(|error| cannot("write", &path, error))?;
    }
    let shown = folder.display();
    terminal.line(format!("made `{shown}`; next:"))?;
    for line in [
        format!("  cd {shown}"),
        "  termc check model.term".to_owned(),
        format!("  termc train model.term --dataset {}", template.dataset()),
        "  termc graph model.term -o graph.html".to_owned(),
    ] {
        terminal.line(line)?;
    }
    Ok(())
}

fn cannot(what: &str, path: &Path, error: std::io::Error) -> Failure {
    Failure::machine(format!("cannot {what} `{}`: {error}", path.display()))
}

/// Names that Cargo refuses, since its folder `target` has folders of these names.
const OF_CARGO: [&str; 4] = ["build", "deps", "examples", "incremental"];

/// The name of the package: that of the folder, which has to be one that Cargo takes.
fn package(folder: &Path) -> Result<String, Failure> {
    let name = folder.file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or_default();
    if OF_CARGO.contains(&name) {
        let message = format!("Cargo takes `{name}` for no package: its own folders are called so");
        return Err(Failure::usage(message).help("choose another name"));
    }
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !begins || !name.chars().all(word) || name.len() > 64 {
        let message = format!("`{}` names no package", folder.display());
        return Err(Failure::usage(message)
            .help("take letters, digits, `-` and `_`, a letter first, 64 at most"));
    }
    Ok(name.to_owned())
}

/// Every file with its path in the folder.
fn files(name: &str, template: Template) -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    let text = template.model();
    let compiled = compile("model.term", text, &Options::default(), &NoFiles);
    let Some(model) = compiled.model else {
        return Err(Failure::machine(format!(
            "the template is wrong: {:?}",
            compiled.diagnostics
        )));
    };
    // The program begins with fresh parameters where it is given none.
    let options = EmitOptions {
        fresh: true,
        ..EmitOptions::new(&compiled.sources)
    };
    let network = emit::rust(&model, &options).source;
    // The name, which may hold any of these words, comes last.
    let fill = |text: &str| {
        text.replace("DATASET", template.dataset())
            .replace("DATA", template.data())
            .replace("NETWORK", &model.name)
            .replace("NAME", name)
    };
    let mut files = vec![
        ("model.term", text.to_owned()),
        ("README.md", fill(README)),
        ("Cargo.toml", fill(MANIFEST)),
        (".gitignore", "/target\n/runs\n".to_owned()),
        ("src/network.rs", network),
        ("src/main.rs", fill(PROGRAM)),
    ]
    .into_iter()
    .map(|(path, text)| (PathBuf::from(path), text.into_bytes()))
    .collect::<Vec<_>>();
    if template == Template::Folder {
        files.extend(pictures::pictures());
    }
    Ok(files)
}

//! `termc diff`: what two models, variants or trainings differ in, as text, as JSON, or marked on the graph.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::Value;
use termc_graph::diff::{Change, Diff, Kind, Side, diff, settings};
use termc_graph::{Format as Picture, show};
use termc_runtime::model::CheckedSource;
use termc_runtime::train::RunFolder;

use super::graph::{ViewArgs, refused, write};
use crate::cli::{ChangeArgs, home_path};
use crate::failure::Failure;
use crate::terminal::{Accent, Terminal};
use crate::{model, output};

/// Arguments of `termc diff`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The first: a .term file, a RUN folder, a weight file or frozen file written by termc
    #[arg(value_name = "A")]
    first: PathBuf,

    /// The second [default: A, of which `--model` or `--set` takes another model]
    #[arg(value_name = "B")]
    second: Option<PathBuf>,

    /// Take this model, variant or member of a family of A [default: the file's first model]
    #[arg(long, value_name = "NAME")]
    from: Option<String>,

    /// Take this model, variant or member of a family of B [default: the file's first model]
    #[arg(
        id = "name",
        long = "model",
        visible_alias = "variant",
        value_name = "NAME"
    )]
    name: Option<String>,

    /// Set one value of B, e.g. `b[0].expand=8`; may be repeated
    #[arg(long = "set", value_name = "PATH=VALUE")]
    sets: Vec<String>,

    /// What to write [default: as the name of the file says (`.json`, `.html`, `.svg`), else text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,

    #[command(flatten)]
    view: ViewArgs,

    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE", value_parser = home_path())]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// What differs, line by line
    Text,
    /// One object
    Json,
    /// The page of `termc graph` with both models in one, marked
    Html,
    /// A drawing of the same
    Svg,
}

/// What the names of files end in.
const ENDINGS: [(&str, Format); 3] = [
    ("json", Format::Json),
    ("html", Format::Html),
    ("svg", Format::Svg),
];

/// Compares two models.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let second = arguments.second.as_ref().unwrap_or(&arguments.first);
    if arguments.second.is_none() && arguments.from == arguments.name && arguments.sets.is_empty() {
        let message = "one model is compared with itself";
        return Err(Failure::usage(message)
            .help("name a second file, or another model of this one with `--model NAME`"));
    }
    if arguments.first == Path::new("-") && second == Path::new("-") {
        let message = "standard input can be read once";
        return Err(Failure::usage(message).help("give one of the two as a file"));
    }
    let format = output::format(arguments.format, &arguments.output, &ENDINGS, Format::Text);
    let is_drawn = matches!(format, Format::Html | Format::Svg);
    if !is_drawn && arguments.view != ViewArgs::default() {
        let message = "`--at`, `--depth` and `--width` choose what a picture shows";
        return Err(Failure::usage(message).help("add `--format html` or `--format svg`"));
    }
    let first = ChangeArgs {
        name: arguments.from,
        sets: vec![],
    };
    let changes = ChangeArgs {
        name: arguments.name,
        sets: arguments.sets,
    };
    let a = model::read(&arguments.first)?;
    let a = model::check_named_by("--from", a, &first, terminal)?;
    let b = model::check(model::read(second)?, &changes, terminal)?;
    let output = output::or_standard(&arguments.output, &[&a, &b], &[])?;
    let [was, is] = names(&a, &b, arguments.first != *second);
    let mut found = diff(side(&a, &was), side(&b, &is));
    found.settings.extend(trainings_differ(&a, &b)?);
    let picture = |format| -> Result<String, Failure> {
        let options = arguments.view.clone().options(format)?;
        let sources = &b.compiled.sources;
        show(&found.tree, sources, &options).map_err(refused)
    };
    let text = match format {
        Format::Text => text(&found, terminal),
        Format::Json => serde_json::to_string(&found).map_err(Failure::machine)? + "\n",
        Format::Html => picture(Picture::Html)?,
        Format::Svg => picture(Picture::Svg)?,
    };
    write(&text, output, terminal)
}

fn side<'a>(checked: &'a CheckedSource, name: &'a str) -> Side<'a> {
    Side {
        name,
        model: &checked.model,
        sources: &checked.compiled.sources,
    }
}

/// What the two are called: their models' names, with their files where these differ.
fn names(a: &CheckedSource, b: &CheckedSource, files: bool) -> [String; 2] {
    [a, b].map(|checked| match files {
        true => format!("{} ({})", checked.model.name, checked.source.name),
        false => checked.model.name.clone(),
    })
}

/// What a model differs in from another, in lines.
pub fn model_differs(from: &CheckedSource, to: &CheckedSource) -> Vec<String> {
    let found = diff(side(from, &from.model.name), side(to, &to.model.name));
    found.lines().into_iter().map(|(_, line)| line).collect()
}

/// What the settings of two trainings differ in, apart from what they say of the model; nothing if one is none.
pub fn trainings_differ(a: &CheckedSource, b: &CheckedSource) -> Result<Vec<Change>, Failure> {
    const OF_THE_MODEL: [&str; 3] = ["model", "parameters", "recipe"];
    let read = |checked: &CheckedSource| -> Result<Option<Value>, Failure> {
        let Some(run) = &checked.source.run else {
            return Ok(None);
        };
        let (_, settings) = RunFolder::open(run)?;
        let mut value = serde_json::to_value(settings).map_err(Failure::machine)?;
        if let Value::Object(map) = &mut value {
            OF_THE_MODEL.iter().for_each(|name| drop(map.remove(*name)));
        }
        Ok(Some(value))
    };
    Ok(match (read(a)?, read(b)?) {
        (Some(a), Some(b)) => settings("run", &a, &b),
        _ => vec![],
    })
}

fn text(found: &Diff, terminal: &Terminal) -> String {
    let lines = found.lines().into_iter().map(|(kind, line)| match kind {
        Kind::Added => terminal.accent(Accent::Green, &line),
        Kind::Removed => terminal.accent(Accent::Red, &line),
        Kind::Changed => terminal.accent(Accent::Yellow, &line),
        Kind::Plain => line,
    });
    lines.map(|line| line + "\n").collect()
}

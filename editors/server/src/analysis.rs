//! One file with what it uses, as the compiler sees it: names, findings, and the last model that was without fault.

use std::ops::Range;
use std::path::{Path, PathBuf};

use termc_compiler::diagnostics::{Code, Diagnostic};
use termc_compiler::index::{Index, from_prelude, in_prelude};
use termc_compiler::model::{Model, Span};
use termc_compiler::source::Sources;
use termc_compiler::{Compiled, Files, Options, compile, compile_all};

use crate::prelude;
use crate::text::Text;

/// A main file.
pub struct Analysis {
    /// Where it lies.
    pub path: PathBuf,
    /// Which look at a file it comes from: a later one has a higher number.
    pub turn: u64,
    /// Its text.
    pub text: Text,
    /// Its names.
    pub index: Index,
    /// What is wrong, with the texts that the places point into: with the first model at once, with variants and members
    /// of families later.
    pub found: Vec<Diagnostic>,
    /// Whether all models have been looked at.
    pub complete: bool,
    pub sources: Sources,
    /// The model of the text, or of the last text that had one.
    pub good: Option<Good>,
}

/// A model and the text that it was made of.
pub struct Good {
    pub model: Model,
    pub text: String,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub path: PathBuf,
    pub start: usize,
    pub end: usize,
}

impl Place {
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

impl Analysis {
    /// Looks at a text for the `turn`th time; `last` is what was known of it before.
    pub fn new(path: &Path, turn: u64, text: &str, files: &dyn Files, last: Option<Good>) -> Self {
        let name = name_of(path);
        let index = Index::new(&name, text, files);
        let mut compiled = match index.has_models() {
            true => compile(&name, text, &Options::default(), files),
            false => check_all(path, text, files),
        };
        let good = match compiled.model.take() {
            Some(model) => Some(Good {
                model,
                text: text.to_owned(),
            }),
            None => last,
        };
        let complete = !index.has_models() || compiled.diagnostics.iter().any(Diagnostic::is_error);
        Self {
            path: path.to_owned(),
            turn,
            text: Text::new(text),
            index,
            found: compiled.diagnostics,
            complete,
            sources: compiled.sources,
            good,
        }
    }

    /// Takes what was found in all models of the text.
    pub fn complete(&mut self, all: Compiled) {
        self.found = all.diagnostics;
        self.sources = all.sources;
        self.complete = true;
    }

    /// The model, variant or member of this name, if it is without fault.
    pub fn model(&self, name: &str, files: &dyn Files) -> Option<(Model, Sources)> {
        let options = Options {
            model: Some(name.to_owned()),
            sets: vec![],
        };
        let compiled = compile(&name_of(&self.path), &self.text.text, &options, files);
        Some((compiled.model?, compiled.sources))
    }

    /// The file and the place in it of a span; the prelude's files lie in a folder of their own.
    pub fn place(&self, sources: &Sources, span: Span, prelude: &Path) -> Option<Place> {
        if let Some((name, span)) = in_prelude(span) {
            return Some(Place {
                path: prelude.join(name),
                start: span.start as usize,
                end: span.end as usize,
            });
        }
        let at = sources.locate(span)?;
        Some(Place {
            path: self.path_of(&at.source.name),
            start: at.start,
            end: at.end,
        })
    }

    /// Where a file lies that the sources call so.
    pub fn path_of(&self, name: &str) -> PathBuf {
        if name == name_of(&self.path) {
            return self.path.clone();
        }
        self.path.parent().unwrap_or(Path::new("")).join(name)
    }

    /// Whether it uses a file.
    pub fn uses(&self, path: &Path) -> bool {
        self.used().any(|used| used == path)
    }

    /// The files it uses.
    pub fn used(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.index.used().iter().map(|used| self.path_of(used))
    }

    /// Whether it could be read with all that it uses; nothing else was looked at where not.
    pub fn was_read(&self) -> bool {
        let unread = |d: &Diagnostic| matches!(d.code, Code::Syntax | Code::Language | Code::Use);
        !self.found.iter().any(unread)
    }

    /// The span of a place in one of its files; `folder` has the prelude's.
    pub fn span_at(&self, path: &Path, at: usize, folder: &Path) -> Option<u32> {
        if let Ok(name) = path.strip_prefix(folder) {
            return from_prelude(&prelude::name(name), at as u32);
        }
        let mut sources = self.index.sources().list().iter();
        let source = sources.find(|source| self.path_of(&source.name) == path)?;
        source.base.checked_add(at as u32)
    }
}

/// Everything that is wrong with all models, variants and members of a file, or with its definitions if it has no others:
/// a file that is being written, or that others use, need not have a model.
pub fn check_all(path: &Path, text: &str, files: &dyn Files) -> Compiled {
    let mut all = compile_all(&name_of(path), text, &Options::default(), files);
    all.diagnostics.retain(|d| d.code != Code::ModelCount);
    all
}

/// What a file is called in its sources.
pub fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

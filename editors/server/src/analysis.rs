//! One file with what it uses, as the compiler sees it: names, findings, and the last model that was without fault.

use std::ops::Range;
use std::path::{Path, PathBuf};

use termc_compiler::diagnostics::{Code, Diagnostic};
use termc_compiler::index::{Index, in_prelude};
use termc_compiler::model::{Model, Span};
use termc_compiler::source::Sources;
use termc_compiler::{Compiled, Files, Options, compile, compile_all};

use crate::text::Text;

/// A main file.
pub struct Analysis {
    /// Where it lies.
    pub path: PathBuf,
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

/// The name under which a text that only holds definitions is used.
const ALONE: &str = "a text that uses the file";

impl Analysis {
    /// Looks at a text; `last` is what was known of it before.
    pub fn new(path: &Path, text: &str, files: &dyn Files, last: Option<Good>) -> Self {
        let name = name_of(path);
        let index = Index::new(&name, text, files);
        let compiled = match index.has_models() {
            true => compile(&name, text, &Options::default(), files),
            false => compile_definitions(&name, text, files),
        };
        let good = match compiled.model {
            Some(model) if index.has_models() => Some(Good {
                model,
                text: text.to_owned(),
            }),
            _ => last,
        };
        let complete = !index.has_models() || compiled.diagnostics.iter().any(Diagnostic::is_error);
        Self {
            path: path.to_owned(),
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
        if name == name_of(&self.path) || name == ALONE {
            return self.path.clone();
        }
        self.path.parent().unwrap_or(Path::new("")).join(name)
    }

    /// The span of a place in one of its files.
    pub fn span_at(&self, path: &Path, at: usize, prelude: &Path) -> Option<u32> {
        if let Ok(name) = path.strip_prefix(prelude) {
            return termc_compiler::index::from_prelude(
                &name.to_string_lossy().replace('\\', "/"),
                at as u32,
            );
        }
        let mut sources = self.index.sources().list().iter();
        let source = sources.find(|source| self.path_of(&source.name) == path)?;
        source.base.checked_add(at as u32)
    }
}

/// Everything that is wrong with all models, variants and members of a file.
pub fn check_all(path: &Path, text: &str, files: &dyn Files) -> Compiled {
    compile_all(&name_of(path), text, &Options::default(), files)
}

pub fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Checks a file of definitions alone: through a text that uses it, and has a model for the compiler to begin with.
fn compile_definitions(name: &str, text: &str, files: &dyn Files) -> termc_compiler::Compiled {
    struct With<'a>(&'a str, &'a str, &'a dyn Files);
    impl Files for With<'_> {
        fn read(&self, path: &str) -> Result<String, String> {
            match path == self.0 {
                true => Ok(self.1.to_owned()),
                false => self.2.read(path),
            }
        }
    }
    let around = format!(
        "use \"{name}\"\nmodel Alone {{\n    input image[1, 8, 8]\n    output logits = head(image, 2)\n    loss {{\n        \
         cross_entropy(logits)\n    }}\n}}\n"
    );
    let mut compiled = compile(
        ALONE,
        &around,
        &Options::default(),
        &With(name, text, files),
    );
    let own = around.len() as u32;
    // A name that the file has twice, or that cannot be used, is told at the file; what is told of the text around it is
    // that it cannot be used at all, for example because it is `-`.
    compiled
        .diagnostics
        .retain(|d| d.span.start > own && d.code != Code::ModelCount);
    compiled.model = None;
    compiled
}

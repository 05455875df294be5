//! The driver: text to model. Reads as the table of contents of the compiler.

use std::collections::HashMap;

use termc_grammar::ast::{Item, ItemKind, LineKind, Span};

use crate::canonical::{canonical, single_name};
use crate::diagnostics::{Diagnostic, ProgramKind};
use crate::elaborate::{Elaborated, Program, elaborate};
use crate::lower::lower;
use crate::model::{Graph, Model};
use crate::overrides::{Action, Changes, Choice, Chosen, targets};
use crate::read::{Change, Read};
use crate::source::Sources;

/// What to make of a file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The model, variant or member of a family, `SlowSize[3]`; None is the first of the file.
    pub model: Option<String>,
    /// Overrides `path=value`, applied after the variant.
    pub sets: Vec<String>,
}

/// Gives the texts of the files that a file uses.
pub trait Files {
    /// The text of a file. `path` is relative to the folder of the main file, with
    /// `/` between its parts, none of which is `.` or `..`.
    ///
    /// # Errors
    /// Why it cannot be read, in words that follow "cannot read `path`: ".
    fn read(&self, path: &str) -> Result<String, String>;
}

/// No files: what a text has that stands in no folder.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _path: &str) -> Result<String, String> {
        Err("this text has no folder".into())
    }
}

/// The outcome of one compilation.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The model, if nothing is an error.
    pub model: Option<Model>,
    /// Everything found, in source order.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts the spans point into.
    pub sources: Sources,
    /// The files it used, by their paths as [`Files::read`] was given them.
    pub used: Vec<String>,
}

impl Compiled {
    /// Whether something is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Compiles the text of a file called `name`.
pub fn compile(name: &str, text: &str, options: &Options, files: &dyn Files) -> Compiled {
    let read = Read::new(name, text, options, files);
    if !read.found.is_empty() {
        return read.outcome(None, vec![]);
    }
    let program = read.program();
    let (model, found) = program.build(options.model.as_deref());
    read.outcome(model, found)
}

/// Compiles a file and every model, variant and member of a family in it: the chosen model, and what is found in any of
/// them, each finding once.
pub fn compile_all(name: &str, text: &str, options: &Options, files: &dyn Files) -> Compiled {
    let read = Read::new(name, text, options, files);
    if !read.found.is_empty() {
        return read.outcome(None, vec![]);
    }
    let program = read.program();
    let (mut model, mut found) = program.build(options.model.as_deref());
    if options.model.is_none() && !found.iter().any(Diagnostic::is_error) {
        for name in program.choice.names() {
            for diagnostic in program.check(&name) {
                let known = found
                    .iter()
                    .any(|d| (d.code, d.span) == (diagnostic.code, diagnostic.span));
                if !known {
                    found.push(diagnostic);
                }
            }
        }
    }
    if found.iter().any(Diagnostic::is_error) {
        model = None;
    }
    read.outcome(model, found)
}

/// The names of a file's models, variants and members of families, in order; none if it cannot be read.
pub fn model_names(text: &str) -> Vec<String> {
    let file = termc_grammar::parse(text, 0).unwrap_or_default();
    let targets = targets(&file.items);
    Choice::new(&file.items, &targets).names()
}

/// What can be wrong with the models and variants of a file before one is chosen.
fn variants(items: &[Item], found: &mut Vec<Diagnostic>) {
    let mut names: HashMap<&str, Span> = HashMap::new();
    for item in items {
        let (ItemKind::Model(_) | ItemKind::Variant { .. }, Some(name)) = (&item.kind, item.name())
        else {
            continue;
        };
        if let Some(first) = names.get(name.text.as_str()) {
            let kind = ProgramKind::DefinedTwice {
                name: name.text.clone(),
            };
            found.push(Diagnostic::of(kind, name.span).related(*first, "first here"));
        } else {
            names.insert(&name.text, name.span);
        }
        if let ItemKind::Variant { body, .. } = &item.kind {
            let wrong = body.iter().filter(|line| match &line.kind {
                LineKind::Bind { target, .. } => target.as_path().is_none(),
                LineKind::Without { .. } | LineKind::Add { .. } => false,
                _ => true,
            });
            let wrong = wrong.map(|line| {
                Diagnostic::of(ProgramKind::WrongLine { place: "a variant" }, line.span)
            });
            found.extend(wrong);
        }
    }
}

impl Read {
    fn program(&self) -> Build<'_> {
        let items = self
            .units
            .get(self.main)
            .map(|unit| unit.file.items.as_slice())
            .unwrap_or_default();
        let mut found = vec![];
        let program = Program::new(&self.units, &mut found);
        variants(items, &mut found);
        let choice = Choice::new(items, &self.targets);
        for (name, span, count) in choice.oversized() {
            let name = name.to_owned();
            found.push(Diagnostic::of(
                ProgramKind::FamilyTooLarge { name, count },
                span,
            ));
        }
        Build {
            read: self,
            program,
            choice,
            found,
        }
    }
}

/// A file ready to be built, model by model.
struct Build<'a> {
    read: &'a Read,
    program: Program<'a>,
    choice: Choice<'a>,
    /// What is wrong whichever model is chosen.
    found: Vec<Diagnostic>,
}

impl Build<'_> {
    /// A model, variant or member by its name, or the first of the file.
    fn build(&self, name: Option<&str>) -> (Option<Model>, Vec<Diagnostic>) {
        let (made, found) = self.elaborate(name);
        let model = made.map(|(chosen, mut graph)| {
            graph.source = canonical(&self.read.units, self.read.main, &self.program, &chosen);
            lower(graph)
        });
        (model, found)
    }

    /// What is found in a model, variant or member.
    fn check(&self, name: &str) -> Vec<Diagnostic> {
        self.elaborate(Some(name)).1
    }

    fn elaborate(&self, name: Option<&str>) -> (Option<(Chosen<'_>, Graph)>, Vec<Diagnostic>) {
        let mut found = self.found.clone();
        let name = name.map(str::to_owned).or_else(|| self.choice.first());
        if found.iter().any(Diagnostic::is_error) {
            return (None, found);
        }
        let Some(name) = name else {
            found.push(Diagnostic::of(ProgramKind::NoModel {}, Span::default()));
            return (None, found);
        };
        let mut chosen = match self.choice.choose(&name) {
            Ok(chosen) => chosen,
            Err((kind, span)) => {
                found.push(Diagnostic::of(*kind, span.unwrap_or_default()));
                return (None, found);
            }
        };
        let sets = self.read.sets.iter().map(|(path, change)| {
            (
                path,
                match change {
                    Change::Set(value) => Action::Set(value),
                    Change::Without => Action::Without,
                    Change::Add(value, place) => Action::Add(value, place.as_ref()),
                },
            )
        });
        if !self.read.sets.is_empty() && chosen.name == chosen.model.name.text {
            chosen.name.push_str("Changed");
        }
        chosen.changes.extend(sets);
        chosen.name = single_name(&chosen.name);
        let changes = Changes::new(chosen.changes.clone());
        let Elaborated { graph, found: own } = elaborate(
            &self.read.units,
            self.read.main,
            &self.program,
            &chosen,
            &changes,
        );
        found.extend(own);
        let graph = graph.filter(|_| !found.iter().any(Diagnostic::is_error));
        (graph.map(|graph| (chosen, graph)), found)
    }
}

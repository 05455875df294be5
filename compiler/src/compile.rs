//! The driver: text to model. Reads as the table of contents of the compiler.

use std::borrow::Cow;
use std::collections::HashMap;

use termc_grammar::ast::{Expr, File, Item, ItemKind, Line, LineKind, Path, Span};
use termc_grammar::{MAX_SOURCE_BYTES, SyntaxError};

use crate::canonical::{canonical, single_name};
use crate::diagnostics::{Code, Diagnostic, ProgramKind};
use crate::elaborate::{Elaborated, Program, Unit, elaborate};
use crate::lower::lower;
use crate::model::Model;
use crate::overrides::{Action, Changes, Choice, targets};
use crate::prelude;
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
            for diagnostic in program.build(Some(&name)).1 {
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

/// Texts that are syntactically right: the prelude's, the used files', the main file's, and the changes.
struct Read {
    sources: Sources,
    units: Vec<Unit>,
    main: usize,
    /// The paths of the changes of each item of the main file.
    targets: Vec<Vec<Option<Path>>>,
    sets: Vec<(Path, Change)>,
    used: Vec<String>,
    found: Vec<Diagnostic>,
}

/// A change from outside of the file.
enum Change {
    Set(Expr),
    Without,
    Add(Expr, Option<termc_grammar::ast::Place>),
}

impl Read {
    fn new(name: &str, text: &str, options: &Options, files: &dyn Files) -> Self {
        let prelude = prelude::files().iter().map(|(_, file)| Unit {
            file: Cow::Borrowed(file),
            prelude: true,
            uses: vec![],
        });
        let mut read = Self {
            sources: Sources::new(name, text),
            units: prelude.collect(),
            main: 0,
            targets: vec![],
            sets: vec![],
            used: vec![],
            found: vec![],
        };
        let mut loading = Loading {
            files,
            known: HashMap::new(),
            open: vec![name.to_owned()],
        };
        if let Some(main) = read.unit(name, text, 0, "", &mut loading) {
            read.main = main;
        }
        for set in &options.sets {
            let base = read.sources.add("--set", set);
            match termc_grammar::parse_change(set, base) {
                Ok(line) => read.set(line),
                Err(errors) => read.found.extend(errors.into_iter().map(syntax)),
            }
        }
        if let Some(unit) = read.units.get(read.main) {
            read.targets = targets(&unit.file.items);
        }
        read
    }

    /// Reads a text and the files it uses; gives its number.
    fn unit(
        &mut self,
        name: &str,
        text: &str,
        base: u32,
        folder: &str,
        loading: &mut Loading<'_>,
    ) -> Option<usize> {
        let file = match termc_grammar::parse(text, base) {
            Ok(file) => file,
            Err(errors) => {
                self.found.extend(errors.into_iter().map(syntax));
                return None;
            }
        };
        if let Some((version, span)) = file.language.filter(|(version, _)| *version != 2) {
            self.found
                .push(Diagnostic::of(ProgramKind::Language { version }, span));
            return None;
        }
        let uses = self.uses(&file, folder, loading);
        let _ = name;
        self.units.push(Unit {
            file: Cow::Owned(file),
            prelude: false,
            uses,
        });
        Some(self.units.len() - 1)
    }

    fn uses(&mut self, file: &File, folder: &str, loading: &mut Loading<'_>) -> Vec<(usize, Span)> {
        let mut uses = vec![];
        for item in &file.items {
            let ItemKind::Use(path, span) = &item.kind else {
                continue;
            };
            let refused = |kind: ProgramKind| Diagnostic::of(kind, *span);
            let Some(full) = joined(folder, path) else {
                self.found
                    .push(refused(ProgramKind::UseOutside { path: path.clone() }));
                continue;
            };
            if loading.open.contains(&full) {
                self.found
                    .push(refused(ProgramKind::UseCircle { path: path.clone() }));
                continue;
            }
            if let Some(known) = loading.known.get(&full) {
                uses.extend(known.map(|number| (number, *span)));
                continue;
            }
            let text = match loading.files.read(&full) {
                Ok(text) if text.len() > MAX_SOURCE_BYTES => Err("it is too large".to_owned()),
                other => other,
            };
            match text {
                Err(why) => {
                    let path = path.clone();
                    self.found
                        .push(refused(ProgramKind::UseMissing { path, why }));
                    loading.known.insert(full, None);
                }
                Ok(text) => {
                    let base = self.sources.add(&full, &text);
                    let below = full
                        .rsplit_once('/')
                        .map_or("", |(folder, _)| folder)
                        .to_owned();
                    self.used.push(full.clone());
                    loading.open.push(full.clone());
                    let number = self.unit(&full, &text, base, &below, loading);
                    loading.open.pop();
                    loading.known.insert(full, number);
                    uses.extend(number.map(|number| (number, *span)));
                }
            }
        }
        uses
    }

    fn set(&mut self, line: Line) {
        match line.kind {
            LineKind::Bind { target, value } => match target.as_path() {
                Some(path) => self.sets.push((path, Change::Set(value))),
                None => self
                    .found
                    .push(Diagnostic::of(ProgramKind::NoBindingName {}, target.span)),
            },
            LineKind::Without { paths, .. } => {
                self.sets
                    .extend(paths.into_iter().map(|path| (path, Change::Without)));
            }
            LineKind::Add { path, value, place } => {
                self.sets.push((path, Change::Add(value, place)))
            }
            _ => self.found.push(Diagnostic::of(
                ProgramKind::WrongLine { place: "a variant" },
                line.span,
            )),
        }
    }

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

    fn outcome(&self, model: Option<Model>, found: Vec<Diagnostic>) -> Compiled {
        let mut diagnostics: Vec<Diagnostic> = self.found.iter().cloned().chain(found).collect();
        diagnostics.sort_by_key(|d| (d.span.start, d.span.end, d.code));
        Compiled {
            model: model.filter(|_| !diagnostics.iter().any(Diagnostic::is_error)),
            diagnostics,
            sources: self.sources.clone(),
            used: self.used.clone(),
        }
    }
}

/// The files being read.
struct Loading<'a> {
    files: &'a dyn Files,
    /// Files that were read, with their numbers; None if they are wrong.
    known: HashMap<String, Option<usize>>,
    /// Files that use the one being read.
    open: Vec<String>,
}

/// A path below the main file's folder; None if it leaves it.
fn joined(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(['\\', ':']) {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
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
        if found.iter().any(Diagnostic::is_error) {
            return (None, found);
        }
        let model = graph.map(|mut graph| {
            graph.source = canonical(&self.read.units, self.read.main, &self.program, &chosen);
            lower(graph)
        });
        (model, found)
    }
}

fn syntax(error: SyntaxError) -> Diagnostic {
    let code = match error.kind {
        termc_grammar::SyntaxErrorKind::Version1 => Code::Language,
        _ => Code::Syntax,
    };
    let mut diagnostic = Diagnostic::new(code, error.span, error.to_string());
    if !error.expected.is_empty() {
        diagnostic = diagnostic.label(format!("expected {}", either(&error.expected)));
    }
    if let Some((span, text)) = error.related {
        diagnostic = diagnostic.related(span, text);
    }
    match error.help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// "a, b or c".
fn either(words: &[String]) -> String {
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

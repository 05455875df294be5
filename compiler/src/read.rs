//! Reads the texts of a compilation: the main file, the files it uses, and the changes from outside. Resolves no name.

use std::borrow::Cow;
use std::collections::HashMap;

use termc_grammar::ast::{Expr, File, ItemKind, Line, LineKind, Path, Span};
use termc_grammar::{MAX_SOURCE_BYTES, SyntaxError, listed};

use crate::diagnostics::{Code, Diagnostic, Fix, ProgramKind};
use crate::elaborate::Unit;
use crate::overrides::targets;
use crate::prelude;
use crate::request::{Files, Options};
use crate::source::Sources;

/// Texts that are syntactically right: the prelude's, the used files', the main file's, and the changes.
pub(crate) struct Read {
    pub(crate) sources: Sources,
    pub(crate) units: Vec<Unit>,
    pub(crate) main: usize,
    /// The paths of the changes of each item of the main file.
    pub(crate) targets: Vec<Vec<Option<Path>>>,
    pub(crate) sets: Vec<(Path, Change)>,
    /// Where the model that is chosen from outside is named.
    pub(crate) model: Span,
    /// The paths of used files, right or wrong, in the order in which they were come to.
    pub(crate) used: Vec<String>,
    /// Of those that are right, which unit each became.
    paths: Vec<(usize, String)>,
    pub(crate) found: Vec<Diagnostic>,
}

/// A change from outside of the file.
pub(crate) enum Change {
    Set(Expr),
    Without,
    Add(Expr, Option<termc_grammar::ast::Place>),
}

impl Read {
    pub(crate) fn new(name: &str, text: &str, options: &Options, files: &dyn Files) -> Self {
        Self::made(name, text, options, files, false)
    }

    /// What can be read of texts that are being written; nothing is reported.
    pub(crate) fn tolerant(name: &str, text: &str, files: &dyn Files) -> Self {
        Self::made(name, text, &Options::default(), files, true)
    }

    /// The path of a file that is used, from the folder of the main file.
    pub(crate) fn path_of(&self, unit: usize) -> Option<&str> {
        self.paths
            .iter()
            .find(|(number, _)| *number == unit)
            .map(|(_, path)| path.as_str())
    }

    fn made(name: &str, text: &str, options: &Options, files: &dyn Files, tolerant: bool) -> Self {
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
            model: Span::default(),
            used: vec![],
            paths: vec![],
            found: vec![],
        };
        let mut loading = Loading {
            files,
            tolerant,
            known: HashMap::new(),
            open: vec![name.to_owned()],
        };
        if let Some(main) = read.unit(text, 0, "", &mut loading) {
            read.main = main;
        }
        if let Some(model) = &options.model {
            let start = read.sources.add("--model", model);
            let end = start.saturating_add(model.len() as u32);
            read.model = Span { start, end };
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
        text: &str,
        base: u32,
        folder: &str,
        loading: &mut Loading<'_>,
    ) -> Option<usize> {
        let file = match termc_grammar::parse(text, base) {
            Ok(file) => file,
            Err(_) if loading.tolerant => termc_grammar::parse_what_can_be_read(text, base),
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
                    let base = self.sources.add(self.beside_main(&full), &text);
                    let below = full
                        .rsplit_once('/')
                        .map_or("", |(folder, _)| folder)
                        .to_owned();
                    self.used.push(full.clone());
                    loading.open.push(full.clone());
                    let number = self.unit(&text, base, &below, loading);
                    loading.open.pop();
                    self.paths
                        .extend(number.map(|number| (number, full.clone())));
                    loading.known.insert(full, number);
                    uses.extend(number.map(|number| (number, *span)));
                }
            }
        }
        uses
    }

    /// How diagnostics call a file whose path is one from the main file's folder: so that it is found from where the main file is.
    fn beside_main(&self, path: &str) -> String {
        let main = self.sources.list().first().map_or("", |main| &main.name);
        match main.rfind(['/', '\\']) {
            Some(end) => [main.get(..=end).unwrap_or_default(), path].concat(),
            None => path.to_owned(),
        }
    }

    fn set(&mut self, line: Line) {
        match line.kind {
            LineKind::Bind { target, value } => match target.as_path() {
                Some(path) => self.sets.push((path, Change::Set(value))),
                None => self
                    .found
                    .push(Diagnostic::of(ProgramKind::NoBindingName {}, target.span)),
            },
            LineKind::Without {
                paths,
                choose: true,
            } => {
                // One of them would have to be chosen, which only members of a family do.
                let span = match paths.first() {
                    Some(first) => Span {
                        start: line.span.start,
                        end: first.span.end,
                    },
                    None => line.span,
                };
                let name = "choose".to_owned();
                let known = vec![];
                let kind = ProgramKind::UnknownCallee { name, known };
                self.found.push(Diagnostic::of(kind, span));
            }
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
}

/// The files being read.
struct Loading<'a> {
    files: &'a dyn Files,
    /// Whether what cannot be read is left out.
    tolerant: bool,
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

fn syntax(error: SyntaxError) -> Diagnostic {
    let code = match error.kind {
        termc_grammar::SyntaxErrorKind::Version1 => Code::Language,
        _ => Code::Syntax,
    };
    let mut diagnostic = Diagnostic::new(code, error.span, error.to_string());
    if !error.expected.is_empty() {
        diagnostic = diagnostic.label(format!("expected {}", listed(&error.expected, "or")));
    }
    if let Some((span, text)) = error.related {
        diagnostic = diagnostic.related(span, text);
    }
    Diagnostic {
        help: error.help,
        fix: error.instead.map(|word| Fix::Replace(vec![word.into()])),
        ..diagnostic
    }
}

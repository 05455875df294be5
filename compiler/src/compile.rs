//! The driver: text to model. Reads as the table of contents of the compiler.

use termc_grammar::ast::{ItemKind, Span};

use crate::canonical::{canonical, single_name, two_meanings};
use crate::diagnostics::{Diagnostic, ProgramKind};
use crate::elaborate::{Known, Program, definitions, elaborate, nothing_wrong};
use crate::lower::lower;
use crate::model::{CanonicalSource, Graph, Model};
use crate::overrides::{Action, Changes, Choice, Chosen, effective, targets};
use crate::read::{Change, Read};
use crate::request::{Files, Options};
use crate::source::Sources;

/// The outcome of one compilation.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The model, if nothing is an error and the file defines one.
    pub model: Option<Model>,
    /// How many blocks the file defines.
    pub blocks: usize,
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
    let Outcome { sound, found } = program.elaborate(options.model.as_deref(), false);
    let model = sound.map(|sound| program.finished(sound));
    read.outcome(model, found)
}

/// Compiles a file and every model, variant and member of a family in it: the chosen model, and what is found in any of
/// them, each finding once. Changes are of one model: with them it is the chosen one, else the first, that is compiled. Of
/// a file that others use, which defines blocks and constants alone, it looks through these.
pub fn compile_all(name: &str, text: &str, options: &Options, files: &dyn Files) -> Compiled {
    if options.model.is_some() || !options.sets.is_empty() {
        return compile(name, text, options, files);
    }
    let read = Read::new(name, text, options, files);
    if !read.found.is_empty() {
        return read.outcome(None, vec![]);
    }
    let program = read.program();
    if let Some(found) = program.definitions() {
        return read.outcome(None, found);
    }
    let names = program.choice.names();
    let Outcome { sound, mut found } = program.elaborate(None, names.len() > 1);
    let Some(first) = sound else {
        return read.outcome(None, found);
    };
    for name in names.iter().skip(1) {
        for diagnostic in program.check(name, &first.known) {
            let same = |d: &Diagnostic| (d.code, d.span) == (diagnostic.code, diagnostic.span);
            if !found.iter().any(same) {
                found.push(diagnostic);
            }
        }
    }
    let sound = !found.iter().any(Diagnostic::is_error);
    let model = sound.then(|| program.finished(first));
    read.outcome(model, found)
}

/// The names of a file's models, variants and members of families, in order; none if it cannot be read.
pub fn model_names(text: &str) -> Vec<String> {
    let file = termc_grammar::parse(text, 0).unwrap_or_default();
    let targets = targets(&file.items);
    Choice::new(&file.items, &targets).names()
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
        let choice = Choice::new(items, &self.targets);
        found.extend(choice.wrong());
        Build {
            read: self,
            program,
            choice,
            found,
        }
    }

    /// How many blocks the main file defines.
    fn blocks(&self) -> usize {
        let main = self.units.get(self.main).filter(|unit| !unit.prelude);
        let items = main.map(|unit| unit.file.items.iter());
        let blocks = items.into_iter().flatten();
        blocks
            .filter(|item| matches!(item.kind, ItemKind::Block(_)))
            .count()
    }

    fn outcome(&self, model: Option<Model>, found: Vec<Diagnostic>) -> Compiled {
        let mut diagnostics: Vec<Diagnostic> = self.found.iter().cloned().chain(found).collect();
        diagnostics.sort_by_key(|d| (d.span.start, d.span.end, d.code));
        Compiled {
            model: model.filter(|_| !diagnostics.iter().any(Diagnostic::is_error)),
            blocks: self.blocks(),
            diagnostics,
            sources: self.sources.clone(),
            used: self.used.clone(),
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

/// A model that nothing is wrong with.
struct Sound<'a> {
    chosen: Chosen<'a>,
    graph: Graph,
    known: Known,
}

/// What became of a model.
struct Outcome<'a> {
    sound: Option<Sound<'a>>,
    found: Vec<Diagnostic>,
}

impl Build<'_> {
    /// The model that is executed, with its canonical source.
    fn finished(&self, sound: Sound<'_>) -> Model {
        let Sound { chosen, graph, .. } = sound;
        let source = canonical(&self.read.units, self.read.main, &self.program, &chosen);
        lower(graph, CanonicalSource::new(source))
    }

    /// A model, variant or member by its name, or the first of the file, and its calls if they are to be kept.
    fn elaborate(&self, name: Option<&str>, keep_calls: bool) -> Outcome<'_> {
        let mut found = self.found.clone();
        let chosen = match found.iter().any(Diagnostic::is_error) {
            true => None,
            false => self.chosen(name, &mut found),
        };
        let Some(chosen) = chosen else {
            return Outcome { sound: None, found };
        };
        let changes = Changes::new(chosen.changes.clone());
        let (units, main) = (&self.read.units, self.read.main);
        let made = elaborate(units, main, &self.program, &chosen, &changes, keep_calls);
        found.extend(made.found);
        if !found.iter().any(Diagnostic::is_error) {
            found.extend(two_meanings(units, main, &self.program, &chosen));
        }
        let graph = made
            .graph
            .filter(|_| !found.iter().any(Diagnostic::is_error));
        let known = made.known;
        Outcome {
            sound: graph.map(|graph| Sound {
                chosen,
                graph,
                known,
            }),
            found,
        }
    }

    /// What is found in the definitions of a file that has nothing else; None if it has, or if it has none.
    fn definitions(&self) -> Option<Vec<Diagnostic>> {
        let main = self.read.main;
        let defines = self.program.iter().any(|(_, d)| d.file == main);
        if self.choice.first().is_some() || !defines {
            return None;
        }
        let mut found = self.found.clone();
        if !found.iter().any(Diagnostic::is_error) {
            found.extend(definitions(&self.program, main));
        }
        Some(found)
    }

    /// What is found in another model, variant or member than the first, whose calls are known.
    fn check(&self, name: &str, known: &Known) -> Vec<Diagnostic> {
        let mut found = vec![];
        if let Some(chosen) = self.chosen(Some(name), &mut found)
            && !chosen.changes.is_empty()
        {
            let changes = Changes::new(chosen.changes.clone());
            let (units, main) = (&self.read.units, self.read.main);
            // Nearly all members of families are sound: only of others the words are wanted.
            if nothing_wrong(units, main, &self.program, &chosen, &changes, known) {
                return found;
            }
        }
        self.elaborate(Some(name), false).found
    }

    /// What is meant by a name, with the changes from outside; None if nothing is.
    fn chosen(&self, name: Option<&str>, found: &mut Vec<Diagnostic>) -> Option<Chosen<'_>> {
        let Some(name) = name.map(str::to_owned).or_else(|| self.choice.first()) else {
            found.push(Diagnostic::of(ProgramKind::NoModel {}, Span::default()));
            return None;
        };
        let mut chosen = match self.choice.choose(&name) {
            Ok(chosen) => chosen,
            Err((kind, span)) => {
                found.push(Diagnostic::of(*kind, span.unwrap_or(self.read.model)));
                return None;
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
        chosen.changes = effective(chosen.changes);
        chosen.name = single_name(&chosen.name);
        Some(chosen)
    }
}

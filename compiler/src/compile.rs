//! The driver: text to model. Reads as the table of contents of the compiler.

use termc_grammar::SyntaxError;
use termc_grammar::ast::{Change, File};

use crate::check;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::Model;
use crate::overrides;
use crate::source::Sources;

/// What to make of a file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The variant; None is the model itself.
    pub variant: Option<String>,
    /// Overrides `path=value`, applied after the variant.
    pub sets: Vec<String>,
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
}

impl Compiled {
    /// Whether something is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Compiles the text of a file called `name`.
pub fn compile(name: &str, text: &str, options: &Options) -> Compiled {
    match Read::new(name, text, options) {
        Ok(read) => read.build(options.variant.as_deref()),
        Err(failed) => failed,
    }
}

/// Compiles a file and every variant of it: the chosen model, and what is found in any of them, each finding once.
pub fn compile_all(name: &str, text: &str, options: &Options) -> Compiled {
    let read = match Read::new(name, text, options) {
        Ok(read) => read,
        Err(failed) => return failed,
    };
    let mut chosen = read.build(options.variant.as_deref());
    if options.variant.is_some() || chosen.has_errors() {
        return chosen;
    }
    for variant in overrides::variants(&read.file) {
        for diagnostic in read.build(Some(&variant.name.text)).diagnostics {
            let known = chosen
                .diagnostics
                .iter()
                .any(|d| (d.code, d.span) == (diagnostic.code, diagnostic.span));
            if !known {
                chosen.diagnostics.push(diagnostic);
            }
        }
    }
    if chosen.has_errors() {
        chosen.model = None;
    }
    chosen
        .diagnostics
        .sort_by_key(|d| (d.span.start, d.span.end, d.code));
    chosen
}

/// A file and changes that are syntactically right.
struct Read {
    file: File,
    sets: Vec<Change>,
    sources: Sources,
}

impl Read {
    fn new(name: &str, text: &str, options: &Options) -> Result<Self, Compiled> {
        let mut sources = Sources::new(name, text);
        match parse(text, options, &mut sources) {
            Ok((file, sets)) => Ok(Self {
                file,
                sets,
                sources,
            }),
            Err(diagnostics) => Err(Compiled {
                model: None,
                diagnostics,
                sources,
            }),
        }
    }

    /// The model, or a variant of it.
    fn build(&self, variant: Option<&str>) -> Compiled {
        let sources = self.sources.clone();
        let mut diagnostics = vec![];
        let (file, model_name) =
            overrides::apply(&self.file, variant, &self.sets, &mut diagnostics);
        if !diagnostics.is_empty() {
            return Compiled {
                model: None,
                diagnostics,
                sources,
            };
        }
        let source = termc_grammar::print(&file);
        let (model, diagnostics) = check::check(&sources, &file, &model_name, source);
        Compiled {
            model,
            diagnostics,
            sources,
        }
    }
}

/// The names of a file's variants, in order; none if it cannot be read.
pub fn variant_names(text: &str) -> Vec<String> {
    let file = termc_grammar::parse(text, 0).unwrap_or_default();
    overrides::variants(&file)
        .map(|v| v.name.text.clone())
        .collect()
}

fn parse(
    text: &str,
    options: &Options,
    sources: &mut Sources,
) -> Result<(File, Vec<Change>), Vec<Diagnostic>> {
    let mut diagnostics = vec![];
    let mut collect = |errors: Vec<SyntaxError>| diagnostics.extend(errors.into_iter().map(syntax));
    let file = termc_grammar::parse(text, 0)
        .map_err(&mut collect)
        .unwrap_or_default();
    let mut sets = vec![];
    for set in &options.sets {
        let base = sources.add("--set", set);
        match termc_grammar::parse_change(set, base) {
            Ok(change) => sets.push(change),
            Err(errors) => collect(errors),
        }
    }
    if diagnostics.is_empty() {
        Ok((file, sets))
    } else {
        Err(diagnostics)
    }
}

fn syntax(error: SyntaxError) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(Code::Syntax, error.span, error.to_string());
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

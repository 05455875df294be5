//! What the names in the texts of a compilation stand for, position by position: for editors. Evaluates nothing; it knows
//! names as elaboration does, through `Program` and the tables of the language, and also in texts that are half written.

mod call;
mod declare;
mod inside;
mod item;
mod place;
mod scope;
mod tags;
mod value;
mod variant;

use termc_grammar::ast::{Item, ItemKind, Span};

use crate::elaborate::Program;
use crate::explain::{Entry, explain};
use crate::prelude;
use crate::read::Read;
use crate::request::Files;
use crate::source::Sources;

use self::item::Walk;

pub use self::scope::{Argument, Offer};

/// The names of a file, of the files it uses, and of the prelude.
pub struct Index {
    read: Read,
    /// Everything that a text gives a name to.
    pub symbols: Vec<Symbol>,
    /// Every place that names something, in the order of the texts.
    pub mentions: Vec<Mention>,
}

/// Something that a text gives a name to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// Where it is named first.
    pub span: Span,
    /// The definition or line that names it.
    pub whole: Span,
    /// The block, model or variant whose name it is; None for definitions.
    pub inside: Option<usize>,
    /// The `///` lines above it.
    pub doc: String,
    /// A parameter's type and default, as written: `: int = 3`.
    pub detail: String,
    /// Whether the prelude has it.
    pub prelude: bool,
}

/// The kinds of [`Symbol`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SymbolKind {
    /// A block.
    Block,
    /// A constant.
    Constant,
    /// A model.
    Model,
    /// A variant or family.
    Variant,
    /// A parameter of a block or model.
    Parameter,
    /// A binding, a model's output among them.
    Binding,
    /// The variable of a `for`.
    Loop,
    /// The input of a model.
    Input,
    /// A loss term with a name of its own.
    Term,
}

impl SymbolKind {
    /// What it is called: "block".
    pub fn words(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Constant => "constant",
            Self::Model => "model",
            Self::Variant => "variant",
            Self::Parameter => "parameter",
            Self::Binding => "binding",
            Self::Loop => "variable of a loop",
            Self::Input => "input",
            Self::Term => "loss term",
        }
    }
}

/// A place that names something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The name.
    pub span: Span,
    /// What it stands for.
    pub meaning: Meaning,
    /// Whether it gives the name, or one more element to the list of that name.
    pub defines: bool,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Something that a text names: its number among the symbols.
    Symbol(usize),
    /// Something built in.
    BuiltIn(BuiltIn),
    /// A file that is used: its path from the folder of the main file.
    File(String),
}

/// Something built in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// As [`Entry::kind`], or "argument", "attribute", "word of ...".
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What it means; empty where [`explain`] tells.
    pub doc: String,
}

impl BuiltIn {
    /// All there is to say, with the definition where there is one.
    pub fn text(&self) -> String {
        if !self.doc.is_empty() {
            return self.doc.clone();
        }
        let entries = explain(&self.name);
        let same = |entry: &&Entry| entry.kind == self.kind;
        let entry = entries.iter().find(same).or(entries.first());
        entry.map_or(String::new(), |entry| entry.text.clone())
    }
}

impl Index {
    /// The names of a text called `name`, and of what it uses; lines that cannot be read are left out.
    pub fn new(name: &str, text: &str, files: &dyn Files) -> Self {
        let read = Read::tolerant(name, text, files);
        let mut found = vec![];
        let program = Program::new(&read.units, &mut found);
        let mut walk = Walk::new(&read, &program);
        walk.all();
        let (symbols, mut mentions) = (walk.symbols, walk.mentions);
        mentions.sort_by_key(|mention| mention.span);
        mentions.dedup_by(|next, kept| next.span == kept.span);
        Self {
            read,
            symbols,
            mentions,
        }
    }

    /// The texts the spans point into, the prelude's apart.
    pub fn sources(&self) -> &Sources {
        &self.read.sources
    }

    /// The files it uses, by their paths from the folder of the main file.
    pub fn used(&self) -> &[String] {
        &self.read.used
    }

    /// What stands at a place: the name that holds it or ends there.
    pub fn at(&self, at: u32) -> Option<&Mention> {
        let after = self
            .mentions
            .partition_point(|mention| mention.span.start <= at);
        let before = self.mentions.get(..after)?.iter().rev().take(4);
        before
            .filter(|mention| at <= mention.span.end)
            .min_by_key(|m| m.span.end - m.span.start)
    }

    /// All places that name the same.
    pub fn mentions_of<'a>(&'a self, meaning: &'a Meaning) -> impl Iterator<Item = &'a Mention> {
        self.mentions
            .iter()
            .filter(move |mention| mention.meaning == *meaning)
    }

    /// A symbol by its number.
    pub fn symbol(&self, number: usize) -> Option<&Symbol> {
        self.symbols.get(number)
    }

    /// The definition of a block, constant, model or variant as it is written, in the canonical form.
    pub fn definition(&self, symbol: &Symbol) -> Option<String> {
        let item = self
            .items()
            .find(|item| item.name().is_some_and(|name| name.span == symbol.span))?;
        Some(termc_grammar::print_item(item))
    }

    /// What a meaning is, in a few lines: how it is defined, and its documentation. None for files.
    pub fn told(&self, meaning: &Meaning) -> Option<String> {
        match meaning {
            Meaning::File(_) => None,
            Meaning::BuiltIn(own) => Some(own.text()),
            Meaning::Symbol(number) => {
                let symbol = self.symbol(*number)?;
                let head = match symbol.inside {
                    None => self.header(symbol)?,
                    Some(_) => format!("{}{}", symbol.name, symbol.detail),
                };
                let parts = [head, self.what(symbol), symbol.doc.clone()];
                let parts: Vec<String> =
                    parts.into_iter().filter(|part| !part.is_empty()).collect();
                Some(parts.join("\n\n"))
            }
        }
    }

    /// What a symbol is, and of what: "block of the prelude", "binding of `rgu`".
    pub fn what(&self, symbol: &Symbol) -> String {
        let inside = symbol.inside.and_then(|number| self.symbol(number));
        let of = match inside {
            Some(inside) => format!(" of `{}`", inside.name),
            None if symbol.prelude => " of the prelude".into(),
            None => String::new(),
        };
        format!("{}{of}", symbol.kind.words())
    }

    /// The first line of a definition: `block rgu(x)`.
    pub fn header(&self, symbol: &Symbol) -> Option<String> {
        let text = self.definition(symbol)?;
        let (head, _) = text.split_once("{\n").unwrap_or((&text, ""));
        let lines = head.lines().filter(|line| !line.starts_with("///"));
        let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
        Some(words.join(" ").replace("( ", "(").replace(", )", ")"))
    }

    fn items(&self) -> impl Iterator<Item = &Item> {
        self.read.units.iter().flat_map(|unit| &unit.file.items)
    }

    /// The definitions of the main file, in order.
    pub fn main_items(&self) -> &[Item] {
        let main = self
            .read
            .units
            .get(self.read.main)
            .filter(|unit| !unit.prelude);
        main.map_or(&[], |unit| unit.file.items.as_slice())
    }

    /// The models and variants of the main file, in order. Those of a file it uses belong to that file alone.
    pub fn own_models(&self) -> impl Iterator<Item = &Symbol> {
        let is_model =
            |item: &&Item| matches!(item.kind, ItemKind::Model(_) | ItemKind::Variant { .. });
        let names = self
            .main_items()
            .iter()
            .filter(is_model)
            .filter_map(Item::name);
        names.filter_map(|name| self.symbols.iter().find(|symbol| symbol.span == name.span))
    }

    /// Whether the main file has a model or a variant.
    pub fn has_models(&self) -> bool {
        self.own_models().next().is_some()
    }
}

/// The files of the prelude: name and text.
pub fn prelude_files() -> impl Iterator<Item = (&'static str, &'static str)> {
    prelude::TEXTS.iter().copied()
}

/// The file of the prelude that a place lies in, and the place's first byte in it; None for places of other texts.
pub fn in_prelude(span: Span) -> Option<(&'static str, Span)> {
    let files = prelude::files().iter().zip(prelude::TEXTS);
    let mut around = files.filter(|((base, _), (_, text))| {
        (*base..=base.saturating_add(text.len() as u32)).contains(&span.start)
    });
    let ((base, _), (name, _)) = around.next()?;
    let own = |at: u32| at.saturating_sub(*base);
    Some((
        name,
        Span {
            start: own(span.start),
            end: own(span.end),
        },
    ))
}

/// The place among all texts of a place in a file of the prelude.
pub fn from_prelude(name: &str, at: u32) -> Option<u32> {
    let mut files = prelude::files().iter().zip(prelude::TEXTS);
    let ((base, _), _) = files.find(|(_, (file, _))| *file == name)?;
    base.checked_add(at)
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index")
            .field("symbols", &self.symbols.len())
            .finish_non_exhaustive()
    }
}

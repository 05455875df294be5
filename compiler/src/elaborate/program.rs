//! The definitions of all files of one compilation, and which name means which of them where.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::borrow::Cow;

use termc_grammar::ast::{Callable, Expr, File, Item, ItemKind, Name, Span};
use termc_grammar::print_item;

use super::mentions::of_item;
use crate::diagnostics::{Diagnostic, Kind, ProgramKind};
use crate::language::{Callee, function};

/// A text that was read: its tree, and the files it uses.
#[derive(Debug)]
pub(crate) struct Unit {
    /// The tree.
    pub file: Cow<'static, File>,
    /// Whether it is part of the prelude.
    pub prelude: bool,
    /// The files it uses, by number, with the place where it says so.
    pub uses: Vec<(usize, Span)>,
}

/// A block or a constant.
#[derive(Debug)]
pub(crate) struct Definition<'a> {
    /// Its name.
    pub name: &'a Name,
    /// The whole definition.
    pub item: &'a Item,
    /// What it is.
    pub body: Body<'a>,
    /// The file it stands in.
    pub file: usize,
    /// Whether it is the prelude's, or a copy of it in a canonical source.
    pub prelude: bool,
}

/// The two kinds of definitions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body<'a> {
    /// A block.
    Block(&'a Callable),
    /// A constant.
    Const(&'a Expr),
}

/// All definitions of a compilation.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    definitions: Vec<Definition<'a>>,
    /// What each file's own and used definitions are called.
    names: Vec<HashMap<&'a str, usize>>,
    prelude: HashMap<&'a str, usize>,
    /// What each definition mentions.
    mentions: Vec<HashSet<&'a str>>,
}

impl<'a> Program<'a> {
    /// Collects the definitions; the main file is the last of the units that are no prelude.
    pub fn new(units: &'a [Unit], found: &mut Vec<Diagnostic>) -> Self {
        let mut program = Self {
            definitions: vec![],
            names: vec![HashMap::default(); units.len()],
            prelude: HashMap::default(),
            mentions: vec![],
        };
        for (number, unit) in units.iter().enumerate() {
            for item in &unit.file.items {
                program.define(number, unit, item, found);
            }
        }
        for (number, unit) in units.iter().enumerate() {
            for (used, span) in &unit.uses {
                program.import(number, *used, *span, found);
            }
        }
        program
    }

    fn define(&mut self, file: usize, unit: &'a Unit, item: &'a Item, found: &mut Vec<Diagnostic>) {
        let (name, body) = match &item.kind {
            ItemKind::Block(block) => (&block.name, Body::Block(block)),
            ItemKind::Const { name, value } => (name, Body::Const(value)),
            _ => return,
        };
        if builtin(&name.text) && !unit.prelude {
            found.push(Diagnostic::of(
                ProgramKind::HidesBuiltin {
                    name: name.text.clone(),
                },
                name.span,
            ));
            return;
        }
        let number = self.definitions.len();
        let names = match unit.prelude {
            true => &mut self.prelude,
            false => match self.names.get_mut(file) {
                Some(names) => names,
                None => return,
            },
        };
        if let Some(first) = names
            .get(name.text.as_str())
            .and_then(|n| self.definitions.get(*n))
        {
            let kind: Kind = ProgramKind::DefinedTwice {
                name: name.text.clone(),
            }
            .into();
            found.push(Diagnostic::of(kind, name.span).related(first.name.span, "first here"));
            return;
        }
        names.insert(&name.text, number);
        let known = self
            .prelude
            .get(name.text.as_str())
            .and_then(|n| self.definitions.get(*n));
        let copied = known.is_some_and(|known| print_item(known.item) == print_item(item));
        self.mentions.push(of_item(&item.kind));
        self.definitions.push(Definition {
            name,
            item,
            body,
            file,
            prelude: unit.prelude || copied,
        });
    }

    /// Gives a file the names that another defines itself.
    fn import(&mut self, into: usize, from: usize, span: Span, found: &mut Vec<Diagnostic>) {
        let own: Vec<(usize, &'a str, Span)> = self
            .definitions
            .iter()
            .enumerate()
            .filter(|(_, d)| d.file == from)
            .map(|(n, d)| (n, d.name.text.as_str(), d.name.span))
            .collect();
        for (number, name, there) in own {
            let names = self.names.get_mut(into);
            let before = names.and_then(|names| names.insert(name, number));
            if let Some(first) = before
                .filter(|n| *n != number)
                .and_then(|n| self.definitions.get(n))
            {
                let kind: Kind = ProgramKind::DefinedTwice { name: name.into() }.into();
                let here = match first.file == into {
                    true => first.name.span,
                    false => span,
                };
                found.push(
                    Diagnostic::of(kind, here).related(there, "and here, in a file that is used"),
                );
            }
        }
    }

    /// The definition that a name means in a file: the file's own and used ones, then the prelude's.
    pub fn find(&self, file: usize, name: &str) -> Option<usize> {
        let own = self.names.get(file).and_then(|names| names.get(name));
        own.or_else(|| self.prelude.get(name)).copied()
    }

    /// A definition by its number.
    pub fn get(&self, number: usize) -> &Definition<'a> {
        match self.definitions.get(number) {
            Some(definition) => definition,
            None => crate::bug::bug!("there is no definition {number}"),
        }
    }

    /// All definitions with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Definition<'a>)> {
        self.definitions.iter().enumerate()
    }

    /// The names that can be called or read in a file, for the help of an unknown one.
    pub fn names(&self, file: usize) -> impl Iterator<Item = &'a str> + '_ {
        let own = self
            .names
            .get(file)
            .into_iter()
            .flat_map(|names| names.keys());
        own.chain(self.prelude.keys()).copied()
    }

    /// The names that a definition mentions, see [`of_item`].
    pub fn mentions(&self, number: usize) -> &HashSet<&'a str> {
        match self.mentions.get(number) {
            Some(names) => names,
            None => crate::bug::bug!("there is no definition {number}"),
        }
    }

    /// What has one of these names, and the definitions that mention one, themselves or through others.
    pub fn mentioning(&self, named: impl Fn(&str) -> bool) -> HashSet<Callee> {
        let mut readers: Vec<Vec<usize>> = vec![vec![]; self.definitions.len()];
        let mut open = vec![];
        for ((number, definition), names) in self.iter().zip(&self.mentions) {
            if named(&definition.name.text) || names.iter().any(|name| named(name)) {
                open.push(number);
            }
            for read in names
                .iter()
                .filter_map(|name| self.find(definition.file, name))
            {
                if let Some(readers) = readers.get_mut(read) {
                    readers.push(number);
                }
            }
        }
        let primitives = crate::primitives::signatures().iter().enumerate();
        let mut found: HashSet<Callee> = primitives
            .filter(|(_, signature)| named(signature.name))
            .map(|(number, _)| Callee::Primitive(number))
            .collect();
        while let Some(number) = open.pop() {
            if found.insert(Callee::Block(number)) {
                open.extend(readers.get(number).into_iter().flatten());
            }
        }
        found
    }

    /// Whether a definition is the prelude's.
    pub fn is_prelude(&self, number: usize) -> bool {
        self.get(number).prelude
    }
}

/// Words that no definition may hide.
fn builtin(name: &str) -> bool {
    name == "pi"
        || name == "choose"
        || function(name).is_some()
        || crate::primitives::number(name).is_some()
}

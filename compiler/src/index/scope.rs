//! What could stand at a place: names, arguments, words, steps of paths. For completion; nothing is resolved here.

use termc_grammar::ast::ItemKind;

use super::call::{Called, Parameter};
use super::item::{BELOW, Owner, Walk};
use super::value::ATTRIBUTES;
use super::{Index, Meaning, SymbolKind};
use crate::elaborate::Program;
use crate::explain::{Entry, entries};
use crate::language::losses::LOSSES;
use crate::language::settings::{Takes, settings};
use crate::language::{Parameter as Row, Ty};

/// Something that could stand at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub name: String,
    /// What it is: "block of the prelude".
    pub kind: &'static str,
    /// A few words beside the name: its parameters or type.
    pub detail: String,
    /// What it means.
    pub doc: String,
}

/// A parameter of something that is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// `: int = 3`
    pub detail: String,
    /// What it is for.
    pub doc: String,
    /// The words that its type has.
    pub words: &'static [&'static str],
    /// Whether it takes a block.
    pub takes_block: bool,
}

impl Index {
    fn query<T>(&self, ask: impl FnOnce(&Walk<'_>) -> T) -> T {
        let program = Program::new(&self.read.units, &mut vec![]);
        let mut walk = Walk::new(&self.read, &program);
        walk.all();
        ask(&walk)
    }

    /// The names that a value may use in a block or model of the main file (or outside of all): names of its own,
    /// definitions, primitives and functions.
    pub fn names(&self, inside: Option<&str>) -> Vec<Offer> {
        self.query(|walk| {
            let mut all = vec![];
            if let Some(owner) = owner(walk, inside) {
                let own = walk.symbols.iter().enumerate();
                let own =
                    own.filter(|(number, symbol)| walk.local(owner, &symbol.name) == Some(*number));
                all.extend(own.map(|(_, symbol)| Offer {
                    name: symbol.name.clone(),
                    kind: symbol.kind.words(),
                    detail: symbol.detail.clone(),
                    doc: symbol.doc.clone(),
                }));
            }
            let mut names: Vec<&str> = walk.program.names(walk.read.main).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let number = walk
                    .program
                    .find(walk.read.main, name)
                    .and_then(|number| walk.definition(number));
                if let Some(symbol) = number.and_then(|number| walk.symbols.get(number)) {
                    let kind = match (symbol.kind, symbol.prelude) {
                        (SymbolKind::Block, true) => "block of the prelude",
                        (kind, _) => kind.words(),
                    };
                    let called = walk
                        .callee(None, walk.read.main, name, BELOW)
                        .and_then(|(_, called)| called);
                    let detail = match symbol.kind {
                        SymbolKind::Block => called
                            .map(|called| list(&walk.parameters(&called)))
                            .unwrap_or_default(),
                        _ => String::new(),
                    };
                    all.push(Offer {
                        name: name.to_owned(),
                        kind,
                        detail,
                        doc: symbol.doc.clone(),
                    });
                }
            }
            let built_in = [
                "primitive",
                "function of numbers",
                "start of a trained tensor",
            ];
            all.extend(
                entries()
                    .into_iter()
                    .filter(|entry| built_in.contains(&entry.kind))
                    .map(offer),
            );
            all
        })
    }

    /// The parameters of what a name calls in a block or model of the main file, of a loss term, or of a value of a
    /// setting; none where nothing is called so.
    pub fn arguments(&self, inside: Option<&str>, callee: &str) -> Vec<Argument> {
        self.query(|walk| {
            let owner = owner(walk, inside);
            let called = walk
                .callee(owner, walk.read.main, callee, BELOW)
                .and_then(|(_, called)| called);
            let parameters = match called {
                Some(called) => walk.parameters(&called),
                None => match row_of(callee) {
                    Some((name, rows)) => walk.parameters(&Called::Row(name, rows)),
                    None => vec![],
                },
            };
            parameters.iter().map(described).collect()
        })
    }

    /// The steps that can follow a path of a variant of `base`, or, where `base` is a model and `of_loss` is set, a path
    /// of its loss.
    pub fn steps(&self, base: &str, path: &[&str], of_loss: bool) -> Vec<Offer> {
        self.query(|walk| {
            let Some(root) = walk.root(base) else {
                return vec![];
            };
            let mut here = match (of_loss, root.owner) {
                (true, Some(owner)) => walk.inside_model(owner),
                _ => root,
            };
            for step in path {
                let name = step.split('[').next().unwrap_or(step);
                match walk
                    .offers(&here)
                    .into_iter()
                    .find(|next| next.name == name)
                {
                    Some(next) => here = next.to,
                    None => return vec![],
                }
            }
            let offers = walk.offers(&here).into_iter();
            let offers = offers.map(|next| match next.meaning {
                Meaning::Symbol(number) => match walk.symbols.get(number) {
                    Some(symbol) => Offer {
                        name: next.name,
                        kind: symbol.kind.words(),
                        detail: symbol.detail.clone(),
                        doc: symbol.doc.clone(),
                    },
                    None => Offer {
                        name: next.name,
                        kind: "",
                        detail: String::new(),
                        doc: String::new(),
                    },
                },
                Meaning::BuiltIn(own) => Offer {
                    kind: own.kind,
                    detail: String::new(),
                    doc: own.text(),
                    name: next.name,
                },
                Meaning::File(path) => Offer {
                    name: path,
                    kind: "file",
                    detail: String::new(),
                    doc: String::new(),
                },
            });
            offers.collect()
        })
    }
}

/// The parameters of a loss term or a value of a setting.
fn row_of(name: &str) -> Option<(&'static str, Vec<Row>)> {
    let terms = LOSSES.iter().map(|row| (row.name, row.parameters));
    let rows = settings().iter().flat_map(|setting| match &setting.takes {
        Takes::Value(..) => &[],
        Takes::One(rows) | Takes::Many(rows) => rows.as_slice(),
    });
    let mut all = terms.chain(rows.map(|row| (row.name, row.parameters)));
    let (own, parameters) = all.find(|(own, _)| *own == name)?;
    Some((own, parameters()))
}

impl Offer {
    /// The loss terms.
    pub fn loss_terms() -> Vec<Self> {
        entries()
            .into_iter()
            .filter(|entry| entry.kind == "loss term")
            .map(offer)
            .collect()
    }

    /// The settings of `train`.
    pub fn settings() -> Vec<Self> {
        entries()
            .into_iter()
            .filter(|entry| entry.kind == "setting of `train`")
            .map(offer)
            .collect()
    }

    /// The values of a setting, where it takes rows of a table.
    pub fn values_of(setting: &str) -> Vec<Self> {
        let Some(found) = settings().iter().find(|own| own.name == setting) else {
            return vec![];
        };
        let kind = found.row_kind();
        match &found.takes {
            Takes::Value(..) => vec![],
            Takes::One(_) | Takes::Many(_) => entries()
                .into_iter()
                .filter(|entry| entry.kind == kind)
                .map(offer)
                .collect(),
        }
    }

    /// The types of parameters.
    pub fn types() -> Vec<Self> {
        entries()
            .into_iter()
            .filter(|entry| entry.kind == "type")
            .map(offer)
            .collect()
    }

    /// The attributes of tensors and lists.
    pub fn attributes() -> Vec<Self> {
        let all = ATTRIBUTES.iter().map(|(name, doc)| Self {
            name: (*name).to_owned(),
            kind: "attribute",
            detail: String::new(),
            doc: (*doc).to_owned(),
        });
        all.collect()
    }
}

fn offer(entry: Entry) -> Offer {
    let (head, _) = entry.text.split_once("\n").unwrap_or((&entry.text, ""));
    let detail = head
        .strip_prefix(entry.name.as_str())
        .filter(|rest| rest.starts_with('('))
        .unwrap_or_default();
    Offer {
        detail: detail.to_owned(),
        name: entry.name,
        kind: entry.kind,
        doc: entry.title,
    }
}

fn owner<'a>(walk: &Walk<'a>, inside: Option<&str>) -> Option<Owner<'a>> {
    let name = inside?;
    let unit = walk.read.units.get(walk.read.main)?;
    unit.file.items.iter().find_map(|item| match &item.kind {
        ItemKind::Block(callable) | ItemKind::Model(callable) if callable.name.text == name => {
            Some(Owner {
                callable,
                file: walk.read.main,
            })
        }
        _ => None,
    })
}

fn described(param: &Parameter<'_>) -> Argument {
    let words = param.ty.as_ref().and_then(Ty::words);
    Argument {
        name: param.name.clone(),
        detail: param.detail.clone(),
        doc: param.doc.clone(),
        words: words.map_or(&[], |words| words.words),
        takes_block: param.ty == Some(Ty::Block),
    }
}

/// `(x, expand: int)`
fn list(parameters: &[Parameter<'_>]) -> String {
    let written: Vec<String> = parameters
        .iter()
        .map(|p| format!("{}{}", p.name, p.detail))
        .collect();
    format!("({})", written.join(", "))
}

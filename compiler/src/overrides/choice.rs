//! Which model is meant: a model, a variant of one, or a member of a family; and the changes that make it.

use rustc_hash::FxHashMap as HashMap;

use termc_grammar::ast::{Callable, Item, ItemKind, Line, LineKind, Path, Span};

use super::Action;
use super::family::{alternatives, member, members, wrong_choice};
use crate::diagnostics::{Diagnostic, Kind, ProgramKind};
use crate::language::limits::MOST_MEMBERS;

/// The models and variants of a file, by name.
#[derive(Debug)]
pub(crate) struct Choice<'a> {
    /// In written order.
    entries: Vec<Entry<'a>>,
    by_name: HashMap<&'a str, usize>,
}

#[derive(Debug)]
struct Entry<'a> {
    name: &'a str,
    item: &'a Item,
    kind: EntryKind<'a>,
}

#[derive(Debug)]
enum EntryKind<'a> {
    Model(&'a Callable),
    Variant {
        base: &'a Path,
        alternatives: Vec<Vec<super::family::Alternative<'a>>>,
    },
}

/// The targets of the changes of every variant of a file, as paths: made first, because changes borrow them.
pub(crate) fn targets(items: &[Item]) -> Vec<Vec<Option<Path>>> {
    let body = |item: &Item| match &item.kind {
        ItemKind::Variant { body, .. } => body.iter().map(target).collect(),
        _ => vec![],
    };
    items.iter().map(body).collect()
}

fn target(line: &Line) -> Option<Path> {
    match &line.kind {
        LineKind::Bind { target, .. } => target.as_path(),
        _ => None,
    }
}

/// What was chosen.
#[derive(Debug)]
pub(crate) struct Chosen<'a> {
    /// The name of the model, variant or member.
    pub name: String,
    /// Its doc comment.
    pub doc: &'a str,
    /// The model.
    pub model: &'a Callable,
    /// The model's definition.
    pub item: &'a Item,
    /// The changes to it, in the order in which they apply.
    pub changes: Vec<(&'a Path, Action<'a>)>,
}

/// Why nothing was chosen: what is wrong, and where if it is in the text.
pub(crate) type Unchosen = (Box<Kind>, Option<Span>);

impl<'a> Choice<'a> {
    /// The models and variants among these items; `targets` are theirs.
    pub fn new(items: &'a [Item], targets: &'a [Vec<Option<Path>>]) -> Self {
        let mut choice = Self {
            entries: vec![],
            by_name: HashMap::default(),
        };
        for (item, targets) in items.iter().zip(targets) {
            let (name, kind) = match &item.kind {
                ItemKind::Model(model) => (&model.name, EntryKind::Model(model)),
                ItemKind::Variant { name, base, body } => {
                    let alternatives = alternatives(body, targets);
                    (name, EntryKind::Variant { base, alternatives })
                }
                _ => continue,
            };
            let name = name.text.as_str();
            choice.by_name.entry(name).or_insert(choice.entries.len());
            choice.entries.push(Entry { name, item, kind });
        }
        choice
    }

    /// What is wrong with models and variants whichever of them is chosen.
    pub fn wrong(&self) -> Vec<Diagnostic> {
        let mut found = vec![];
        for (number, entry) in self.entries.iter().enumerate() {
            let span = name_span(entry.item);
            let first = self.by_name.get(entry.name).filter(|n| **n != number);
            if let Some(first) = first.and_then(|n| self.entries.get(*n)) {
                let name = entry.name.to_owned();
                let twice = Diagnostic::of(ProgramKind::DefinedTwice { name }, span);
                found.push(twice.related(name_span(first.item), "first here"));
            }
            let EntryKind::Variant { alternatives, .. } = &entry.kind else {
                continue;
            };
            if let ItemKind::Variant { body, .. } = &entry.item.kind {
                let wrong = body.iter().filter(|line| !is_change(line)).map(|line| {
                    Diagnostic::of(ProgramKind::WrongLine { place: "a variant" }, line.span)
                });
                found.extend(wrong);
                found.extend(body.iter().filter_map(wrong_choice));
            }
            if let Some(kind) = too_large(entry.name, members(alternatives)) {
                found.push(Diagnostic::of(kind, span));
            }
        }
        found
    }

    /// The name of everything that can be chosen, members of families one by one; families that are too large are left
    /// out.
    pub fn names(&self) -> Vec<String> {
        let names = self.entries.iter().flat_map(|entry| match &entry.kind {
            EntryKind::Model(_) => vec![entry.name.to_owned()],
            EntryKind::Variant { alternatives, .. } => match members(alternatives) {
                1 => vec![entry.name.to_owned()],
                count if count > MOST_MEMBERS => vec![],
                count => (0..count).map(|i| format!("{}[{i}]", entry.name)).collect(),
            },
        });
        names.collect()
    }

    /// What is meant where nothing is said: the first model or variant of the text; of a family its first member.
    pub fn first(&self) -> Option<String> {
        let entry = self.entries.first()?;
        Some(match &entry.kind {
            EntryKind::Variant { alternatives, .. } if members(alternatives) > 1 => {
                format!("{}[0]", entry.name)
            }
            _ => entry.name.to_owned(),
        })
    }

    /// Finds a model, variant or member by name.
    ///
    /// # Errors
    /// If there is none of that name, the name is that of a whole family, or bases lead in a circle or nowhere.
    pub fn choose(&self, name: &str) -> Result<Chosen<'a>, Unchosen> {
        let (mut base, mut index) = split(name);
        let mut at: Option<Span> = None;
        let mut changes = vec![];
        let mut doc = None;
        let mut visited = vec![];
        loop {
            let Some(number) = self.by_name.get(base.as_str()).copied() else {
                return Err((Box::new(self.unknown(&base)), at));
            };
            let Some(entry) = self.entries.get(number) else {
                return Err((Box::new(self.unknown(&base)), at));
            };
            if visited.contains(&number) {
                let name = entry.name.to_owned();
                return Err((ProgramKind::VariantCircle { name }.boxed(), at));
            }
            visited.push(number);
            let own_doc = entry.item.doc.as_str();
            let doc = *doc.get_or_insert(own_doc);
            match &entry.kind {
                EntryKind::Model(model) => {
                    if let Some(index) = index {
                        let name = entry.name.to_owned();
                        return Err((ProgramKind::NoFamily { name, index }.boxed(), at));
                    }
                    changes.reverse();
                    return Ok(Chosen {
                        name: name.to_owned(),
                        doc: if doc.is_empty() { own_doc } else { doc },
                        model,
                        item: entry.item,
                        changes: changes.concat(),
                    });
                }
                EntryKind::Variant {
                    base: of,
                    alternatives,
                } => {
                    let count = members(alternatives);
                    if let Some(kind) = too_large(entry.name, count) {
                        return Err((kind.boxed(), Some(entry.item.span)));
                    }
                    let name = entry.name.to_owned();
                    let member_number = match index {
                        None if count > 1 => {
                            return Err((ProgramKind::WholeFamily { name, count }.boxed(), at));
                        }
                        Some(index) if count == 1 => {
                            return Err((ProgramKind::NoFamily { name, index }.boxed(), at));
                        }
                        None => 0,
                        Some(index) => match usize::try_from(index) {
                            Ok(index) if index < count => index,
                            _ => {
                                let kind = ProgramKind::NoMember { name, index, count };
                                return Err((kind.boxed(), at));
                            }
                        },
                    };
                    changes.push(member(alternatives, member_number));
                    at = Some(of.span);
                    let step = of.steps.first();
                    base = step.map_or(String::new(), |s| s.name.text.clone());
                    index = step.and_then(|s| s.index.map(|(i, _)| i));
                    if of.steps.len() > 1 {
                        base = of.to_string();
                    }
                }
            }
        }
    }

    fn unknown(&self, name: &str) -> Kind {
        let known = self.entries.iter().map(|e| e.name.to_owned()).collect();
        let name = name.to_owned();
        ProgramKind::UnknownModel { name, known }.into()
    }
}

/// Whether a line can stand in a variant.
fn is_change(line: &Line) -> bool {
    match &line.kind {
        LineKind::Bind { target, .. } => target.as_path().is_some(),
        LineKind::Without { .. } | LineKind::Add { .. } => true,
        _ => false,
    }
}

/// What is said of a family with so many members, if they are too many.
fn too_large(name: &str, count: usize) -> Option<ProgramKind> {
    (count > MOST_MEMBERS).then(|| ProgramKind::FamilyTooLarge {
        name: name.to_owned(),
        count,
        most: MOST_MEMBERS,
    })
}

/// Where the name of a model or variant stands.
fn name_span(item: &Item) -> Span {
    item.name().map_or(item.span, |name| name.span)
}

/// `SlowSize[3]` to its name and number.
fn split(name: &str) -> (String, Option<i64>) {
    let member = name.strip_suffix(']').and_then(|rest| {
        let (base, number) = rest.split_once('[')?;
        // As `termc variants` writes it: `SlowSize[03]` is nobody's name.
        let index: i64 = number.parse().ok()?;
        (index.to_string() == number).then(|| (base.to_owned(), Some(index)))
    });
    member.unwrap_or_else(|| (name.to_owned(), None))
}

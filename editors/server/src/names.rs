//! Where names are defined and used, across files, and what happens when one is exchanged for another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use termc_compiler::diagnostics::Diagnostic;
use termc_compiler::index::{Meaning, Mention};

use crate::analysis::{Analysis, Place, check_all};
use crate::overlay::Overlay;
use crate::world::World;

/// The mention at a byte of a file, as the first view that knows it sees it.
pub fn mention<'a>(
    world: &'a World,
    path: &Path,
    at: usize,
) -> Option<(&'a Analysis, &'a Mention)> {
    world.views(path).into_iter().find_map(|view| {
        let at = view.span_at(path, at, &world.prelude)?;
        Some((view, view.index.at(at)?))
    })
}

/// The place that a mention leads to.
pub fn definition(world: &World, view: &Analysis, mention: &Mention) -> Option<Place> {
    match &mention.meaning {
        Meaning::Symbol(_) => world.named_at(view, &mention.meaning),
        Meaning::File(used) => Some(Place {
            path: view.path_of(used),
            start: 0,
            end: 0,
        }),
        Meaning::BuiltIn(_) => None,
    }
}

/// Every place that names the same, in all files that are known; `definitions` says whether those that give the name count.
pub fn references(
    world: &World,
    view: &Analysis,
    mention: &Mention,
    definitions: bool,
) -> BTreeSet<Place> {
    let mut all = BTreeSet::new();
    let home = world.named_at(view, &mention.meaning);
    for other in world.all() {
        let same: Vec<Meaning> = match &home {
            None => vec![mention.meaning.clone()],
            Some(home) => {
                let numbers = 0..other.index.symbols.len();
                let meanings = numbers.map(Meaning::Symbol);
                meanings
                    .filter(|meaning| world.named_at(other, meaning).as_ref() == Some(home))
                    .collect()
            }
        };
        for meaning in &same {
            let places = other
                .index
                .mentions_of(meaning)
                .filter(|mention| definitions || !mention.defines);
            let places =
                places.filter_map(|m| other.place(other.index.sources(), m.span, &world.prelude));
            all.extend(places.filter(|place| {
                !world.is_prelude(&place.path)
                    || home.as_ref().is_some_and(|h| world.is_prelude(&h.path))
            }));
        }
    }
    all
}

/// Why a name cannot be exchanged for another.
pub enum Refused {
    /// What is meant has no name of the user's.
    NotOurs(String),
    /// The new name is none.
    NotAName(String),
    /// The files would have new faults.
    Breaks(String),
}

impl Refused {
    pub fn message(&self) -> String {
        match self {
            Self::NotOurs(name) => format!("`{name}` is built in"),
            Self::NotAName(name) => format!("`{name}` cannot be a name"),
            Self::Breaks(first) => format!("the files would no longer mean the same: {first}"),
        }
    }
}

/// The places to change for another name, by file.
pub fn rename(world: &World, path: &Path, at: usize, to: &str) -> Result<BTreeSet<Place>, Refused> {
    let Some((view, mention)) = mention(world, path, at) else {
        return Err(Refused::NotOurs("this".into()));
    };
    let home = world
        .named_at(view, &mention.meaning)
        .filter(|home| !world.is_prelude(&home.path));
    if home.is_none() {
        let text = world.text(path).map(|text| text.text).unwrap_or_default();
        let word = text.get(at..).map(|rest| {
            rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap_or_default()
        });
        return Err(Refused::NotOurs(word.unwrap_or_default().to_owned()));
    }
    if termc_grammar::parse(&format!("const {to} = 1\n"), 0).is_err() {
        return Err(Refused::NotAName(to.to_owned()));
    }
    let places = references(world, view, mention, true);
    let mut texts: BTreeMap<PathBuf, String> = BTreeMap::new();
    for place in places.iter().rev() {
        if !texts.contains_key(&place.path) {
            let text = world
                .text(&place.path)
                .map(|text| text.text)
                .unwrap_or_default();
            texts.insert(place.path.clone(), text);
        }
        if let Some(text) = texts
            .get_mut(&place.path)
            .filter(|text| text.get(place.range()).is_some())
        {
            text.replace_range(place.range(), to);
        }
    }
    for main in world.all() {
        if let Some(first) = first_new_error(world, main, &texts) {
            return Err(Refused::Breaks(first.message));
        }
    }
    Ok(places)
}

/// The first error that changed texts have and the texts of now have not, counted by code.
pub fn first_new_error(
    world: &World,
    main: &Analysis,
    changed: &BTreeMap<PathBuf, String>,
) -> Option<Diagnostic> {
    let now = |path: &Path| changed.get(path).cloned().or_else(|| world.open_text(path));
    let files = Overlay::new(&main.path, now);
    let text = changed.get(&main.path).unwrap_or(&main.text.text);
    let compiled = check_all(&main.path, text, &files);
    let mut before: Vec<_> = main
        .found
        .iter()
        .filter(|d| d.is_error())
        .map(|d| d.code)
        .collect();
    compiled
        .diagnostics
        .into_iter()
        .filter(Diagnostic::is_error)
        .find(
            |error| match before.iter().position(|code| *code == error.code) {
                Some(known) => {
                    before.swap_remove(known);
                    false
                }
                None => true,
            },
        )
}

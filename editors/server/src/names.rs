//! Where names are defined and used, across files, and what happens when one is exchanged for another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use termc_compiler::Files;
use termc_compiler::diagnostics::Diagnostic;
use termc_compiler::index::{Index, Meaning, Mention};

use crate::analysis::{Analysis, Place, check_all, name_of};
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
    /// A file that may hold the name cannot be read.
    Unread(String),
    /// The files would have new faults, or names another meaning.
    Breaks(String),
}

impl Refused {
    pub fn message(&self) -> String {
        match self {
            Self::NotOurs(name) => format!("`{name}` is built in"),
            Self::NotAName(name) => format!("`{name}` cannot be a name"),
            Self::Unread(file) => {
                format!(
                    "`{file}` may hold the name, but cannot be read yet: it has to be mended first"
                )
            }
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
    let Some(home) = home else {
        let text = world.text(path).map(|text| text.text).unwrap_or_default();
        let word = text.get(at..).map(|rest| {
            rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap_or_default()
        });
        return Err(Refused::NotOurs(word.unwrap_or_default().to_owned()));
    };
    if termc_grammar::parse(&format!("const {to} = 1\n"), 0).is_err() {
        return Err(Refused::NotAName(to.to_owned()));
    }
    if let Some(unread) = world.all().find_map(|main| unread(main, &home.path)) {
        return Err(Refused::Unread(unread));
    }
    let places = references(world, view, mention, true);
    let texts = exchanged(world, &places, to);
    for main in world.all() {
        if let Some(first) = first_new_error(world, main, &texts) {
            return Err(Refused::Breaks(first.message));
        }
        let (text, files) = with_changes(world, main, &texts);
        let index = Index::new(&name_of(&main.path), text, &files);
        let now = meanings(world, main, &main.index, |place| moved(place, &places, to));
        if now != meanings(world, main, &index, |place| place) {
            return Err(Refused::Breaks(format!("`{to}` is taken")));
        }
    }
    Ok(places)
}

/// A file that cannot be read, of those around a main file that knows `home`: what is left out of it may hold the name.
fn unread(main: &Analysis, home: &Path) -> Option<String> {
    let sources = main.index.sources().list();
    let knows = sources
        .iter()
        .any(|source| main.path_of(&source.name) == home);
    let mut unread = sources
        .iter()
        .filter(|source| termc_grammar::parse(&source.text, 0).is_err());
    unread
        .next()
        .filter(|_| knows)
        .map(|source| source.name.clone())
}

/// The texts with another name at all places.
fn exchanged(world: &World, places: &BTreeSet<Place>, to: &str) -> BTreeMap<PathBuf, String> {
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
    texts
}

/// Where a place is once all places have another name.
fn moved(place: Place, places: &BTreeSet<Place>, to: &str) -> Place {
    let now = |at: usize| {
        let before = places
            .iter()
            .filter(|own| own.path == place.path && own.start < at);
        before.fold(at, |at, own| {
            (at + to.len()).saturating_sub(own.end - own.start)
        })
    };
    let (start, end) = (now(place.start), now(place.end));
    Place {
        start,
        end,
        ..place
    }
}

/// What a name leads to.
#[derive(PartialEq)]
enum Leads {
    To(Place),
    BuiltIn(Meaning),
}

/// Every name in a main file and those it uses, with what it leads to.
fn meanings(
    world: &World,
    main: &Analysis,
    index: &Index,
    moved: impl Fn(Place) -> Place,
) -> Vec<(Place, Leads)> {
    let place = |span| {
        let place = main.place(index.sources(), span, &world.prelude)?;
        Some(moved(place))
    };
    let told = index.mentions.iter().filter_map(|mention| {
        let at = place(mention.span).filter(|at| !world.is_prelude(&at.path))?;
        let leads = match &mention.meaning {
            Meaning::Symbol(number) => Leads::To(place(index.symbol(*number)?.span)?),
            other => Leads::BuiltIn(other.clone()),
        };
        Some((at, leads))
    });
    told.collect()
}

/// The text of a main file and the files around it, with some texts changed.
fn with_changes<'a>(
    world: &'a World,
    main: &'a Analysis,
    changed: &'a BTreeMap<PathBuf, String>,
) -> (&'a str, impl Files + 'a) {
    let now = move |path: &Path| changed.get(path).cloned().or_else(|| world.open_text(path));
    let text = changed.get(&main.path).unwrap_or(&main.text.text);
    (text, Overlay::new(&main.path, now))
}

/// The first error that changed texts have and the texts of now have not, counted by code.
pub fn first_new_error(
    world: &World,
    main: &Analysis,
    changed: &BTreeMap<PathBuf, String>,
) -> Option<Diagnostic> {
    let (text, files) = with_changes(world, main, changed);
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

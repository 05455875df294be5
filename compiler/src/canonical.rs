//! The canonical source of a chosen model: every definition that it uses, the prelude's too, the model, and one variant
//! with all changes, so that a run stands alone; and what no single file can say.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use termc_grammar::ast::{File, Item, ItemKind, Line, LineKind, Name, Path, Span, Step};

use crate::diagnostics::{Diagnostic, ProgramKind};
use crate::elaborate::{Program, Unit, mentions};
use crate::overrides::{Action, Chosen};

/// The source. The first model or variant of a text is the one that is meant, so the variant stands first.
pub(crate) fn canonical(
    units: &[Unit],
    main: usize,
    program: &Program<'_>,
    chosen: &Chosen<'_>,
) -> File {
    let train = train_of(units, main);
    let written = written(program, &used(&roots(&train, main, chosen), program));
    let mut items = vec![];
    if !chosen.changes.is_empty() {
        items.push(variant(chosen));
    }
    let definitions = written.into_iter().map(|number| program.get(number));
    items.extend(definitions.map(|definition| definition.item.clone()));
    items.push(chosen.item.clone());
    items.extend(train.into_iter().cloned());
    let doc = units
        .get(main)
        .map_or(String::new(), |unit| unit.file.doc.clone());
    File {
        doc,
        language: Some((2, Span::default())),
        items,
    }
}

/// Names that mean one thing in one file of a model and another in another: no single file can say that.
pub(crate) fn two_meanings(
    units: &[Unit],
    main: usize,
    program: &Program<'_>,
    chosen: &Chosen<'_>,
) -> Vec<Diagnostic> {
    // In one file every name has one meaning.
    let mut own = program.iter().filter(|(n, _)| !program.is_prelude(*n));
    if own.all(|(_, definition)| definition.file == main) {
        return vec![];
    }
    let roots = roots(&train_of(units, main), main, chosen);
    let written = written(program, &used(&roots, program));
    let mut meant: HashMap<&str, usize> = HashMap::default();
    let mut wrong: BTreeMap<usize, usize> = BTreeMap::new();
    for number in &written {
        let name = program.get(*number).name.text.as_str();
        if let Some(first) = meant.insert(name, *number) {
            wrong.insert(*number, first);
        }
    }
    let inside = written.iter().flat_map(|number| {
        let file = program.get(*number).file;
        program
            .mentions(*number)
            .iter()
            .map(move |name| (file, *name))
    });
    for (file, name) in roots.iter().copied().chain(inside) {
        if let (Some(here), Some(there)) = (program.find(file, name), meant.get(name))
            && here != *there
        {
            wrong.entry(*there).or_insert(here);
        }
    }
    let told = wrong.into_iter().map(|(number, other)| {
        let Name { text, span } = program.get(number).name;
        let kind = ProgramKind::TwoMeanings { name: text.clone() };
        let found = Diagnostic::of(kind, *span);
        match program.is_prelude(other) {
            true => found,
            false => found.related(program.get(other).name.span, "another one"),
        }
    });
    told.collect()
}

/// The items of the main file that say how to train.
fn train_of(units: &[Unit], main: usize) -> Vec<&Item> {
    let items = units.get(main).into_iter();
    let items = items.flat_map(|unit| &unit.file.items);
    items
        .filter(|item| matches!(item.kind, ItemKind::Train(_)))
        .collect()
}

/// What the model, its changes and the recipe name, each with the file in which that has its meaning.
fn roots<'a>(train: &[&'a Item], main: usize, chosen: &Chosen<'a>) -> Vec<(usize, &'a str)> {
    let mut named = mentions::of_item(&chosen.item.kind);
    for item in train {
        named.extend(mentions::of_item(&item.kind));
    }
    for (_, action) in &chosen.changes {
        if let Action::Set(value) | Action::Add(value, _) = action {
            named.extend(mentions::of_expr(value));
        }
    }
    named.into_iter().map(|name| (main, name)).collect()
}

/// The numbers of all definitions that these names lead to.
fn used(roots: &[(usize, &str)], program: &Program<'_>) -> HashSet<usize> {
    let mut open = roots.to_vec();
    let mut used: HashSet<usize> = HashSet::default();
    while let Some((file, name)) = open.pop() {
        if let Some(number) = program.find(file, name)
            && used.insert(number)
        {
            let definition = program.get(number);
            let names = program.mentions(number).iter();
            open.extend(names.map(|name| (definition.file, *name)));
        }
    }
    used
}

/// Those of them that are written down, in order: what a name of the user's hides, and what uses that, the reader's own prelude
/// gives.
fn written(program: &Program<'_>, used: &HashSet<usize>) -> Vec<usize> {
    let numbers = program.iter().map(|(number, _)| number);
    let numbers: Vec<usize> = numbers.filter(|number| used.contains(number)).collect();
    let own = numbers
        .iter()
        .filter(|number| !program.is_prelude(**number));
    let hidden: HashSet<&str> = own
        .map(|number| program.get(*number).name.text.as_str())
        .collect();
    let stays =
        |number: &usize| !program.is_prelude(*number) || !reaches(program, *number, &hidden);
    numbers.into_iter().filter(stays).collect()
}

/// Whether a definition of the prelude has, or uses, one of these names.
fn reaches(program: &Program<'_>, number: usize, names: &HashSet<&str>) -> bool {
    let mut open = vec![number];
    let mut seen = HashSet::default();
    while let Some(number) = open.pop() {
        if !seen.insert(number) {
            continue;
        }
        let definition = program.get(number);
        if names.contains(definition.name.text.as_str()) {
            return true;
        }
        let mentioned = program.mentions(number).iter();
        open.extend(mentioned.filter_map(|name| program.find(definition.file, name)));
    }
    false
}

/// All changes as one variant of the model.
fn variant(chosen: &Chosen<'_>) -> Item {
    let here = Span::default();
    let line = |kind| Line {
        doc: String::new(),
        kind,
        span: here,
    };
    let body = chosen.changes.iter().map(|(path, action)| {
        let path = (*path).clone();
        line(match action {
            Action::Set(value) => LineKind::Bind {
                target: crate::overrides::path_expr(&path),
                value: (*value).clone(),
            },
            Action::Without => LineKind::Without {
                paths: vec![path],
                choose: false,
            },
            Action::Add(value, place) => LineKind::Add {
                path,
                value: (*value).clone(),
                place: place.cloned(),
            },
        })
    });
    let name = |text: &str| Name {
        text: text.to_owned(),
        span: here,
    };
    let base = Step {
        name: name(&chosen.model.name.text),
        index: None,
    };
    Item {
        doc: chosen.doc.to_owned(),
        kind: ItemKind::Variant {
            name: name(&single_name(&chosen.name)),
            base: Path {
                steps: vec![base],
                span: here,
            },
            body: body.collect(),
        },
        span: here,
    }
}

/// The name of a member of a family as that of a variant: `SlowSize[3]` is `SlowSize_3`.
pub(crate) fn single_name(name: &str) -> String {
    name.replace('[', "_").replace(']', "")
}

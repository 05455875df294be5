//! The canonical source of a chosen model: every definition that it uses, the prelude's too, the model, and one variant
//! with all changes, so that a run stands alone.

use rustc_hash::FxHashSet as HashSet;

use termc_grammar::ast::{File, Item, ItemKind, Line, LineKind, Name, Path, Span, Step};

use crate::elaborate::{Program, Unit, mentions};
use crate::overrides::{Action, Chosen};

/// The source. The first model or variant of a text is the one that is meant, so the variant stands first.
pub(crate) fn canonical(
    units: &[Unit],
    main: usize,
    program: &Program<'_>,
    chosen: &Chosen<'_>,
) -> File {
    let train = units
        .get(main)
        .into_iter()
        .flat_map(|unit| &unit.file.items);
    let train: Vec<&Item> = train
        .filter(|item| matches!(item.kind, ItemKind::Train(_)))
        .collect();
    let mut named = mentions::of_item(&chosen.item.kind);
    for item in &train {
        named.extend(mentions::of_item(&item.kind));
    }
    for (_, action) in &chosen.changes {
        if let Action::Set(value) | Action::Add(value, _) = action {
            named.extend(mentions::of_expr(value));
        }
    }
    let mut open: Vec<(usize, &str)> = named.into_iter().map(|name| (main, name)).collect();
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
    let hidden: HashSet<&str> = (program.iter())
        .filter(|(number, _)| used.contains(number) && !program.is_prelude(*number))
        .map(|(_, definition)| definition.name.text.as_str())
        .collect();
    let mut items = vec![];
    if !chosen.changes.is_empty() {
        items.push(variant(chosen));
    }
    for (number, definition) in program.iter().filter(|(number, _)| used.contains(number)) {
        // What a name of the user's hides, and what uses that, the reader's own prelude gives.
        if !program.is_prelude(number) || !reaches(program, number, &hidden) {
            items.push(definition.item.clone());
        }
    }
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

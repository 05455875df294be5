//! Variants and `--set`: functions from a syntax tree to a syntax tree. Overriding what is not there is an error.

mod place;
mod slots;
mod without;

use std::collections::HashMap;

use termc_grammar::ast::{Change, File, Item, Name, Span, VariantDef};

use crate::diagnostics::{Code, Diagnostic, nearest, one_of};

/// The variants of a file, in order.
pub(crate) fn variants(file: &File) -> impl Iterator<Item = &VariantDef> {
    file.items.iter().filter_map(|item| {
        if let Item::Variant(variant) = item {
            Some(variant)
        } else {
            None
        }
    })
}

/// The name of the file's model.
pub(crate) fn model_name(file: &File) -> Option<&str> {
    file.items.iter().find_map(|item| {
        if let Item::Model(model) = item {
            Some(model.name.text.as_str())
        } else {
            None
        }
    })
}

/// The file with a variant (None: the model itself) and further changes worked in, and without variants.
/// Also the name of the result.
pub(crate) fn apply(
    file: &File,
    variant: Option<&str>,
    sets: &[Change],
    found: &mut Vec<Diagnostic>,
) -> (File, String) {
    let model = model_name(file).unwrap_or("").to_owned();
    let mut result = File {
        items: file
            .items
            .iter()
            .filter(|i| !matches!(i, Item::Variant(_)))
            .cloned()
            .collect(),
        ..file.clone()
    };
    let mut name = model.clone();
    let clash = repeated(file, found);
    if let Some(wanted) = variant.filter(|v| *v != model) {
        match chain(file, &model, wanted, found) {
            Some(chain) => {
                for variant in chain {
                    for change in &variant.changes {
                        place::change(&mut result, change, found);
                    }
                }
                name = wanted.to_owned();
            }
            None => return (result, name),
        }
    }
    for change in sets {
        place::change(&mut result, change, found);
    }
    if !clash {
        rename(
            &mut result,
            &name,
            variant.and_then(|v| variants(file).find(|d| d.name.text == v)),
        );
    }
    (result, name)
}

/// Whether a variant has the name of another definition, which is reported. Without their variants files are checked later.
fn repeated(file: &File, found: &mut Vec<Diagnostic>) -> bool {
    let mut first: HashMap<&str, (&Name, bool)> = HashMap::new();
    let mut clash = false;
    for item in &file.items {
        let (name, variant) = match item {
            Item::Variant(def) => (&def.name, true),
            Item::Slow(def) => (&def.name, false),
            Item::Block(def) => (&def.name, false),
            Item::Model(def) => (&def.name, false),
            Item::Train(_) => continue,
        };
        match first.get(name.text.as_str()) {
            Some((before, other)) if variant || *other => {
                clash = true;
                let message = format!("`{}` is defined twice", name.text);
                found.push(
                    Diagnostic::new(Code::RepeatedName, name.span, message)
                        .label("again here")
                        .related(before.span, "first here")
                        .help("definitions of one file have different names"),
                );
            }
            Some(_) => {}
            None => {
                first.insert(&name.text, (name, variant));
            }
        }
    }
    clash
}

/// The variants to apply, base first.
fn chain<'f>(
    file: &'f File,
    model: &str,
    wanted: &str,
    found: &mut Vec<Diagnostic>,
) -> Option<Vec<&'f VariantDef>> {
    let mut chain: Vec<&VariantDef> = vec![];
    let mut name = wanted.to_owned();
    let mut at: Option<Span> = None;
    while name != model {
        let Some(variant) = variants(file).find(|v| v.name.text == name) else {
            found.push(unknown_base(file, &name, at));
            return None;
        };
        if chain.iter().any(|v| v.name.text == name) {
            let diagnostic = Diagnostic::new(
                Code::Recursion,
                variant.base.span,
                format!("variant `{name}` is, in the end, a variant of itself"),
            )
            .label("leads back here")
            .help(format!("let one of them be a variant of `{model}`"));
            found.push(diagnostic);
            return None;
        }
        chain.push(variant);
        name.clone_from(&variant.base.text);
        at = Some(variant.base.span);
    }
    chain.reverse();
    Some(chain)
}

fn unknown_base(file: &File, name: &str, at: Option<Span>) -> Diagnostic {
    let known: Vec<&str> = model_name(file)
        .into_iter()
        .chain(variants(file).map(|v| v.name.text.as_str()))
        .collect();
    let span = at.unwrap_or_default();
    let mut diagnostic = Diagnostic::new(
        Code::UnknownBase,
        span,
        format!("no model or variant is called `{name}`"),
    );
    if at.is_some() {
        diagnostic = diagnostic.label("unknown");
    }
    match nearest(name, known.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("there are {}", one_of(known))),
    }
}

/// The result is a model of the variant's name and documentation.
fn rename(file: &mut File, name: &str, variant: Option<&VariantDef>) {
    for item in &mut file.items {
        if let Item::Model(model) = item {
            name.clone_into(&mut model.name.text);
            if let Some(doc) = variant.map(|v| &v.doc).filter(|d| !d.is_empty()) {
                model.doc.clone_from(doc);
            }
        }
    }
}

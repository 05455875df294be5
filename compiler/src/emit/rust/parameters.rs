//! Parameters and their values as Rust: in the order in which they are taken, sizes of one tensor together.

use super::syntax::rust_kind;
use crate::emit::doc::{Doc, bracketed, text};
use crate::emit::form::{Kind, Structure};
use crate::emit::writer::Writer;

/// Parameters as a function takes them, which is called like any other.
pub(super) fn of_function(writer: &Writer<'_>) -> Vec<Doc> {
    let all = ordered(writer.structure, &writer.named.parameters);
    all.map(|(_, parameter)| alone(parameter)).collect()
}

/// A parameter by itself.
fn alone((name, kind): Parameter<'_>) -> Doc {
    text(format!("{name}: {}", rust_kind(kind)))
}

/// The name and kind of a parameter.
type Parameter<'a> = (&'a str, Kind);

/// Parameters by their numbers in the order in which they are taken.
fn ordered<'a>(
    structure: &'a Structure,
    names: &'a [String],
) -> impl Iterator<Item = (usize, Parameter<'a>)> {
    structure.order.iter().filter_map(|at| {
        let name = names.get(*at)?;
        Some((*at, (name.as_str(), structure.parameters.get(*at)?.kind)))
    })
}

/// Parameters as the constructor takes them; sizes of one tensor together.
pub(super) fn parameters(writer: &Writer<'_>) -> Vec<Doc> {
    let all = ordered(writer.structure, &writer.named.parameters);
    let names: Vec<Parameter<'_>> = all.map(|(_, parameter)| parameter).collect();
    let mut docs = vec![];
    let mut rest = names.as_slice();
    while let [first, after @ ..] = rest {
        let sizes = together(rest.iter().copied());
        match sizes {
            0 => docs.push(alone(*first)),
            count => {
                let names: Vec<&str> = rest.iter().take(count).map(|(name, _)| *name).collect();
                docs.push(text(format!("[{}]: [usize; {count}]", names.join(", "))));
            }
        }
        rest = after.get(sizes.saturating_sub(1)..).unwrap_or_default();
    }
    docs
}

/// How many of the first names are sizes of one tensor, which stand together: axes, height, width.
fn together<'a>(parameters: impl Iterator<Item = Parameter<'a>>) -> usize {
    let ints = parameters.take_while(|(_, kind)| *kind == Kind::Int);
    let mut names = ints.map(|(name, _)| name);
    match (names.next(), names.next(), names.next()) {
        (Some("axes"), Some("height"), Some("width")) => 3,
        (Some("height"), Some("width"), _) => 2,
        _ => 0,
    }
}

/// Values in the order in which a structure takes them; sizes of one tensor together.
pub(super) fn values(callee: &Structure, names: &[String], docs: &[Doc]) -> Vec<Doc> {
    let ordered: Vec<(Parameter<'_>, Doc)> = ordered(callee, names)
        .filter_map(|(at, parameter)| Some((parameter, docs.get(at)?.clone())))
        .collect();
    let mut out = vec![];
    let mut rest = ordered.as_slice();
    while let [(_, doc), after @ ..] = rest {
        let sizes = together(rest.iter().map(|(parameter, _)| *parameter));
        match sizes {
            0 => out.push(doc.clone()),
            count => {
                let sizes = rest.iter().take(count).map(|(_, doc)| doc.clone());
                out.push(bracketed("[", sizes.collect(), "]", 60));
            }
        }
        rest = after.get(sizes.saturating_sub(1)..).unwrap_or_default();
    }
    out
}

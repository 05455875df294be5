//! Constructors as Rust: what the fields of a structure are made of.

use super::structure::rust_kind;
use super::syntax::{LINE, Rust, assigned, block, call};
use crate::emit::doc::{Doc, all, bracketed, commas, group, nest, text};
use crate::emit::form::{Field, FieldKind, Kind, Making, Many, Num, Structure};
use crate::emit::support;
use crate::emit::writer::Writer;
use crate::primitives::written::Number;

/// Parameters as the constructor or function takes them; heights and widths together.
pub(super) fn parameters(writer: &Writer<'_>) -> Vec<Doc> {
    let structure = writer.structure;
    let names: Vec<(&str, Kind)> = structure
        .order
        .iter()
        .filter_map(|at| {
            let name = writer.named.parameters.get(*at)?;
            Some((name.as_str(), structure.parameters.get(*at)?.kind))
        })
        .collect();
    let mut docs = vec![];
    let mut rest = names.as_slice();
    while let [(name, kind), after @ ..] = rest {
        match after {
            [("width", _), after @ ..] if *name == "height" => {
                docs.push(text("[height, width]: [usize; 2]"));
                rest = after;
            }
            _ => {
                docs.push(text(format!("{name}: {}", rust_kind(*kind))));
                rest = after;
            }
        }
    }
    docs
}

/// Values in the order in which a structure takes them; height and width together.
pub(super) fn values(callee: &Structure, names: &[String], docs: &[Doc]) -> Vec<Doc> {
    let ordered: Vec<(&str, Doc)> = callee
        .order
        .iter()
        .filter_map(|at| Some((names.get(*at)?.as_str(), docs.get(*at)?.clone())))
        .collect();
    let mut out = vec![];
    let mut rest = ordered.as_slice();
    while let [(name, doc), after @ ..] = rest {
        match after {
            [("width", width), after @ ..] if *name == "height" => {
                out.push(bracketed("[", vec![doc.clone(), width.clone()], "]", 60));
                rest = after;
            }
            _ => {
                out.push(doc.clone());
                rest = after;
            }
        }
    }
    out
}

pub(super) fn new(rust: Rust, writer: &mut Writer<'_>) -> Doc {
    let structure = writer.structure;
    let mut arguments = parameters(writer);
    let (function, last) = match rust {
        Rust::Std => ("new", "device: &Device"),
        Rust::NoStd => ("read", "from: &mut Numbers<'_>"),
    };
    let unread = if structure.fields.is_empty() { "_" } else { "" };
    arguments.push(text(format!("{unread}{last}")));
    let public = match (rust, structure.is_model) {
        (Rust::Std, true) => "pub ",
        _ => "",
    };
    let head = group(
        LINE,
        all([
            text(format!("{public}fn {function}(")),
            nest(all([Doc::Soft, commas(arguments)])),
            Doc::Soft,
            text(") -> Self"),
        ]),
    );
    let mut fields = vec![];
    for (field, name) in structure.fields.iter().zip(&writer.named.fields) {
        let value = value(rust, writer, field);
        fields.push(all([text(format!("{name}: ")), value, text(",")]));
    }
    let kept = structure
        .parameters
        .iter()
        .zip(&writer.named.kept)
        .zip(&writer.named.parameters);
    let kept = kept
        .filter(|((p, _), _)| p.kept)
        .map(|((_, field), name)| match field == name {
            true => text(format!("{name},")),
            false => text(format!("{field}: {name},")),
        });
    fields.extend(kept);
    let whole = match fields.is_empty() {
        true => text("Self {}"),
        false => block(text("Self"), fields),
    };
    let doc = match (rust, structure.is_model) {
        (Rust::Std, true) => all([
            text("/// A network with fresh parameters, drawn by the device's generator."),
            Doc::Hard,
        ]),
        _ => Doc::Nil,
    };
    all([doc, block(head, vec![whole])])
}

/// What a field is made of.
pub(super) fn value(rust: Rust, writer: &mut Writer<'_>, field: &Field) -> Doc {
    let mut ones = vec![];
    let mut loops = vec![];
    for made in &field.made {
        match made {
            Making::One(numbers) => ones.push(one(rust, writer, field, numbers)),
            Making::Loop(rounds, numbers) => {
                writer.round_is_read = false;
                let element = one(rust, writer, field, numbers);
                let long =
                    stated(rust, writer, field, numbers).unwrap_or_else(|| vec![element.clone()]);
                let round = if writer.round_is_read { "i" } else { "_" };
                let rounds = range(writer, rounds);
                let closure = closure(round, element, long);
                loops.push(all([
                    text("("),
                    rounds,
                    text(")"),
                    nest(all([Doc::Soft, closure])),
                ]));
            }
        }
    }
    match (field.many, loops.len()) {
        (Many::One, _) => ones.into_iter().next().unwrap_or(Doc::Nil),
        (Many::Fixed(_), _) => bracketed("[", ones, "]", 60),
        (Many::Any, 0) => bracketed("vec![", ones, "]", 60),
        (Many::Any, _) => {
            let mut all_of = loops.into_iter();
            let first = match ones.is_empty() {
                true => all_of.next().unwrap_or(Doc::Nil),
                false => all([bracketed("[", ones, "]", 60), text(".into_iter()")]),
            };
            let chained = all_of.map(|more| nest(all([Doc::Soft, call(".chain", vec![more])])));
            let end = nest(all([Doc::Soft, text(".collect()")]));
            group(60, all([first].into_iter().chain(chained).chain([end])))
        }
    }
}

/// `0..rounds`, or up to the last round if it has a shorter name.
fn range(writer: &mut Writer<'_>, rounds: &Num) -> Doc {
    let one = Num::Value(Number::Int(1));
    match rounds {
        Num::Op(last, '+', more) if **more == one => all([text("0..="), writer.num(last).doc]),
        _ => all([text("0.."), writer.num(rounds).doc]),
    }
}

/// `.map(|round| element)`, or several lines between braces.
pub(super) fn closure(round: &str, element: Doc, long: Vec<Doc>) -> Doc {
    let flat = all([text(format!(".map(|{round}| ")), element, text(")")]);
    let long = all([block(text(format!(".map(|{round}|")), long), text(")")]);
    Doc::Whole(Box::new(flat), Box::new(long))
}

/// An element that is a module in several lines: how its tensors start, then the module.
pub(super) fn stated(
    rust: Rust,
    writer: &mut Writer<'_>,
    field: &Field,
    numbers: &[Num],
) -> Option<Vec<Doc>> {
    let FieldKind::Module(_, tensors) = &field.kind else {
        return None;
    };
    let sizes = numbers.len().checked_sub(tensors.len())?;
    let (sizes, starts) = numbers.split_at(sizes);
    let usual = starts.iter().all(Num::is_uniform_start);
    if rust == Rust::NoStd || usual {
        return None;
    }
    let mut lines = vec![];
    let mut docs: Vec<Doc> = sizes.iter().map(|num| writer.num(num).doc).collect();
    for (tensor, start) in tensors.iter().zip(starts) {
        let zero = tensors.len() > 1 && Some(tensor) == tensors.last() && start.is_zero_start();
        if !zero {
            lines.push(assigned(&format!("let {tensor}"), writer.num(start).doc));
        }
        docs.push(text(*tensor));
    }
    lines.push(made(rust, writer, field, numbers, docs));
    Some(lines)
}

pub(super) fn one(rust: Rust, writer: &mut Writer<'_>, field: &Field, numbers: &[Num]) -> Doc {
    let docs = numbers.iter().map(|num| writer.num(num).doc).collect();
    made(rust, writer, field, numbers, docs)
}

/// An element of a field that is made with these values.
pub(super) fn made(
    rust: Rust,
    writer: &Writer<'_>,
    field: &Field,
    numbers: &[Num],
    docs: Vec<Doc>,
) -> Doc {
    let device = text(if rust == Rust::Std { "device" } else { "from" });
    let function = if rust == Rust::Std { "new" } else { "read" };
    let made = match &field.kind {
        FieldKind::Structure(number) => {
            let (name, parameters) = writer.scope.parameters_of(*number);
            let callee = writer.scope.form.structure(*number);
            let mut arguments = values(callee, parameters, &docs);
            arguments.push(device);
            call(&format!("{name}::{function}"), arguments)
        }
        FieldKind::Module(kind, tensors) => {
            let sizes = match rust {
                Rust::Std => docs.len().saturating_sub(tensors.len()),
                Rust::NoStd => docs.len(),
            };
            let (sizes, starts) = docs.split_at(sizes);
            let sizes = match sizes {
                [one] => one.clone(),
                _ => bracketed("[", sizes.to_vec(), "]", 60),
            };
            let own = numbers.len().saturating_sub(tensors.len());
            let usual = numbers.iter().skip(own).all(Num::is_uniform_start);
            // The last of several tensors usually starts as zeros.
            let (starts, function) = match (starts.split_last(), tensors.as_slice()) {
                (Some(_), _) if usual && support::has(kind, "uniform") => {
                    (&[][..], "uniform".to_owned())
                }
                (Some((_, rest)), [_, .., last]) => match numbers.last() {
                    Some(num) if num.is_zero_start() => (rest, function.to_owned()),
                    _ => (starts, format!("with_{last}")),
                },
                _ => (starts, function.to_owned()),
            };
            let arguments = [sizes].into_iter().chain(starts.to_vec()).chain([device]);
            call(&format!("{kind}::{function}"), arguments.collect())
        }
        FieldKind::Tensor => {
            let sizes = [text("1")].into_iter().chain(docs.iter().take(3).cloned());
            let sizes = bracketed("[", sizes.collect(), "]", 60);
            match (rust, docs.get(3)) {
                (Rust::Std, Some(start)) => {
                    all([start.clone(), call(".draw", vec![sizes, text("1"), device])])
                }
                _ => all([device, call(".take", vec![sizes])]),
            }
        }
    };
    let tensors = match &field.kind {
        FieldKind::Module(_, tensors) => tensors.len(),
        _ => 1,
    };
    match (field.fixed.as_slice(), &field.kind) {
        ([], _) => made,
        (_, FieldKind::Tensor) => all([made, text(".set_require_grad(false)")]),
        (fixed, _) if fixed.len() == tensors => all([made, text(".no_grad()")]),
        (fixed, _) => {
            let each = fixed.iter().map(|name| text(format!(".fixed_{name}()")));
            all([made].into_iter().chain(each))
        }
    }
}

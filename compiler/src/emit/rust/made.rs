//! Constructors as Rust: what the fields of a structure are made of.

use super::parameters::{parameters, values};
use super::syntax::{LINE, Rust, assigned, block, call};
use crate::bug::bug;
use crate::emit::doc::{Doc, all, bracketed, commas, group, nest, text};
use crate::emit::form::{Field, FieldKind, Making, Many, Num};
use crate::emit::support;
use crate::emit::writer::Writer;
use crate::primitives::written::Number;

impl Rust {
    /// What constructors are called.
    fn constructor(self) -> &'static str {
        match self {
            Self::Std | Self::Fresh => "new",
            Self::NoStd => "read",
        }
    }
}

pub(super) fn new(rust: Rust, writer: &mut Writer<'_>) -> Doc {
    let structure = writer.structure;
    let mut arguments = parameters(writer);
    let unread = if structure.fields.is_empty() { "_" } else { "" };
    let (function, last) = match (rust, structure.is_model) {
        (Rust::NoStd, _) => ("read", "from: &mut Numbers<'_>"),
        (_, true) => ("made_of", "w: Weights"),
        (_, false) => ("new", "w: Weights"),
    };
    arguments.push(text(format!("{unread}{last}")));
    let head = group(
        LINE,
        all([
            text(format!("fn {function}(")),
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
    block(head, vec![whole])
}

/// Where an element takes its tensors from.
#[derive(Clone, Debug)]
enum From {
    /// What stands below a path.
    Below(String),
    /// The same, of a path with the number of a round in it: `format!` and its arguments.
    Formatted(String),
    /// What the closure of a list is given.
    Round,
}

/// What a field is made of.
fn value(rust: Rust, writer: &mut Writer<'_>, field: &Field) -> Doc {
    let [before, after] = &field.path;
    if let (Many::One, [Making::One(numbers)]) = (field.many, field.made.as_slice()) {
        return one(rust, writer, field, numbers, &From::Below(before.clone()));
    }
    let all_alike = matches!(field.made.as_slice(), [Making::One(first), rest @ ..]
        if !rest.is_empty() && rest.iter().all(|making| *making == Making::One(first.clone())));
    let count = Num::Value(Number::Int(field.made.len()));
    let made = match field.made.first() {
        Some(Making::One(numbers)) if all_alike => vec![Making::Loop(count, numbers.clone())],
        _ => field.made.clone(),
    };
    let mut lists = vec![];
    let mut ones = vec![];
    let mut from = Num::Value(Number::Int(0));
    for making in &made {
        // The first of several lists says that they are lists.
        let end = match lists.is_empty() && ones.is_empty() && made.len() > 1 {
            true => ".collect::<Vec<_>>()",
            false => ".collect()",
        };
        match (making, &from) {
            (Making::One(numbers), Num::Value(Number::Int(at))) => {
                let gap = if after.is_empty() { "" } else { "." };
                let path = From::Below(format!("{before}[{at}]{gap}{after}"));
                ones.push(one(rust, writer, field, numbers, &path));
                from = Num::Value(Number::Int(at + 1));
            }
            (Making::One(numbers), _) => {
                let count = Num::Value(Number::Int(1));
                lists.push(list(rust, writer, field, (&from, &count), numbers, end));
                from = sum(&from, &count);
            }
            (Making::Loop(count, numbers), _) => {
                // What was made before stands before.
                if !ones.is_empty() {
                    lists.push(literal(std::mem::take(&mut ones)));
                }
                lists.push(list(rust, writer, field, (&from, count), numbers, end));
                from = sum(&from, count);
            }
        }
    }
    if !ones.is_empty() || lists.is_empty() {
        lists.push(literal(ones));
    }
    match lists.len() {
        1 => lists.remove(0),
        _ => {
            let calls = [".into_iter()", ".flatten()", ".collect()"];
            let calls = calls.map(|call| all([Doc::Soft, text(call)]));
            let lists = bracketed("[", lists, "]", 60);
            group(60, all([lists].into_iter().chain(calls)))
        }
    }
}

/// Elements one by one.
fn literal(ones: Vec<Doc>) -> Doc {
    bracketed("vec![", ones, "]", 60)
}

/// So many elements after the first ones.
fn list(
    rust: Rust,
    writer: &mut Writer<'_>,
    field: &Field,
    (from, count): (&Num, &Num),
    numbers: &[Num],
    end: &'static str,
) -> Doc {
    let [before, after] = &field.path;
    writer.round_is_read = false;
    let plain = one(rust, writer, field, numbers, &From::Round);
    let first = *from == Num::Value(Number::Int(0)) && after.is_empty();
    if rust != Rust::NoStd && first && !writer.round_is_read {
        let name = text(format!("{before:?}"));
        let count = writer.num(count).doc;
        let lines = stated(rust, writer, field, numbers, &From::Round);
        let head = all([text("w.list("), name, text(", "), count, text(", |w|")]);
        let flat = all([head.clone(), text(" "), plain.clone(), text(")")]);
        let lines = lines.unwrap_or_else(|| vec![plain]);
        let long = all([block(head, lines), text(")")]);
        // rustfmt lets the arguments be so wide.
        return match flat.flat() {
            Some(width) if width <= 60 + "w.list()".len() => {
                Doc::Whole(Box::new(flat), Box::new(long))
            }
            _ => long,
        };
    }
    let gap = if after.is_empty() { "" } else { "." };
    let place = match from {
        Num::Value(Number::Int(0)) => From::Formatted(format!("\"{before}[{{i}}]{gap}{after}\"")),
        from => {
            let from = writer.num(from).doc.print(usize::MAX, 0);
            From::Formatted(format!("\"{before}[{{}}]{gap}{after}\", i + {from}"))
        }
    };
    let element = one(rust, writer, field, numbers, &place);
    let counted = rust != Rust::NoStd || writer.round_is_read;
    let head = if counted { ".map(|i|" } else { ".map(|_|" };
    let lines = stated(rust, writer, field, numbers, &place);
    let flat = all([text(head), text(" "), element.clone(), text(")")]);
    let lines = lines.unwrap_or_else(|| vec![element]);
    let long = all([block(text(head), lines), text(")")]);
    let closure = Doc::Whole(Box::new(flat), Box::new(long));
    let range = range(writer, count);
    group(
        60,
        all([
            all([text("("), range, text(")")]),
            nest(all([Doc::Soft, closure])),
            nest(all([Doc::Soft, text(end)])),
        ]),
    )
}

fn sum(a: &Num, b: &Num) -> Num {
    match (a, b) {
        (Num::Value(Number::Int(a)), Num::Value(Number::Int(b))) => Num::Value(Number::Int(a + b)),
        (Num::Value(Number::Int(0)), b) => b.clone(),
        (a, b) => Num::Op(Box::new(a.clone()), '+', Box::new(b.clone())),
    }
}

/// `0..count`, or up to the last round if it has a shorter name.
fn range(writer: &mut Writer<'_>, count: &Num) -> Doc {
    match count {
        Num::Op(last, '+', more) if **more == Num::Value(Number::Int(1)) => {
            all([text("0..="), writer.num(last).doc])
        }
        count => all([text("0.."), writer.num(count).doc]),
    }
}

/// An element that is a module in several lines: how its tensors start, then the module.
fn stated(
    rust: Rust,
    writer: &mut Writer<'_>,
    field: &Field,
    numbers: &[Num],
    from: &From,
) -> Option<Vec<Doc>> {
    let FieldKind::Module(_, tensors) = &field.kind else {
        return None;
    };
    let sizes = numbers.len().checked_sub(tensors.len())?;
    let (sizes, starts) = numbers.split_at(sizes);
    let usual = starts.iter().all(Num::is_uniform_start);
    if rust != Rust::Fresh || usual {
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
    lines.push(made(rust, writer, field, numbers, docs, from));
    Some(lines)
}

fn one(rust: Rust, writer: &mut Writer<'_>, field: &Field, numbers: &[Num], from: &From) -> Doc {
    let docs = numbers.iter().map(|num| writer.num(num).doc).collect();
    made(rust, writer, field, numbers, docs, from)
}

/// An element of a field that is made with these values.
fn made(
    rust: Rust,
    writer: &Writer<'_>,
    field: &Field,
    numbers: &[Num],
    docs: Vec<Doc>,
    from: &From,
) -> Doc {
    let place = match (rust, from) {
        (Rust::NoStd, _) => text("from"),
        (_, From::Round) => text("w"),
        (_, From::Formatted(path)) => text(format!("w.at(&format!({path}))")),
        (_, From::Below(path)) if path.is_empty() => text("w"),
        (_, From::Below(path)) => text(format!("w.at({path:?})")),
    };
    let made = match &field.kind {
        FieldKind::Structure(number) => {
            let (name, parameters) = writer.scope.parameters_of(*number);
            let callee = writer.scope.form.structure(*number);
            let mut arguments = values(callee, parameters, &docs);
            arguments.push(place);
            call(&format!("{name}::{}", rust.constructor()), arguments)
        }
        FieldKind::Module(kind, tensors) => {
            let own = match rust {
                Rust::Fresh => numbers.len().saturating_sub(tensors.len()),
                Rust::Std | Rust::NoStd => numbers.len(),
            };
            let (sizes, starts) = docs.split_at(own);
            let sizes = match sizes {
                [one] => one.clone(),
                _ => bracketed("[", sizes.to_vec(), "]", 60),
            };
            let usual = numbers.iter().skip(own).all(Num::is_uniform_start);
            // The last of several tensors usually starts as zeros.
            let (starts, function) = match (starts.split_last(), tensors.as_slice()) {
                (None, _) if rust == Rust::Fresh => (starts, "fresh".to_owned()),
                (None, _) => (starts, rust.constructor().to_owned()),
                (Some(_), _) if usual && support::has(kind, "uniform") => {
                    (&[][..], "uniform".to_owned())
                }
                (Some((_, rest)), [_, .., last]) => match numbers.last() {
                    Some(num) if num.is_zero_start() => (rest, "fresh".to_owned()),
                    _ => (starts, format!("fresh_with_{last}")),
                },
                _ => (starts, "fresh".to_owned()),
            };
            let arguments = [sizes].into_iter().chain(starts.to_vec()).chain([place]);
            call(&format!("{kind}::{function}"), arguments.collect())
        }
        FieldKind::Tensor => {
            let sizes = [text("1")].into_iter().chain(docs.iter().take(3).cloned());
            let sizes = bracketed("[", sizes.collect(), "]", 60);
            let path = match from {
                From::Below(path) => text(format!("{path:?}")),
                From::Formatted(path) => text(format!("&format!({path})")),
                From::Round => text("\"\""),
            };
            match (rust, docs.get(3)) {
                (Rust::NoStd, _) => call("from.take", vec![sizes]),
                (Rust::Std, _) => call("w.tensor", vec![path, sizes]),
                (Rust::Fresh, Some(start)) => {
                    let arguments = vec![path, sizes, text("1"), start.clone()];
                    call("w.tensor", arguments)
                }
                (Rust::Fresh, None) => bug!("nothing says how `{}` starts", field.name),
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

//! Statements as Rust.

use super::syntax::{CLONED, INTO_ITER, LINE, Rust, assigned, block, call, chained, range};
use crate::emit::doc::{Doc, all, bracketed, group, nest, text};
use crate::emit::target::{Line, Round, Target, Tensors, Use};

pub(super) fn line(line: Line) -> Doc {
    match line {
        Line::Let(name, value) => assigned(&format!("let {name}"), value),
        Line::Variable(name, value) => assigned(&format!("let mut {name}"), value),
        Line::Set(name, value) => assigned(&name, value),
        Line::List(name, values, grows) => {
            assigned(&begun(&name, grows), bracketed("vec![", values, "]", 60))
        }
        Line::Push(name, value) => all([call(&format!("{name}.push"), vec![value]), text(";")]),
        Line::Gathered(name, parts, function, more) => gathered(&name, parts, function, more),
        Line::Collect(name, round, values, grows) => {
            let begun = begun(&name, grows);
            if let Some(whole) = same(&round, &values) {
                return assigned(&begun, text(whole));
            }
            let several = values.len() > 1;
            let closure = mapped(&round, values);
            let end = text(".collect()");
            // What takes several lines ends its own.
            if several {
                let each = assigned(
                    &format!("let {name}"),
                    all([group(LINE, source_of(&round)), closure]),
                );
                let list = assigned(&format!("{begun}: Vec<_>"), all([text(&name), end]));
                return all([each, Doc::Hard, list]);
            }
            let chain = all([
                source_of(&round),
                nest(all([Doc::Soft, closure])),
                nest(all([Doc::Soft, end])),
            ]);
            assigned(&format!("{begun}: Vec<_>"), group(60, chain))
        }
        Line::Loop(round, mut lists) => {
            let head = all([
                text(format!("for {} in ", head_name(&round))),
                loop_source(&round),
            ]);
            let lines = match lists.len() {
                1 => lists.remove(0).into_iter().map(self::line).collect(),
                _ => vec![branches(&round, lists)],
            };
            block(head, lines)
        }
    }
}

/// How a list begins that may grow.
fn begun(name: &str, grows: bool) -> String {
    let mutable = if grows { "mut " } else { "" };
    format!("let {mutable}{name}")
}

/// A list that grows part by part, and what a function makes of it.
fn gathered(name: &str, parts: Vec<Tensors>, function: &str, more: Vec<Doc>) -> Doc {
    let mut groups: Vec<Vec<Tensors>> = vec![];
    for part in parts {
        match (groups.last_mut(), &part) {
            (Some(group), Tensors::One(_)) if matches!(group.last(), Some(Tensors::One(_))) => {
                group.push(part);
            }
            _ => groups.push(vec![part]),
        }
    }
    let mut lines = vec![];
    for group in groups {
        let grows = !lines.is_empty();
        let method = |method: &str, value: Doc| {
            all([call(&format!("{name}.{method}"), vec![value]), text(";")])
        };
        let begun = |value: Doc| assigned(&format!("let mut {name}"), value);
        let ones = |group: Vec<Tensors>| -> Vec<Doc> {
            let ones = group.into_iter().filter_map(|part| match part {
                Tensors::One(one) => Some(one),
                _ => None,
            });
            ones.collect()
        };
        let line = match (group.first(), grows) {
            (Some(Tensors::One(one)), true) if group.len() == 1 => method("push", one.clone()),
            (Some(Tensors::Whole(list, _, lent)), true) if *lent => {
                method("extend_from_slice", text(list))
            }
            (Some(Tensors::Whole(list, Use::Again, _)), true) => {
                method("extend_from_slice", text(format!("&{list}")))
            }
            (Some(Tensors::Whole(list, Use::Last, _)), true) => method("extend", text(list)),
            (Some(Tensors::Slice(list, from, to, round)), true) => {
                let slice = range(list, *from, *to, round);
                method("extend_from_slice", text(format!("&{slice}")))
            }
            (Some(Tensors::Repeat(one, times)), true) => {
                let repeated = [
                    text("vec!["),
                    one.clone(),
                    text("; "),
                    times.clone(),
                    text("]"),
                ];
                method("extend", all(repeated))
            }
            (Some(Tensors::One(_)), true) => all([
                text(format!("{name}.extend(")),
                bracketed("[", ones(group), "]", 60),
                text(");"),
            ]),
            (_, _) => begun(Rust::Std.tensors(group)),
        };
        lines.push(line);
    }
    let arguments = [text(name)].into_iter().chain(more).collect();
    lines.push(assigned(&format!("let {name}"), call(function, arguments)));
    let last = lines.len() - 1;
    let each = lines.into_iter().enumerate();
    all(each.map(|(at, line)| match at == last {
        true => line,
        false => all([line, Doc::Hard]),
    }))
}

/// The list that is gone through, if all that is made of its elements is the elements themselves.
fn same(round: &Round, values: &[Doc]) -> Option<String> {
    let (list, element) = round.over.as_ref().filter(|_| round.name.is_none())?;
    let [Doc::Text(value)] = values else {
        return None;
    };
    let list = group(LINE, list.clone()).print(usize::MAX, 0);
    let whole = match (list.strip_suffix(INTO_ITER), list.strip_suffix(CLONED)) {
        (Some(taken), _) => taken.to_owned(),
        (None, Some(lent)) => format!("{lent}.to_vec()"),
        (None, None) => return None,
    };
    (value == element).then_some(whole)
}

/// `.map(function)`, or `.map(|round| element)`, in several lines between braces where it does not fit.
fn mapped(round: &Round, values: Vec<Doc>) -> Doc {
    let head = head_name(round);
    let count = values.len();
    let element = match <[Doc; 1]>::try_from(values) {
        Ok([element]) => element,
        Err(values) => {
            let name = round.name.clone().unwrap_or_else(|| "i".into());
            let lines = values.into_iter().enumerate().map(|(at, value)| {
                let pattern = if at + 1 < count {
                    at.to_string()
                } else {
                    "_".into()
                };
                all([text(format!("{pattern} => ")), value, text(",")])
            });
            let arms = block(
                text(format!(".map(|{head}| match {name} % {count}")),
                lines.collect(),
            );
            return all([arms, text(")")]);
        }
    };
    let flat = element
        .flat()
        .map(|_| group(LINE, element.clone()).print(usize::MAX, 0));
    let function = flat
        .as_ref()
        .and_then(|flat| flat.strip_suffix(&format!("({head})")));
    let is_path = |name: &&str| {
        name.chars()
            .all(|c| c.is_alphanumeric() || "_:".contains(c))
    };
    if let Some(function) = function.filter(is_path) {
        return text(format!(".map({function})"));
    }
    let flat = all([text(format!(".map(|{head}| ")), element.clone(), text(")")]);
    let long = block(text(format!(".map(|{head}|")), vec![element]);
    let long = all([long, text(")")]);
    Doc::Whole(Box::new(flat), Box::new(long))
}

pub(super) fn branches(round: &Round, lists: Vec<Vec<Line>>) -> Doc {
    let count = lists.len();
    let mut docs = vec![];
    for (at, (condition, lines)) in round.conditions(count).zip(lists).enumerate() {
        let head = match (at, condition) {
            (0, Some(condition)) => format!("if {condition}"),
            (_, Some(condition)) => format!(" else if {condition}"),
            (_, None) => " else".to_owned(),
        };
        docs.push(block(text(head), lines.into_iter().map(line).collect()));
    }
    all(docs)
}

/// The variables of a loop.
pub(super) fn head_name(round: &Round) -> String {
    match (&round.over, &round.name) {
        (Some((_, element)), Some(name)) => format!("({name}, {element})"),
        (Some((_, element)), None) => element.clone(),
        (None, Some(name)) => name.clone(),
        (None, None) => "_".to_owned(),
    }
}

/// What a loop goes through.
pub(super) fn source_of(round: &Round) -> Doc {
    match (&round.over, &round.name) {
        (Some((list, _)), Some(_)) => chained(list.clone(), vec![text(".enumerate()")]),
        (Some((list, _)), None) => list.clone(),
        (None, _) => all([text("(0.."), round.count.clone(), text(")")]),
    }
}

pub(super) fn loop_source(round: &Round) -> Doc {
    match &round.over {
        Some(_) => group(LINE, source_of(round)),
        None => all([text("0.."), round.count.clone()]),
    }
}

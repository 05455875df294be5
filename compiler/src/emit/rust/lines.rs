//! Statements as Rust.

use super::made::closure;
use super::syntax::{LINE, assigned, block, call, chained, either};
use crate::emit::doc::{Doc, all, bracketed, group, nest, text};
use crate::emit::target::{Line, Round};

pub(super) fn line(line: Line) -> Doc {
    match line {
        Line::Let(name, value) => assigned(&format!("let {name}"), value),
        Line::Variable(name, value) => assigned(&format!("let mut {name}"), value),
        Line::Set(name, value) => assigned(&name, value),
        Line::List(name, values, grows) => {
            let mutable = if grows { "mut " } else { "" };
            let list = bracketed("vec![", values, "]", 60);
            assigned(&format!("let {mutable}{name}"), list)
        }
        Line::Push(name, value) => all([call(&format!("{name}.push"), vec![value]), text(";")]),
        Line::Collect(name, round, values) => {
            let element = arms(&round, values);
            let closure = closure(&head_name(&round), element.clone(), vec![element]);
            let end = text(".collect()");
            let chain = all([
                source_of(&round),
                nest(all([Doc::Soft, closure])),
                nest(all([Doc::Soft, end])),
            ]);
            assigned(&format!("let {name}: Vec<_>"), group(60, chain))
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

/// Which arm a round is like.
pub(super) fn conditions(round: &Round, arms: usize) -> impl Iterator<Item = Option<String>> {
    let name = round.name.clone().unwrap_or_else(|| "i".into());
    (0..arms).map(move |at| (at + 1 < arms).then(|| format!("{name} % {arms} == {at}")))
}

pub(super) fn arms(round: &Round, mut values: Vec<Doc>) -> Doc {
    match values.len() {
        1 => values.remove(0),
        count => either(conditions(round, count).zip(values).collect()),
    }
}

pub(super) fn branches(round: &Round, lists: Vec<Vec<Line>>) -> Doc {
    let count = lists.len();
    let mut docs = vec![];
    for (at, (condition, lines)) in conditions(round, count).zip(lists).enumerate() {
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

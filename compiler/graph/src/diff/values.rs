//! Values that were written differently: arguments, defaults, constants, and what they set. A value that differs because
//! a shape does, or because of a number that is told already, follows from that.

use std::collections::{HashMap, HashSet};

use termc_compiler::model::{Constant, Graph, Init, Instance, Param, Span};
use termc_compiler::source::Sources;

use super::merge::Merged;
use super::places::{grouped, place};
use super::{Change, Side};
use crate::tree::{Mark, ROOT};

/// The changes, outermost first; marks the boxes.
pub(super) fn values(from: Side<'_>, to: Side<'_>, merged: &mut Merged) -> Vec<Change> {
    let (first, second) = (from.model.primitives(), to.model.primitives());
    let mut found = vec![];
    let mut constants = vec![];
    input(first, second, merged, &mut found);
    // By where it was written: a number that is used in many places is one change.
    let mut told: HashMap<Places, (String, String)> = HashMap::new();
    let mut spent: HashSet<Place> = HashSet::new();
    // Block values and words that are told, by the box that they were given to.
    let mut given: HashMap<usize, Vec<String>> = HashMap::new();
    let before: HashMap<&str, &Instance> = calls(first).collect();
    for (path, is) in calls(second) {
        let Some(was) = before.get(path).filter(|was| was.block == is.block) else {
            continue;
        };
        let Some(number) = merged.tree.find(path) else {
            continue;
        };
        let old = was.values.iter().zip(&was.written);
        let old: HashMap<&str, (&Constant, &Vec<Span>)> = old
            .map(|((name, value), spans)| (name.as_str(), (value, spans)))
            .collect();
        for ((name, value), spans) in is.values.iter().zip(&is.written) {
            let Some((old, old_spans)) = old.get(name.as_str()) else {
                continue;
            };
            if *old == value {
                continue;
            }
            let places = [written(from.sources, old_spans), written(to.sources, spans)];
            let pair = (old.to_string(), value.to_string());
            let unplaced = places.iter().all(Vec::is_empty);
            let is_new = match told.get(&places) {
                Some(known) if !unplaced => *known == pair,
                _ => differs(&places, &spent, value),
            };
            // What a block value fixes is told where that was given.
            let fixed = format!("{name}={value}");
            let is_fixed = merged.tree.holders(number).any(|holder| {
                let mut texts = given.get(&holder).into_iter().flatten();
                texts.any(|text| states(text, &fixed))
            });
            merged.settled.insert(number);
            if is_new && !is_fixed {
                if matches!(value, Constant::Text(_)) {
                    given.entry(number).or_default().push(pair.1.clone());
                }
                let [was_written, is_written] = &places;
                spent.extend(was_written.iter().chain(is_written).cloned());
                let constant = constant(was_written, from.sources, name);
                told.insert(places, pair.clone());
                mark(merged, number, name, &pair);
                match constant {
                    Some(path) => {
                        let (used, _) = place(&merged.tree, number);
                        tell(&mut constants, path, pair, used);
                    }
                    None => found.push((number, name.clone(), pair.0, pair.1)),
                }
            }
        }
    }
    tensors(first, second, merged, &mut found);
    constants.extend(grouped(&merged.tree, found));
    constants
}

/// Whether a block value, `magnet(hidden=16, omega=30)`, states an argument, `hidden=16`: all of it, not `hidden=1`.
fn states(value: &str, argument: &str) -> bool {
    value.match_indices(argument).any(|(at, _)| {
        let (before, rest) = value.split_at(at);
        let after = rest.strip_prefix(argument).unwrap_or_default();
        before.ends_with(['(', ' ']) && after.starts_with([',', ')'])
    })
}

/// The constant that a value is written in, or the argument of one: `omega`, `small.hidden`.
fn constant(places: &[Place], sources: &Sources, name: &str) -> Option<String> {
    let [(_, start, text)] = places else {
        return None;
    };
    let span = Span {
        start: *start,
        end: *start,
    };
    let line = sources.place(span)?.text.trim().strip_prefix("const ")?;
    let (constant, value) = line.split_once('=')?;
    let constant = constant.trim();
    Some(match value.trim() == text {
        true => constant.to_owned(),
        false => format!("{constant}.{name}"),
    })
}

/// Adds a change of a constant, or another place that it is used in.
fn tell(constants: &mut Vec<Change>, path: String, (from, to): (String, String), used: String) {
    let known = constants.iter_mut().find(|change| change.path == path);
    match known {
        Some(change) if change.calls.contains(&used) => {}
        Some(change) => change.calls.push(used),
        None => constants.push(Change {
            path,
            calls: vec![used],
            from: Some(from),
            to: Some(to),
        }),
    }
}

/// A place that a value was made of: the text's name, where, and what stands there.
type Place = (String, u32, String);
/// The places of a value in the first and the second model.
type Places = [Vec<Place>; 2];

/// Whether what was written differs, and not only by what is told already. A value without a place of its own differs
/// because of shapes, unless it is no number.
fn differs(places: &Places, spent: &HashSet<Place>, value: &Constant) -> bool {
    let rest = |places: &[Place]| -> Vec<String> {
        let own = places.iter().filter(|place| !spent.contains(place));
        own.map(|(.., text)| text.clone()).collect()
    };
    let [a, b] = places;
    let [a, b] = [rest(a), rest(b)];
    a != b
        || (a.is_empty()
            && !matches!(
                value,
                Constant::Int(_) | Constant::Float(_) | Constant::List(_)
            ))
}

fn written(sources: &Sources, spans: &[Span]) -> Vec<Place> {
    let places = spans.iter().filter_map(|span| {
        let place = sources.place(*span)?;
        let at = sources.locate(*span)?;
        let text = match at.source.name == place.file {
            true => at.source.text.get(at.start..at.end)?,
            false => place.text,
        };
        Some((place.file.to_owned(), span.start, text.to_owned()))
    });
    places.collect()
}

fn calls(graph: &Graph) -> impl Iterator<Item = (&str, &Instance)> {
    let calls = graph.instances.iter().skip(1);
    calls.map(|call| (call.path.as_str(), call))
}

/// Marks a box as changed and notes how.
pub(super) fn mark(merged: &mut Merged, number: usize, name: &str, (from, to): &(String, String)) {
    if let Some(item) = merged.tree.items.get_mut(number) {
        item.mark = Some(Mark::Changed);
        item.notes
            .push((format!("{name} was"), format!("{from}, is {to}")));
    }
}

/// The shape of the input.
fn input(first: &Graph, second: &Graph, merged: &mut Merged, found: &mut Found) {
    let pair = (first.input.to_string(), second.input.to_string());
    if pair.0 == pair.1 {
        return;
    }
    let number = merged.tree.find(&second.input_name).unwrap_or(ROOT);
    mark(merged, number, "shape", &pair);
    found.push((number, String::new(), pair.0, pair.1));
}

type Found = Vec<(usize, String, String, String)>;

/// Tensors that start differently, are trained in one model alone, or count for another penalty; not those in calls
/// whose values differ, nor those whose start follows from a shape.
fn tensors(first: &Graph, second: &Graph, merged: &mut Merged, found: &mut Found) {
    let before: HashMap<&str, &Param> = (first.params.iter())
        .map(|param| (param.path.as_str(), param))
        .collect();
    // A bias starts as the shape of its weight has it.
    let reshaped = second.params.iter().filter(|param| {
        let was = before.get(param.path.as_str());
        was.is_some_and(|was| was.shape != param.shape)
    });
    let reshaped: HashSet<&str> = reshaped.map(|param| call_of(&param.path)).collect();
    for param in &second.params {
        let Some(was) = before.get(param.path.as_str()) else {
            continue;
        };
        let pair = (described(was), described(param));
        let same_kind = std::mem::discriminant(&was.init) == std::mem::discriminant(&param.init);
        let only_start = was.trained == param.trained && was.penalty == param.penalty;
        if pair.0 == pair.1 {
            continue;
        }
        let Some((number, name)) = holder(merged, &param.path) else {
            continue;
        };
        let item = merged.tree.item(number);
        let moved = merged.shapes.get(&item.path) != Some(&item.shape);
        if same_kind && only_start && (moved || reshaped.contains(call_of(&param.path))) {
            continue;
        }
        if merged.is_settled(number) {
            continue;
        }
        mark(merged, number, &name, &pair);
        found.push((number, name, pair.0, pair.1));
    }
}

/// The box that a tensor is in, and what it is called there.
pub(super) fn holder(merged: &Merged, path: &str) -> Option<(usize, String)> {
    let mut at = path;
    loop {
        if let Some(number) = merged.tree.find(at) {
            let rest = path.get(at.len()..)?.trim_start_matches('.');
            return Some((number, rest.to_owned()));
        }
        (at, _) = at.rsplit_once('.')?;
    }
}

/// The path of the call that a tensor is of.
fn call_of(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(call, _)| call)
}

fn described(param: &Param) -> String {
    let start = match param.init {
        Init::Constant(x) => format!("starts at {x}"),
        Init::Uniform { bound } => format!("uniform({bound:.6})"),
        Init::Normal { std } => format!("normal({std:.6})"),
        Init::GammaUniform {
            bound,
            concentration,
        } => format!("gamma_uniform({bound:.6}, {concentration})"),
    };
    let trained = if param.trained { "" } else { ", never trained" };
    format!("{start}{trained}, penalty {:?}", param.penalty).to_lowercase()
}

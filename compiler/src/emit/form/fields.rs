//! What an instance holds: its own tensors and the structures it calls, named as their paths below the instance.

use std::collections::{BTreeMap, HashMap};

use super::index::Index;
use super::scene::{Purpose, Scene};
use super::tree::{At, Element, FieldDraft, FieldKind, FieldUse, Made, Value};
use crate::bug::bug;
use crate::model::{Init, InstanceId, Iteration, NodeId, Op, ParamId};
use crate::primitives::written::{Holds, Number};

/// A value that is computed in the instance itself.
pub(super) struct Item {
    /// The value.
    pub node: NodeId,
    /// The call that yields it; None for a primitive.
    pub call: Option<InstanceId>,
    /// Where in the order of the text it is computed.
    pub position: usize,
    pub iteration: Option<Iteration>,
    /// Where its tensors are.
    pub held: Option<Held>,
    pub(super) uses: usize,
    /// Whether a statement computes it.
    pub(super) stated: bool,
}

/// Where an item's tensors are.
#[derive(Clone, Debug)]
pub(super) struct Held {
    name: String,
    /// The place in a list, and how long the list is.
    index: Option<(usize, usize)>,
    /// Whether the list has one element a round.
    rolled: bool,
}

impl Held {
    /// As it is used in a round of a loop or outside of loops.
    pub fn used(&self, iteration: Option<Iteration>) -> FieldUse {
        let round = iteration.filter(|_| self.rolled).map(|i| i.round);
        FieldUse {
            name: self.name.clone(),
            index: self
                .index
                .map(|(index, count)| Index::new(index, count, round, false)),
        }
    }
}

/// One item that holds something.
struct Found {
    item: usize,
    name: String,
    short: String,
    path: [String; 2],
    index: Option<usize>,
    kind: FieldKind,
    fixed: Vec<&'static str>,
    hints: Vec<String>,
    values: Vec<Value>,
    made: Made,
    iteration: Option<Iteration>,
}

/// The fields in order of first use; tells each item which is its own.
pub(super) fn held_fields(
    items: &mut [Item],
    scene: &Scene<'_>,
    id: InstanceId,
) -> Vec<FieldDraft> {
    let all = items.iter().enumerate();
    let mut found: Vec<Found> = all
        .filter_map(|(at, item)| find(at, item, scene, id))
        .collect();
    let mut lists: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, one) in found.iter().enumerate() {
        lists.entry(one.name.clone()).or_default().push(at);
    }
    for list in lists.into_values() {
        let members: Vec<&Found> = list.iter().filter_map(|at| found.get(*at)).collect();
        let first = members.first().map(|one| (&one.kind, &one.fixed));
        let in_order = members
            .iter()
            .enumerate()
            .all(|(at, one)| one.index == Some(at));
        let alike = members
            .iter()
            .all(|one| Some((&one.kind, &one.fixed)) == first);
        if in_order && alike {
            continue;
        }
        for at in list {
            if let Some(one) = found.get_mut(at)
                && let Some(index) = one.index.take()
            {
                one.name = format!("{}[{index}]", one.name);
                one.short = format!("{}[{index}]", one.short);
                let [before, after] = &one.path;
                let place = joined(&format!("{before}[{index}]"), after);
                one.path = [place, String::new()];
            }
        }
    }
    let in_rounds = rolled(&found, &scene.graph[id].loops);
    for (one, rolled) in found.iter_mut().zip(in_rounds) {
        one.iteration = one.iteration.filter(|_| rolled);
    }
    let mut fields: Vec<FieldDraft> = vec![];
    let mut places: HashMap<&str, usize> = HashMap::new();
    for one in &found {
        let element = Element {
            at: At {
                instance: id,
                round: one.iteration.map(|i| i.round),
            },
            index: one.index,
            number: one.iteration.map(|i| i.number),
            values: one.values.clone(),
            made: one.made.clone(),
        };
        match places
            .get(one.name.as_str())
            .and_then(|at| fields.get_mut(*at))
        {
            Some(field) => field.elements.push(element),
            None => {
                places.insert(&one.name, fields.len());
                fields.push(FieldDraft {
                    name: one.name.clone(),
                    short: one.short.clone(),
                    path: one.path.clone(),
                    kind: one.kind.clone(),
                    fixed: one.fixed.clone(),
                    hints: one.hints.clone(),
                    elements: vec![element],
                });
            }
        }
    }
    for one in &found {
        let field = places.get(one.name.as_str()).and_then(|at| fields.get(*at));
        let count = field.map_or(0, |field| field.elements.len());
        if let Some(item) = items.get_mut(one.item) {
            item.held = Some(Held {
                name: one.name.clone(),
                index: one.index.map(|index| (index, count)),
                rolled: one.iteration.is_some(),
            });
        }
    }
    fields
}

/// Which are made by a loop of emitted source: elements of lists of which every round of the loop has one.
fn rolled(found: &[Found], loops: &[usize]) -> Vec<bool> {
    let list = |one: &Found| {
        let iteration = one.iteration.filter(|_| one.index.is_some())?;
        Some(((one.name.clone(), iteration.number), iteration.round))
    };
    let mut rounds: HashMap<(String, usize), Vec<usize>> = HashMap::new();
    for (key, round) in found.iter().filter_map(list) {
        rounds.entry(key).or_default().push(round);
    }
    let once = |key: &(String, usize)| {
        let count = loops.get(key.1).copied().unwrap_or(0);
        let seen = rounds.get(key).map_or(&[][..], Vec::as_slice);
        seen.iter().copied().eq(0..count)
    };
    let in_rounds = |one: &Found| list(one).is_some_and(|(key, _)| once(&key));
    found.iter().map(in_rounds).collect()
}

fn find(at: usize, item: &Item, scene: &Scene<'_>, id: InstanceId) -> Option<Found> {
    let graph = scene.graph;
    let call = item
        .call
        .map(|call| (call, scene.structure(scene.placed(call).structure)));
    let (path, kind, hints, values, made) = match call {
        Some((call, structure)) if structure.lent => return lent(at, item, scene, (id, call)),
        Some((_, structure)) if structure.is_function() => return None,
        Some((call, structure)) => {
            let placed = scene.placed(call);
            let hints = structure.parameters.iter().map(|p| p.name.clone());
            (
                graph[call].path.clone(),
                FieldKind::Structure(placed.structure),
                hints.collect(),
                placed.values.clone(),
                Made::Instance(call),
            )
        }
        None => of_primitive(item, scene)?,
    };
    let Below { name, path, index } = below(&path, &graph[id].path);
    let fixed = match (&made, &kind) {
        // Running statistics are never trained anyway.
        (_, FieldKind::Module(_, started)) if started.is_empty() => vec![],
        (Made::Tensors(tensors), _) if scene.purpose != Purpose::Inference => {
            let fixed = tensors
                .iter()
                .filter(|(_, id)| !graph[*id].trained && !graph.frozen);
            fixed.map(|(name, _)| *name).collect()
        }
        _ => vec![],
    };
    Some(Found {
        item: at,
        short: name.clone(),
        name,
        path,
        index,
        kind,
        fixed,
        hints,
        values,
        made,
        iteration: item.iteration,
    })
}

/// What a call is lent.
fn lent(
    at: usize,
    item: &Item,
    scene: &Scene<'_>,
    (id, call): (InstanceId, InstanceId),
) -> Option<Found> {
    let [held] = scene.fields(call) else {
        bug!("`{}` is lent several things", scene.graph[call].path)
    };
    let element = held.elements.first()?;
    let Below { name, path, index } = below(&scene.graph[call].path, &scene.graph[id].path);
    let [before, after] = path;
    let [inner, _] = &held.path;
    let path = match (&index, before.as_str()) {
        (Some(_), _) => [before, joined(&after, inner)],
        (None, _) => [joined(&before, inner), after],
    };
    Some(Found {
        item: at,
        name: joined(&name, &held.name),
        short: name,
        path,
        index,
        kind: held.kind.clone(),
        fixed: held.fixed.clone(),
        hints: held.hints.clone(),
        values: element.values.clone(),
        made: element.made.clone(),
        iteration: item.iteration,
    })
}

/// A path and what stands below it.
fn joined(path: &str, below: &str) -> String {
    let gap = if path.is_empty() || below.is_empty() || below.starts_with('[') {
        ""
    } else {
        "."
    };
    format!("{path}{gap}{below}")
}

type Parts = (String, FieldKind, Vec<String>, Vec<Value>, Made);

fn of_primitive(item: &Item, scene: &Scene<'_>) -> Option<Parts> {
    let graph = scene.graph;
    let node = &graph[item.node];
    if let Op::Input(_) = node.op {
        return None;
    }
    // Nothing trains a frozen model, and what it starts from says nothing any more.
    let start = |id: ParamId, fan: usize| match (graph.frozen, graph[id].init) {
        (true, Init::Uniform { .. } | Init::Normal { .. } | Init::GammaUniform { .. }) => {
            let bound = (3.0 / fan.max(1) as f64).sqrt();
            Value::Init(Init::Uniform { bound }, fan)
        }
        (_, init) => Value::Init(init, fan),
    };
    match node.op.written().holds(graph) {
        Holds::Nothing => None,
        Holds::Tensor(param) => {
            let [_, sizes @ ..] = padded(&graph[param].shape);
            let numbers = sizes.into_iter().map(|n| Value::Number(Number::Int(n)));
            let starts = (scene.purpose == Purpose::Beginning).then(|| start(param, 1));
            let hints = ["channels", "height", "width", "init"].map(str::to_owned);
            Some((
                graph[param].path.clone(),
                FieldKind::Tensor,
                hints.into_iter().collect(),
                numbers.chain(starts).collect(),
                Made::Tensors(vec![("", param)]),
            ))
        }
        Holds::Module {
            kind,
            sizes,
            tensors,
            trained,
        } => {
            let first = tensors.first().map(|(name, id)| (*name, *id));
            let (name, param) = first?;
            let path = graph[param].path.strip_suffix(name);
            let path = path.map_or(&*node.path, |path| path.trim_end_matches('.'));
            let fan = graph[param].shape.iter().skip(1).product();
            let numbers = sizes.iter().map(|(_, n)| Value::Number(Number::Int(*n)));
            let starts = tensors
                .iter()
                .filter(|_| scene.purpose == Purpose::Beginning && trained)
                .map(|(_, id)| start(*id, fan));
            let hints = sizes
                .iter()
                .map(|(name, _)| name)
                .chain(tensors.iter().map(|(name, _)| name));
            let started = tensors.iter().filter(|_| trained);
            Some((
                path.to_owned(),
                FieldKind::Module(kind, started.map(|(name, _)| *name).collect()),
                hints.map(|name| (*name).to_owned()).collect(),
                numbers.chain(starts).collect(),
                Made::Tensors(tensors),
            ))
        }
    }
}

/// A stored tensor's sizes as a value: `[1, channels, height, width]`.
pub(super) fn padded(shape: &[usize]) -> [usize; 4] {
    let mut padded = [1; 4];
    let from = if shape.len() < 4 { 1 } else { 0 };
    padded
        .iter_mut()
        .skip(from)
        .zip(shape)
        .for_each(|(to, n)| *to = *n);
    padded
}

/// A path below an instance, without its last place in a list.
struct Below {
    /// As a name.
    name: String,
    /// Before and after the place.
    path: [String; 2],
    index: Option<usize>,
}

/// What a path is below an instance: `fast.rgu[0]` is `fast.rgu` and 0.
fn below(path: &str, instance: &str) -> Below {
    let Some(rest) = path.strip_prefix(instance) else {
        bug!("`{path}` is not below `{instance}`")
    };
    let rest = rest.trim_start_matches('.');
    let place = rest.rsplit_once('[').and_then(|(head, tail)| {
        let (index, after) = tail.split_once(']')?;
        Some((head, index.parse().ok()?, after))
    });
    match place {
        Some((head, index, after)) => Below {
            name: format!("{head}{after}"),
            path: [head.to_owned(), after.trim_start_matches('.').to_owned()],
            index: Some(index),
        },
        None => Below {
            name: if rest.is_empty() { "value" } else { rest }.to_owned(),
            path: [rest.to_owned(), String::new()],
            index: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_place_in_a_list_is_told_apart() {
        let parts = |path, instance| {
            let Below { name, path, index } = below(path, instance);
            (name, path.join("|"), index)
        };
        let fast = ("fast.rgu".into(), "fast.rgu|".into(), Some(1));
        assert_eq!(parts("b[0].fast.rgu[1]", "b[0]"), fast);
        let net = ("kernel.net".into(), "kernel|net".into(), Some(2));
        assert_eq!(parts("b[0].l9.kernel[2].net", "b[0].l9"), net);
        assert_eq!(parts("b[3]", ""), ("b".into(), "b|".into(), Some(3)));
        assert_eq!(parts("b[0].k", "b[0]"), ("k".into(), "k|".into(), None));
        assert_eq!(parts("b[0]", "b[0]"), ("value".into(), "|".into(), None));
    }

    #[test]
    fn sizes_are_padded_to_a_map() {
        assert_eq!(padded(&[1]), [1, 1, 1, 1]);
        assert_eq!(padded(&[1, 8, 9]), [1, 1, 8, 9]);
        assert_eq!(padded(&[1, 16]), [1, 1, 16, 1]);
        assert_eq!(padded(&[1, 4, 8, 8]), [1, 4, 8, 8]);
    }
}

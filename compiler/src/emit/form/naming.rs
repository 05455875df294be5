//! Statements of a draft: the names that its text gives, and names for what is read twice.

use std::collections::HashMap;

use super::draft::{Builder, Given, Place};
use super::fields::Item;
use super::scene::scalar;
use super::tree::{Expr, Let, Name, OpExpr, Part, Parts, Value};
use crate::model::{Binding, Iteration, NodeId, Op};
use crate::primitives::written::Number;
use crate::primitives::{equal_parts_burn, equal_parts_torch};

/// How many calls may stand in each other before one that holds tensors gets a name.
const HIGHEST: usize = 4;

impl Builder<'_> {
    /// The statements of names that the text gives.
    pub(super) fn bound(&mut self, result: NodeId) -> Vec<(usize, Option<Iteration>, Planned)> {
        let graph = self.scene.graph;
        let bindings = &graph[self.id].bindings;
        let whole = self.whole_lists(bindings);
        let mut lets: Vec<(usize, Option<Iteration>, Planned)> = vec![];
        let mut latest = 0;
        for binding in bindings {
            if !self.scene.is_read(binding.node) {
                continue;
            }
            let known = self.item_of.get(&binding.node).copied();
            let is_given = self.given.contains_key(&binding.node);
            if known.is_none() && !is_given {
                continue;
            }
            let own = known.map_or(0, |at| self.item(at).position);
            latest = latest.max(own);
            let iteration = binding
                .iteration
                .filter(|i| !self.unrolled.contains(&i.number));
            let name = Name::Local(binding.name.clone());
            if let Some(index) = binding.index {
                let list = self.lists.entry(name.clone()).or_default();
                while list.positions.len() <= index {
                    list.positions.push(latest);
                }
                list.dynamic |= iteration.is_some();
            }
            if let Some(split) = whole.get(&binding.name) {
                if let Some(list) = self.lists.get_mut(&name) {
                    list.dynamic = true;
                }
                if binding.index == Some(0) {
                    lets.push((own, None, Planned::Split(binding.name.clone(), *split)));
                }
            } else {
                let aliased = is_given || known.is_some_and(|at| self.item(at).stated);
                let only = known.filter(|at| {
                    let item = self.item(*at);
                    binding.index.is_none() && item.uses == 1 && binding.node == result
                        || self.never(item)
                });
                match (aliased, known) {
                    (true, _) if binding.index.is_none() => continue,
                    (false, Some(_)) if only.is_some() => continue,
                    (false, Some(_)) | (true, _) => {}
                    (false, None) => continue,
                }
                let planned = Planned::Named(binding.name.clone(), binding.index, binding.node);
                let position = if aliased { latest } else { own };
                lets.push((position, iteration, planned));
            }
            if let Some(item) = known.and_then(|at| self.items.get_mut(at)) {
                item.stated = true;
            }
            let given = Given {
                name,
                index: binding.index,
                position: latest,
            };
            self.given.entry(binding.node).or_default().push(given);
        }
        lets
    }

    /// Values without a name that are read more than once, or that stand too deep.
    pub(super) fn temporaries(&mut self, lets: &mut Vec<(usize, Option<Iteration>, Planned)>) {
        let graph = self.scene.graph;
        let mut heights = vec![0; self.items.len()];
        for at in 0..self.items.len() {
            let height = self.height(at, &heights);
            let item = self.item(at);
            let often =
                item.uses > 1 || (item.uses == 1 && item.held.is_some() && height > HIGHEST);
            if item.stated || !often || self.never(item) {
                let inside = if item.stated { 0 } else { height };
                heights
                    .iter_mut()
                    .skip(at)
                    .take(1)
                    .for_each(|known| *known = inside);
                continue;
            }
            let (position, iteration, node) = (item.position, item.iteration, item.node);
            let path = match item.call {
                Some(call) => graph[call].path.as_str(),
                None => &graph[node].path,
            };
            let words = words(
                path.strip_prefix(graph[self.id].path.as_str())
                    .unwrap_or(path),
            );
            let count = self
                .temporary
                .entry((words.clone(), iteration))
                .or_default();
            *count += 1;
            let name = match *count {
                1 => words,
                more => format!("{words}_{more}"),
            };
            lets.push((
                position,
                iteration,
                Planned::Named(name.clone(), None, node),
            ));
            if let Some(item) = self.items.get_mut(at) {
                item.stated = true;
            }
            let name = Name::Local(name);
            self.given.entry(node).or_default().push(Given {
                name,
                index: None,
                position,
            });
        }
    }

    /// How deeply an item nests others that stand in it; what may be left out does not count.
    fn height(&self, at: usize, heights: &[usize]) -> usize {
        let item = self.item(at);
        let below = self.operands(at).into_iter().filter_map(|node| {
            let at = self.item_of.get(&node)?;
            heights.get(*at).copied()
        });
        let identity = item.call.is_none()
            && self.scene.graph[item.node]
                .op
                .written()
                .identity()
                .is_some();
        below.max().unwrap_or(0) + usize::from(!identity)
    }

    /// Whether a value is always written where it is read.
    pub(super) fn never(&self, item: &Item) -> bool {
        let node = &self.scene.graph[item.node];
        item.call.is_none() && (matches!(node.op, Op::Stored(_)) || scalar(node).is_some())
    }

    /// Lists that are all equal parts of one value, and how many parts.
    pub(super) fn whole_lists(&self, bindings: &[Binding]) -> HashMap<String, (NodeId, usize)> {
        let graph = self.scene.graph;
        let mut lists: HashMap<&str, Vec<Option<NodeId>>> = HashMap::new();
        for binding in bindings {
            let own = self.item_of.contains_key(&binding.node) && binding.index.is_some();
            lists
                .entry(&binding.name)
                .or_default()
                .push(Some(binding.node).filter(|_| own));
        }
        let whole = lists.into_iter().filter_map(|(name, nodes)| {
            let nodes: Vec<NodeId> = nodes.into_iter().collect::<Option<_>>()?;
            let parts = nodes.iter().map(|id| match graph[*id].op {
                Op::Part(part) => Some((part, graph[*id].shape.channels)),
                _ => None,
            });
            let parts: Vec<_> = parts.collect::<Option<_>>()?;
            let (first, channels) = *parts.first()?;
            let mut starts = parts.iter().enumerate();
            let even = starts.all(|(i, (part, n))| {
                part.x == first.x && *n == channels && part.start == i * channels
            });
            let all = channels * parts.len() == graph[first.x].shape.channels;
            (even && all).then(|| (name.to_owned(), (first.x, parts.len())))
        });
        whole.collect()
    }

    pub(super) fn statement(&mut self, planned: Planned, place: Place) -> Let {
        match planned {
            Planned::Split(name, (x, parts)) => {
                let slot = self.slot("parts", Value::Number(Number::Int(parts)), place);
                let operand = Part::One(self.expr(x, place, true));
                let op = OpExpr {
                    burn: equal_parts_burn(),
                    torch: equal_parts_torch(),
                    operands: Parts {
                        list: vec![operand],
                        seen: vec![],
                    },
                    numbers: vec![slot],
                    held: None,
                    optional: false,
                };
                Let {
                    name,
                    index: None,
                    whole: true,
                    expr: Expr::Op(Box::new(op)),
                }
            }
            Planned::Named(name, index, node) => {
                let local = Name::Local(name.clone());
                let index = index.map(|index| self.index(&local, index, place));
                let aliased = self.named_before(node, &local, place);
                let expr = self.expr(node, place, aliased);
                Let {
                    name,
                    index,
                    whole: false,
                    expr,
                }
            }
        }
    }

    /// Whether a value has another name before this one.
    pub(super) fn named_before(&self, node: NodeId, name: &Name, place: Place) -> bool {
        let given = self.given.get(&node).map_or(&[][..], Vec::as_slice);
        let first = given.first();
        first.is_some_and(|first| first.name != *name && first.position <= place.position)
    }
}

/// A statement before its expression is made.
pub(super) enum Planned {
    /// Name, place in a list, value.
    Named(String, Option<usize>, NodeId),
    /// A list of so many equal parts of a value.
    Split(String, (NodeId, usize)),
}

/// The words of a path without its places in lists.
pub(super) fn words(path: &str) -> String {
    let parts = path.split(['.', '[', ']']);
    let words =
        parts.filter(|part| !part.is_empty() && !part.starts_with(|c: char| c.is_ascii_digit()));
    words.collect::<Vec<_>>().join("_")
}

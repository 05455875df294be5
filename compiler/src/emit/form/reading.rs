//! Expressions of a draft: a value by its names, or what computes it.

use super::draft::{Builder, Place, element};
use super::index::Index;
use super::lists::compress;
use super::scene::scalar;
use super::tree::{
    Argument, At, CallExpr, Candidate, Expr, Name, OpExpr, Part, Parts, Slot, Value,
};
use crate::bug::bug;
use crate::model::{InstanceId, Iteration, NodeId, Op};
use crate::primitives::written::{Code, Number};

impl Builder<'_> {
    pub(super) fn slot(&self, hint: &str, value: Value, place: Place) -> Slot {
        Slot::new(hint, self.at(place.iteration), value)
    }

    pub(super) fn at(&self, iteration: Option<Iteration>) -> At {
        At {
            instance: self.id,
            round: iteration.map(|i| i.round),
        }
    }

    /// Where something stands.
    pub(super) fn at_place(&self, place: Place) -> At {
        self.at(place.iteration)
    }

    /// How many elements a list has at a place.
    pub(super) fn length(&self, name: &Name, place: Place) -> usize {
        let positions = self.lists.get(name).map_or(&[][..], |list| &list.positions);
        match name {
            Name::Input(_) => positions.len(),
            Name::Local(_) => {
                let before = positions.iter().filter(|at| **at < place.position);
                before.count()
            }
        }
    }

    pub(super) fn index(&self, list: &Name, index: usize, place: Place) -> Index {
        let positions = self.lists.get(list).map_or(&[][..], |list| &list.positions);
        let next = positions.get(index + 1);
        let latest = next.is_none_or(|next| *next >= place.position);
        Index::new(
            index,
            self.length(list, place),
            place.iteration.map(|i| i.round),
            latest,
        )
    }

    /// The names by which a value can be read at a place; without those given at this very place.
    pub(super) fn candidates(&self, node: NodeId, place: Place) -> Vec<Candidate> {
        let given = self.given.get(&node).map_or(&[][..], Vec::as_slice);
        let before = given
            .iter()
            .enumerate()
            .filter(|(at, given)| *at == 0 || given.position < place.position);
        let candidates = before.map(|(_, given)| {
            let list = self.lists.get(&given.name);
            match given.index {
                Some(index) if list.is_some_and(|list| list.dynamic) => Candidate {
                    name: given.name.clone(),
                    index: Some(self.index(&given.name, index, place)),
                },
                Some(index) => Candidate {
                    name: Name::Local(element(&given.name, index)),
                    index: None,
                },
                None => Candidate {
                    name: given.name.clone(),
                    index: None,
                },
            }
        });
        candidates.collect()
    }

    /// A value at a place: by its name, or where `named` is false or it has none, what computes it.
    pub(super) fn expr(&mut self, node: NodeId, place: Place, named: bool) -> Expr {
        let at = self.item_of.get(&node).copied();
        let stated = at.is_none_or(|at| self.item(at).stated);
        if named && stated {
            let candidates = self.candidates(node, place);
            if candidates.is_empty() {
                bug!(
                    "`{}` is read where nothing names it",
                    self.scene.graph[node].path
                );
            }
            return Expr::Read(candidates);
        }
        let Some(at) = at else {
            bug!(
                "`{}` is read outside of what it belongs to",
                self.scene.graph[node].path
            )
        };
        match self.item(at).call {
            Some(call) => self.call(at, call, place),
            None => self.op(at, place),
        }
    }

    pub(super) fn call(&mut self, at: usize, call: InstanceId, place: Place) -> Expr {
        let scene = self.scene;
        let placed = scene.placed(call);
        let structure = scene.structure(placed.structure);
        let field = self
            .item(at)
            .held
            .as_ref()
            .map(|held| held.used(place.iteration));
        let mut arguments = vec![];
        for input in &structure.inputs {
            let inputs = scene.graph[call].inputs.iter();
            let nodes: Vec<NodeId> = inputs
                .filter(|i| i.param == input.source)
                .map(|i| i.node)
                .collect();
            let argument = match (input.list, nodes.as_slice()) {
                (true, _) => Argument::List(self.parts(&nodes, place)),
                (false, [node]) => Argument::One(self.expr(*node, place, true)),
                _ => bug!(
                    "`{}` is called without `{}`",
                    scene.graph[call].path,
                    input.source
                ),
            };
            arguments.push(argument);
        }
        let numbers = match structure.is_function() {
            true => {
                let pairs = structure.parameters.iter().zip(&placed.values);
                pairs
                    .map(|(p, value)| self.slot(&p.name, *value, place))
                    .collect()
            }
            false => vec![],
        };
        Expr::Call(Box::new(CallExpr {
            structure: placed.structure,
            field,
            arguments,
            numbers,
        }))
    }

    pub(super) fn op(&mut self, at: usize, place: Place) -> Expr {
        let graph = self.scene.graph;
        let item = self.item(at);
        let node = &graph[item.node];
        let written = node.op.written();
        let numbers = written.numbers(graph, &node.shape);
        let missing = written.identity();
        let mut slots = vec![];
        for (hint, number) in numbers {
            let mut slot = self.slot(hint, Value::Number(number), place);
            slot.missing = missing.map(Value::Number);
            slots.push(slot);
        }
        let held = item.held.as_ref().map(|held| held.used(place.iteration));
        let (burn, torch, mut nodes) = (written.burn(graph), written.torch(), node.op.operands());
        let mut bare = match (&node.op, nodes.as_slice()) {
            (Op::Add(_) | Op::Sub(_) | Op::Mul(_), [a, b]) => [self.bare(*a), self.bare(*b)],
            _ => [None, None],
        };
        match bare {
            // One of the two has to be a tensor.
            [Some(_), Some(_)] => bare = [None, None],
            // Numbers stand on the right.
            [Some(_), None] if !matches!(node.op, Op::Sub(_)) => {
                nodes.reverse();
                bare.reverse();
            }
            _ => {}
        }
        let operands = match has(&burn, &Code::Operands) {
            true => self.parts(&nodes, place),
            false => {
                let bare = bare.into_iter().chain(std::iter::repeat(None));
                let operands = nodes.iter().zip(bare).map(|(x, bare)| {
                    Part::One(match bare {
                        Some(number) => {
                            Expr::Number(self.slot("value", Value::Number(number), place))
                        }
                        None => self.expr(*x, place, true),
                    })
                });
                Parts {
                    list: operands.collect(),
                    seen: vec![],
                }
            }
        };
        Expr::Op(Box::new(OpExpr {
            burn,
            torch,
            operands,
            numbers: slots,
            held,
            optional: missing.is_some(),
        }))
    }

    /// A number that needs no tensor beside one; where anything else reads it, it is a tensor.
    fn bare(&self, node: NodeId) -> Option<Number> {
        let item = self.item(*self.item_of.get(&node)?);
        let own = item.call.is_none() && !item.stated;
        scalar(&self.scene.graph[node]).filter(|_| own)
    }

    pub(super) fn parts(&mut self, nodes: &[NodeId], place: Place) -> Parts {
        let runs = compress(nodes, |node| {
            let given = self.given.get(&node).map_or(&[][..], Vec::as_slice);
            // Of the names that it has there.
            let before = given.iter().filter(|given| {
                matches!(given.name, Name::Input(_)) || given.position < place.position
            });
            let lists = before.filter_map(|given| {
                self.lists.get(&given.name).filter(|list| list.dynamic)?;
                Some((
                    given.name.clone(),
                    given.index?,
                    self.length(&given.name, place),
                ))
            });
            lists.collect()
        });
        let list = runs.into_iter().map(|run| run.part(self, place)).collect();
        let dynamic = self.lists.iter().filter(|(_, list)| list.dynamic);
        let lengths = dynamic.map(|(name, _)| (name.clone(), self.length(name, place)));
        let seen = vec![(self.at_place(place), lengths.collect())];
        Parts { list, seen }
    }
}

/// Whether a call has a place of this kind.
pub(super) fn has(code: &Code, wanted: &Code) -> bool {
    let mut found = code == wanted;
    code.each_inner(&mut |inner| found |= has(inner, wanted));
    found
}

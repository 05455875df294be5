//! The arrows: each value that an operation reads goes from box to box, and through the sides of those that hold them.

use std::collections::HashSet;

use termc_compiler::bug::fault;
use termc_compiler::model::Graph;

use super::boxes::Boxes;
use super::losses::reads;
use super::{Arrow, End, Port, ROOT};

/// Adds all arrows.
pub(super) fn connect(graph: &Graph, boxes: &mut Boxes<'_>) {
    let mut drawing = Drawing {
        boxes,
        known: HashSet::new(),
    };
    for id in graph.node_ids() {
        for operand in graph[id].op.operands() {
            drawing.value(operand.index(), drawing.box_of(id.index()), false);
        }
    }
    for (value, number, beside) in reads(drawing.boxes) {
        drawing.value(value, number, beside);
    }
}

struct Drawing<'a, 'b> {
    boxes: &'a mut Boxes<'b>,
    known: HashSet<(usize, Arrow)>,
}

impl Drawing<'_, '_> {
    fn box_of(&self, value: usize) -> usize {
        match self.boxes.of_node.get(value) {
            Some(number) => *number,
            None => fault(&format!("the value {value} has no box")),
        }
    }

    /// The boxes that hold a box, outermost first, and itself.
    fn chain(&mut self, number: usize) -> Vec<usize> {
        let mut chain = vec![number];
        let mut at = number;
        while let Some(parent) = self.boxes.item(at).parent {
            chain.push(parent);
            at = parent;
        }
        chain.reverse();
        chain
    }

    /// A value goes to the box that reads it.
    fn value(&mut self, value: usize, reader: usize, beside: bool) {
        let writer = self.box_of(value);
        if writer == reader {
            return;
        }
        let (from, to) = (self.chain(writer), self.chain(reader));
        let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        let (Some(scope), Some(first), Some(second)) = (
            common.checked_sub(1).and_then(|at| from.get(at)),
            from.get(common),
            to.get(common),
        ) else {
            fault("a value is read by a box that holds it");
        };
        let (scope, first, second) = (*scope, *first, *second);
        // Out of the boxes that hold the writer, innermost first, so that each knows what it is called inside.
        let outer: Vec<usize> = from.iter().skip(common).copied().collect();
        for pair in outer.windows(2).rev() {
            let &[group, inner] = pair else { continue };
            let output = self.output(group, inner, value);
            let arrow = Arrow {
                from: self.child(group, inner),
                to: End::Output(output),
                output: self.known_output(inner, value),
                input: None,
                loss: false,
            };
            self.arrow(group, arrow);
        }
        let name = self.boxes.item(first).name.clone();
        let inner: Vec<usize> = to.iter().skip(common).copied().collect();
        let mut called = name;
        for pair in inner.windows(2) {
            let &[group, next] = pair else { continue };
            let input = self.input(group, value, &called);
            called = match self.boxes.item(group).inputs.get(input) {
                Some(port) => port.name.clone(),
                None => fault("an input has no name"),
            };
            let below = (!self.boxes.item(next).children.is_empty())
                .then(|| self.input(next, value, &called));
            let arrow = Arrow {
                from: End::Input(input),
                to: self.child(group, next),
                output: None,
                input: below,
                loss: false,
            };
            self.arrow(group, arrow);
        }
        let input = self.boxes.item(second).inputs.iter();
        let input = input.clone().position(|port| port.value == value);
        let arrow = Arrow {
            from: self.child(scope, first),
            to: self.child(scope, second),
            output: self.known_output(first, value),
            input,
            loss: beside && scope == ROOT,
        };
        self.arrow(scope, arrow);
    }

    fn arrow(&mut self, scope: usize, arrow: Arrow) {
        if self.known.insert((scope, arrow)) {
            self.boxes.item(scope).arrows.push(arrow);
        }
    }

    fn child(&mut self, group: usize, inner: usize) -> End {
        let children = &self.boxes.item(group).children;
        match children.iter().position(|child| *child == inner) {
            Some(place) => End::Child(place),
            None => fault("a box does not hold what it holds"),
        }
    }

    /// The place of a value among those that a box is given; it is called as its parameter says, else as it is outside.
    fn input(&mut self, group: usize, value: usize, called: &str) -> usize {
        let item = self.boxes.item(group);
        if let Some(known) = item.inputs.iter().position(|port| port.value == value) {
            return known;
        }
        let instance = self.boxes.instances.get(&group).copied();
        let parameter = instance.and_then(|id| {
            let mut inputs = self.boxes.graph[id].inputs.iter();
            let input = inputs.find(|input| input.node.index() == value)?;
            let index = input.index.map(|i| format!("[{i}]")).unwrap_or_default();
            Some(format!("{}{index}", input.param))
        });
        let name = parameter.unwrap_or_else(|| called.to_owned());
        let item = self.boxes.item(group);
        item.inputs.push(Port { name, value });
        item.inputs.len() - 1
    }

    fn output(&mut self, group: usize, inner: usize, value: usize) -> usize {
        if let Some(known) = self.known_output(group, value) {
            return known;
        }
        let instance = self.boxes.instances.get(&group).copied();
        let result = instance.map(|id| self.boxes.graph[id].result.index());
        let name = match result {
            Some(result) if result == value => "result".to_owned(),
            Some(_) => self.boxes.item(inner).name.clone(),
            None => self.boxes.item(group).name.clone(),
        };
        let item = self.boxes.item(group);
        item.outputs.push(Port { name, value });
        item.outputs.len() - 1
    }

    fn known_output(&mut self, group: usize, value: usize) -> Option<usize> {
        let outputs = &self.boxes.item(group).outputs;
        outputs.iter().position(|port| port.value == value)
    }
}

//! Parts that only one model has, and changes, told once for all calls of a block that they are in.

use std::collections::HashMap;

use super::Part;
use super::merge::Merged;
use super::places::{alone, place};
use crate::tree::{End, Mark, ROOT};

impl Merged {
    /// The parts that only the second and only the first model has.
    pub fn parts(&self) -> [Vec<Part>; 2] {
        [Mark::Added, Mark::Removed].map(|mark| {
            let mut parts: Vec<Part> = vec![];
            let mut known: HashMap<(String, String, bool), usize> = HashMap::new();
            for number in self.outermost(mark) {
                let item = self.tree.item(number);
                let follows = self.follows(number, mark);
                let (path, call) = place(&self.tree, number);
                let what = match item.arguments.is_empty() {
                    true => item.what.clone(),
                    false => format!("{}({})", item.what, item.arguments),
                };
                // The values of a call differ from call to call: what is called counts.
                let key = (path.clone(), item.what.clone(), follows);
                let at = *known.entry(key).or_insert_with(|| {
                    parts.push(Part {
                        path,
                        calls: vec![],
                        what,
                        follows,
                        parameters: 0,
                        multiply_adds: 0,
                        fixed_multiply_adds: 0,
                    });
                    parts.len() - 1
                });
                if let Some(part) = parts.get_mut(at) {
                    part.calls.extend(call);
                    part.parameters += item.fast_parameters + item.slow_parameters;
                    part.multiply_adds += item.cost.multiply_adds;
                    part.fixed_multiply_adds += item.cost.fixed_multiply_adds;
                }
            }
            for part in &mut parts {
                alone(&mut part.path, &mut part.calls);
            }
            parts
        })
    }

    /// The boxes with a mark whose holders have another, in order.
    fn outermost(&self, mark: Mark) -> Vec<usize> {
        let mut found = vec![];
        let mut open = vec![ROOT];
        while let Some(number) = open.pop() {
            let item = self.tree.item(number);
            if item.mark == Some(mark) {
                found.push(number);
            } else {
                open.extend(item.children.iter().rev());
            }
        }
        found
    }

    /// Whether all that read a part, of which there are some, are marked like it: it goes, or comes, with them.
    fn follows(&self, number: usize, mark: Mark) -> bool {
        let Some(parent) = self.tree.item(number).parent else {
            return false;
        };
        let holder = self.tree.item(parent);
        let end = holder.children.iter().position(|child| *child == number);
        let Some(end) = end.map(End::Child) else {
            return false;
        };
        let marked = |to: End| match to {
            End::Child(place) => {
                let child = holder.children.get(place);
                child.is_some_and(|child| self.tree.item(*child).mark == Some(mark))
            }
            End::Input(_) | End::Output(_) => false,
        };
        let readers: Vec<End> = (holder.arrows.iter())
            .filter(|arrow| arrow.from == end)
            .map(|arrow| arrow.to)
            .collect();
        !readers.is_empty() && readers.into_iter().all(marked)
    }
}

//! Two trees as one: what only one of them has is marked, and what both have differently is kept for the account.

use std::collections::{HashMap, HashSet};

use super::Change;
use super::places::grouped;
use crate::tree::{Arrow, End, Item, Mark, ROOT, Role, Tree};

/// The second tree with what only the first has.
pub(super) struct Merged {
    pub tree: Tree,
    /// Boxes that are another operation: which, in the first and in the second.
    different: Vec<(usize, String, String)>,
    /// Boxes that read something else: what, in the first and in the second.
    rewired: Vec<(usize, String, String)>,
    /// Boxes whose own settings differ: what is inside of them differs because of that.
    pub settled: HashSet<usize>,
    /// The shapes in the first tree, by path.
    pub shapes: HashMap<String, String>,
}

/// Puts them together by the names of their boxes.
pub(super) fn merge(first: &Tree, second: Tree) -> Merged {
    let mut merged = Merged {
        tree: second,
        different: vec![],
        rewired: vec![],
        settled: HashSet::new(),
        shapes: (first.items.iter())
            .map(|item| (item.path.clone(), item.shape.clone()))
            .collect(),
    };
    merged.inside(first, ROOT, ROOT);
    merged
}

/// An arrow by the names of its ends.
type Named = (String, String);

impl Merged {
    fn item(&mut self, number: usize) -> &mut Item {
        match self.tree.items.get_mut(number) {
            Some(item) => item,
            None => termc_compiler::bug::fault(&format!("there is no box {number}")),
        }
    }

    /// Compares the insides of a box of both trees.
    fn inside(&mut self, first: &Tree, old: usize, new: usize) {
        let known: HashMap<String, usize> = (self.tree.children(new))
            .map(|(number, item)| (item.name.clone(), number))
            .collect();
        let before: HashMap<&str, usize> = (first.children(old))
            .map(|(number, item)| (item.name.as_str(), number))
            .collect();
        for (name, number) in &known {
            if !before.contains_key(name.as_str()) {
                self.mark_all(*number, Mark::Added);
            }
        }
        self.rewired(first, old, new, &known);
        let children: Vec<(usize, String)> = (first.children(old))
            .map(|(number, item)| (number, item.name.clone()))
            .collect();
        let mut copies = HashMap::new();
        for (number, name) in children {
            match known.get(&name) {
                Some(same) => self.both(first, number, *same),
                None => {
                    let copy = self.copy(first, number, new);
                    copies.insert(name, copy);
                }
            }
        }
        if !copies.is_empty() {
            self.arrows_of_removed(first, old, new, &copies);
        }
    }

    /// A box that both have.
    fn both(&mut self, first: &Tree, old: usize, new: usize) {
        let (was, is) = (first.item(old), self.tree.item(new));
        let holds = !was.children.is_empty() && !is.children.is_empty();
        if holds && (was.what == is.what || is_binding(was, is)) {
            self.inside(first, old, new);
            return;
        }
        let (a, b) = (described(was), described(is));
        if a != b {
            self.different.push((new, a, b));
            self.item(new).mark = Some(Mark::Changed);
        }
    }

    /// Copies a box that is gone, with all that it holds.
    fn copy(&mut self, first: &Tree, old: usize, parent: usize) -> usize {
        let number = self.tree.items.len();
        let mut item = first.item(old).clone();
        item.parent = Some(parent);
        item.mark = Some(Mark::Removed);
        let children = std::mem::take(&mut item.children);
        self.tree.items.push(item);
        self.item(parent).children.push(number);
        for child in children {
            self.copy(first, child, number);
        }
        number
    }

    /// The arrows of the boxes that are gone.
    fn arrows_of_removed(
        &mut self,
        first: &Tree,
        old: usize,
        new: usize,
        copies: &HashMap<String, usize>,
    ) {
        let arrows = first.item(old).arrows.clone();
        for arrow in arrows {
            let names = [arrow.from, arrow.to].map(|end| name_of(first, old, end));
            let gone = names.iter().any(|name| {
                let name = name.strip_prefix("box ").unwrap_or_default();
                copies.contains_key(name)
            });
            let ends = [arrow.from, arrow.to].map(|end| self.same_end(first, old, new, end));
            if let ([Some(from), Some(to)], true) = (ends, gone) {
                self.item(new).arrows.push(Arrow { from, to, ..arrow });
            }
        }
    }

    /// The end of an arrow of the first tree, in the merged one.
    fn same_end(&self, first: &Tree, old: usize, new: usize, end: End) -> Option<End> {
        let (was, is) = (first.item(old), self.tree.item(new));
        match end {
            End::Child(place) => {
                let name = &first.item(*was.children.get(place)?).name;
                let mut children = is.children.iter();
                let place = children.position(|child| self.tree.item(*child).name == *name)?;
                Some(End::Child(place))
            }
            End::Input(place) => {
                let name = &was.inputs.get(place)?.name;
                let place = is.inputs.iter().position(|port| port.name == *name)?;
                Some(End::Input(place))
            }
            End::Output(place) => {
                let name = &was.outputs.get(place)?.name;
                let place = is.outputs.iter().position(|port| port.name == *name)?;
                Some(End::Output(place))
            }
        }
    }

    /// Boxes that both have and that read something else. An arrow that only leads past a box that is gone, or no longer
    /// past one that is new, says nothing of its own.
    fn rewired(&mut self, first: &Tree, old: usize, new: usize, known: &HashMap<String, usize>) {
        let before = named(first, old);
        let after = named(&self.tree, new);
        let common = |name: &str, tree: &Tree, number: usize| match name.strip_prefix("box ") {
            Some(name) => tree.children(number).any(|(_, item)| item.name == name),
            None => true,
        };
        let past = |(from, to): &Named, other: &HashSet<Named>, tree: &Tree, number: usize| {
            let mut ways = other.iter().filter(|(start, _)| start == from);
            ways.any(|(_, over)| {
                !common(over, tree, number) && other.contains(&(over.clone(), to.clone()))
            })
        };
        let lost = before.difference(&after).filter(|arrow| {
            let (from, to) = arrow;
            common(from, &self.tree, new)
                && common(to, &self.tree, new)
                && !past(arrow, &after, first, old)
        });
        let won = after.difference(&before).filter(|arrow| {
            let (from, to) = arrow;
            common(from, first, old)
                && common(to, first, old)
                && !past(arrow, &before, &self.tree, new)
        });
        let mut reads: HashMap<String, [Vec<String>; 2]> = HashMap::new();
        for (from, to) in lost {
            let [lost, _] = reads.entry(to.clone()).or_default();
            lost.push(from.clone());
        }
        for (from, to) in won {
            let [_, won] = reads.entry(to.clone()).or_default();
            won.push(from.clone());
        }
        let mut found = vec![];
        for (to, [mut lost, mut won]) in reads {
            let Some(number) = to.strip_prefix("box ").and_then(|name| known.get(name)) else {
                continue;
            };
            lost.sort();
            won.sort();
            let words = |names: &[String]| -> String {
                let names: Vec<&str> = (names.iter())
                    .filter_map(|name| name.split_once(' ').map(|(_, name)| name))
                    .collect();
                match names.is_empty() {
                    true => "does not read it".to_owned(),
                    false => format!("reads {}", names.join(", ")),
                }
            };
            found.push((*number, words(&lost), words(&won)));
        }
        found.sort();
        for (number, lost, won) in found {
            self.item(number).mark = Some(Mark::Changed);
            self.rewired.push((number, lost, won));
        }
    }

    fn mark_all(&mut self, number: usize, mark: Mark) {
        self.item(number).mark = Some(mark);
        for child in self.item(number).children.clone() {
            self.mark_all(child, mark);
        }
    }

    /// Whether a box or one that holds it has other settings.
    pub fn is_settled(&self, number: usize) -> bool {
        let mut holders = self.tree.holders(number);
        holders.any(|holder| self.settled.contains(&holder))
    }

    /// What the boxes of both differ in, apart from settings. What differs inside of a box with other settings follows.
    pub fn changes(&self) -> Vec<Change> {
        let different = self.different.iter();
        let different = different.filter(|(n, ..)| !self.is_settled(*n));
        let rewired = self.rewired.iter().filter(|(n, ..)| {
            let parent = self.tree.item(*n).parent;
            !parent.is_some_and(|parent| self.is_settled(parent))
        });
        let own = different.chain(rewired);
        let own = own.map(|(number, from, to)| (*number, String::new(), from.clone(), to.clone()));
        grouped(&self.tree, own.collect())
    }

    /// Marks the boxes that hold marked ones, and has the outermost marked ones shown.
    pub fn mark_holders(&mut self) {
        const SHOWN: usize = 24;
        for number in 1..self.tree.items.len() {
            let item = self.tree.item(number);
            let Some(mark) = item.mark.filter(|mark| *mark != Mark::Inside) else {
                continue;
            };
            let parent = item.parent;
            let alone = parent.is_none_or(|parent| self.tree.item(parent).mark != Some(mark));
            if alone && self.tree.shown.len() < SHOWN {
                self.tree.shown.push(item.path.clone());
            }
            let mut at = parent;
            while let Some(holder) = at.filter(|holder| *holder != ROOT) {
                let item = self.item(holder);
                if item.mark.is_none() {
                    item.mark = Some(Mark::Inside);
                }
                at = item.parent;
            }
        }
    }
}

/// Whether both are bindings of several calls, which are compared by what they hold.
fn is_binding(was: &Item, is: &Item) -> bool {
    [was, is]
        .iter()
        .all(|item| item.arguments.is_empty() && !item.is_user_block)
}

/// A box in words, without what follows from the shapes of what it reads.
fn described(item: &Item) -> String {
    let counted = ["concat", "split", "tile", "mean", "grid"];
    match &item.operation {
        _ if item.role == Role::Loss => {
            let what = item.what.split(" of ").next().unwrap_or_default();
            [what, &item.arguments].join(" ").trim().to_owned()
        }
        Some(_) if item.is_user_block || !item.arguments.is_empty() => item.what.clone(),
        Some(operation) if counted.iter().any(|word| operation.starts_with(word)) => {
            item.what.clone()
        }
        Some(operation) => operation.clone(),
        None => item.what.clone(),
    }
}

/// The arrows of a box by names: `box fast`, `input x`, `output result`.
fn named(tree: &Tree, number: usize) -> HashSet<Named> {
    let arrows = tree.item(number).arrows.iter();
    arrows
        .map(|arrow| {
            let [from, to] = [arrow.from, arrow.to].map(|end| name_of(tree, number, end));
            (from, to)
        })
        .collect()
}

fn name_of(tree: &Tree, number: usize, end: End) -> String {
    let item = tree.item(number);
    let name = match end {
        End::Child(place) => {
            let child = item.children.get(place);
            child.map(|child| format!("box {}", tree.item(*child).name))
        }
        End::Input(place) => item
            .inputs
            .get(place)
            .map(|port| format!("input {}", port.name)),
        End::Output(place) => item
            .outputs
            .get(place)
            .map(|port| format!("output {}", port.name)),
    };
    name.unwrap_or_default()
}

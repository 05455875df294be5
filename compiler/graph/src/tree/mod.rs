//! A model as boxes within boxes: block calls and bindings of several calls hold boxes, values are the innermost; arrows
//! go between the boxes of one box and what it is given or gives. Places nothing.

mod arrows;
mod boxes;
mod losses;
mod words;

use termc_compiler::analysis::Dependence;
use termc_compiler::cost::Cost;
use termc_compiler::model::{Model, NodeId, Span};

/// The item of the whole model.
pub const ROOT: usize = 0;

/// The boxes of a model.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The model's name.
    pub model: String,
    /// Its documentation.
    pub doc: String,
    /// All of them; the first is the model, and whoever holds a box comes before it.
    pub items: Vec<Item>,
    /// The documentation of the blocks that are called.
    pub docs: Vec<(String, String)>,
    /// The boxes that a page shows at first, whatever else is closed.
    pub shown: Vec<String>,
}

/// What part of the network a box is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It makes kernels and scores: slow nets and what only they feed.
    Slow,
    /// It computes with features.
    Fast,
    /// It is a term of the loss.
    Loss,
    /// It is the model's input.
    Input,
}

/// How a box differs from the one of the same path in another model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another operation, or has other settings.
    Changed,
    /// Something in it is marked.
    Inside,
}

/// A box.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its name in the box that holds it.
    pub name: String,
    /// Its path in the language; empty for the model.
    pub path: String,
    /// The block that is called, the operation, or what a binding consists of.
    pub what: String,
    /// Whether it is a call of a block that is not the prelude's.
    pub is_user_block: bool,
    /// The operation in words, if the box stands for one.
    pub operation: Option<String>,
    /// The values given to a call, as `expand=4, layers=2`.
    pub arguments: String,
    /// What part of the network it is.
    pub role: Role,
    /// Whether slow nets are inside.
    pub slow_inside: bool,
    /// The shape of its result; empty for terms of the loss.
    pub shape: String,
    /// What its result depends on; None for terms of the loss.
    pub depends: Option<Dependence>,
    /// Stored scalars outside slow nets.
    pub fast_parameters: u64,
    /// Stored scalars inside slow nets.
    pub slow_parameters: u64,
    /// Its value, or that of the call or binding that it is, among the model's primitives; None for the model and terms of the loss.
    pub node: Option<NodeId>,
    /// What it takes.
    pub cost: Cost,
    /// Where it stands in the text.
    pub span: Span,
    /// The box that holds it.
    pub parent: Option<usize>,
    /// The boxes it holds, in order.
    pub children: Vec<usize>,
    /// What it is given, by name.
    pub inputs: Vec<Port>,
    /// What it gives, by name.
    pub outputs: Vec<Port>,
    /// The arrows inside it.
    pub arrows: Vec<Arrow>,
    /// How it differs from another model's.
    pub mark: Option<Mark>,
    /// What a comparison or a training has to say of it: a few words each.
    pub notes: Vec<(String, String)>,
}

/// A value that goes into a box or out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// What it is called inside.
    pub name: String,
    /// Which value it is.
    pub(crate) value: usize,
}

/// One end of an arrow inside a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// One of the boxes it holds, by its place among them.
    Child(usize),
    /// Something it is given, by its place.
    Input(usize),
    /// Something it gives, by its place.
    Output(usize),
}

/// An arrow inside a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Arrow {
    /// Where it starts.
    pub from: End,
    /// Where it ends.
    pub to: End,
    /// Which of the outputs of the box it starts at.
    pub output: Option<usize>,
    /// Which of the inputs of the box it ends at.
    pub input: Option<usize>,
    /// Whether it only shows the loss a value: drawn beside the others.
    pub loss: bool,
}

/// The boxes of a model, by its primitives.
pub fn tree(model: &Model) -> Tree {
    let mut boxes = boxes::boxes(model);
    losses::add(&mut boxes);
    arrows::connect(model.primitives(), &mut boxes);
    boxes.finish()
}

impl Item {
    /// Whether a drawing with so many open levels shows what is inside in place of the closed box.
    pub(crate) fn is_open(&self, depth: usize) -> bool {
        depth > 0 && !self.children.is_empty()
    }
}

impl Tree {
    /// A box. Numbers of boxes are only made together with them.
    #[allow(
        clippy::indexing_slicing,
        reason = "a number is only made together with its box"
    )]
    pub fn item(&self, number: usize) -> &Item {
        &self.items[number]
    }

    /// The boxes that another holds.
    pub fn children(&self, number: usize) -> impl Iterator<Item = (usize, &Item)> {
        let children = self.item(number).children.iter();
        children.map(|child| (*child, self.item(*child)))
    }

    /// Adds to each box what is known of its value.
    pub fn tell(&mut self, known: impl Fn(NodeId) -> Vec<(String, String)>) {
        for item in &mut self.items {
            item.notes.extend(item.node.map(&known).unwrap_or_default());
        }
    }

    /// A box and those that hold it, outwards.
    pub fn holders(&self, number: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(number), |number| self.item(*number).parent)
    }

    /// The box of a path; the empty path is the model.
    pub fn find(&self, path: &str) -> Option<usize> {
        let mut open = vec![ROOT];
        while let Some(number) = open.pop() {
            let item = self.item(number);
            if item.path == path {
                return Some(number);
            }
            // The path of whatever a box holds begins with its own; of the model's it is empty.
            let rest = path.strip_prefix(item.path.as_str());
            if number == ROOT || rest.is_some_and(|rest| rest.starts_with('.')) {
                open.extend(item.children.iter().rev());
            }
        }
        None
    }

    /// The boxes that hold others, by path: those that start like this path, or those of the model.
    pub(crate) fn nearest(&self, path: &str) -> Vec<String> {
        const MOST: usize = 8;
        let first = path.split('.').next().unwrap_or_default();
        let held = self.find(first).unwrap_or(ROOT);
        let groups = self.children(held);
        let groups = groups.filter(|(_, item)| !item.children.is_empty());
        groups
            .map(|(_, item)| item.path.clone())
            .take(MOST)
            .collect()
    }
}

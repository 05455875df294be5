//! Values while a program is elaborated.

use std::rc::Rc;

use super::{Places, Start};
use crate::parts::NodeId;

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Traced {
    /// The value.
    pub value: Value,
    /// Where it was written.
    pub places: Places,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A tensor.
    Tensor(NodeId),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// How a tensor starts.
    Init(Start),
    /// A word of a word type.
    Word(&'static str),
    /// A block with some arguments fixed.
    Block(Rc<BlockValue>),
    /// A list.
    List(Vec<Traced>),
    /// Something that was reported as wrong; what depends on it is not checked.
    Unknown,
}

/// How many elements a list of these has, those of lists inside it counted; every copy takes as much memory.
pub(crate) fn elements(items: &[Traced]) -> usize {
    let inside = items.iter().map(|item| match &item.value {
        Value::List(items) => elements(items).saturating_add(1),
        _ => 1,
    });
    inside.fold(0, usize::saturating_add)
}

/// A block or primitive with some arguments fixed.
#[derive(Clone, Debug)]
pub(crate) struct BlockValue {
    /// What is called.
    pub callee: Callee,
    /// The arguments fixed so far, by name.
    pub fixed: Vec<(String, Traced)>,
}

/// What can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Callee {
    /// A block: its index among all definitions of the compilation.
    Block(usize),
    /// A primitive: its index in the table.
    Primitive(usize),
    /// A row of a table, such as a loss term or an optimizer.
    Row,
}

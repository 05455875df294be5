//! The tree of block calls over the flat graph of primitives.

use std::fmt;

use super::{InstanceId, NodeId, Span};

/// The model itself or one call of a block.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its path: `b[2].fast.rgu[0]`; empty for the model itself.
    pub path: String,
    /// The block's name, `rgu`; the model's for instance 0.
    pub block: String,
    /// The block's doc comment.
    pub doc: String,
    /// Whether the block is the prelude's.
    pub prelude: bool,
    /// Whether the block is a slow net: it has a `grid` parameter.
    pub slow: bool,
    /// The instance that called it; None for the model itself.
    pub parent: Option<InstanceId>,
    /// The tensors passed in, in parameter order, lists flattened.
    pub inputs: Vec<Input>,
    /// The values passed in (defaults included), in parameter order.
    pub values: Vec<(String, Constant)>,
    /// Where the numbers and words stand that each of these values was made of, in the same order; none where a value
    /// comes from shapes alone.
    pub written: Vec<Vec<Span>>,
    /// What its text names, in written order; a name that passes a value on names the same node.
    pub bindings: Vec<Binding>,
    /// What it yields. For the model itself, the output.
    pub result: NodeId,
    /// Its nodes: `first..end` in the graph's node list, those of nested instances included.
    pub first: usize,
    /// One past its last node.
    pub end: usize,
    /// How often each `for` of its text was repeated, in written order.
    pub loops: Vec<usize>,
    /// The `for` of its parent that it stands in.
    pub iteration: Option<Iteration>,
    /// The call (or the model definition).
    pub span: Span,
}

/// A tensor passed to an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The parameter's name.
    pub param: String,
    /// Its place in the list, if the parameter takes a list.
    pub index: Option<usize>,
    /// The tensor.
    pub node: NodeId,
}

/// A name of an instance's text and the tensor it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The name.
    pub name: String,
    /// Its place, if the name is a list.
    pub index: Option<usize>,
    /// The tensor.
    pub node: NodeId,
    /// The `for` it stands in.
    pub iteration: Option<Iteration>,
}

/// Where in the loops of a text something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Iteration {
    /// Which `for` of the text, counted in written order.
    pub number: usize,
    /// Which round, from 0.
    pub round: usize,
}

/// A value that was known while compiling.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A word, a block value or a start, as the language writes it.
    Text(String),
    /// A list.
    List(Vec<Constant>),
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(n) => write!(f, "{n}"),
            Self::Float(x) => write!(f, "{x}"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Text(text) => f.write_str(text),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
        }
    }
}

//! How a primitive is called in the language: its parameters, and the function that turns a call into a node.

use crate::diagnostics::Kind;
use crate::language::{Given, Parameter, Places, Start, Traced, Value};
use crate::model::{NodeId, Op, ParamId, Penalty, Shape};

/// A primitive as the language sees it.
pub(crate) struct Signature {
    /// Its name.
    pub name: &'static str,
    /// What it does, in the words of the reference.
    pub doc: &'static str,
    /// Its parameters in order.
    pub parameters: fn() -> Vec<Parameter>,
    /// Makes its nodes. The values have the parameters' types, one each, in order; none of them is `Value::Unknown`.
    pub build: fn(&mut dyn Build, Vec<Traced>) -> Result<Value, Refusal>,
}

/// What a primitive may do to the graph. Nodes and tensors get the path of the call.
pub(crate) trait Build {
    /// The shape of a node.
    fn shape(&self, id: NodeId) -> Shape;

    /// Makes the node of this call.
    fn node(&mut self, op: Op, shape: Shape) -> NodeId;

    /// Makes one of several nodes of this call.
    fn element(&mut self, index: usize, op: Op, shape: Shape) -> NodeId;

    /// Makes the stored tensor `name` of this call.
    ///
    /// # Errors
    /// If it would be too large.
    fn param(&mut self, param: NewParam<'_>) -> Result<Parameterized, Refusal>;
}

/// A stored tensor that a call wants.
pub(crate) struct NewParam<'a> {
    /// What it is called below the call's path; empty for the tensor that is the call itself.
    pub name: &'a str,
    /// Sizes.
    pub shape: Vec<usize>,
    /// How it starts.
    pub start: &'a Given<Start>,
    /// Inputs to each output of the linear map it belongs to; 1 for others.
    pub fan_in: usize,
    /// Which penalty counts it.
    pub penalty: Penalty,
}

/// What became of a [`NewParam`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Parameterized {
    /// There is no such tensor: `none`.
    None,
    /// A number that is never trained, and not stored: `fixed(1)`.
    Number(f64),
    /// A stored tensor.
    Stored(ParamId),
}

/// Why a call is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// What is wrong.
    pub kind: Kind,
    /// The value that is blamed; empty for the call itself.
    pub places: Places,
}

impl Refusal {
    /// Blames the call.
    pub fn call(kind: Kind) -> Self {
        Self {
            kind,
            places: Places::default(),
        }
    }

    /// Blames an argument.
    pub fn argument<T>(kind: Kind, argument: &Given<T>) -> Self {
        Self {
            kind,
            places: argument.places.clone(),
        }
    }
}

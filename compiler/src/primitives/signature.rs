//! How a primitive is called in the language: its parameters, and the function that turns a call into a node.

use crate::bug::bug;
use crate::diagnostics::ShapeKind;
use crate::language::limits::limited;
use crate::language::{Given, Parameter, Places, Refusal, Start, Traced, Value};
use crate::parts::{NodeId, ParamId, Penalty, Shape};
use crate::primitives::Op;

/// A primitive as the language sees it.
#[derive(Clone, Copy)]
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
    /// Whether `fixed(1)` is stored like other fixed tensors: a weight or a bias has to be a tensor.
    pub store_numbers: bool,
}

/// What became of a [`NewParam`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Parameterized {
    /// There is no such tensor: `none`.
    None,
    /// A number that is never trained, and not stored: `fixed(1)`. Never if `store_numbers` is set.
    Number(f64),
    /// A stored tensor.
    Stored(ParamId),
}

impl<'a> dyn Build + 'a {
    /// Makes the node of this call.
    ///
    /// # Errors
    /// If its value would be too large.
    pub(super) fn make(&mut self, op: impl Into<Op>, shape: Shape) -> Result<Value, Refusal> {
        let shape = limited(shape)?;
        Ok(Value::Tensor(self.node(op.into(), shape)))
    }

    /// Makes one of several nodes of this call.
    ///
    /// # Errors
    /// If its value would be too large.
    pub(super) fn make_element(
        &mut self,
        index: usize,
        op: impl Into<Op>,
        shape: Shape,
    ) -> Result<Traced, Refusal> {
        let shape = limited(shape)?;
        Ok(Traced {
            value: Value::Tensor(self.element(index, op.into(), shape)),
            places: Places::default(),
        })
    }

    /// Makes a stored tensor that there must be.
    ///
    /// # Errors
    /// If it would be too large, or if it is `none`.
    pub(super) fn needed(
        &mut self,
        what: &'static str,
        param: NewParam<'_>,
    ) -> Result<ParamId, Refusal> {
        let start = param.start;
        self.optional(param)?
            .ok_or_else(|| Refusal::argument(ShapeKind::Needed { what }, start))
    }

    /// Makes a stored tensor; None if it is `none`.
    ///
    /// # Errors
    /// If it would be too large.
    pub(super) fn optional(&mut self, param: NewParam<'_>) -> Result<Option<ParamId>, Refusal> {
        match self.param(NewParam {
            store_numbers: true,
            ..param
        })? {
            Parameterized::None => Ok(None),
            Parameterized::Stored(id) => Ok(Some(id)),
            Parameterized::Number(x) => bug!("the number {x} was to be stored"),
        }
    }
}

//! How an operation is written in emitted source: a call with places for what it reads, stated by each operation in its
//! own file, once for each target. Prints nothing.

use crate::parts::{Axes, ParamId, Shape};
use crate::primitives::Operands;

/// A call, with places for what a structure knows when it is printed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Code {
    /// The value of an operand, by its number.
    Operand(usize),
    /// All operands, a list.
    Operands,
    /// A number of [`Written::numbers`], by its place there.
    Number(usize),
    /// All of them, a list.
    Numbers,
    /// What [`Written::holds`] tells: a module or a stored tensor.
    Held,
    /// A device on which new tensors are made.
    Device,
    /// Whether the model is being trained.
    Training,
    /// A name or literal.
    Text(String),
    /// What is held, applied to arguments.
    Apply(Vec<Code>),
    /// A reference to something.
    Borrowed(Box<Code>),
    /// `function(arguments)`
    Call(&'static str, Vec<Code>),
    /// `receiver.method(arguments)`
    Method(Box<Code>, &'static str, Vec<Code>),
    /// `left operator right`
    Binary(Box<Code>, &'static str, Box<Code>),
    /// `[elements]`
    List(Vec<Code>),
}

/// The value of operand `index`.
pub(crate) fn x(index: usize) -> Code {
    Code::Operand(index)
}

/// Number `index`.
pub(crate) fn n(index: usize) -> Code {
    Code::Number(index)
}

/// A name or literal.
pub(crate) fn text(text: impl Into<String>) -> Code {
    Code::Text(text.into())
}

/// `function(arguments)`
pub(crate) fn call(function: &'static str, arguments: impl Into<Vec<Code>>) -> Code {
    Code::Call(function, arguments.into())
}

/// `[elements]`
pub(crate) fn list(elements: impl Into<Vec<Code>>) -> Code {
    Code::List(elements.into())
}

/// A reference to `code`.
pub(crate) fn borrowed(code: Code) -> Code {
    Code::Borrowed(Box::new(code))
}

impl Axes {
    /// The axes of `[N, C, H, W]`.
    fn dims(self) -> Vec<&'static str> {
        let of = [
            (self.batch, &["0"][..]),
            (self.channels, &["1"]),
            (self.positions, &["2", "3"]),
        ];
        let named = of.iter().filter(|(set, _)| *set);
        named.flat_map(|(_, dims)| dims.iter().copied()).collect()
    }

    /// As an argument of emitted Rust.
    pub(super) fn burn(self) -> Code {
        text(format!("&[{}]", self.dims().join(", ")))
    }

    /// As an argument of emitted Python.
    pub(super) fn torch(self) -> Code {
        match self.dims().as_slice() {
            [one] => text(*one),
            all => text(format!("({})", all.join(", "))),
        }
    }
}

impl Code {
    /// Shows the codes that this one is made of.
    pub(crate) fn each_inner<'a>(&'a self, see: &mut dyn FnMut(&'a Code)) {
        match self {
            Self::Call(_, list) | Self::List(list) | Self::Apply(list) => list.iter().for_each(see),
            Self::Method(on, _, list) => {
                see(on);
                list.iter().for_each(see);
            }
            Self::Binary(a, _, b) => {
                see(a);
                see(b);
            }
            Self::Borrowed(inner) => see(inner),
            Self::Operand(_)
            | Self::Operands
            | Self::Number(_)
            | Self::Numbers
            | Self::Held
            | Self::Device
            | Self::Training
            | Self::Text(_) => {}
        }
    }

    /// `self.method(arguments)`
    pub(crate) fn method(self, method: &'static str, arguments: impl Into<Vec<Code>>) -> Self {
        Self::Method(Box::new(self), method, arguments.into())
    }

    /// `self operator right`
    pub(crate) fn binary(self, operator: &'static str, right: Code) -> Self {
        Self::Binary(Box::new(self), operator, Box::new(right))
    }
}

/// A number that instances of a block may differ in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    /// A size.
    Int(usize),
    /// A rate or factor.
    Float(f64),
}

/// The stored tensors of an operation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Holds {
    /// None.
    Nothing,
    /// One, as a value `[1, channels, height, width]`.
    Tensor(ParamId),
    /// Those of a module of the support code; its constructor takes the sizes, then how each tensor starts.
    Module {
        /// The module's type.
        kind: &'static str,
        /// What its constructor takes, named.
        sizes: Vec<(&'static str, usize)>,
        /// Its tensors, by the names of their fields.
        tensors: Vec<(&'static str, ParamId)>,
        /// Whether they are trained; else the module says how they start, not its constructor's arguments.
        trained: bool,
    },
}

/// How an operation is written.
pub(crate) trait Written {
    /// The numbers that its calls name, and what each is called.
    fn numbers(&self, _graph: &dyn Operands, _shape: &Shape) -> Vec<(&'static str, Number)> {
        vec![]
    }

    /// Its stored tensors.
    fn holds(&self, _graph: &dyn Operands) -> Holds {
        Holds::Nothing
    }

    /// The value of its only number with which it changes nothing and is left out.
    fn identity(&self) -> Option<Number> {
        None
    }

    /// With Burn and the functions of `support/*.rs`; maps are `[N, C, H, W]`, with 1 for axes of positions that are
    /// absent.
    fn burn(&self, graph: &dyn Operands) -> Code;

    /// With PyTorch and the functions of `support/torch.py`, of the same maps.
    fn torch(&self) -> Code;
}

//! What is printed: structures with their parameters, fields and statements. Knows no target language.

use crate::model::InstanceId;
use crate::primitives::written::{Code, Number};

pub(in crate::emit) use super::tree::{FieldKind, Name};

/// A block of the text, or the model, as a structure or function of emitted source.
#[derive(Clone, Debug)]
pub(in crate::emit) struct Structure {
    /// The block's name.
    pub block: String,
    pub doc: String,
    pub prelude: bool,
    pub is_model: bool,
    /// The first instance.
    pub first: InstanceId,
    /// What the constructor, or the function, takes besides tensors.
    pub parameters: Vec<Parameter>,
    /// In which order it takes them.
    pub order: Vec<usize>,
    /// What the forward pass takes.
    pub inputs: Vec<Input>,
    /// Whether the forward pass is told the device.
    pub device: bool,
    /// Whether it, or a function that it calls, does something else while it is trained.
    pub training: bool,
    pub fields: Vec<Field>,
    /// Whether whoever calls it holds its only field and lends it: it is a function of what it holds.
    pub lent: bool,
    pub body: Vec<Statement>,
    /// None where the output does not depend on it: it holds tensors only.
    pub result: Option<Expr>,
}

impl Structure {
    /// Whether it holds nothing of its own.
    pub fn is_function(&self) -> bool {
        (self.fields.is_empty() || self.lent) && !self.is_model
    }
}

/// A number or start that instances differ in.
#[derive(Clone, Debug)]
pub(in crate::emit) struct Parameter {
    /// In the words of the text, unique in its structure.
    pub name: String,
    pub kind: Kind,
    /// Whether the forward pass needs it.
    pub kept: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emit) enum Kind {
    Int,
    Float,
    Init,
}

/// A tensor or list of tensors that the forward pass takes.
#[derive(Clone, Debug)]
pub(in crate::emit) struct Input {
    /// The parameter's name.
    pub source: String,
    pub list: bool,
}

/// A tensor, module or structure, or a list of them.
#[derive(Clone, Debug)]
pub(in crate::emit) struct Field {
    /// Its path below the instance, without the place in a list.
    pub name: String,
    /// The same without the steps into what lends it.
    pub short: String,
    /// What its tensors' paths begin with, before and after the place in a list.
    pub path: [String; 2],
    pub kind: FieldKind,
    /// The tensors that are never trained.
    pub fixed: Vec<&'static str>,
    pub many: Many,
    pub made: Vec<Making>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emit) enum Many {
    One,
    Any,
}

/// What elements of a field are made with.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::emit) enum Making {
    One(Vec<Num>),
    /// So many, one a round.
    Loop(Num, Vec<Num>),
}

/// A number of emitted source.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::emit) enum Num {
    Value(Number),
    /// How a tensor starts.
    Init(Starts, Vec<Num>),
    /// A parameter of the structure, by its number.
    Parameter(usize),
    /// The size of axis 1, 2 or 3 of an input.
    Dim(String, usize),
    /// The length of a list of inputs.
    Length(String),
    /// The length of a list of fields.
    Fields(String),
    /// The round of the loop.
    Round,
    /// `left operator right`; `÷` of ints that divide evenly.
    Op(Box<Num>, char, Box<Num>),
    Sqrt(Box<Num>),
    /// An int among floats.
    Cast(Box<Num>),
    Pi,
    /// 2 pi.
    Tau,
    /// By the round of the loop.
    Table(Vec<Num>),
}

impl Num {
    /// Whether a tensor starts as PyTorch's own linear maps do: uniform on plus or minus 1 over the root of the inputs.
    pub fn is_uniform_start(&self) -> bool {
        let root = Self::Sqrt(Box::new(Self::Value(Number::Float(3.0))));
        let one = Box::new(Self::Value(Number::Float(1.0)));
        let gain = Self::Op(one, '/', Box::new(root));
        *self == Self::Init(Starts::KaimingUniform, vec![gain])
    }

    /// Whether a tensor starts as zeros.
    pub fn is_zero_start(&self) -> bool {
        *self == Self::Init(Starts::Constant, vec![Self::Value(Number::Float(0.0))])
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emit) enum Starts {
    Constant,
    Uniform,
    Normal,
    KaimingUniform,
    KaimingNormal,
    GammaUniform,
}

#[derive(Clone, Debug)]
pub(in crate::emit) enum Expr {
    Read(Read),
    Number(Num),
    Op(Box<OpExpr>),
    Call(Box<CallExpr>),
}

#[derive(Clone, Debug)]
pub(in crate::emit) struct Read {
    pub name: Name,
    pub place: Option<Place>,
}

/// A place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emit) enum Place {
    Fixed(usize),
    Round(isize),
    FromEnd(usize),
}

#[derive(Clone, Debug)]
pub(in crate::emit) struct FieldRead {
    pub name: String,
    pub place: Option<Place>,
}

#[derive(Clone, Debug)]
pub(in crate::emit) struct OpExpr {
    pub burn: Code,
    pub torch: Code,
    pub operands: Vec<Part>,
    pub numbers: Vec<Num>,
    pub held: Option<FieldRead>,
}

#[derive(Clone, Debug)]
pub(in crate::emit) struct CallExpr {
    pub structure: usize,
    pub field: Option<FieldRead>,
    pub arguments: Vec<Argument>,
    pub numbers: Vec<Num>,
}

#[derive(Clone, Debug)]
pub(in crate::emit) enum Argument {
    One(Expr),
    List(Vec<Part>),
}

#[derive(Clone, Debug)]
pub(in crate::emit) enum Part {
    One(Expr),
    Repeat(Expr, Num),
    /// Elements of a list from one bound to another.
    Slice(Name, Bound, Bound),
}

/// A place between elements of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emit) enum Bound {
    Start,
    End,
    /// After so many, or at the end if there are fewer.
    AtMost(usize),
    /// So many before the end.
    FromEnd(usize),
    /// So many after the number of the round.
    Round(isize),
}

#[derive(Clone, Debug)]
pub(in crate::emit) enum Statement {
    /// A name for a value.
    Let(String, Expr),
    /// A name for a list of equal parts.
    Parts(String, Expr),
    /// A variable that is set anew later.
    Variable(String, Expr),
    /// The variable is set anew.
    Set(String, Expr),
    /// A list of these, which may grow later.
    List(String, Vec<Expr>),
    /// One more element of a list.
    Push(String, Expr),
    /// A list of one element a round, round i by expression `i % arms`.
    Collect(String, Num, Vec<Expr>),
    /// So many rounds, round i by body `i % arms`.
    Loop(Num, Vec<Vec<Statement>>),
}

/// A term of two numbers.
pub(super) fn op(a: Num, operator: char, b: Num) -> Num {
    Num::Op(Box::new(a), operator, Box::new(b))
}

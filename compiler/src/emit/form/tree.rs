//! Bodies of instances before structures are made of them: statements with places for numbers and indices, of which those of
//! further rounds and instances are laid on top.

use super::index::Index;
use crate::model::{Init, InstanceId, ParamId};
use crate::primitives::written::{Code, Number};

/// Where something was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    /// The instance.
    pub instance: InstanceId,
    /// The round of the loop it stands in.
    pub round: Option<usize>,
}

/// A value that instances and rounds may differ in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    /// A number.
    Number(Number),
    /// How a tensor starts that has so many inputs to each output.
    Init(Init, usize),
}

/// A place for a value.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// What it may be called.
    pub hint: String,
    /// All values seen.
    pub seen: Vec<(At, Value)>,
    /// The value where nothing was seen.
    pub missing: Option<Value>,
}

/// Something with a name in a structure's body.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::emit) enum Name {
    /// A tensor or list of tensors passed in.
    Input(String),
    /// A statement's.
    Local(String),
}

/// One way to read a value.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub name: Name,
    /// Of a list.
    pub index: Option<Index>,
}

/// A stored tensor, module or structure that is used.
#[derive(Clone, Debug)]
pub(super) struct FieldUse {
    /// Its path below the instance, without the index.
    pub name: String,
    pub index: Option<Index>,
}

/// What a statement computes.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    /// A value that has a name, by any of its names.
    Read(Vec<Candidate>),
    /// A number everywhere, broadcast.
    Number(Slot),
    Op(Box<OpExpr>),
    Call(Box<CallExpr>),
}

/// A primitive.
#[derive(Clone, Debug)]
pub(super) struct OpExpr {
    pub burn: Code,
    pub torch: Code,
    pub operands: Parts,
    pub numbers: Vec<Slot>,
    pub held: Option<FieldUse>,
    /// Whether it does nothing where its only number has the slot's missing value.
    pub optional: bool,
}

/// A call of a structure.
#[derive(Clone, Debug)]
pub(super) struct CallExpr {
    pub structure: usize,
    /// None for a function.
    pub field: Option<FieldUse>,
    pub arguments: Vec<Argument>,
    /// What a function is called with besides.
    pub numbers: Vec<Slot>,
}

/// What is passed to one parameter.
#[derive(Clone, Debug)]
pub(super) enum Argument {
    One(Expr),
    List(Parts),
}

/// The operands of a primitive, or a list that is passed.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    pub list: Vec<Part>,
    /// Where they were seen, and how long the lists were there.
    pub seen: Vec<(At, Vec<(Name, usize)>)>,
}

impl std::ops::Deref for Parts {
    type Target = Vec<Part>;

    fn deref(&self) -> &Vec<Part> {
        &self.list
    }
}

/// Some of the operands of a primitive, or of a list that is passed.
#[derive(Clone, Debug)]
pub(super) enum Part {
    One(Expr),
    /// The same again and again.
    Repeat(Expr, Slot),
    /// Successive elements of a list.
    Segment(Segment),
}

#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// By any of these names.
    pub lists: Vec<Name>,
    /// From, to, and how long the list is.
    pub spans: Vec<(At, [usize; 3])>,
}

#[derive(Clone, Debug)]
pub(super) enum Stmt {
    Let(Let),
    Loop(Loop),
}

/// A name for a value.
#[derive(Clone, Debug)]
pub(super) struct Let {
    pub name: String,
    /// The place in a list of this name.
    pub index: Option<Index>,
    /// Whether the value is a whole list.
    pub whole: bool,
    pub expr: Expr,
}

/// What is repeated.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    /// Which `for` of the text.
    pub number: usize,
    pub rounds: Vec<(InstanceId, usize)>,
    /// Round i is like arm `i % arms.len()`.
    pub arms: Vec<Vec<Stmt>>,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::emit) enum FieldKind {
    /// A structure, by its number.
    Structure(usize),
    /// A module of the support code and its trained tensors.
    Module(&'static str, Vec<&'static str>),
    /// One tensor `[1, channels, height, width]`.
    Tensor,
}

/// A field, or the elements of a list.
#[derive(Clone, Debug)]
pub(super) struct FieldDraft {
    /// Its path below the instance, without the place in a list.
    pub name: String,
    /// The same without the steps into what lends it.
    pub short: String,
    /// What its tensors' paths begin with, before and after the place in a list.
    pub path: [String; 2],
    pub kind: FieldKind,
    /// The tensors that are never trained.
    pub fixed: Vec<&'static str>,
    pub hints: Vec<String>,
    pub elements: Vec<Element>,
}

#[derive(Clone, Debug)]
pub(super) struct Element {
    pub at: At,
    pub index: Option<usize>,
    /// The loop it stands in.
    pub number: Option<usize>,
    /// What it is made with.
    pub values: Vec<Value>,
    pub made: Made,
}

/// What an element of a field is in the model.
#[derive(Clone, Debug)]
pub(super) enum Made {
    Instance(InstanceId),
    /// The name below the element (empty for the element itself) and the tensor.
    Tensors(Vec<(&'static str, ParamId)>),
}

/// One instance, or several that became one structure.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub instances: Vec<InstanceId>,
    /// Name of each tensor parameter and whether it is a list.
    pub inputs: Vec<(String, bool)>,
    pub fields: Vec<FieldDraft>,
    pub body: Vec<Stmt>,
    /// None where the output does not depend on it.
    pub result: Option<Expr>,
}

impl Slot {
    /// A value seen once.
    pub fn new(hint: impl Into<String>, at: At, value: Value) -> Self {
        Self {
            hint: hint.into(),
            seen: vec![(at, value)],
            missing: None,
        }
    }
}

impl Expr {
    /// Shows every expression below this one and itself, operands first.
    pub fn each(&self, see: &mut impl FnMut(&Expr)) {
        let parts = |parts: &[Part], see: &mut dyn FnMut(&Expr)| {
            for part in parts {
                match part {
                    Part::One(expr) | Part::Repeat(expr, _) => expr.each_dyn(see),
                    Part::Segment(_) => {}
                }
            }
        };
        match self {
            Self::Read(_) | Self::Number(_) => {}
            Self::Op(op) => parts(&op.operands, see),
            Self::Call(call) => {
                for argument in &call.arguments {
                    match argument {
                        Argument::One(expr) => expr.each_dyn(see),
                        Argument::List(list) => parts(list, see),
                    }
                }
            }
        }
        see(self);
    }

    /// Shows every place for a number.
    pub fn each_slot(&mut self, see: &mut dyn FnMut(&mut Slot)) {
        let parts = |parts: &mut Parts, see: &mut dyn FnMut(&mut Slot)| {
            for part in &mut parts.list {
                match part {
                    Part::One(expr) => expr.each_slot(see),
                    Part::Repeat(expr, times) => {
                        expr.each_slot(see);
                        see(times);
                    }
                    Part::Segment(_) => {}
                }
            }
        };
        match self {
            Self::Read(_) => {}
            Self::Number(slot) => see(slot),
            Self::Op(op) => {
                parts(&mut op.operands, see);
                op.numbers.iter_mut().for_each(see);
            }
            Self::Call(call) => {
                for argument in &mut call.arguments {
                    match argument {
                        Argument::One(expr) => expr.each_slot(see),
                        Argument::List(list) => parts(list, see),
                    }
                }
                call.numbers.iter_mut().for_each(see);
            }
        }
    }

    fn each_dyn(&self, mut see: &mut dyn FnMut(&Expr)) {
        self.each(&mut see);
    }
}

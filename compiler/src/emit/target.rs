//! What a target language says: the syntax of expressions and statements, and the words it keeps for itself. One
//! implementation a language; everything that is the same in all stands in `writer`.

use super::doc::Doc;
use super::form::{Bound, Place, Starts};
use super::names::Words;
use crate::primitives::written::{Code, Number};

/// How tightly the parts of an expression hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tightness {
    Sum,
    Product,
    Cast,
    Atom,
}

/// A printed expression.
#[derive(Clone, Debug)]
pub(super) struct Printed {
    pub doc: Doc,
    pub tight: Tightness,
    /// Its root, and what is called on it one after the other; empty for others.
    pub chain: Vec<Doc>,
}

/// How a variable that is read is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Nothing reads it again.
    Last,
    /// Something does.
    Again,
}

/// The statements of a body.
#[derive(Clone, Debug)]
pub(super) enum Line {
    /// A name for a value.
    Let(String, Doc),
    /// A name that is given other values later.
    Variable(String, Doc),
    Set(String, Doc),
    /// A list of these; whether it grows.
    List(String, Vec<Doc>, bool),
    Push(String, Doc),
    /// A name for what a function makes of a list that is gathered first, and of further arguments.
    Gathered(String, Vec<Tensors>, &'static str, Vec<Doc>),
    /// A list of one element a round: its elements by arm; whether it grows.
    Collect(String, Round, Vec<Doc>, bool),
    /// Rounds: their lines by arm.
    Loop(Round, Vec<Vec<Line>>),
}

/// The head of a loop.
#[derive(Clone, Debug)]
pub(super) struct Round {
    /// How often.
    pub count: Doc,
    /// The name of the round's number; None where nothing reads it.
    pub name: Option<String>,
    /// A list that is gone through, element by element: the list and the element's name.
    pub over: Option<(Doc, String)>,
}

impl Round {
    /// When a round is like each of so many arms; None for the last, which is left.
    pub fn conditions(&self, arms: usize) -> impl Iterator<Item = Option<String>> + use<> {
        let name = self.name.clone().unwrap_or_else(|| "i".into());
        (0..arms).map(move |at| (at + 1 < arms).then(|| format!("{name} % {arms} == {at}")))
    }
}

/// A target language.
pub(super) trait Target {
    /// What it keeps for itself.
    fn words(&self) -> Words;
    /// The call of a primitive.
    fn code<'a>(&self, burn: &'a Code, torch: &'a Code) -> &'a Code;

    /// A variable's value.
    fn variable(&self, name: &str, how: Use) -> Printed;
    /// An element of a list.
    fn element(&self, list: &str, place: &Place, round: &str) -> Printed;
    /// A field of the structure or an element of it.
    fn field(&self, name: &str, place: Option<&Place>, round: &str) -> Printed;
    /// The tensor that a field holds.
    fn tensor(&self, field: Printed) -> Printed;
    /// What a field holds, applied to values.
    fn apply(&self, field: Printed, arguments: Vec<Doc>) -> Printed;
    /// `function(arguments)`
    fn call(&self, function: &str, arguments: Vec<Doc>) -> Printed;
    /// `receiver.method(arguments)`
    fn method(&self, receiver: Printed, method: &str, arguments: Vec<Doc>) -> Printed;
    /// Numbers as a list.
    fn list(&self, elements: Vec<Doc>) -> Printed;
    /// A reference to something.
    fn borrowed(&self, inner: Printed) -> Printed;
    /// The device of a variable; None is the one the structure is told.
    fn device(&self, variable: Option<&str>) -> Printed;

    /// Whether the model is trained, where functions have to be told.
    fn training(&self, function: bool) -> Option<Printed>;

    /// What a loop over a list goes through.
    fn gone_through(&self, list: &str, how: Use, lent: bool) -> Doc;

    /// Tensors as a list that is handed over.
    fn tensors(&self, parts: Vec<Tensors>) -> Doc;
    /// Whether a list of several lists is gathered by statements.
    fn gathers(&self) -> bool {
        false
    }
    /// Tensors as a list that is lent to a structure.
    fn lent(&self, parts: Vec<Tensors>) -> Doc;

    /// The length of a list.
    fn length(&self, list: Printed) -> Printed;
    /// A literal.
    fn literal(&self, number: Number) -> Printed;
    /// An int among floats.
    fn cast(&self, inner: Printed) -> Printed;
    /// Division of ints.
    fn division(&self) -> &'static str;
    /// A square root.
    fn root(&self, inner: Printed) -> Printed;
    /// A constant: `PI` or `TAU`.
    fn constant(&self, name: &str) -> Printed;
    /// By the number of the round.
    fn table(&self, elements: Vec<Doc>, round: &str) -> Printed;
    /// How a tensor starts.
    fn start(&self, starts: Starts, numbers: Vec<Doc>) -> Printed;
    /// A parameter of the structure in its forward pass.
    fn kept(&self, name: &str, function: bool) -> Printed;
}

/// Some of a list of tensors.
#[derive(Clone, Debug)]
pub(super) enum Tensors {
    One(Doc),
    /// So often.
    Repeat(Doc, Doc),
    /// A whole list; whether nothing reads it again.
    Whole(String, Use, bool),
    /// From one place to another; the name of the round's number.
    Slice(String, Bound, Bound, String),
}

/// A forward pass as it is printed.
#[derive(Clone, Debug)]
pub(super) struct Body {
    /// What it takes: names and whether they are lists.
    pub inputs: Vec<(String, bool)>,
    /// Sizes of inputs that are read: the input, and the names of axes 1 to 3.
    pub dims: Vec<(String, [Option<String>; 3])>,
    pub lines: Vec<Line>,
    pub result: Doc,
}

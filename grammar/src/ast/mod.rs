//! The spanned syntax tree of a `.term` file: what was written, nothing resolved or checked. Here are files, definitions and
//! lines; `expr` has expressions, `path` the paths of changes.

mod expr;
mod path;

pub use expr::{Arg, BinaryOp, Call, Expr, ExprKind, UnaryOp};
pub use path::{Path, Step};

/// A half-open byte range `start..end` into the source text (offset by the parser's `base`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// Whether the other lies inside of it.
    pub fn holds(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The smallest span that holds both.
    pub fn to(self, other: Span) -> Span {
        Span {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// An identifier as written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Name {
    /// The text of the identifier.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A whole source file.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct File {
    /// `//!` lines at the top, without the marker, joined by newlines.
    pub doc: String,
    /// `language 2`, if written.
    pub language: Option<(u64, Span)>,
    /// Definitions in written order.
    pub items: Vec<Item>,
}

/// A top-level definition.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Item {
    /// `///` lines above it.
    pub doc: String,
    /// What it defines.
    pub kind: ItemKind,
    /// From keyword to end, without the doc comment.
    pub span: Span,
}

/// The kinds of definitions.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ItemKind {
    /// `use "blocks.term"`: the text between the quotes, and where the string stands.
    Use(String, Span),
    /// `const small = magnet(hidden=8)`
    Const {
        /// Its name.
        name: Name,
        /// Its value.
        value: Expr,
    },
    /// `block sfne(x, expand: int) { ... }`
    Block(Callable),
    /// `model Cifar10(classes: int = 10) { ... }`
    Model(Callable),
    /// `train { ... }`
    Train(Vec<Line>),
    /// `variant NAME of BASE { ... }`
    Variant {
        /// Its name.
        name: Name,
        /// The model, variant or member of a family that it changes.
        base: Path,
        /// The changes in written order.
        body: Vec<Line>,
    },
}

/// A name, parameters and a body: a block or a model.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Callable {
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub params: Vec<ParamDef>,
    /// Its lines in written order.
    pub body: Vec<Line>,
}

/// A parameter `name: type = default`; without a type it is a tensor.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ParamDef {
    /// Its name.
    pub name: Name,
    /// What stands after `:`.
    pub ty: Option<Ty>,
    /// What stands after `=`.
    pub default: Option<Expr>,
}

/// A type: a word, or a list of a type.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ty {
    /// Which.
    pub kind: TyKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of types.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TyKind {
    /// `int`
    Word(String),
    /// `[int]`
    List(Box<Ty>),
}

/// One line of a body. Which lines may stand in which body is for checking to say.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Line {
    /// `///` lines above it.
    pub doc: String,
    /// What it says.
    pub kind: LineKind,
    /// The whole line, without the doc comment.
    pub span: Span,
}

/// The kinds of lines.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LineKind {
    /// `input image[3, 32, 32]`
    Input {
        /// The name the model's bindings use.
        name: Name,
        /// The sizes, an `ExprKind::List`.
        sizes: Expr,
    },
    /// `output logits = head(b[4], classes)`
    Output {
        /// Its name.
        name: Name,
        /// What it is.
        value: Expr,
    },
    /// `loss { ... }`
    Loss(Vec<Line>),
    /// `for i in 0..n { ... }`
    For {
        /// The name that counts.
        var: Name,
        /// The first number.
        start: Expr,
        /// One past the last number.
        end: Expr,
        /// What is repeated.
        body: Vec<Line>,
    },
    /// `require x.channels % 2 == 0, "an odd number of channels: {x.channels}"`
    Require {
        /// What must be true.
        condition: Expr,
        /// What is said if it is not.
        message: Message,
    },
    /// `without sfne.wide.l3` or `without choose(a, b)`
    Without {
        /// One path, or the members of the choice.
        paths: Vec<Path>,
        /// Whether `choose` was written.
        choose: bool,
    },
    /// `add sfne.wide.l11 = local(...) after l9`
    Add {
        /// What is added.
        path: Path,
        /// Its value.
        value: Expr,
        /// Where.
        place: Option<Place>,
    },
    /// `name = value`, `name[i] = value`, `path.to.it = value`: see [`Expr::as_element`] and [`Expr::as_path`].
    Bind {
        /// What stands left of `=`.
        target: Expr,
        /// What stands right of it.
        value: Expr,
    },
    /// An expression alone: the result of a block, a loss term, a setting without a value.
    Yield(Expr),
}

/// `after l9`, `before l9`
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Place {
    /// After it, not before it.
    pub after: bool,
    /// The neighbour.
    pub step: Step,
}

/// The text of a `require`, with values in it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Message {
    /// Its pieces in order.
    pub pieces: Vec<Piece>,
    /// From quote to quote.
    pub span: Span,
}

/// A piece of a [`Message`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Piece {
    /// Plain text, escapes resolved.
    Text(String),
    /// `{x.channels}`
    Hole(Expr),
}

impl Item {
    /// The name it defines, if it has one.
    pub fn name(&self) -> Option<&Name> {
        match &self.kind {
            ItemKind::Const { name, .. } | ItemKind::Variant { name, .. } => Some(name),
            ItemKind::Block(item) | ItemKind::Model(item) => Some(&item.name),
            ItemKind::Use(..) | ItemKind::Train(_) => None,
        }
    }
}

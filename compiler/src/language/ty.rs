//! The types of parameters.

use std::fmt;

/// A type whose values are words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// The type's name.
    pub name: &'static str,
    /// Its words.
    pub words: &'static [&'static str],
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ty {
    /// A tensor.
    Tensor,
    /// A tensor that `grid(...)` made.
    Grid,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// `true` or `false`.
    Bool,
    /// How a stored tensor starts; a number is one.
    Init,
    /// A block value.
    Block,
    /// One of some words.
    Word(&'static Words),
    /// One of the words `batch`, `channels`, `positions`, or a list of them.
    Axes,
    /// A list.
    List(Box<Ty>),
    /// Any number of tensors and lists of tensors, by position; primitives only.
    Tensors,
    /// A whole number or a list of whole numbers; primitives only.
    Parts,
    /// Values inside the instances of the model: `b.K`; loss terms only.
    Values,
    /// What a constant may be; a call of a block is a block value there.
    Constant,
    /// Anything: the type of a parameter whose type is unknown.
    Any,
}

/// The words of [`Ty::Axes`].
pub(crate) const AXES: Words = Words {
    name: "axes",
    words: &["batch", "channels", "positions"],
};

/// The word types that a file may name.
pub(crate) const PENALTY: Words = Words {
    name: "penalty",
    words: &["none", "fast", "slow"],
};

/// What lies beyond the edges of a convolution.
pub(crate) const EDGES: Words = Words {
    name: "edges",
    words: &["circular", "zero", "causal"],
};

impl Ty {
    /// The type a file names by this word.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "tensor" => Self::Tensor,
            "grid" => Self::Grid,
            "int" => Self::Int,
            "float" => Self::Float,
            "bool" => Self::Bool,
            "init" => Self::Init,
            "block" => Self::Block,
            "axes" => Self::Axes,
            "penalty" => Self::Word(&PENALTY),
            "edges" => Self::Word(&EDGES),
            _ => return None,
        })
    }

    /// The words [`Ty::parse`] knows.
    pub const NAMES: [&'static str; 10] = [
        "tensor", "grid", "int", "float", "bool", "init", "block", "axes", "penalty", "edges",
    ];

    /// The words that stand for values where this type is wanted.
    pub fn words(&self) -> Option<&'static Words> {
        match self {
            Self::Word(words) => Some(words),
            Self::Axes => Some(&AXES),
            _ => None,
        }
    }

    /// Whether a name stands for a value where some type is wanted.
    pub fn is_word(name: &str) -> bool {
        let types = Self::NAMES.into_iter().filter_map(Self::parse);
        let mut words = types.filter_map(|ty| ty.words());
        words.any(|words| words.words.contains(&name))
    }

    /// What a value of this type is called in messages: "a whole number".
    pub fn described(&self) -> String {
        match self {
            Self::Tensor => "a tensor".into(),
            Self::Grid => "a grid".into(),
            Self::Int => "a whole number".into(),
            Self::Float => "a number".into(),
            Self::Bool => "`true` or `false`".into(),
            Self::Init => "a start, such as `kaiming_normal` or a number".into(),
            Self::Block => "a block".into(),
            Self::Word(words) => crate::diagnostics::one_of(words.words.iter().copied()),
            Self::Axes => format!(
                "{}, or a list of them",
                crate::diagnostics::one_of(AXES.words.iter().copied())
            ),
            Self::List(of) => format!("a list of {}", of.plural()),
            Self::Tensors => "tensors and lists of tensors".into(),
            Self::Parts => "a whole number or a list of whole numbers".into(),
            Self::Values => "a value of the model, such as `b.K`".into(),
            Self::Constant | Self::Any => "a value".into(),
        }
    }

    /// Whether a value of this type can be written by itself, as numbers can and tensors cannot.
    pub fn is_plain(&self) -> bool {
        match self {
            Self::Int
            | Self::Float
            | Self::Bool
            | Self::Init
            | Self::Word(_)
            | Self::Axes
            | Self::Parts => true,
            Self::List(of) => of.is_plain(),
            _ => false,
        }
    }

    fn plural(&self) -> String {
        match self {
            Self::Tensor => "tensors".into(),
            Self::Grid => "grids".into(),
            Self::Int => "whole numbers".into(),
            Self::Float => "numbers".into(),
            Self::Block => "blocks".into(),
            Self::Init => "starts".into(),
            Self::List(of) => format!("lists of {}", of.plural()),
            other => other.described(),
        }
    }
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tensor => f.write_str("tensor"),
            Self::Grid => f.write_str("grid"),
            Self::Int => f.write_str("int"),
            Self::Float => f.write_str("float"),
            Self::Bool => f.write_str("bool"),
            Self::Init => f.write_str("init"),
            Self::Block => f.write_str("block"),
            Self::Word(words) => f.write_str(words.name),
            Self::Axes => f.write_str("axes"),
            Self::List(of) => write!(f, "[{of}]"),
            Self::Tensors => f.write_str("tensors"),
            Self::Parts => f.write_str("int or [int]"),
            Self::Values => f.write_str("values"),
            Self::Constant | Self::Any => f.write_str("any"),
        }
    }
}

//! Values and types of compile time: what an expression of the language stands for while a model is elaborated.

use std::rc::Rc;

use crate::model::NodeId;

/// What a parameter accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ty {
    /// One feature map.
    Feature,
    /// A list of feature maps.
    Features,
    /// One feature map, or a list of them on which the operation works one by one.
    FeatureOrList,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A list of numbers.
    Floats,
    /// A slow net.
    Slow,
    /// An initial distribution.
    Init,
    /// A number or `trained(number)`.
    Scale,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
}

impl Ty {
    /// The type in words.
    pub(crate) fn describe(self) -> String {
        match self {
            Self::Feature => "a feature map".into(),
            Self::Features => "a list of feature maps".into(),
            Self::FeatureOrList => "a feature map or a list of them".into(),
            Self::Int => "a whole number".into(),
            Self::Float => "a number".into(),
            Self::Floats => "a list of numbers".into(),
            Self::Slow => "a slow net".into(),
            Self::Init => "an initial distribution".into(),
            Self::Scale => "a number or `trained(number)`".into(),
            Self::Word(words) => crate::diagnostics::one_of(words.iter().copied()),
            Self::Bool => "`true` or `false`".into(),
        }
    }
}

/// What an expression stands for.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Feature(NodeId),
    List(Vec<Value>),
    Int(i64),
    Float(f64),
    Slow(Rc<SlowSpec>),
    Init(InitSpec),
    Trained(f64),
    Word(&'static str),
    Bool(bool),
    /// Its error has been reported, or it belongs to a block that is only looked through.
    Unknown,
}

impl Value {
    /// The value in words, for "found ...".
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Feature(_) => "a feature map".into(),
            Self::List(items) if items.is_empty() => "an empty list".into(),
            Self::List(items) => format!("a list of {}", items.len()),
            Self::Int(i) => format!("the whole number {i}"),
            Self::Float(x) => format!("the number {x}"),
            Self::Slow(_) => "a slow net".into(),
            Self::Init(_) => "an initial distribution".into(),
            Self::Trained(x) => format!("`trained({x})`"),
            Self::Word(w) => format!("`{w}`"),
            Self::Bool(b) => format!("`{b}`"),
            Self::Unknown => "an unknown value".into(),
        }
    }
}

/// A slow net as described, before it knows its positions and outputs.
#[derive(Clone, Debug)]
pub(crate) struct SlowSpec {
    pub hidden: usize,
    pub layers: usize,
    pub omega: f64,
    pub gamma: f64,
    pub init: InitSpec,
    pub bias: f64,
    pub alpha: ScaleSpec,
    pub beta: ScaleSpec,
}

/// A factor, fixed or trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ScaleSpec {
    Constant(f64),
    Trained(f64),
}

/// An initial distribution before it knows its fan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum InitSpec {
    /// Uniform, bound sqrt(3 / fan_in); biases constant.
    KaimingUniform,
    /// Normal, deviation sqrt(2 / fan_in); biases constant.
    KaimingNormal,
    /// Uniform, bound 1 / sqrt(fan_in), weights and biases.
    Framework,
    Uniform(f64),
    Normal(f64),
    Constant(f64),
}

//! The spanned syntax tree of a `.term` file: what was written, nothing resolved or checked.

/// A half-open byte range `start..end` into the source text (offset by the parser's `base`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// An identifier as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The text of the identifier.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A whole source file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// `//!` lines at the top, without the marker, joined by newlines.
    pub doc: String,
    /// `language 1`, if written.
    pub language: Option<(u64, Span)>,
    /// Definitions in written order.
    pub items: Vec<Item>,
}

/// A top-level definition.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `slow NAME(params) = magnet(...)`
    Slow(SlowDef),
    /// `block NAME(params) { ... }`
    Block(BlockDef),
    /// `model NAME(params) { ... }`
    Model(ModelDef),
    /// `train { ... }`
    Train(TrainDef),
    /// `variant NAME of BASE { ... }`
    Variant(VariantDef),
}

/// `slow wide(layers: int) = magnet(hidden: 64, layers: layers)`
#[derive(Clone, Debug, PartialEq)]
pub struct SlowDef {
    /// `///` lines above it.
    pub doc: String,
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub params: Vec<ParamDef>,
    /// The expression after `=`.
    pub value: Expr,
    /// From keyword to end.
    pub span: Span,
}

/// A parameter `name: type = default`; without a type it is one feature map.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamDef {
    /// Its name.
    pub name: Name,
    /// The word after `:`.
    pub ty: Option<Name>,
    /// The expression after `=`.
    pub default: Option<Expr>,
}

/// `block sfne(x, skips: features = []) { statements; result }`
#[derive(Clone, Debug, PartialEq)]
pub struct BlockDef {
    /// `///` lines above it.
    pub doc: String,
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub params: Vec<ParamDef>,
    /// Bindings in written order.
    pub bindings: Vec<Binding>,
    /// The last expression: what the block yields. None where it was left out.
    pub result: Option<Expr>,
    /// From keyword to closing brace.
    pub span: Span,
}

/// `[kernel] name = expr` inside a block or a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// `///` lines above it.
    pub doc: String,
    /// Whether the `kernel` keyword stands before it.
    pub kernel: bool,
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// `model Cifar10(params) { input ...; bindings; output ...; loss { ... } }`, members in any order.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelDef {
    /// `///` lines above it.
    pub doc: String,
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub params: Vec<ParamDef>,
    /// `input image[3, 32, 32]`; more than one is an error of checking.
    pub inputs: Vec<InputDef>,
    /// Bindings in written order.
    pub bindings: Vec<Binding>,
    /// `output classes(10) = expr`.
    pub outputs: Vec<OutputDef>,
    /// `loss { ... }` sections.
    pub losses: Vec<LossDef>,
    /// From keyword to closing brace.
    pub span: Span,
}

/// `input image[3, 32, 32]`
#[derive(Clone, Debug, PartialEq)]
pub struct InputDef {
    /// `///` lines above it.
    pub doc: String,
    /// The name the model's bindings use.
    pub name: Name,
    /// The sizes, an `ExprKind::List`.
    pub sizes: Expr,
    /// The whole member.
    pub span: Span,
}

/// `output classes(10) = expr`
#[derive(Clone, Debug, PartialEq)]
pub struct OutputDef {
    /// `///` lines above it.
    pub doc: String,
    /// The head's name.
    pub name: Name,
    /// The number of classes.
    pub size: Expr,
    /// What it is computed from.
    pub value: Expr,
    /// The whole member.
    pub span: Span,
}

/// `loss { cross_entropy(...) slow_neural(...) }`: each term an expression (a call or a bare name).
#[derive(Clone, Debug, PartialEq)]
pub struct LossDef {
    /// `///` lines above it.
    pub doc: String,
    /// The terms in written order.
    pub terms: Vec<Expr>,
    /// The whole section.
    pub span: Span,
}

/// `train { key value, value ... }`
#[derive(Clone, Debug, PartialEq)]
pub struct TrainDef {
    /// `///` lines above it.
    pub doc: String,
    /// Settings in written order.
    pub settings: Vec<Setting>,
    /// The whole section.
    pub span: Span,
}

/// `optimizer kar3(lr: 0.001)`, `augment a, b`
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The first word.
    pub key: Name,
    /// The comma-separated expressions after it, at least one.
    pub values: Vec<Expr>,
}

/// `variant NAME of BASE { changes }`
#[derive(Clone, Debug, PartialEq)]
pub struct VariantDef {
    /// `///` lines above it.
    pub doc: String,
    /// Its name.
    pub name: Name,
    /// The model or variant it changes.
    pub base: Name,
    /// The changes in written order.
    pub changes: Vec<Change>,
    /// The whole definition.
    pub span: Span,
}

/// One change of a variant, or of `--set`.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// `path = expr`
    Set {
        /// What is changed.
        path: Path,
        /// Its new value.
        value: Expr,
    },
    /// `without path`
    Without {
        /// What is taken away.
        path: Path,
    },
}

/// `sfne.l3.size`
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The names between the dots, at least one.
    pub parts: Vec<Name>,
    /// The whole path.
    pub span: Span,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `64`; negative numbers carry their sign.
    Int(i64),
    /// `0.05`, `5e-5`; and integers too large for `i64`.
    Float(f64),
    /// `x`, `symmetric`
    Name(String),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `local(9, from: hci)`
    Call(Call),
    /// `a + b`, `a * b`, `a @ b`, `a - b`, `a / b`
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where the operator stands.
        op_span: Span,
        /// Left operand.
        lhs: Box<Expr>,
        /// Right operand.
        rhs: Box<Expr>,
    },
    /// `value |> call`: the value becomes the first argument.
    Pipe {
        /// What flows in.
        value: Box<Expr>,
        /// Where it flows to (`|> linear` is a call without arguments).
        into: Call,
    },
    /// `skips[0]`, `skips[1..]`, `skips[..1]`, `skips[1..2]`
    Index {
        /// The list.
        list: Box<Expr>,
        /// Which of its elements.
        range: Range,
    },
    /// `concat { label: expr ... }`
    Concat(Vec<Branch>),
}

/// `callee(args)`
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What is called.
    pub callee: Name,
    /// The arguments in written order.
    pub args: Vec<Arg>,
    /// From the callee to the closing parenthesis.
    pub span: Span,
}

/// `expr` or `name: expr`
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    /// The name before the colon.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// `[label:] expr` inside `concat`.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// `///` lines above it.
    pub doc: String,
    /// The label before the colon.
    pub label: Option<Name>,
    /// The branch.
    pub value: Expr,
}

/// The inside of `[...]` after a list.
#[derive(Clone, Debug, PartialEq)]
pub enum Range {
    /// `[i]`
    At(Box<Expr>),
    /// `[a..b]`, either end may be missing.
    Slice {
        /// First element, 0 where missing.
        start: Option<Box<Expr>>,
        /// One past the last, the length where missing.
        end: Option<Box<Expr>>,
    },
}

/// Infix operators. `*` and `@` and `/` bind tighter than `+` and `-`; all are left-associative; `|>` binds loosest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-` (numbers only)
    Sub,
    /// `*`
    Mul,
    /// `/` (numbers only)
    Div,
    /// `@`
    MatMul,
}

impl BinaryOp {
    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::MatMul => "@",
        }
    }
}

impl Span {
    /// The smallest span that holds both.
    pub fn to(self, other: Span) -> Span {
        Span {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

impl Item {
    /// From keyword to end, without the doc comment.
    pub fn span(&self) -> Span {
        match self {
            Self::Slow(item) => item.span,
            Self::Block(item) => item.span,
            Self::Model(item) => item.span,
            Self::Train(item) => item.span,
            Self::Variant(item) => item.span,
        }
    }

    /// The `///` lines above it.
    pub fn doc(&self) -> &str {
        match self {
            Self::Slow(item) => &item.doc,
            Self::Block(item) => &item.doc,
            Self::Model(item) => &item.doc,
            Self::Train(item) => &item.doc,
            Self::Variant(item) => &item.doc,
        }
    }
}

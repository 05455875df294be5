//! The spanned syntax tree of a `.term` file: what was written, nothing resolved or checked.

/// A half-open byte range `start..end` into the source text (offset by the parser's `base`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
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
    /// `language 2`, if written.
    pub language: Option<(u64, Span)>,
    /// Definitions in written order.
    pub items: Vec<Item>,
}

/// A top-level definition.
#[derive(Clone, Debug, PartialEq)]
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
pub struct Ty {
    /// Which.
    pub kind: TyKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of types.
#[derive(Clone, Debug, PartialEq)]
pub enum TyKind {
    /// `int`
    Word(String),
    /// `[int]`
    List(Box<Ty>),
}

/// One line of a body. Which lines may stand in which body is for checking to say.
#[derive(Clone, Debug, PartialEq)]
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
pub struct Place {
    /// After it, not before it.
    pub after: bool,
    /// The neighbour.
    pub step: Step,
}

/// The text of a `require`, with values in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its pieces in order.
    pub pieces: Vec<Piece>,
    /// From quote to quote.
    pub span: Span,
}

/// A piece of a [`Message`].
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Plain text, escapes resolved.
    Text(String),
    /// `{x.channels}`
    Hole(Expr),
}

/// `b[2].fast.rgu[0].k`
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// What stands between the dots, at least one.
    pub steps: Vec<Step>,
    /// The whole path.
    pub span: Span,
}

/// `rgu` or `rgu[0]` in a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The word.
    pub name: Name,
    /// The number in brackets.
    pub index: Option<(i64, Span)>,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands. For an operator, from its first operand to its last.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `64`; never negative.
    Int(i64),
    /// `0.05`, `5e-5`; and integers too large for `i64`.
    Float(f64),
    /// `true`, `false`
    Bool(bool),
    /// `x`, `symmetric`
    Name(String),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `local(x, size=9)`
    Call(Call),
    /// `value |> call`: the value becomes the first argument.
    Pipe {
        /// What flows in.
        value: Box<Expr>,
        /// Where it flows to.
        into: Call,
    },
    /// `-x`, `not x`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// Its operand.
        value: Box<Expr>,
    },
    /// `a + b`
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
    /// `if c { a } else { b }`
    If {
        /// The condition.
        condition: Box<Expr>,
        /// The value if it is true.
        then: Box<Expr>,
        /// The value if it is not; another `if` for `else if`.
        otherwise: Box<Expr>,
    },
    /// `skips[0]`
    Index {
        /// The list.
        value: Box<Expr>,
        /// Which element.
        index: Box<Expr>,
    },
    /// `skips[1..]`, `skips[..1]`, `skips[1..2]`
    Slice {
        /// The list.
        value: Box<Expr>,
        /// First element, 0 where missing.
        start: Option<Box<Expr>>,
        /// One past the last, the length where missing.
        end: Option<Box<Expr>>,
    },
    /// `x.channels`
    Field {
        /// Whose.
        value: Box<Expr>,
        /// Which.
        name: Name,
    },
}

/// `callee(args)`
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What is called.
    pub callee: Name,
    /// The arguments in written order.
    pub args: Vec<Arg>,
    /// From the callee to the closing bracket.
    pub span: Span,
}

/// `expr` or `name=expr`
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    /// The name before `=`.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `not`
    Not,
}

/// Infix operators; all are left-associative, `|>` binds loosest of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `or`
    Or,
    /// `and`
    And,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `@`
    MatMul,
}

impl UnaryOp {
    /// How tightly it binds, see [`BinaryOp::precedence`].
    pub fn precedence(self) -> u8 {
        match self {
            Self::Not => 3,
            Self::Neg => 7,
        }
    }
}

impl BinaryOp {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Or,
        Self::And,
        Self::Eq,
        Self::Ne,
        Self::Lt,
        Self::Le,
        Self::Gt,
        Self::Ge,
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Rem,
        Self::MatMul,
    ];

    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::MatMul => "@",
        }
    }

    /// How tightly it binds: `or` 1, `and` 2, (`not` 3,) comparisons 4, `+ -` 5, `* / % @` 6, (unary `-` 7).
    pub fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Eq | Self::Ne | Self::Lt | Self::Le | Self::Gt | Self::Ge => 4,
            Self::Add | Self::Sub => 5,
            Self::Mul | Self::Div | Self::Rem | Self::MatMul => 6,
        }
    }
}

impl Expr {
    /// `name` or `name[index]`: what a binding of a block or a model may have at its left.
    pub fn as_element(&self) -> Option<(&str, Option<&Expr>)> {
        match &self.kind {
            ExprKind::Name(text) => Some((text, None)),
            ExprKind::Index { value, index } => match &value.kind {
                ExprKind::Name(text) => Some((text, Some(index))),
                _ => None,
            },
            _ => None,
        }
    }

    /// The expression as a path, if it is one: names, fields and whole numbers in brackets.
    pub fn as_path(&self) -> Option<Path> {
        let mut steps = vec![];
        let mut at = self;
        loop {
            let (inner, index) = match &at.kind {
                ExprKind::Index { value, index } => (&**value, Some(index.as_integer()?)),
                _ => (at, None),
            };
            match &inner.kind {
                ExprKind::Name(text) => {
                    let name = inner.named(text);
                    steps.push(Step { name, index });
                    steps.reverse();
                    let span = self.span;
                    return Some(Path { steps, span });
                }
                ExprKind::Field { value, name } => {
                    let name = name.clone();
                    steps.push(Step { name, index });
                    at = value;
                }
                _ => return None,
            }
        }
    }

    /// A whole number, possibly with a minus.
    fn as_integer(&self) -> Option<(i64, Span)> {
        match &self.kind {
            ExprKind::Int(n) => Some((*n, self.span)),
            ExprKind::Unary {
                op: UnaryOp::Neg,
                value,
            } => match value.kind {
                ExprKind::Int(n) => Some((-n, self.span)),
                _ => None,
            },
            _ => None,
        }
    }

    fn named(&self, text: &str) -> Name {
        Name {
            text: text.to_owned(),
            span: self.span,
        }
    }
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

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, step) in self.steps.iter().enumerate() {
            if i > 0 {
                write!(f, ".")?;
            }
            write!(f, "{step}")?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.name.text)?;
        match self.index {
            Some((index, _)) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}

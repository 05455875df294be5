//! Expressions: what stands right of `=`, in arguments and alone.

use super::{Name, Path, Span, Step};

/// An expression.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands. For an operator, from its first operand to its last.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Arg {
    /// The name before `=`.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `not`
    Not,
}

/// Infix operators; all are left-associative, `|>` binds loosest of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
    /// The name that the expression is, if it is nothing else.
    pub fn as_name(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Name(name) => Some(name),
            _ => None,
        }
    }

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

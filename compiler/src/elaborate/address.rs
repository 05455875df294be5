//! Numbers the calls of an expression, in the order of its text: the paths of what they make. Evaluates nothing.

use rustc_hash::FxHashMap as HashMap;

use termc_grammar::ast::{Arg, BinaryOp, Call, Expr, ExprKind, UnaryOp};

use super::Elaborator;
use super::scope::{Address, Folder, Scope};
use crate::language::{Callee, Ty, Value, function};

/// What the calls of an expression belong to.
#[derive(Clone, Debug)]
pub(super) enum Base {
    /// A binding.
    Binding(String, Option<i64>),
    /// The result of a block: its calls stand in the block itself.
    Result,
}

#[derive(Debug)]
struct Found {
    key: u32,
    name: String,
    operator: bool,
}

impl<'a> Elaborator<'a> {
    /// The addresses of the calls of an expression.
    pub(super) fn addresses(&mut self, scope: &Scope<'a>, expr: &'a Expr, base: Base) -> Folder {
        let mut found = vec![];
        self.collect(scope, expr, None, &mut found);
        found.sort_by_key(|f| f.key);
        let calls = found.iter().filter(|f| !f.operator).count();
        let root = operator_key(expr);
        let mut folder = Folder::default();
        let step = match &base {
            Base::Binding(name, index) => Some((name.clone(), *index)),
            Base::Result => None,
        };
        if let (Some(step), Some(root)) = (&step, root)
            && calls != 1
            && let Some(at) = found.iter().position(|f| f.key == root)
        {
            found.remove(at);
            let steps = vec![step.clone()];
            folder.addresses.insert(
                root,
                Address {
                    steps,
                    inner: false,
                },
            );
        }
        let mut counts: HashMap<String, (i64, i64)> = HashMap::default();
        for f in &found {
            counts.entry(f.name.clone()).or_default().0 += 1;
        }
        for f in found {
            let alone = !f.operator && calls == 1;
            let Some((count, next)) = counts.get_mut(&f.name) else {
                continue;
            };
            let tag = match *count {
                1 => (f.name, None),
                _ => (f.name, Some(*next)),
            };
            *next += 1;
            let (steps, inner) = match &step {
                Some(step) if alone => (vec![step.clone()], false),
                Some(step) => (vec![step.clone(), tag], true),
                None => (vec![tag], true),
            };
            folder.addresses.insert(f.key, Address { steps, inner });
        }
        self.offer_tags(scope, &folder, step.as_ref());
        folder
    }

    /// Remembers the calls of an expression, for paths that lead nowhere in it.
    fn offer_tags(&self, scope: &Scope<'a>, folder: &Folder, base: Option<&(String, Option<i64>)>) {
        if scope.positions.is_empty() {
            return;
        }
        let at = match base {
            Some((name, index)) => self.changes.step(&scope.positions, name, *index),
            None => scope.positions.clone(),
        };
        let tags = folder
            .addresses
            .values()
            .filter(|a| a.inner)
            .filter_map(|a| a.steps.last());
        let tags: Vec<String> = tags
            .map(|(name, index)| match index {
                Some(index) => format!("{name}[{index}]"),
                None => name.clone(),
            })
            .collect();
        self.changes.offer(&at, tags.into_iter());
    }

    /// Finds the calls and the operators on tensors; calls that are block values are none.
    fn collect(
        &mut self,
        scope: &Scope<'a>,
        expr: &'a Expr,
        want: Option<&Ty>,
        found: &mut Vec<Found>,
    ) {
        if !self.enter(expr.span) {
            return;
        }
        match &expr.kind {
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::Name(_) => {}
            ExprKind::List(items) => {
                let inner = want.map(element);
                items
                    .iter()
                    .for_each(|item| self.collect(scope, item, inner, found));
            }
            ExprKind::Call(call) => self.collect_call(scope, call, None, want, found),
            ExprKind::Pipe { value, into } => {
                self.collect_call(scope, into, Some(value), want, found);
            }
            ExprKind::Unary { op, value } => {
                self.collect(scope, value, None, found);
                if *op == UnaryOp::Neg && self.tensorish(scope, value) {
                    let key = expr.span.start;
                    found.push(Found {
                        key,
                        name: "neg".into(),
                        operator: true,
                    });
                }
            }
            ExprKind::Binary {
                op,
                op_span,
                lhs,
                rhs,
            } => {
                self.collect(scope, lhs, None, found);
                self.collect(scope, rhs, None, found);
                if let Some(name) = operator(*op)
                    && (self.tensorish(scope, lhs) || self.tensorish(scope, rhs))
                {
                    let key = op_span.start;
                    found.push(Found {
                        key,
                        name: name.into(),
                        operator: true,
                    });
                }
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                self.collect(scope, condition, None, found);
                self.collect(scope, then, want, found);
                self.collect(scope, otherwise, want, found);
            }
            ExprKind::Index { value, .. }
            | ExprKind::Slice { value, .. }
            | ExprKind::Field { value, .. } => {
                self.collect(scope, value, None, found);
            }
        }
        self.leave();
    }

    fn collect_call(
        &mut self,
        scope: &Scope<'a>,
        call: &'a Call,
        piped: Option<&'a Expr>,
        want: Option<&Ty>,
        found: &mut Vec<Found>,
    ) {
        if matches!(want, Some(Ty::Block | Ty::Constant)) || function(&call.callee.text).is_some() {
            return;
        }
        let Some(block) = self.callee(scope, &call.callee.text) else {
            let inside = piped.into_iter().chain(call.args.iter().map(|a| &a.value));
            inside.for_each(|expr| self.collect(scope, expr, None, found));
            return;
        };
        let params = self.parameters(block.callee);
        let open: Vec<&Ty> = (params.iter())
            .filter(|p| !block.fixed.iter().any(|(name, _)| *name == p.name))
            .map(|p| &p.ty)
            .collect();
        let mut next = 0;
        let mut positional = || {
            let ty = open.get(next).or(open.last()).copied();
            if ty != Some(&Ty::Tensors) {
                next += 1;
            }
            ty
        };
        if let Some(value) = piped {
            let ty = positional().cloned();
            self.collect(scope, value, ty.as_ref(), found);
        }
        for Arg { name, value } in &call.args {
            let ty = match name {
                None => positional().cloned(),
                Some(name) => params
                    .iter()
                    .find(|p| p.name == name.text)
                    .map(|p| p.ty.clone()),
            };
            self.collect(scope, value, ty.as_ref(), found);
        }
        let name = call.callee.text.clone();
        found.push(Found {
            key: call.callee.span.start,
            name,
            operator: false,
        });
    }

    /// Whether an expression is a tensor, as far as its text tells.
    pub(super) fn tensorish(&mut self, scope: &Scope<'a>, expr: &'a Expr) -> bool {
        if !self.enter(expr.span) {
            return false;
        }
        let is = match &expr.kind {
            ExprKind::Name(name) => scope
                .names
                .get(name.as_str())
                .is_some_and(|e| holds_tensors(&e.value.value)),
            ExprKind::Call(call) => function(&call.callee.text).is_none(),
            ExprKind::Pipe { .. } => true,
            ExprKind::Unary { value, .. } => self.tensorish(scope, value),
            ExprKind::Binary { op, lhs, rhs, .. } => {
                operator(*op).is_some()
                    && (self.tensorish(scope, lhs) || self.tensorish(scope, rhs))
            }
            ExprKind::If {
                then, otherwise, ..
            } => self.tensorish(scope, then) || self.tensorish(scope, otherwise),
            ExprKind::Index { value, .. } => self.tensorish(scope, value),
            _ => false,
        };
        self.leave();
        is
    }

    /// What a name calls in a scope: a block value, a block or a primitive.
    pub(super) fn callee(
        &mut self,
        scope: &Scope<'a>,
        name: &str,
    ) -> Option<crate::language::BlockValue> {
        if let Some(entry) = scope.names.get(name)
            && let Value::Block(block) = &entry.value.value
        {
            return Some((**block).clone());
        }
        if let Some(number) = self.program.find(scope.file, name) {
            return match self.program.get(number).body {
                super::program::Body::Block(_) => Some(crate::language::BlockValue {
                    callee: Callee::Block(number),
                    fixed: vec![],
                }),
                super::program::Body::Const(_) => match self.constant(number).value {
                    Value::Block(block) => Some((*block).clone()),
                    _ => None,
                },
            };
        }
        let mut names = crate::primitives::signatures().iter();
        let number = names.position(|s| s.name == name)?;
        Some(crate::language::BlockValue {
            callee: Callee::Primitive(number),
            fixed: vec![],
        })
    }
}

/// The key of the operator that an expression is, if it is one.
fn operator_key(expr: &Expr) -> Option<u32> {
    match &expr.kind {
        ExprKind::Binary { op_span, .. } => Some(op_span.start),
        ExprKind::Unary {
            op: UnaryOp::Neg, ..
        } => Some(expr.span.start),
        _ => None,
    }
}

/// The name of an operator on tensors in paths.
fn operator(op: BinaryOp) -> Option<&'static str> {
    Some(match op {
        BinaryOp::Add => "add",
        BinaryOp::Sub => "sub",
        BinaryOp::Mul => "mul",
        BinaryOp::Div => "div",
        BinaryOp::MatMul => "matmul",
        _ => return None,
    })
}

/// What is wanted of the elements of a list that is wanted to be this.
pub(super) fn element(ty: &Ty) -> &Ty {
    match ty {
        Ty::List(of) => of,
        Ty::Parts => &Ty::Int,
        other => other,
    }
}

fn holds_tensors(value: &Value) -> bool {
    match value {
        Value::Tensor(_) => true,
        Value::List(items) => items.iter().any(|item| holds_tensors(&item.value)),
        _ => false,
    }
}

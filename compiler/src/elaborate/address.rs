//! Numbers the calls of an expression, in the order of its text: the paths of what they make. Evaluates nothing.

use rustc_hash::FxHashMap as HashMap;
use std::borrow::Cow;

use termc_grammar::ast::{Arg, BinaryOp, Call, Expr, ExprKind, UnaryOp};

use super::Elaborator;
use super::scope::{Address, Folder, Scope, Step};
use crate::language::{Callee, Ty, Value, function};

#[derive(Debug)]
struct Found<'a> {
    key: u32,
    name: &'a str,
    operator: bool,
}

impl<'a> Elaborator<'a> {
    /// The addresses of the calls of an expression, which is that of a binding or the result of a block: calls of the
    /// result stand in the block itself.
    pub(super) fn addresses(
        &mut self,
        scope: &Scope<'a>,
        expr: &'a Expr,
        binding: Option<Step<'a>>,
    ) -> Folder<'a> {
        let mut found = vec![];
        self.collect(scope, expr, None, &mut found);
        found.sort_unstable_by_key(|f| f.key);
        let calls = found.iter().filter(|f| !f.operator).count();
        // An operator on calls that a binding holds has the binding's name, unless its only call has it.
        let root = operator_key(expr).filter(|_| binding.is_some() && calls != 1);
        let tagged = |f: &Found<'a>| Some(f.key) != root;
        let mut counts: HashMap<&str, (i64, i64)> = HashMap::default();
        if found.len() > 1 {
            for f in found.iter().filter(|f| tagged(f)) {
                counts.entry(f.name).or_default().0 += 1;
            }
        }
        let address = |f: &Found<'a>| {
            let number = match counts.get_mut(f.name) {
                Some((count, next)) if tagged(f) && *count > 1 => {
                    *next += 1;
                    Some(*next - 1)
                }
                _ => None,
            };
            let alone = binding.is_some() && !f.operator && calls == 1;
            let call = (tagged(f) && !alone).then_some((f.name, number));
            (f.key, Address { binding, call })
        };
        let folder = Folder {
            addresses: found.iter().map(address).collect(),
        };
        self.offer_tags(scope, &folder, binding);
        folder
    }

    /// Remembers the calls of an expression, for paths that lead nowhere in it.
    fn offer_tags(&self, scope: &Scope<'a>, folder: &Folder<'a>, binding: Option<Step<'a>>) {
        if scope.positions.is_empty() {
            return;
        }
        let at = self.steps(&scope.positions, binding.into_iter());
        let tags = folder.addresses.iter().filter_map(|(_, a)| a.call);
        let tags = tags.map(|(name, index)| match index {
            Some(index) => Cow::Owned(format!("{name}[{index}]")),
            None => Cow::Borrowed(name),
        });
        self.offer(&at, tags);
    }

    /// Finds the calls and the operators on tensors; calls that are block values are none.
    fn collect(
        &mut self,
        scope: &Scope<'a>,
        expr: &'a Expr,
        want: Option<&Ty>,
        found: &mut Vec<Found<'a>>,
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
                        name: "neg",
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
                        name,
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
        found: &mut Vec<Found<'a>>,
    ) {
        if matches!(want, Some(Ty::Block | Ty::Constant)) || function(&call.callee.text).is_some() {
            return;
        }
        let Some(block) = self.callee(scope, &call.callee.text) else {
            let inside = piped.into_iter().chain(call.args.iter().map(|a| &a.value));
            inside.for_each(|expr| self.collect(scope, expr, None, found));
            return;
        };
        let own = Found {
            key: call.callee.span.start,
            name: &call.callee.text,
            operator: false,
        };
        // Most calls are of names and numbers: nothing is to be found inside.
        let mut inside = piped.into_iter().chain(call.args.iter().map(|a| &a.value));
        if inside.all(is_leaf) {
            found.push(own);
            return;
        }
        let params = self.parameters(block.callee);
        let mut open = (params.iter())
            .filter(|p| !block.fixed.iter().any(|(name, _)| *name == p.name))
            .map(|p| &p.ty);
        let mut last = None;
        let mut positional = || {
            if last != Some(&Ty::Tensors) {
                last = open.next().or(last);
            }
            last
        };
        if let Some(value) = piped {
            let ty = positional();
            self.collect(scope, value, ty, found);
        }
        for Arg { name, value } in &call.args {
            let ty = match name {
                None => positional(),
                Some(name) => params.iter().find(|p| p.name == name.text).map(|p| &p.ty),
            };
            self.collect(scope, value, ty, found);
        }
        found.push(own);
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
        let number = crate::primitives::number(name)?;
        Some(crate::language::BlockValue {
            callee: Callee::Primitive(number),
            fixed: vec![],
        })
    }
}

/// Whether an expression has no other inside.
fn is_leaf(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::Name(_)
    )
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

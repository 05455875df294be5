//! Which names a text mentions, wherever they stand, and which its lines bind. Evaluates nothing.

use rustc_hash::FxHashSet as HashSet;

use termc_grammar::ast::{
    Call, Callable, Expr, ExprKind, ItemKind, Line, LineKind, ParamDef, Piece, Span,
};

/// Names by how they are mentioned.
#[derive(Default)]
struct Mentions<'a> {
    /// As values, and as the first steps of paths.
    values: HashSet<&'a str>,
    /// As what is called.
    callees: HashSet<&'a str>,
}

impl<'a> Mentions<'a> {
    fn all(self) -> HashSet<&'a str> {
        &self.values | &self.callees
    }
}

/// The names of definitions that a definition mentions: as values, as callees, and as the first steps of the paths of
/// changes. Names of its own that look like them may be among these.
pub(crate) fn of_item(kind: &ItemKind) -> HashSet<&str> {
    let mut found = Mentions::default();
    match kind {
        ItemKind::Use(..) => {}
        ItemKind::Const { value, .. } => expr(value, &mut found),
        ItemKind::Block(item) | ItemKind::Model(item) => {
            lines(&item.body, &mut found);
            // Names of its own hide definitions; what is called as a name is bound, `y = y(x)`, is still the definition.
            for (name, _) in item.body.iter().flat_map(bound_names) {
                found.values.remove(name);
            }
            for param in &item.params {
                found.values.remove(param.name.text.as_str());
                found.callees.remove(param.name.text.as_str());
            }
            params(&item.params, &mut found);
        }
        ItemKind::Train(body) | ItemKind::Variant { body, .. } => lines(body, &mut found),
    }
    found.all()
}

/// The names that an expression mentions.
pub(crate) fn of_expr(value: &Expr) -> HashSet<&str> {
    let mut found = Mentions::default();
    expr(value, &mut found);
    found.all()
}

/// The names that the text of a block or model mentions, parameters and all.
pub(crate) fn of_callable(item: &Callable) -> HashSet<&str> {
    let mut found = Mentions::default();
    params(&item.params, &mut found);
    lines(&item.body, &mut found);
    found.all()
}

/// The names that lines mention, those they bind apart.
pub(crate) fn of_lines(body: &[Line]) -> HashSet<&str> {
    let mut found = Mentions::default();
    lines(body, &mut found);
    found.all()
}

fn params<'a>(list: &'a [ParamDef], found: &mut Mentions<'a>) {
    list.iter()
        .filter_map(|p| p.default.as_ref())
        .for_each(|e| expr(e, found));
}

fn lines<'a>(body: &'a [Line], found: &mut Mentions<'a>) {
    for line in body {
        match &line.kind {
            LineKind::Input { sizes, .. } => expr(sizes, found),
            LineKind::Output { value, .. } | LineKind::Yield(value) => expr(value, found),
            LineKind::Loss(terms) => lines(terms, found),
            LineKind::For {
                start, end, body, ..
            } => {
                expr(start, found);
                expr(end, found);
                lines(body, found);
            }
            LineKind::Require { condition, message } => {
                expr(condition, found);
                for piece in &message.pieces {
                    if let Piece::Hole(hole) = piece {
                        expr(hole, found);
                    }
                }
            }
            LineKind::Without { paths, .. } => {
                let first = paths.iter().filter_map(|path| path.steps.first());
                found
                    .values
                    .extend(first.map(|step| step.name.text.as_str()));
            }
            LineKind::Add { path, value, .. } => {
                found
                    .values
                    .extend(path.steps.first().map(|step| step.name.text.as_str()));
                expr(value, found);
            }
            LineKind::Bind { target, value } => {
                target_of(target, found);
                expr(value, found);
            }
        }
    }
}

/// A bound name is not mentioned by its binding; an index in it, or the first step of a path, is.
fn target_of<'a>(target: &'a Expr, found: &mut Mentions<'a>) {
    match &target.kind {
        ExprKind::Name(_) => {}
        ExprKind::Index { value, index } if matches!(value.kind, ExprKind::Name(_)) => {
            expr(index, found)
        }
        _ => expr(target, found),
    }
}

/// Walks without recursion: what was read may be nested as deep as the parser allows.
fn expr<'a>(start: &'a Expr, found: &mut Mentions<'a>) {
    let mut open = vec![start];
    while let Some(next) = open.pop() {
        match &next.kind {
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) => {}
            ExprKind::Name(name) => {
                found.values.insert(name);
            }
            ExprKind::List(items) => open.extend(items),
            ExprKind::Call(call) => callee(call, &mut open, found),
            ExprKind::Pipe { value, into } => {
                open.push(value);
                callee(into, &mut open, found);
            }
            ExprKind::Unary { value, .. } | ExprKind::Field { value, .. } => open.push(value),
            ExprKind::Binary { lhs, rhs, .. } => open.extend([&**lhs, &**rhs]),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                open.extend([&**condition, &**then, &**otherwise]);
            }
            ExprKind::Index { value, index } => open.extend([&**value, &**index]),
            ExprKind::Slice { value, start, end } => {
                open.push(value);
                open.extend(start.as_deref());
                open.extend(end.as_deref());
            }
        }
    }
}

fn callee<'a>(call: &'a Call, open: &mut Vec<&'a Expr>, found: &mut Mentions<'a>) {
    found.callees.insert(&call.callee.text);
    open.extend(call.args.iter().map(|arg| &arg.value));
}

/// The names that a line binds, and where.
pub(super) fn bound_names(line: &Line) -> Vec<(&str, Span)> {
    match &line.kind {
        LineKind::Bind { target, .. } => (target.as_element().into_iter())
            .map(|(name, _)| (name, target.span))
            .collect(),
        LineKind::For { body, .. } => body.iter().flat_map(bound_names).collect(),
        _ => vec![],
    }
}

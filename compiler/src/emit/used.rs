//! Which functions forward passes call: of the support code, and of other structures.

use std::collections::HashSet;

use super::form::{Expr, FieldKind, Form, Structure};
use super::target::Target;
use crate::primitives::written::Code;

/// The functions of modules of the support code that forward passes call: `Linear::forward`.
pub(super) fn held(form: &Form) -> HashSet<String> {
    let mut used = HashSet::new();
    for structure in &form.structures {
        let mut see = |expr: &Expr| {
            let Expr::Op(op) = expr else { return };
            let field = op.held.as_ref().map(|held| &held.name);
            let field = structure
                .fields
                .iter()
                .find(|known| Some(&known.name) == field);
            if let Some(FieldKind::Module(kind, _)) = field.map(|field| &field.kind) {
                methods(&op.burn, kind, &mut used);
            }
        };
        structure.each_expr(&mut see);
    }
    used
}

/// What is called on what is held.
fn methods(code: &Code, kind: &str, used: &mut HashSet<String>) {
    if let Code::Method(on, method, _) = code
        && **on == Code::Held
    {
        used.insert(format!("{kind}::{method}"));
    }
    code.each_inner(&mut |inner| methods(inner, kind, used));
}

/// The functions that the calls of primitives name in a target.
pub(super) fn functions(form: &Form, target: &dyn Target) -> HashSet<String> {
    let mut names = HashSet::new();
    for structure in &form.structures {
        let mut see = |expr: &Expr| {
            if let Expr::Op(op) = expr {
                functions_of(target.code(&op.burn, &op.torch), &mut names);
            }
        };
        structure.each_expr(&mut see);
    }
    names
}

/// The functions that a primitive's call names.
fn functions_of(code: &Code, names: &mut HashSet<String>) {
    if let Code::Call(function, _) = code {
        names.insert((*function).to_owned());
    }
    code.each_inner(&mut |inner| functions_of(inner, names));
}

/// The functions that a body calls, by their names in the target.
pub(super) fn called(
    structure: &Structure,
    form: &Form,
    target: &dyn Target,
    name_of: &dyn Fn(usize) -> String,
) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut see = |expr: &Expr| match expr {
        Expr::Op(op) => functions_of(target.code(&op.burn, &op.torch), &mut names),
        Expr::Call(call) if form.structure(call.structure).is_function() => {
            names.insert(name_of(call.structure));
        }
        _ => {}
    };
    structure.each_expr(&mut see);
    names
}

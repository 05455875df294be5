//! The defaults of what is built in, parsed once: of primitives' parameters, of rows of tables, of settings. Evaluates none.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use termc_grammar::ast::Expr;

use crate::bug::bug;
use crate::language::Ty;
use crate::language::settings::Setting;

/// A parameter of a primitive, its default parsed.
#[derive(Debug)]
pub(crate) struct PrimitiveParameter {
    pub name: &'static str,
    pub ty: Ty,
    pub default: Option<Expr>,
}

/// The parameters of a primitive, by its number in the table.
pub(crate) fn primitive_parameters(number: usize) -> &'static [PrimitiveParameter] {
    static PARAMETERS: OnceLock<Vec<Vec<PrimitiveParameter>>> = OnceLock::new();
    let all = PARAMETERS.get_or_init(|| {
        let signatures = crate::primitives::signatures().iter();
        signatures
            .map(|s| (s.parameters)().into_iter().map(parsed).collect())
            .collect()
    });
    match all.get(number) {
        Some(parameters) => parameters,
        None => bug!("there is no primitive {number}"),
    }
}

/// A parameter with its default parsed; its place is none of the user's.
pub(crate) fn parsed(parameter: crate::language::Parameter) -> PrimitiveParameter {
    PrimitiveParameter {
        name: parameter.name,
        ty: parameter.ty,
        default: parameter.default.map(expression),
    }
}

/// The parameters of a row of a table, parsed once; `key` tells rows apart.
pub(crate) fn row_parameters(
    key: usize,
    parameters: fn() -> Vec<crate::language::Parameter>,
) -> &'static [PrimitiveParameter] {
    static ROWS: Mutex<BTreeMap<usize, &'static [PrimitiveParameter]>> =
        Mutex::new(BTreeMap::new());
    let mut rows = ROWS.lock().unwrap_or_else(PoisonError::into_inner);
    rows.entry(key).or_insert_with(|| {
        let parsed: Vec<PrimitiveParameter> = parameters().into_iter().map(parsed).collect();
        // There are as many as rows of tables, each once.
        Box::leak(parsed.into_boxed_slice())
    })
}

/// The default of a setting as an expression; None where it is said in words.
pub(crate) fn default_of(setting: &'static Setting) -> Option<&'static Expr> {
    static DEFAULTS: Mutex<BTreeMap<&'static str, Option<&'static Expr>>> =
        Mutex::new(BTreeMap::new());
    let mut known = DEFAULTS.lock().unwrap_or_else(PoisonError::into_inner);
    *known.entry(setting.name).or_insert_with(|| {
        let text = (!setting.default.starts_with('(')).then_some(setting.default)?;
        Some(Box::leak(Box::new(expression(text))))
    })
}

/// An expression that the compiler itself states; its place is none of the user's.
fn expression(text: &str) -> Expr {
    match termc_grammar::parse_expr(text, u32::MAX - 4096) {
        Ok(expr) => expr,
        Err(errors) => bug!("the default `{text}` cannot be read: {errors:?}"),
    }
}

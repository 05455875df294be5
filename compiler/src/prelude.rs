//! What is there before any file: the prelude's texts, parsed once, and the defaults of the primitives' parameters.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use termc_grammar::ast::{Expr, File, Span};

use crate::bug::bug;
use crate::language::Ty;
use crate::language::settings::Setting;

/// The prelude's files: name and text.
pub(crate) const TEXTS: &[(&str, &str)] = &[
    (
        "prelude/statistics.term",
        include_str!("../prelude/statistics.term"),
    ),
    (
        "prelude/channels.term",
        include_str!("../prelude/channels.term"),
    ),
    (
        "prelude/slow_nets.term",
        include_str!("../prelude/slow_nets.term"),
    ),
    (
        "prelude/kernels.term",
        include_str!("../prelude/kernels.term"),
    ),
    ("prelude/gates.term", include_str!("../prelude/gates.term")),
];

/// The number of a file of the prelude among the units, which begin with it: what the defaults of primitives see.
pub(crate) const UNIT: usize = 0;

/// Where the places of the prelude begin; those of a compilation's own texts are below.
pub(crate) const BASE: u32 = 1 << 31;

/// Whether a place is in the prelude, or in the default of a primitive.
pub(crate) fn is_prelude(span: Span) -> bool {
    span.start >= BASE
}

/// The file of the prelude that a place is in: its name, its text, and the offset in it. None for all other places.
pub(crate) fn locate(span: Span) -> Option<(&'static str, &'static str, usize)> {
    let found = TEXTS.iter().zip(files()).rev();
    let mut found = found.filter(|(_, (base, _))| *base <= span.start);
    let ((name, text), (base, _)) = found.next()?;
    let start = (span.start - base) as usize;
    (start <= text.len()).then_some((*name, *text, start))
}

/// A parameter of a primitive, its default parsed.
#[derive(Debug)]
pub(crate) struct PrimitiveParameter {
    pub name: &'static str,
    pub ty: Ty,
    pub default: Option<Expr>,
}

/// The prelude's trees, with the base of each.
pub(crate) fn files() -> &'static [(u32, File)] {
    static FILES: OnceLock<Vec<(u32, File)>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut base = BASE;
        let files = TEXTS.iter().map(|(name, text)| {
            let here = base;
            base += text.len() as u32 + 1;
            match termc_grammar::parse(text, here) {
                Ok(file) => (here, file),
                Err(errors) => bug!("{name} cannot be read: {errors:?}"),
            }
        });
        files.collect()
    })
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

//! What is called by a name, and what parameters it has.

use termc_grammar::ast::{Call, Callable, Expr, ExprKind, Name};

use super::item::{Owner, Walk, read_type};
use super::{BuiltIn, Meaning};
use crate::elaborate::Body;
use crate::language::{Parameter as Row, Ty, function};
use crate::primitives::signatures;

/// How far block values are followed to the block they are of.
const FARTHEST: usize = 8;

/// What a name calls.
#[derive(Clone)]
pub(super) enum Called<'a> {
    /// A block.
    Block(Owner<'a>),
    /// A primitive, a loss term or a value of a setting: its name, its parameters.
    Row(&'static str, Vec<Row>),
    /// A function of numbers, or a start.
    Function,
}

/// A parameter of what is called.
#[derive(Clone)]
pub(super) struct Parameter<'a> {
    pub name: String,
    pub ty: Option<Ty>,
    pub meaning: Meaning,
    /// The default of a block's parameter, and where its names are looked up.
    pub default: Option<(&'a Expr, Owner<'a>)>,
    /// `: int = 3`
    pub detail: String,
    pub doc: String,
}

impl<'a> Walk<'a> {
    /// What a name at a place stands for where something is called, and what that is.
    pub fn callee(
        &self,
        owner: Option<Owner<'a>>,
        file: usize,
        name: &str,
        at: u32,
    ) -> Option<(Meaning, Option<Called<'a>>)> {
        self.callee_within(owner, file, name, at, FARTHEST)
    }

    fn callee_within(
        &self,
        owner: Option<Owner<'a>>,
        file: usize,
        name: &str,
        at: u32,
        left: usize,
    ) -> Option<(Meaning, Option<Called<'a>>)> {
        if let Some(function) = function(name) {
            return Some((built_in(function.kind(), name), Some(Called::Function)));
        }
        if let Some(owner) = owner
            && let Some(number) = self.seen(owner, name, at)
            && let Some(param) = owner
                .callable
                .params
                .iter()
                .find(|param| param.name.text == name)
        {
            let default = param.default.as_ref();
            let called =
                default.and_then(|expr| self.called_by(Some(owner), owner.file, expr, left));
            return Some((Meaning::Symbol(number), called));
        }
        if let Some(number) = self.program.find(file, name) {
            let definition = self.program.get(number);
            let called = match definition.body {
                Body::Block(callable) => Some(Called::Block(Owner {
                    callable,
                    file: definition.file,
                })),
                Body::Const(value) => self.called_by(None, definition.file, value, left),
            };
            return Some((Meaning::Symbol(self.definition(number)?), called));
        }
        let row = signatures().iter().find(|row| row.name == name)?;
        let called = Called::Row(row.name, (row.parameters)());
        Some((built_in("primitive", name), Some(called)))
    }

    /// What a block value is of.
    pub fn called(
        &self,
        owner: Option<Owner<'a>>,
        file: usize,
        expr: &'a Expr,
    ) -> Option<Called<'a>> {
        self.called_by(owner, file, expr, FARTHEST)
    }

    fn called_by(
        &self,
        owner: Option<Owner<'a>>,
        file: usize,
        expr: &'a Expr,
        left: usize,
    ) -> Option<Called<'a>> {
        let left = left.checked_sub(1)?;
        match &expr.kind {
            ExprKind::Name(name) => {
                self.callee_within(owner, file, name, expr.span.start, left)?
                    .1
            }
            ExprKind::Call(call) => {
                let Name { text, span } = &call.callee;
                self.callee_within(owner, file, text, span.start, left)?.1
            }
            ExprKind::If { then, .. } => self.called_by(owner, file, then, left),
            _ => None,
        }
    }

    /// The parameters of what is called.
    pub fn parameters(&self, called: &Called<'a>) -> Vec<Parameter<'a>> {
        match called {
            Called::Function => vec![],
            Called::Block(owner) => self.block_parameters(*owner),
            Called::Row(of, rows) => rows.iter().map(|row| row_parameter(of, row)).collect(),
        }
    }

    fn block_parameters(&self, owner: Owner<'a>) -> Vec<Parameter<'a>> {
        let Callable { params, .. } = owner.callable;
        let made = params.iter().filter_map(|param| {
            let number = self.local(owner, &param.name.text)?;
            let symbol = self.symbols.get(number)?;
            Some(Parameter {
                name: param.name.text.clone(),
                ty: param.ty.as_ref().map_or(Some(Ty::Tensor), read_type),
                meaning: Meaning::Symbol(number),
                default: param.default.as_ref().map(|default| (default, owner)),
                detail: symbol.detail.clone(),
                doc: symbol.doc.clone(),
            })
        });
        made.collect()
    }
}

fn row_parameter<'a>(of: &str, row: &Row) -> Parameter<'a> {
    let ty = match &row.ty {
        Ty::Tensor => String::new(),
        ty => format!(": {ty}"),
    };
    let default = row.default.map(|default| format!(" = {default}"));
    let detail = format!("{ty}{}", default.unwrap_or_default());
    let doc = format!(
        "{}{detail}\n\nAn argument of `{of}`. {}",
        row.name,
        row.doc.trim()
    );
    Parameter {
        name: row.name.to_owned(),
        ty: Some(row.ty.clone()),
        meaning: Meaning::BuiltIn(BuiltIn {
            kind: "argument",
            name: row.name.to_owned(),
            doc,
        }),
        default: None,
        detail,
        doc: row.doc.trim().to_owned(),
    }
}

pub(super) fn built_in(kind: &'static str, name: &str) -> Meaning {
    Meaning::BuiltIn(BuiltIn {
        kind,
        name: name.to_owned(),
        doc: String::new(),
    })
}

/// The argument that a call gives for a parameter: the piped value counts as the first.
pub(super) fn argument<'a>(
    call: &'a Call,
    piped: Option<&'a Expr>,
    parameters: &[Parameter<'_>],
    name: &str,
) -> Option<&'a Expr> {
    let named = call
        .args
        .iter()
        .find(|arg| arg.name.as_ref().is_some_and(|own| own.text == name));
    if let Some(arg) = named {
        return Some(&arg.value);
    }
    let at = parameters.iter().position(|param| param.name == name)?;
    let unnamed = call
        .args
        .iter()
        .filter(|arg| arg.name.is_none())
        .map(|arg| &arg.value);
    piped.into_iter().chain(unnamed).nth(at)
}

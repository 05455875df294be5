//! Elaborates a chosen model: evaluates its text call by call, with the changes to it, into a graph of primitives over
//! the tree of block calls. The order of the files: `program` (definitions), `model` (the driver), `body` (lines), `eval`
//! and `operators` (expressions), `call` and `arguments` (calls), `address` (paths), `draft` (the graph), `blame` (reports).

mod address;
mod arguments;
mod assign;
mod binding;
mod blame;
mod body;
mod call;
mod changed;
mod coerce;
mod draft;
mod eval;
mod functions;
mod index;
mod input;
mod instance;
mod loss;
mod memo;
pub(crate) mod mentions;
mod model;
mod numbers;
mod operators;
mod program;
mod scope;
mod train;
mod unchecked;
mod unused;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use termc_grammar::ast::{Expr, Path, TyKind};

use self::draft::{Draft, Site};
use self::eval::reported;
use self::memo::{Calls, LeftOut};
use self::scope::Scope;
use crate::defaults::{self, PrimitiveParameter};
use crate::diagnostics::{Code, Diagnostic, ProgramKind};
use crate::language::{Callee, Traced, Ty, Value};
use crate::model::{InstanceId, Span};
use crate::overrides::{Changes, Position};

pub(crate) use self::memo::Known;
pub(crate) use self::model::{definitions, elaborate, nothing_wrong};
pub(crate) use self::program::{Body, Program, Unit};

/// A call that is being elaborated.
#[derive(Debug)]
struct ActiveCall<'a> {
    span: Span,
    name: &'a str,
    /// The definition, if a block is called.
    definition: Option<usize>,
    path: Arc<str>,
    /// Whether the block is the user's.
    user: bool,
}

/// A parameter of a block or a primitive.
#[derive(Clone, Debug)]
struct ParameterInfo<'a> {
    name: &'a str,
    ty: Ty,
    default: Option<&'a Expr>,
    /// Whether the default mentions no parameter: it is the same for all calls.
    constant: bool,
    span: Span,
}

impl From<&'static PrimitiveParameter> for ParameterInfo<'_> {
    fn from(parameter: &'static PrimitiveParameter) -> Self {
        Self {
            name: parameter.name,
            ty: parameter.ty.clone(),
            default: parameter.default.as_ref(),
            constant: false,
            span: Span::default(),
        }
    }
}

/// Elaborates one model.
struct Elaborator<'a> {
    program: &'a Program<'a>,
    changes: &'a Changes<'a>,
    /// The file of the model and its changes.
    main: usize,
    draft: Draft,
    /// Whether the model is only looked at for what is wrong with it. Then nodes and stored tensors have no paths, and neither
    /// what calls are given is kept, nor what there is beside a path that leads nowhere: what is found is not told from here, but
    /// by elaborating the model again.
    only_looked_at: bool,
    /// The path of what stands in no instance.
    nowhere: Arc<str>,
    calls: Vec<ActiveCall<'a>>,
    depth: usize,
    /// Set when a limit was exceeded: nothing more is elaborated, so that only the limit is told.
    aborted: bool,
    found: Vec<Diagnostic>,
    seen: HashSet<(Code, Span)>,
    /// Where values were written that are of a wrong type elsewhere.
    refused: HashSet<Span>,
    parameters: HashMap<Callee, Rc<Vec<ParameterInfo<'a>>>>,
    constants: HashMap<usize, Traced>,
    /// The values of defaults that are the same for all calls, by callee and number of the parameter.
    defaults: HashMap<(Callee, usize), Traced>,
    /// The constants being evaluated.
    evaluating: Vec<usize>,
    /// The blocks that were expanded.
    expanded: HashSet<usize>,
    /// The instances by their paths, once the loss asks.
    by_path: Option<Rc<HashMap<String, InstanceId>>>,
    memo: Calls<'a>,
    /// What keys of calls are written to, one after the other.
    key_words: Cell<Vec<u64>>,
    left_out: LeftOut,
    /// What changes may concern wherever it is called: what their paths start at, and what mentions that.
    changed: HashSet<Callee>,
    /// What the lines of the main file's models mention, fields of their losses among it.
    named_by_models: HashSet<String>,
}

impl<'a> Elaborator<'a> {
    fn new(
        program: &'a Program<'a>,
        changes: &'a Changes<'a>,
        main: usize,
        memo: Calls<'a>,
    ) -> Self {
        let only_looked_at = matches!(memo, Calls::Looked(_));
        Self {
            program,
            changes,
            main,
            draft: Draft::new(only_looked_at),
            only_looked_at,
            nowhere: Arc::default(),
            calls: vec![],
            depth: 0,
            aborted: false,
            found: vec![],
            seen: HashSet::default(),
            refused: HashSet::default(),
            parameters: HashMap::default(),
            constants: HashMap::default(),
            defaults: HashMap::default(),
            evaluating: vec![],
            expanded: HashSet::default(),
            changed: match (&memo, changes.is_empty()) {
                (Calls::Anew, _) | (_, true) => HashSet::default(),
                _ => program.mentioning(|name| changes.definition(name).is_some()),
            },
            by_path: None,
            memo,
            key_words: Cell::default(),
            left_out: LeftOut::default(),
            named_by_models: HashSet::default(),
        }
    }

    /// The parameters of what is called.
    fn parameters(&mut self, callee: Callee) -> Rc<Vec<ParameterInfo<'a>>> {
        if let Some(known) = self.parameters.get(&callee) {
            return known.clone();
        }
        let mut list: Vec<ParameterInfo<'a>> = match callee {
            Callee::Block(number) => self.block_parameters(number),
            Callee::Primitive(number) => defaults::primitive_parameters(number)
                .iter()
                .map(ParameterInfo::from)
                .collect(),
            Callee::Row => crate::bug::bug!("a row of a table has its own parameters"),
        };
        let names: Vec<&str> = list.iter().map(|p| p.name).collect();
        for param in &mut list {
            let mentioned = param.default.map(mentions::of_expr).unwrap_or_default();
            param.constant = !names.iter().any(|name| mentioned.contains(name));
        }
        let list = Rc::new(list);
        self.parameters.insert(callee, list.clone());
        list
    }

    fn block_parameters(&mut self, number: usize) -> Vec<ParameterInfo<'a>> {
        let Body::Block(block) = self.program.get(number).body else {
            crate::bug::bug!("definition {number} is no block");
        };
        self.declared(&block.params)
    }

    /// Parameters as a block or model declares them.
    fn declared(&mut self, params: &'a [termc_grammar::ast::ParamDef]) -> Vec<ParameterInfo<'a>> {
        let mut list: Vec<ParameterInfo<'a>> = vec![];
        for def in params {
            let name = def.name.text.as_str();
            if let Some(first) = list.iter().find(|p| p.name == name) {
                let kind = ProgramKind::DefinedTwice {
                    name: name.to_owned(),
                };
                self.report_again(kind, def.name.span, first.span);
                continue;
            }
            let ty = match &def.ty {
                None => Ty::Tensor,
                Some(ty) => self.ty(ty),
            };
            let default = def.default.as_ref();
            if let (None, Some(before)) = (default, list.last())
                && before.default.is_some()
            {
                self.report(
                    ProgramKind::DefaultFirst {
                        name: name.to_owned(),
                    }
                    .into(),
                    def.name.span,
                );
            }
            let span = def.name.span;
            list.push(ParameterInfo {
                name,
                ty,
                default,
                constant: false,
                span,
            });
        }
        list
    }

    fn ty(&mut self, ty: &termc_grammar::ast::Ty) -> Ty {
        match &ty.kind {
            TyKind::List(of) => Ty::List(Box::new(self.ty(of))),
            TyKind::Word(word) => Ty::parse(word).unwrap_or_else(|| {
                self.report(
                    ProgramKind::UnknownType {
                        name: word.clone(),
                        types: &Ty::NAMES,
                    }
                    .into(),
                    ty.span,
                );
                // A parameter of an unknown type takes anything without complaint.
                Ty::Any
            }),
        }
    }

    /// The value of a constant, evaluated once.
    fn constant(&mut self, number: usize) -> Traced {
        if let Some(value) = self.constants.get(&number) {
            return value.clone();
        }
        let definition = self.program.get(number);
        let Body::Const(expr) = definition.body else {
            crate::bug::bug!("definition {number} is no constant");
        };
        let name = definition.name.text.as_str();
        if self.evaluating.contains(&number) {
            let kind = ProgramKind::Recursion {
                name: name.to_owned(),
                circle: self
                    .evaluating
                    .iter()
                    .map(|n| self.program.get(*n).name.text.clone())
                    .chain([name.to_owned()])
                    .collect(),
            };
            self.report(kind.into(), definition.name.span);
            return reported();
        }
        if !self.enter(expr.span) {
            return reported();
        }
        self.evaluating.push(number);
        let at: Vec<Position> = self.changes.definition(name).into_iter().collect();
        let (expr, file) = match self.changes.set(&at) {
            Some((changed, _)) => (changed, self.main),
            None => (expr, definition.file),
        };
        let scope = self.plain_scope(file);
        let value = self.eval(&scope, expr, Some(&Ty::Constant));
        let value = match value.value {
            Value::Block(_) => self.changed_inside(&scope, value, &Ty::Block, &at),
            Value::Tensor(_) => {
                self.report(
                    ProgramKind::ConstantTensor {
                        name: name.to_owned(),
                    }
                    .into(),
                    expr.span,
                );
                reported()
            }
            _ => value,
        };
        self.evaluating.pop();
        self.leave();
        self.constants.insert(number, value.clone());
        value
    }

    /// A scope without names.
    fn plain_scope(&self, file: usize) -> Scope<'a> {
        Scope {
            instance: InstanceId(0),
            path: self.nowhere.clone(),
            positions: vec![],
            file,
            slow: false,
            names: HashMap::default(),
            lines: &[],
            begun: vec![],
            iteration: None,
            folder: Default::default(),
        }
    }

    /// Several steps down in the trie of changes.
    fn steps(
        &self,
        from: &[Position],
        steps: impl Iterator<Item = scope::Step<'a>>,
    ) -> Vec<Position> {
        let mut at = from.to_vec();
        for (name, index) in steps {
            if at.is_empty() {
                break;
            }
            at = self.changes.step(&at, name, index);
        }
        at
    }

    /// Where what a call makes belongs.
    fn site(
        &self,
        scope: &Scope<'a>,
        steps: impl Iterator<Item = scope::Step<'a>> + Clone,
        span: Span,
    ) -> Site {
        Site {
            path: match self.only_looked_at {
                true => Arc::default(),
                false => scope.path_of(steps).into(),
            },
            instance: scope.instance,
            iteration: scope.iteration,
            span,
            slow: scope.slow,
        }
    }

    /// Remembers what there is at these places, in case a path goes wrong there.
    fn offer<S: AsRef<str>>(&self, at: &[Position], names: impl Iterator<Item = S> + Clone) {
        if !self.only_looked_at {
            self.changes.offer(at, names);
        }
    }

    fn mark_used(&self, path: &Path) {
        self.changes.mark(path);
    }

    fn in_prelude(&self, scope: &Scope<'a>) -> bool {
        self.calls
            .iter()
            .rev()
            .find(|c| c.definition.is_some())
            .is_some_and(|c| !c.user && *c.path == *scope.path)
    }
}

//! Walks through definitions and lines: who names what. Expressions are `value`'s, paths `place`'s.

use std::ops::Range;

use rustc_hash::FxHashMap as HashMap;

use termc_grammar::ast::{
    Callable, Expr, ExprKind, Item, ItemKind, Line, LineKind, ParamDef, Piece, Span, Ty as Written,
    TyKind,
};

use super::{BuiltIn, Meaning, Mention, Symbol};
use crate::elaborate::Program;
use crate::language::Ty;
use crate::language::losses::LOSSES;
use crate::language::settings::{Takes, settings};
use crate::read::Read;

/// Names by the place of the block or model that has them: the symbol, and where values see it.
pub(super) type Locals = HashMap<u32, HashMap<String, (usize, Range<u32>)>>;

/// A place below everything.
pub(super) const BELOW: u32 = u32::MAX - 1;

/// A walk through all texts.
pub(super) struct Walk<'a> {
    pub read: &'a Read,
    pub program: &'a Program<'a>,
    pub symbols: Vec<Symbol>,
    pub mentions: Vec<Mention>,
    /// The names inside of each block and model, by where its own name stands.
    pub locals: Locals,
    /// The labels of its loss terms, which no value sees.
    pub terms: Locals,
    /// The symbols of definitions, by where they are named.
    pub defined: HashMap<u32, usize>,
}

/// A block or model whose names are meant, and the file whose definitions it sees.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    pub callable: &'a Callable,
    pub file: usize,
}

impl<'a> Walk<'a> {
    pub fn new(read: &'a Read, program: &'a Program<'a>) -> Self {
        Self {
            read,
            program,
            symbols: vec![],
            mentions: vec![],
            locals: HashMap::default(),
            terms: HashMap::default(),
            defined: HashMap::default(),
        }
    }

    /// Declares all names, then looks at what mentions them.
    pub fn all(&mut self) {
        let units = self.read.units.iter().enumerate();
        let items: Vec<(usize, bool, &'a Item)> = units
            .flat_map(|(file, unit)| {
                unit.file
                    .items
                    .iter()
                    .map(move |item| (file, unit.prelude, item))
            })
            .collect();
        for (_, prelude, item) in &items {
            self.declare(item, *prelude);
        }
        // Variants add names to the blocks of models: they come last.
        let (variants, others): (Vec<_>, Vec<_>) = items
            .into_iter()
            .partition(|(_, _, item)| matches!(item.kind, ItemKind::Variant { .. }));
        for (file, _, item) in others.into_iter().chain(variants) {
            self.item(file, item);
        }
    }

    /// The symbol of a name inside of a block or model.
    pub fn local(&self, owner: Owner<'_>, name: &str) -> Option<usize> {
        let names = self.locals.get(&owner.callable.name.span.start)?;
        names.get(name).map(|(number, _)| *number)
    }

    /// The same for a value at a place: above the end of the line that gives it, a name means what it means outside, as
    /// does the variable of a loop below the loop. Changes of variants stand elsewhere, and see all.
    pub fn seen(&self, owner: Owner<'_>, name: &str, at: u32) -> Option<usize> {
        let start = owner.callable.name.span.start;
        let (number, seen) = self.locals.get(&start)?.get(name)?;
        (at < start || seen.contains(&at)).then_some(*number)
    }

    /// The symbol of a label of a loss term.
    pub fn label(&self, owner: Owner<'_>, name: &str) -> Option<usize> {
        let terms = self.terms.get(&owner.callable.name.span.start)?;
        terms.get(name).map(|(number, _)| *number)
    }

    /// The symbol of a definition.
    pub fn definition(&self, number: usize) -> Option<usize> {
        self.defined
            .get(&self.program.get(number).name.span.start)
            .copied()
    }

    /// The model or variant of this name in the main file.
    pub fn model_item(&self, name: &str) -> Option<&'a Item> {
        let unit = self.read.units.get(self.read.main)?;
        unit.file.items.iter().find(|item| {
            matches!(item.kind, ItemKind::Model(_) | ItemKind::Variant { .. })
                && item.name().is_some_and(|own| own.text == name)
        })
    }

    pub fn say(&mut self, span: Span, meaning: Meaning, defines: bool) {
        if span.start < span.end {
            self.mentions.push(Mention {
                span,
                meaning,
                defines,
            });
        }
    }

    fn item(&mut self, file: usize, item: &'a Item) {
        match &item.kind {
            ItemKind::Use(_, span) => {
                let used = self
                    .read
                    .units
                    .get(file)
                    .into_iter()
                    .flat_map(|unit| &unit.uses);
                let number = used
                    .clone()
                    .find(|(_, place)| place == span)
                    .map(|(number, _)| *number);
                if let Some(path) = number.and_then(|number| self.read.path_of(number)) {
                    self.say(*span, Meaning::File(path.to_owned()), false);
                }
            }
            ItemKind::Const { value, .. } => {
                self.value(
                    Context {
                        owner: None,
                        file,
                        want: Some(Ty::Constant),
                    },
                    value,
                );
            }
            ItemKind::Block(callable) | ItemKind::Model(callable) => {
                let owner = Owner { callable, file };
                for param in &callable.params {
                    self.param(owner, param);
                }
                self.lines(owner, &callable.body);
            }
            ItemKind::Train(lines) => self.train(file, lines),
            ItemKind::Variant { base, body, .. } => self.variant(file, base, body),
        }
    }

    fn param(&mut self, owner: Owner<'a>, param: &'a ParamDef) {
        if let Some(ty) = &param.ty {
            self.ty(ty);
        }
        if let Some(default) = &param.default {
            let want = param.ty.as_ref().map_or(Some(Ty::Tensor), read_type);
            self.value(
                Context {
                    owner: Some(owner),
                    file: owner.file,
                    want,
                },
                default,
            );
        }
    }

    fn ty(&mut self, ty: &Written) {
        match &ty.kind {
            TyKind::List(of) => self.ty(of),
            TyKind::Word(word) => {
                if Ty::parse(word).is_some() {
                    self.built_in(ty.span, "type", word, "");
                }
            }
        }
    }

    pub fn built_in(&mut self, span: Span, kind: &'static str, name: &str, doc: &str) {
        let meaning = BuiltIn {
            kind,
            name: name.to_owned(),
            doc: doc.to_owned(),
        };
        self.say(span, Meaning::BuiltIn(meaning), false);
    }

    fn lines(&mut self, owner: Owner<'a>, lines: &'a [Line]) {
        let context = Context {
            owner: Some(owner),
            file: owner.file,
            want: None,
        };
        for line in lines {
            match &line.kind {
                LineKind::Input { sizes, .. } => self.value(context.clone(), sizes),
                LineKind::Output { value, .. } | LineKind::Yield(value) => {
                    self.value(context.clone(), value)
                }
                LineKind::Bind { target, value } => {
                    if let Some((_, Some(index))) = target.as_element() {
                        self.value(context.clone(), index);
                    }
                    self.value(context.clone(), value);
                }
                LineKind::For {
                    start, end, body, ..
                } => {
                    self.value(context.clone(), start);
                    self.value(context.clone(), end);
                    self.lines(owner, body);
                }
                LineKind::Require { condition, message } => {
                    self.value(context.clone(), condition);
                    for piece in &message.pieces {
                        if let Piece::Hole(hole) = piece {
                            self.value(context.clone(), hole);
                        }
                    }
                }
                LineKind::Loss(terms) => {
                    for term in terms {
                        match &term.kind {
                            LineKind::Yield(value) | LineKind::Bind { value, .. } => {
                                self.term(owner, value)
                            }
                            _ => {}
                        }
                    }
                }
                LineKind::Without { .. } | LineKind::Add { .. } => {}
            }
        }
    }

    /// A loss term.
    pub fn term(&mut self, owner: Owner<'a>, value: &'a Expr) {
        let context = Context {
            owner: Some(owner),
            file: owner.file,
            want: None,
        };
        let rows = LOSSES.iter().map(|row| (row.name, row.parameters));
        self.row(context, "loss term", &rows.collect::<Vec<_>>(), value);
    }

    fn train(&mut self, file: usize, lines: &'a [Line]) {
        for line in lines {
            let LineKind::Bind { target, value } = &line.kind else {
                continue;
            };
            let ExprKind::Name(name) = &target.kind else {
                continue;
            };
            let Some(setting) = settings().iter().find(|setting| setting.name == name) else {
                continue;
            };
            self.built_in(target.span, "setting of `train`", name, "");
            let context = Context {
                owner: None,
                file,
                want: None,
            };
            self.setting(context, &setting.takes, setting.row_kind(), value);
        }
    }

    /// The value of a setting.
    pub fn setting(
        &mut self,
        context: Context<'a>,
        takes: &'static Takes,
        kind: &'static str,
        value: &'a Expr,
    ) {
        match takes {
            Takes::Value(ty, _) => self.value(
                Context {
                    want: Some(ty.clone()),
                    ..context
                },
                value,
            ),
            Takes::One(rows) | Takes::Many(rows) => {
                let rows: Vec<_> = rows.iter().map(|row| (row.name, row.parameters)).collect();
                let members = match &value.kind {
                    ExprKind::List(items) => items.iter().collect(),
                    _ => vec![value],
                };
                for member in members {
                    self.row(context.clone(), kind, &rows, member);
                }
            }
        }
    }
}

/// A type as it is written; None where there is no such type.
pub(super) fn read_type(ty: &Written) -> Option<Ty> {
    match &ty.kind {
        TyKind::List(of) => Some(Ty::List(Box::new(read_type(of)?))),
        TyKind::Word(word) => Ty::parse(word),
    }
}

/// Where an expression stands.
#[derive(Clone)]
pub(super) struct Context<'a> {
    /// The block or model whose names it sees.
    pub owner: Option<Owner<'a>>,
    /// The file whose definitions it sees.
    pub file: usize,
    /// The type that is wanted, which decides what words mean.
    pub want: Option<Ty>,
}

//! Where paths lead: `sfne.wide.l3`, `b[0].expand`, `train.optimizer.lr`, and the `b.K` of loss terms. A place offers
//! names, each with its meaning and the place it leads to; walking a path is finding its steps among what is offered.

use termc_grammar::ast::{Call, Expr, ExprKind, ItemKind, Step};

use super::Meaning;
use super::call::{Called, built_in};
use super::item::{Context, Owner, Walk};
use crate::elaborate::Body;
use crate::language::Ty;
use crate::language::settings::{Setting, settings};

/// How many variants are followed to their model.
const LONGEST_CHAIN: usize = 32;

/// Where a path has led.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub place: Place<'a>,
    /// The block or model whose names a value that goes there sees.
    pub owner: Option<Owner<'a>>,
    /// The type of such a value.
    pub want: Option<Ty>,
}

/// What a path can lead to.
#[derive(Clone)]
pub(super) enum Place<'a> {
    /// The names of a model; with the definitions where a path begins there.
    Model(Owner<'a>, bool),
    /// A call of a block, or all of them.
    Block(Owner<'a>, Option<Given<'a>>),
    /// What a name is bound to.
    Bound(Vec<&'a Expr>),
    /// A call of a primitive.
    Primitive(Called<'a>, Option<Given<'a>>),
    /// A block value, and the file whose definitions it sees.
    Fixed(&'a Expr, Option<Owner<'a>>, usize),
    /// A model's loss.
    Loss(Owner<'a>),
    /// A loss term.
    Term(Called<'a>),
    /// `train`.
    Train,
    /// A setting.
    Setting(&'static Setting),
    /// A member of the list of a setting.
    Member(Called<'a>),
    /// A value.
    Value,
}

/// What a call was given.
#[derive(Clone)]
pub(super) struct Given<'a> {
    pub call: &'a Call,
    pub piped: Option<&'a Expr>,
    pub owner: Owner<'a>,
}

/// A step that a place offers.
#[derive(Clone)]
pub(super) struct Next<'a> {
    pub name: String,
    pub meaning: Meaning,
    pub to: At<'a>,
}

impl<'a> Walk<'a> {
    /// Where the paths of the variants of a model begin.
    pub fn root(&self, base: &str) -> Option<At<'a>> {
        let mut name = base.to_owned();
        for _ in 0..LONGEST_CHAIN {
            match &self.model_item(&name)?.kind {
                ItemKind::Model(callable) => {
                    let owner = Owner {
                        callable,
                        file: self.read.main,
                    };
                    return Some(at(Place::Model(owner, true), Some(owner)));
                }
                ItemKind::Variant { base, .. } => name = base.steps.first()?.name.text.clone(),
                _ => return None,
            }
        }
        None
    }

    /// Where the paths of a model's loss begin.
    pub fn inside_model(&self, owner: Owner<'a>) -> At<'a> {
        at(Place::Model(owner, false), Some(owner))
    }

    /// Walks along the steps of a path, and says what each means.
    pub fn walk_path(&mut self, from: At<'a>, steps: &[Step]) -> At<'a> {
        let mut here = from;
        for step in steps {
            here = self.step(&here, &step.name.text, step.name.span);
        }
        here
    }

    /// The same for an expression: names, attributes, elements and slices.
    pub fn walk_target(&mut self, from: At<'a>, expr: &'a Expr) -> At<'a> {
        match &expr.kind {
            ExprKind::Name(name) => self.step(&from, name, expr.span),
            ExprKind::Field { value, name } => {
                let here = self.walk_target(from, value);
                self.step(&here, &name.text, name.span)
            }
            ExprKind::Index { value, index } => {
                self.element(&from, index);
                self.walk_target(from, value)
            }
            ExprKind::Slice { value, start, end } => {
                for end in start.iter().chain(end) {
                    self.element(&from, end);
                }
                self.walk_target(from, value)
            }
            _ => nowhere(),
        }
    }

    /// What the number of an element names: it is a value of the block or model that the path begins in.
    fn element(&mut self, from: &At<'a>, index: &'a Expr) {
        if let Some(owner) = from.owner {
            let context = Context {
                owner: Some(owner),
                file: owner.file,
                want: None,
            };
            self.value(context, index);
        }
    }

    fn step(&mut self, here: &At<'a>, name: &str, span: crate::model::Span) -> At<'a> {
        let next = self.offers(here).into_iter().find(|next| next.name == name);
        match next {
            Some(next) => {
                self.say(span, next.meaning, false);
                next.to
            }
            None => nowhere(),
        }
    }

    /// The steps that lead on from a place.
    pub fn offers(&self, here: &At<'a>) -> Vec<Next<'a>> {
        match &here.place {
            Place::Model(owner, definitions) => {
                let mut all = self.names_of(*owner, None, here);
                if *definitions {
                    all.push(next(
                        "loss",
                        built_in("word of the language", "loss"),
                        at(Place::Loss(*owner), Some(*owner)),
                    ));
                    all.push(next(
                        "train",
                        built_in("word of the language", "train"),
                        at(Place::Train, Some(*owner)),
                    ));
                    all.extend(self.definitions(here));
                }
                all
            }
            Place::Block(owner, given) => self.names_of(*owner, given.as_ref(), here),
            Place::Bound(exprs) => self.inside_bound(exprs, here),
            Place::Primitive(called, given) => self.inside_primitive(called, given.as_ref(), here),
            Place::Fixed(expr, owner, file) => {
                let called = self.called(*owner, *file, expr);
                let parameters = called
                    .map(|called| self.parameters(&called))
                    .unwrap_or_default();
                let steps = parameters
                    .into_iter()
                    .filter(|p| !matches!(p.ty, Some(Ty::Tensor | Ty::Grid)));
                steps
                    .map(|param| self.to_parameter(param, None, here))
                    .collect()
            }
            Place::Loss(owner) => self.terms(*owner),
            Place::Train => settings().iter().map(setting).collect(),
            Place::Setting(setting) => self.inside_setting(setting, here),
            Place::Term(called) | Place::Member(called) => self
                .parameters(called)
                .into_iter()
                .map(|param| self.to_parameter(param, None, here))
                .collect(),
            Place::Value => vec![],
        }
    }

    fn definitions(&self, here: &At<'a>) -> Vec<Next<'a>> {
        let mut all = vec![];
        for name in self.program.names(self.read.main) {
            let Some(number) = self.program.find(self.read.main, name) else {
                continue;
            };
            let definition = self.program.get(number);
            let Some(symbol) = self.definition(number) else {
                continue;
            };
            let to = match definition.body {
                Body::Block(callable) => {
                    let owner = Owner {
                        callable,
                        file: definition.file,
                    };
                    at(Place::Block(owner, None), Some(owner))
                }
                Body::Const(value) => At {
                    want: Some(Ty::Constant),
                    ..at(Place::Fixed(value, None, definition.file), here.owner)
                },
            };
            all.push(next(name, Meaning::Symbol(symbol), to));
        }
        all
    }
}

pub(super) fn at<'a>(place: Place<'a>, owner: Option<Owner<'a>>) -> At<'a> {
    At {
        place,
        owner,
        want: None,
    }
}

fn nowhere<'a>() -> At<'a> {
    at(Place::Value, None)
}

pub(super) fn next<'a>(name: &str, meaning: Meaning, to: At<'a>) -> Next<'a> {
    Next {
        name: name.to_owned(),
        meaning,
        to,
    }
}

/// A setting of the recipe, as a place below `train`.
fn setting<'a>(setting: &'static Setting) -> Next<'a> {
    next(
        setting.name,
        built_in("setting of `train`", setting.name),
        at(Place::Setting(setting), None),
    )
}

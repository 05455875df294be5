//! Walks through variants: where the paths of their changes lead, and what the values name.

use termc_grammar::ast::{Expr, ExprKind, Line, LineKind, Path, Span, Step};

use super::declare::Declared;
use super::item::{Context, Walk};
use super::place::{At, Place};
use super::{Meaning, SymbolKind};
use crate::language::losses::LOSSES;

impl<'a> Walk<'a> {
    pub fn variant(&mut self, file: usize, base: &'a Path, body: &'a [Line]) {
        let first = base.steps.first();
        if let Some(step) = first
            && let Some(item) = self.model_item(&step.name.text)
            && let Some(number) = item
                .name()
                .and_then(|name| self.defined.get(&name.span.start))
        {
            self.say(step.name.span, Meaning::Symbol(*number), false);
        }
        let Some(root) = first.and_then(|step| self.root(&step.name.text)) else {
            return;
        };
        for line in body {
            match &line.kind {
                LineKind::Bind { target, value } => {
                    let at = self.walk_target(root.clone(), target);
                    self.changed(file, &at, value);
                }
                LineKind::Without { paths, .. } => {
                    for path in paths {
                        self.walk_path(root.clone(), &path.steps);
                    }
                }
                LineKind::Add { path, value, place } => {
                    let Some((last, above)) = path.steps.split_last() else {
                        continue;
                    };
                    let at = self.walk_path(root.clone(), above);
                    if let Some(place) = place {
                        self.walk_path(at.clone(), std::slice::from_ref(&place.step));
                    }
                    let Some(owner) = at.owner else { continue };
                    let own = self.defined.get(&owner.callable.name.span.start).copied();
                    match (&at.place, own) {
                        (Place::Loss(_), Some(own)) => {
                            match LOSSES.iter().any(|row| row.name == last.name.text) {
                                true => self.say_built_in(last, "loss term"),
                                false => {
                                    let declared = declared(SymbolKind::Term, line.span);
                                    self.name_inside(owner.callable, own, &last.name, declared);
                                }
                            }
                            self.term(owner, value);
                        }
                        (Place::Setting(setting), _) => {
                            let kind = setting.row_kind();
                            self.say_built_in(last, kind);
                            let context = Context {
                                owner: None,
                                file,
                                want: None,
                            };
                            self.setting(context, &setting.takes, kind, value);
                        }
                        (_, Some(own)) => {
                            let declared = declared(SymbolKind::Binding, line.span);
                            self.name_inside(owner.callable, own, &last.name, declared);
                            self.changed(file, &at, value);
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }

    fn say_built_in(&mut self, step: &Step, kind: &'static str) {
        self.built_in(step.name.span, kind, &step.name.text, "");
    }

    /// The value of a change: it sees the names of where it goes to, and the definitions of the file it is written in.
    fn changed(&mut self, file: usize, at: &At<'a>, value: &'a Expr) {
        let values = match &value.kind {
            ExprKind::Call(call) if call.callee.text == "choose" => {
                self.built_in(call.callee.span, "word of the language", "choose", "");
                call.args.iter().map(|arg| &arg.value).collect()
            }
            _ => vec![value],
        };
        for value in values {
            let context = Context {
                owner: at.owner,
                file,
                want: at.want.clone(),
            };
            match (&at.place, at.owner) {
                (Place::Setting(setting), _) => {
                    self.setting(context, &setting.takes, setting.row_kind(), value);
                }
                (Place::Term(_), Some(owner)) => self.term(owner, value),
                _ => self.value(context, value),
            }
        }
    }
}

/// What a change adds.
fn declared(kind: SymbolKind, whole: Span) -> Declared<'static> {
    Declared {
        kind,
        whole,
        seen: whole.end..u32::MAX,
        doc: "",
        detail: String::new(),
    }
}

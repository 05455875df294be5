//! The recipe: the settings of `train` with what changes set of them.

use termc_grammar::ast::{Expr, ExprKind, ItemKind, LineKind, Span};

use super::loss::named;
use super::scope::Scope;
use super::{Elaborator, Unit};
use crate::diagnostics::{ProgramKind, one_of};
use crate::language::settings::{Recipe, Row, Setting, Takes, settings};
use crate::model::Train;
use crate::overrides::{Action, Position};

impl<'a> Elaborator<'a> {
    /// The recipe, for an input of so many channels if that is known; None if a setting was reported as wrong.
    pub(super) fn train(&mut self, unit: &'a Unit, channels: Option<usize>) -> Option<Train> {
        let before = self.found.len();
        let root = self.changes.step(&self.changes.root(), "train", None);
        let items = unit.file.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Train(lines) => Some((item.span, lines.as_slice())),
            _ => None,
        });
        let lines = self.only("train", items);
        let lines = lines.map(|(_, lines)| lines).unwrap_or_default();
        let known: Vec<String> = settings().iter().map(|s| s.name.to_owned()).collect();
        let mut written: Vec<(String, Span, &'a Expr)> = vec![];
        for line in lines {
            let LineKind::Bind { target, value } = &line.kind else {
                self.report(
                    ProgramKind::WrongLine { place: "`train`" }.into(),
                    line.span,
                );
                continue;
            };
            let ExprKind::Name(name) = &target.kind else {
                self.report(
                    ProgramKind::WrongLine { place: "`train`" }.into(),
                    target.span,
                );
                continue;
            };
            if !known.contains(name) {
                let kind = ProgramKind::UnknownSetting {
                    name: name.clone(),
                    known: known.clone(),
                };
                self.report(kind.into(), target.span);
            } else if let Some((_, first, _)) = written.iter().find(|(other, ..)| other == name) {
                let part = name.clone();
                self.report_again(ProgramKind::PartTwice { part }, target.span, *first);
            } else {
                written.push((name.clone(), target.span, value));
            }
        }
        self.offer(&root, known.into_iter());
        let mut recipe = Recipe::new(channels);
        let scope = self.plain_scope(self.main);
        for setting in settings() {
            let at = self.changes.step(&root, setting.name, None);
            if self.changes.without(&at) {
                continue;
            }
            let own = written
                .iter()
                .find(|(name, ..)| name == setting.name)
                .map(|(_, _, value)| *value);
            let value = self.changes.set(&at).map(|(changed, _)| changed).or(own);
            // An argument of a setting that the file leaves to its default can be changed all the same.
            let value = value.or_else(|| {
                (!at.is_empty())
                    .then(|| crate::defaults::default_of(setting))
                    .flatten()
            });
            self.setting(&scope, setting, value, at, &mut recipe);
        }
        (self.found.len() == before).then_some(recipe.train)
    }

    fn setting(
        &mut self,
        scope: &Scope<'a>,
        setting: &'static Setting,
        value: Option<&'a Expr>,
        at: Vec<Position>,
        recipe: &mut Recipe,
    ) {
        match &setting.takes {
            Takes::Value(ty, store) => {
                let Some(expr) = value else { return };
                let value = self.eval_as(scope, expr, ty, format!("`{}`", setting.name));
                if !super::draft::unknown(&value.value)
                    && let Err(refusal) = store(recipe, value)
                {
                    self.refuse(*refusal.kind, &refusal.places, expr.span);
                }
            }
            Takes::One(rows) => {
                let Some(expr) = value else { return };
                self.store_row(scope, setting.name, rows, expr, at, recipe);
            }
            Takes::Many(rows) => self.members(scope, setting.name, rows, value, at, recipe),
        }
    }

    /// The members of a list of rows, with what changes take away or add.
    fn members(
        &mut self,
        scope: &Scope<'a>,
        setting: &'static str,
        rows: &'static [Row],
        value: Option<&'a Expr>,
        at: Vec<Position>,
        recipe: &mut Recipe,
    ) {
        let mut members: Vec<&'a Expr> = match value.map(|expr| (&expr.kind, expr)) {
            None => vec![],
            Some((ExprKind::List(items), _)) => items.iter().collect(),
            Some((_, expr)) => {
                let kind = ProgramKind::SettingTakes {
                    setting: setting.into(),
                    wanted: "a list".into(),
                    help: format!("write it in brackets: `{setting} = [...]`"),
                };
                self.report(kind.into(), expr.span);
                return;
            }
        };
        members.retain(|member| {
            let name = named(member).map_or("", |n| n.name);
            !self.changes.without(&self.changes.step(&at, name, None))
        });
        let additions: Vec<_> = self
            .changes
            .additions(&at)
            .map(|c| (c.path, c.action))
            .collect();
        for (path, action) in additions {
            let Action::Add(value, place) = action else {
                continue;
            };
            self.mark_used(path);
            let neighbour = place.and_then(|place| {
                let name = &place.step.name.text;
                let found = members
                    .iter()
                    .position(|m| named(m).is_some_and(|n| n.name == name));
                found.map(|i| i + usize::from(place.after))
            });
            match (place, neighbour) {
                (Some(place), None) => {
                    let known = members
                        .iter()
                        .filter_map(|m| named(m))
                        .map(|n| n.name.to_owned())
                        .collect();
                    let kind = ProgramKind::NoNeighbour {
                        name: place.step.to_string(),
                        known,
                    };
                    self.report(kind.into(), place.step.name.span);
                }
                (_, neighbour) => members.insert(neighbour.unwrap_or(members.len()), value),
            }
        }
        let names = members.iter().filter_map(|m| named(m)).map(|n| n.name);
        self.offer(&at, names);
        for member in members {
            let name = named(member).map_or("", |n| n.name);
            let at = self.changes.step(&at, name, None);
            self.store_row(scope, setting, rows, member, at, recipe);
        }
    }

    fn store_row(
        &mut self,
        scope: &Scope<'a>,
        setting: &'static str,
        rows: &'static [Row],
        expr: &'a Expr,
        at: Vec<Position>,
        recipe: &mut Recipe,
    ) {
        let known: Vec<String> = rows.iter().map(|row| row.name.to_owned()).collect();
        let Some(member) = named(expr) else {
            let wanted = one_of(known.iter().map(String::as_str));
            let kind = ProgramKind::SettingTakes {
                setting: setting.into(),
                wanted,
                help: format!("`termc explain {setting}` tells what each of them takes"),
            };
            self.report(kind.into(), expr.span);
            return;
        };
        let Some(row) = rows.iter().find(|row| row.name == member.name) else {
            let kind = ProgramKind::UnknownChoice {
                setting: setting.into(),
                name: member.name.to_owned(),
                known,
            };
            self.report(kind.into(), expr.span);
            return;
        };
        let Some(values) = self.row(scope, &member, row.parameters, at) else {
            return;
        };
        if let Err(refusal) = (row.store)(recipe, values) {
            self.refuse(*refusal.kind, &refusal.places, expr.span);
        }
    }
}

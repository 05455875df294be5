//! What a model is given: its parameters and its input.

use termc_grammar::ast::{Expr, Name};

use super::Elaborator;
use super::draft::unknown;
use super::eval::reported;
use super::scope::{Entry, EntryKind, Scope};
use crate::diagnostics::ProgramKind;
use crate::language::limits::{MAX_CHANNELS, limited, longest_axis};
use crate::language::{Argument, Given, Places, Traced, Ty, Value};
use crate::model::{InstanceId, NodeId, Shape, Sizes, Span};
use crate::overrides::Chosen;
use crate::primitives::Input;

impl<'a> Elaborator<'a> {
    /// Makes the input's node.
    pub(super) fn input(
        &mut self,
        scope: &mut Scope<'a>,
        name: &'a Name,
        sizes: &'a Expr,
    ) -> Option<NodeId> {
        let at = self.changes.step(&scope.positions, &name.text, None);
        let expr = self.changes.set(&at).map_or(sizes, |(changed, _)| changed);
        let ty = Ty::List(Box::new(Ty::Int));
        let value = self.eval_as(scope, expr, &ty, "an input");
        let positions = scope.positions.clone();
        let value = self.elements_changed(scope, value, &ty, &positions, &name.text);
        let shape = self.input_shape(value, expr.span);
        let id = shape.map(|(shape, places)| {
            let site = self.site(
                scope,
                std::iter::once((name.text.as_str(), None)),
                name.span,
            );
            let id = self
                .draft
                .push(Input.into(), shape, &site, site.path.clone());
            self.draft.name(id);
            self.draft.set_sizes(id, places);
            id
        });
        let value = match id {
            Some(id) => Value::Tensor(id),
            None => Value::Unknown,
        };
        let value = Traced {
            value,
            places: Places::default(),
        };
        let entry = Entry {
            value,
            span: name.span,
            kind: EntryKind::Input,
        };
        if let Some(before) = scope.names.insert(name.text.as_str(), entry) {
            let kind = ProgramKind::DefinedTwice {
                name: name.text.clone(),
            };
            self.report_again(kind, name.span, before.span);
        }
        id
    }

    fn input_shape(&mut self, value: Traced, span: Span) -> Option<(Shape, Places)> {
        if unknown(&value.value) {
            return None;
        }
        let Value::List(items) = value.value else {
            return None;
        };
        let found = items.len();
        if !(2..=3).contains(&found) {
            self.refuse(
                ProgramKind::InputSizes { found }.into(),
                &value.places,
                span,
            );
            return None;
        }
        let mut sizes = vec![];
        let mut places = Places::default();
        for (axis, item) in items.into_iter().enumerate() {
            let most = match axis {
                0 => MAX_CHANNELS,
                _ => longest_axis(found - 1),
            };
            let of = if axis == 0 {
                "the number of channels"
            } else {
                "a size"
            };
            if axis > 0 {
                places = places.and(&item.places);
            }
            let given: Given<i64> = Argument::read(item);
            match given.whole(of, 1, most) {
                Ok(size) => sizes.push(size),
                Err(refusal) => self.refuse(*refusal.kind, &refusal.places, span),
            }
        }
        let (channels, positions) = sizes.split_first().filter(|_| sizes.len() == found)?;
        let shape = Shape {
            batched: true,
            channels: *channels,
            sizes: Sizes::new(positions)?,
        };
        match limited(shape) {
            Ok(shape) => Some((shape, places)),
            Err(refusal) => {
                self.refuse(*refusal.kind, &value.places, span);
                None
            }
        }
    }

    pub(super) fn model_parameters(&mut self, scope: &mut Scope<'a>, chosen: &Chosen<'a>) {
        let params = self.declared(&chosen.model.params);
        let mut constants = vec![];
        for param in &params {
            let at = self.changes.step(&scope.positions, param.name, None);
            let of = format!("`{}` of `{}`", param.name, chosen.model.name.text);
            let value = match (self.changes.set(&at), param.default) {
                (Some((changed, _)), _) => self.eval_as(scope, changed, &param.ty, &of),
                (None, Some(expr)) => self.default_value(scope, expr, param, &of),
                (None, None) => {
                    let name = param.name.to_owned();
                    self.report(ProgramKind::NoParameterValue { name }.into(), param.span);
                    reported()
                }
            };
            let value = self.changed_inside(scope, value, &param.ty, &at);
            let positions = scope.positions.clone();
            let value = self.elements_changed(scope, value, &param.ty, &positions, param.name);
            constants.extend(
                self.known_value(&value.value)
                    .map(|c| (param.name.to_owned(), c)),
            );
            let entry = Entry {
                value,
                span: param.span,
                kind: EntryKind::parameter(&param.ty),
            };
            scope.names.insert(param.name, entry);
        }
        self.draft.instance(InstanceId(0)).values = constants;
    }
}

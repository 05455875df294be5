//! Families: the combinations of what a variant offers a choice of.

use termc_grammar::ast::{Call, Expr, ExprKind, Line, LineKind, Path};

use super::Action;
use crate::diagnostics::{Diagnostic, ProgramKind};

/// One of the alternatives of a line.
pub(crate) type Alternative<'a> = Option<(&'a Path, Action<'a>)>;

/// The alternatives of each line of a variant, in order; one where nothing is to be chosen. Lines that are no change have
/// none: they are told where a variant is chosen.
pub(crate) fn alternatives<'a>(
    body: &'a [Line],
    paths: &'a [Option<Path>],
) -> Vec<Vec<Alternative<'a>>> {
    let lines = body.iter().zip(paths);
    let all = lines.map(|(line, target)| match &line.kind {
        LineKind::Bind { value, .. } => {
            let Some(path) = target else { return vec![] };
            let values = match choice(value) {
                Some(call) => call.args.iter().map(|arg| &arg.value).collect(),
                None => vec![value],
            };
            let set = |value| Some((path, Action::Set(value)));
            values.into_iter().map(set).collect()
        }
        LineKind::Without { paths, .. } => {
            let without = |path| Some((path, Action::Without));
            paths.iter().map(without).collect()
        }
        LineKind::Add { path, value, place } => {
            vec![Some((path, Action::Add(value, place.as_ref())))]
        }
        _ => vec![],
    });
    all.filter(|list| !list.is_empty()).collect()
}

/// `choose(a, b)` as a value.
pub(crate) fn choice(value: &Expr) -> Option<&Call> {
    match &value.kind {
        ExprKind::Call(call) if call.callee.text == "choose" => Some(call),
        _ => None,
    }
}

/// What is wrong with the `choose` of a line.
pub(crate) fn wrong_choice(line: &Line) -> Option<Diagnostic> {
    let LineKind::Bind { value, .. } = &line.kind else {
        return None;
    };
    let call = choice(value)?;
    if call.args.is_empty() {
        return Some(Diagnostic::of(ProgramKind::NothingToChoose {}, value.span));
    }
    let name = call.args.iter().find_map(|arg| arg.name.as_ref())?;
    let callee = call.callee.text.clone();
    Some(Diagnostic::of(
        ProgramKind::NamedOfFunction { callee },
        name.span,
    ))
}

/// How many members a family has.
pub(crate) fn members(alternatives: &[Vec<Alternative<'_>>]) -> usize {
    let sizes = alternatives.iter().map(Vec::len);
    sizes.fold(1, usize::saturating_mul)
}

/// The changes of one member; the last choice varies fastest.
pub(crate) fn member<'a>(
    alternatives: &[Vec<Alternative<'a>>],
    mut number: usize,
) -> Vec<(&'a Path, Action<'a>)> {
    let mut picked: Vec<Alternative<'a>> = vec![];
    for list in alternatives.iter().rev() {
        let count = list.len().max(1);
        picked.push(list.get(number % count).copied().flatten());
        number /= count;
    }
    picked.into_iter().rev().flatten().collect()
}

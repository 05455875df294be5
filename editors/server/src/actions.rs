//! Changes that mend findings: what a help describes, as edits. None is offered that would bring a new error.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;

use termc_compiler::diagnostics::{Diagnostic, Fix};
use termc_grammar::ast::{Callable, Item, ItemKind, Line, LineKind, Span};
use termc_grammar::{Lexeme, LexemeKind as Kind, lexemes, parse_what_can_be_read};
use tower_lsp_server::ls_types as lsp;

use crate::analysis::Analysis;
use crate::edits::{Edit, applied, indent, own_lines, statement};
use crate::findings;
use crate::names::first_new_error;
use crate::text::Text;
use crate::world::World;

/// The actions for the findings that touch a range of a file.
pub fn actions(world: &World, path: &Path, range: Range<usize>) -> Vec<lsp::CodeAction> {
    let mut all: Vec<lsp::CodeAction> = vec![];
    let Some(text) = world.text(path) else {
        return all;
    };
    // Its own tree, whichever main file a finding comes from: places in it are bytes of the text.
    let file = parse_what_can_be_read(&text.text, 0);
    for view in world.views(path) {
        for found in &view.found {
            let here = |span| {
                let place = view.place(&view.sources, span, &world.prelude)?;
                (place.path == path).then(|| place.range())
            };
            let Some(place) = here(found.span) else {
                continue;
            };
            if place.end < range.start || range.end < place.start {
                continue;
            }
            let further = found.related.first().and_then(|(span, _)| here(*span));
            let made = found
                .fix
                .as_ref()
                .map(|fix| fixes(&file.items, fix, &text, place, further));
            for (title, edits) in made.into_iter().flatten() {
                let known = all.iter().any(|action| action.title == title);
                if !known && is_sound(world, view, path, &text, &edits) {
                    all.extend(action(world, view, found, &text, title, &edits));
                }
            }
        }
    }
    if let [only] = all.as_mut_slice() {
        only.is_preferred = Some(true);
    }
    all
}

fn is_sound(world: &World, view: &Analysis, path: &Path, text: &Text, edits: &[Edit]) -> bool {
    // A value that is still to be written is an error of its own; the help asks for it.
    if edits
        .iter()
        .any(|edit| edit.text.ends_with('=') || edit.text.ends_with("=)"))
    {
        return true;
    }
    let changed = BTreeMap::from([(path.to_owned(), applied(&text.text, edits))]);
    first_new_error(world, view, &changed).is_none()
}

fn action(
    world: &World,
    view: &Analysis,
    found: &Diagnostic,
    text: &Text,
    title: String,
    edits: &[Edit],
) -> Option<lsp::CodeAction> {
    let edits: Vec<lsp::TextEdit> = edits.iter().map(|edit| edit.told(text)).collect();
    let (path, diagnostic) = findings::one(view, world, found)?;
    Some(lsp::CodeAction {
        title,
        kind: Some(lsp::CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![diagnostic]),
        edit: Some(lsp::WorkspaceEdit {
            changes: Some(HashMap::from([(world.uri(&path)?, edits)])),
            ..Default::default()
        }),
        ..lsp::CodeAction::default()
    })
}

/// The changes that mend what is marked, each with its title; `further` is the first further place of the finding.
fn fixes(
    items: &[Item],
    fix: &Fix,
    text: &Text,
    range: Range<usize>,
    further: Option<Range<usize>>,
) -> Vec<(String, Vec<Edit>)> {
    let marked = text.text.get(range.clone()).unwrap_or_default();
    let one = |title: String, edit: Option<Edit>| {
        edit.map(|edit| (title, vec![edit])).into_iter().collect()
    };
    match fix {
        Fix::Replace(words) => words
            .iter()
            .map(|word| {
                (
                    format!("write `{word}`"),
                    vec![Edit::new(range.clone(), word.clone())],
                )
            })
            .collect(),
        Fix::Remove => {
            let what = marked.lines().next().unwrap_or_default();
            one(
                format!("leave out `{what}`"),
                removal(items, text, range.clone()),
            )
        }
        Fix::Argument(arguments) => {
            let added = arguments.join(", ");
            one(
                format!("add `{added}`"),
                added_argument(text, range.clone(), &added),
            )
        }
        Fix::Unname => {
            let rest = text.text.get(range.end..).unwrap_or_default();
            let equals = rest
                .find('=')
                .filter(|at| rest.get(..*at).is_some_and(|gap| gap.trim().is_empty()));
            let end = equals.map(|at| {
                let after = rest.get(at + 1..).unwrap_or_default();
                range.end + at + 1 + (after.len() - after.trim_start().len())
            });
            one(
                "leave the name out".into(),
                end.map(|end| Edit::new(range.start..end, "")),
            )
        }
        Fix::MoveUp => further
            .and_then(|below| moved(items, text, range, below))
            .map(|edits| ("move the binding up".into(), edits))
            .into_iter()
            .collect(),
        Fix::Line {
            text: line,
            in_loss,
        } => one(
            format!("add `{line}`"),
            added_line(items, text, range.start, line, *in_loss),
        ),
    }
}

fn holds(span: Span, range: &Range<usize>) -> bool {
    span.start as usize <= range.start && range.end <= span.end as usize
}

/// Leaves out what is marked: a definition by its name, a parameter, an argument, or else a line.
fn removal(items: &[Item], text: &Text, range: Range<usize>) -> Option<Edit> {
    let item = items.iter().find(|item| holds(item.span, &range))?;
    let is_name = item
        .name()
        .is_some_and(|name| name.span.start as usize == range.start);
    if is_name || range == (item.span.start as usize..item.span.end as usize) {
        let mut whole = statement(text, item.span.start as usize..item.span.end as usize);
        // One of the two empty lines around it goes as well.
        if text
            .text
            .get(whole.end..)
            .is_some_and(|rest| rest.starts_with('\n'))
        {
            whole.end += 1;
        }
        return Some(Edit::new(whole, ""));
    }
    if let Some(argument) = listed(&text.text, &range) {
        return Some(Edit::new(argument, ""));
    }
    let body = match &item.kind {
        ItemKind::Block(Callable { body, .. }) | ItemKind::Model(Callable { body, .. }) => body,
        ItemKind::Train(body) | ItemKind::Variant { body, .. } => body,
        _ => return None,
    };
    let line = innermost(body, &range)?;
    let whole = statement(text, line.span.start as usize..line.span.end as usize);
    Some(Edit::new(whole, ""))
}

fn innermost<'a>(body: &'a [Line], range: &Range<usize>) -> Option<&'a Line> {
    let line = body.iter().find(|line| holds(line.span, range))?;
    let inner = match &line.kind {
        LineKind::For { body, .. } | LineKind::Loss(body) => innermost(body, range),
        _ => None,
    };
    inner.or(Some(line))
}

/// The element of a bracketed list that holds a range, with the comma that goes with it. None outside of round brackets.
fn listed(text: &str, range: &Range<usize>) -> Option<Range<usize>> {
    let all: Vec<Lexeme<'_>> = lexemes(text, 0)
        .filter(|lexeme| !lexeme.is_comment())
        .collect();
    let inside = all
        .iter()
        .position(|lexeme| lexeme.start <= range.start && range.start < lexeme.end())?;
    let (mut depth, mut open) = (0usize, None);
    for (i, lexeme) in all.get(..inside)?.iter().enumerate().rev() {
        match lexeme.kind {
            Kind::Close(_) => depth += 1,
            Kind::Open(_) if depth > 0 => depth -= 1,
            Kind::Open('(') => {
                open = Some(i);
                break;
            }
            Kind::Open(_) => return None,
            _ => {}
        }
    }
    let open = open?;
    let (mut start, mut depth) = (open, 0usize);
    for (i, lexeme) in all.iter().enumerate().skip(open + 1) {
        let separates = depth == 0 && lexeme.text == ",";
        let ends = depth == 0 && matches!(lexeme.kind, Kind::Close(_));
        match lexeme.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if (separates || ends) && i > inside {
            let from = all.get(start)?;
            let (first, last) = (all.get(start + 1)?, all.get(i.checked_sub(1)?)?);
            return Some(match (from.text, separates) {
                // The first of several: with the comma after it and the space up to the next.
                ("(", true) => first.start..all.get(i + 1)?.start,
                ("(", false) => first.start..last.end(),
                _ => from.start..last.end(),
            });
        }
        if separates {
            start = i;
        }
        if ends {
            return None;
        }
    }
    None
}

fn added_argument(text: &Text, range: Range<usize>, added: &str) -> Option<Edit> {
    let marked = text.text.get(range.clone())?;
    // The call may go on after what is marked: the name of a callee alone.
    let whole = match marked.ends_with(')') {
        true => range.clone(),
        false => {
            let rest = text.text.get(range.end..)?;
            match rest.starts_with('(') {
                true => range.start..range.end + closing(rest)? + 1,
                false => return Some(Edit::new(range.end..range.end, format!("({added})"))),
            }
        }
    };
    let call = text.text.get(whole.clone())?;
    let inside = call.strip_suffix(')')?.trim_end();
    let at = whole.start + inside.len();
    let separator = if inside.ends_with('(') {
        ""
    } else if inside.ends_with(',') {
        " "
    } else {
        ", "
    };
    Some(Edit::new(at..at, format!("{separator}{added}")))
}

/// Where the bracket closes that a text begins with.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for lexeme in lexemes(text, 0) {
        match lexeme.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(lexeme.start);
                }
            }
            _ => {}
        }
    }
    None
}

/// Moves the line that holds `below` above the one that holds `range`; both stand in the body of a definition, with nothing
/// else on their lines.
fn moved(
    items: &[Item],
    text: &Text,
    range: Range<usize>,
    below: Range<usize>,
) -> Option<Vec<Edit>> {
    let whole = |range: &Range<usize>| {
        let lines_of = |item: &Item| match &item.kind {
            ItemKind::Block(callable) | ItemKind::Model(callable) => callable
                .body
                .iter()
                .find(|line| holds(line.span, range))
                .and_then(|line| own_lines(text, line.span.start as usize..line.span.end as usize)),
            _ => None,
        };
        items.iter().find_map(lines_of)
    };
    let (from, above) = (whole(&below)?, whole(&range)?.start);
    let moved = text.text.get(from.clone())?;
    Some(vec![
        Edit::new(above..above, moved),
        Edit::new(from.clone(), ""),
    ])
}

fn added_line(items: &[Item], text: &Text, at: usize, line: &str, in_loss: bool) -> Option<Edit> {
    let item = items.iter().find(|item| holds(item.span, &(at..at)))?;
    let ItemKind::Model(model) = &item.kind else {
        return None;
    };
    let output = model.body.iter().find_map(|line| match &line.kind {
        LineKind::Output { name, .. } => Some(name.text.as_str()),
        _ => None,
    });
    let line = line.replace("logits)", &format!("{})", output.unwrap_or("logits")));
    let loss = model
        .body
        .iter()
        .find(|line| matches!(line.kind, LineKind::Loss(_)));
    let before_bracket = |end: u32| {
        let bracket = end.checked_sub(1)? as usize;
        let start = text.line_start(text.line_of(bracket));
        text.text
            .get(start..bracket)?
            .trim()
            .is_empty()
            .then_some(start)
    };
    if line.starts_with("input") {
        let first = text.line_of(item.span.start as usize) + 1;
        let start = text.line_start(first);
        return Some(Edit::new(start..start, format!("    {line}\n")));
    }
    match loss {
        Some(loss) if in_loss => {
            let start = before_bracket(loss.span.end)?;
            let space = indent(text, loss.span.start as usize);
            Some(Edit::new(start..start, format!("{space}    {line}\n")))
        }
        Some(loss) => {
            let start = text.line_start(text.line_of(loss.span.start as usize));
            Some(Edit::new(start..start, format!("    {line}\n")))
        }
        None => {
            let start = before_bracket(item.span.end)?;
            let added = if in_loss {
                format!("\n    loss {{\n        {line}\n    }}\n")
            } else {
                format!("    {line}\n")
            };
            Some(Edit::new(start..start, added))
        }
    }
}

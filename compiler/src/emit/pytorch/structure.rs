//! Structures and functions as Python.

use super::syntax::{call, list};
use crate::bug::bug;
use crate::emit::doc::{ANY, Doc, all, bracketed, group, nest, text};
use crate::emit::form::{Field, FieldKind, Making, Many, Num, Structure};
use crate::emit::target::{Body, Line, Round};
use crate::emit::text::{comment, layout};
use crate::emit::writer::{Scope, Writer};
use crate::model::Graph;

/// The widest line.
const WIDTH: usize = 100;

/// Writes the structure at a place of the form.
pub(super) fn source(scope: Scope<'_>, graph: &Graph, place: usize) -> String {
    let mut writer = Writer::new(scope, place);
    let structure = writer.structure;
    if structure.is_function() {
        return function(&mut writer, documentation(structure)).print(WIDTH, 0);
    }
    let name = &writer.named.name;
    let new = new(&mut writer);
    let doc = match structure.is_model {
        true => {
            let inputs = layout(graph);
            vec![text(format!(
                "\"\"\"The logits `[N, CLASSES]` of inputs `{inputs}`.\"\"\""
            ))]
        }
        false => vec![],
    };
    let forward = structure
        .result
        .is_some()
        .then(|| function(&mut writer, doc));
    let mut lines = documentation(structure);
    lines.push(Doc::Nil);
    lines.push(new);
    lines.extend(forward.into_iter().flat_map(|forward| [Doc::Nil, forward]));
    suite(text(format!("class {name}(nn.Module)")), lines).print(WIDTH, 0)
}

/// `head:` and indented lines.
fn suite(head: Doc, lines: Vec<Doc>) -> Doc {
    let each = lines.into_iter().flat_map(|line| [Doc::Hard, line]);
    all([head, text(":"), nest(all(each))])
}

/// The docstring, line by line.
fn documentation(structure: &Structure) -> Vec<Doc> {
    let doc = match (structure.doc.is_empty(), structure.is_model) {
        (false, _) => structure.doc.clone(),
        (true, true) => format!("The network `{}`.", structure.block),
        (true, false) => format!("The block `{}`.", structure.block),
    };
    let doc = escaped(&doc);
    let mut lines = comment(&doc, WIDTH - 10);
    if let Some(first) = lines.first_mut() {
        first.insert_str(0, "\"\"\"");
    }
    match lines.len() {
        1 => lines.iter_mut().for_each(|line| line.push_str("\"\"\"")),
        _ => lines.push("\"\"\"".to_owned()),
    }
    lines.into_iter().map(text).collect()
}

/// As it stands in a docstring.
pub(super) fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\\\");
    match text.contains("\"\"\"") || text.ends_with('"') {
        true => text.replace('"', "\\\""),
        false => text,
    }
}

fn parameters<'a>(writer: &Writer<'a>) -> impl Iterator<Item = Doc> + use<'a> {
    let named = writer.named;
    let order = writer.structure.order.iter();
    order.filter_map(|at| named.parameters.get(*at)).map(text)
}

fn new(writer: &mut Writer<'_>) -> Doc {
    let structure = writer.structure;
    let arguments = [text("self")].into_iter().chain(parameters(writer));
    let head = bracketed("def __init__(", arguments.collect(), ")", ANY);
    let mut lines = vec![text("super().__init__()")];
    for (field, name) in structure.fields.iter().zip(&writer.named.fields) {
        let value = value(writer, field);
        lines.push(all([text(format!("self.{name} = ")), value]));
    }
    let kept = structure
        .parameters
        .iter()
        .zip(&writer.named.kept)
        .zip(&writer.named.parameters);
    let kept = kept.filter(|((p, _), _)| p.kept);
    lines.extend(kept.map(|((_, field), name)| text(format!("self.{field} = {name}"))));
    suite(head, lines)
}

/// What a field is made of.
fn value(writer: &mut Writer<'_>, field: &Field) -> Doc {
    let mut ones = vec![];
    let mut lists = vec![];
    for made in &field.made {
        match made {
            Making::One(numbers) => ones.push(one(writer, field, numbers)),
            Making::Loop(rounds, numbers) => {
                writer.round_is_read = false;
                // What was made before stands before.
                if !ones.is_empty() {
                    lists.push(list(std::mem::take(&mut ones)));
                }
                let element = one(writer, field, numbers);
                let round = if writer.round_is_read { "i" } else { "_" };
                let rounds = writer.num(rounds).doc;
                let head = all([text(format!("for {round} in range(")), rounds, text(")")]);
                lists.push(comprehension(element, head));
            }
        }
    }
    if field.many == Many::One {
        return ones.into_iter().next().unwrap_or(Doc::Nil);
    }
    if !ones.is_empty() || lists.is_empty() {
        lists.push(list(ones));
    }
    let mut lists = lists.into_iter();
    let first = lists.next().unwrap_or_else(|| text("[]"));
    let joined = lists.fold(first, |all_of, more| all([all_of, text(" + "), more]));
    let kind = match field.kind {
        FieldKind::Tensor => "nn.ParameterList",
        FieldKind::Structure(_) | FieldKind::Module(..) => "nn.ModuleList",
    };
    all([text(format!("{kind}(")), joined, text(")")])
}

fn one(writer: &mut Writer<'_>, field: &Field, numbers: &[Num]) -> Doc {
    let docs: Vec<Doc> = numbers.iter().map(|num| writer.num(num).doc).collect();
    let made = match &field.kind {
        FieldKind::Structure(number) => {
            let (name, parameters) = writer.scope.parameters_of(*number);
            let callee = writer.scope.form.structure(*number);
            let arguments = callee.order.iter().filter_map(|at| {
                let name = parameters.get(*at)?;
                Some(all([text(format!("{name}=")), docs.get(*at)?.clone()]))
            });
            call(name, arguments.collect())
        }
        FieldKind::Module(kind, tensors) => {
            call(kind, without_default(docs, numbers, tensors.len()))
        }
        FieldKind::Tensor => {
            let sizes = [text("1")].into_iter().chain(docs.iter().take(3).cloned());
            let start = docs
                .get(3)
                .cloned()
                .unwrap_or_else(|| text("(\"constant\", 0.0)"));
            call("draw", vec![start, call("", sizes.collect())])
        }
    };
    let tensors = match &field.kind {
        FieldKind::Module(_, tensors) => tensors.len(),
        _ => 1,
    };
    match field.fixed.len() {
        0 => made,
        count if count == tensors => call("fixed", vec![made]),
        _ => {
            let names = field.fixed.iter().map(|name| text(format!("{name:?}")));
            call("fixed", [made].into_iter().chain(names).collect())
        }
    }
}

/// What a module takes without the starts that are usual: all, or the last of several.
fn without_default(mut docs: Vec<Doc>, numbers: &[Num], starts: usize) -> Vec<Doc> {
    let sizes = numbers.len().saturating_sub(starts);
    if numbers.iter().skip(sizes).all(Num::is_uniform_start) {
        docs.truncate(sizes);
    } else if starts > 1 && numbers.last().is_some_and(Num::is_zero_start) {
        docs.pop();
    }
    docs
}

/// A forward pass or function that begins with these lines.
fn function(writer: &mut Writer<'_>, doc: Vec<Doc>) -> Doc {
    let structure = writer.structure;
    let Body {
        inputs,
        dims,
        lines,
        result,
    } = writer.body();
    let function = structure.is_function();
    let own = (!function).then(|| text("self"));
    let mut arguments: Vec<Doc> = own
        .into_iter()
        .chain(inputs.iter().map(|(name, _)| text(name)))
        .collect();
    arguments.extend(writer.lent.as_ref().map(text));
    if function {
        arguments.extend(parameters(writer));
    }
    if structure.device {
        arguments.push(text("device"));
    }
    if function && structure.training {
        arguments.push(text("training"));
    }
    let name = if function {
        writer.named.name.as_str()
    } else {
        "forward"
    };
    let head = bracketed(&format!("def {name}("), arguments, ")", ANY);
    let mut body = doc;
    for (variable, names) in dims {
        let names = names.map(|name| name.unwrap_or_else(|| "_".into()));
        body.push(text(format!("_, {} = {variable}.shape", names.join(", "))));
    }
    body.extend(lines.into_iter().map(line));
    body.push(match structure.is_model {
        true => all([text("return "), result, text(".flatten(1)")]),
        false => all([text("return "), broken(result)]),
    });
    suite(head, body)
}

/// An expression that may be broken without brackets of its own.
fn broken(value: Doc) -> Doc {
    match breaks(&value) {
        true => Doc::Choice(
            Box::new(flat_or_nothing(value.clone())),
            Box::new(all([
                text("("),
                nest(all([Doc::Hard, value])),
                Doc::Hard,
                text(")"),
            ])),
        ),
        false => value,
    }
}

/// Whether a line break in this expression would stand outside of brackets: its outermost form is an operator.
fn breaks(value: &Doc) -> bool {
    match value {
        Doc::Group(_, inner) => match inner.as_ref() {
            Doc::All(parts) => matches!(parts.last(), Some(Doc::Nest(..))),
            _ => false,
        },
        _ => false,
    }
}

/// On one line or not at all.
fn flat_or_nothing(value: Doc) -> Doc {
    match value.flat() {
        Some(_) => text(value.print(usize::MAX, 0)),
        None => value,
    }
}

/// `[element for ...]`
fn comprehension(element: Doc, head: Doc) -> Doc {
    let inner = nest(all([Doc::Soft, element, Doc::Line, head]));
    group(ANY, all([text("["), inner, Doc::Soft, text("]")]))
}

fn assigned(name: &str, value: Doc) -> Doc {
    all([text(format!("{name} = ")), broken(value)])
}

fn line(line: Line) -> Doc {
    match line {
        Line::Let(name, value) | Line::Variable(name, value) | Line::Set(name, value) => {
            assigned(&name, value)
        }
        Line::List(name, values, _) => assigned(&name, list(values)),
        Line::Gathered(name, ..) => bug!("`{name}` is gathered in Python"),
        Line::Push(name, value) => call(&format!("{name}.append"), vec![value]),
        Line::Collect(name, round, values, _) => {
            let element = arms(&round, values);
            let head = all([
                text(format!("for {} in ", head_name(&round))),
                source_of(&round),
            ]);
            assigned(&name, comprehension(element, head))
        }
        Line::Loop(round, mut lists) => {
            let head = all([
                text(format!("for {} in ", head_name(&round))),
                source_of(&round),
            ]);
            let lines = match lists.len() {
                1 => lists.remove(0).into_iter().map(self::line).collect(),
                count => {
                    let conditions = round.conditions(count).zip(lists).enumerate();
                    let branches = conditions.map(|(at, (condition, lines))| {
                        let head = match (at, condition) {
                            (0, Some(condition)) => format!("if {condition}"),
                            (_, Some(condition)) => format!("elif {condition}"),
                            (_, None) => "else".to_owned(),
                        };
                        suite(text(head), lines.into_iter().map(self::line).collect())
                    });
                    branches.collect()
                }
            };
            suite(head, lines)
        }
    }
}

fn arms(round: &Round, values: Vec<Doc>) -> Doc {
    let count = values.len();
    let each = round
        .conditions(count)
        .zip(values)
        .map(|(condition, value)| match condition {
            Some(condition) => all([value, text(format!(" if {condition} else "))]),
            None => value,
        });
    all(each)
}

/// The variables of a loop.
fn head_name(round: &Round) -> String {
    match (&round.over, &round.name) {
        (Some((_, element)), Some(name)) => format!("{name}, {element}"),
        (Some((_, element)), None) => element.clone(),
        (None, Some(name)) => name.clone(),
        (None, None) => "_".to_owned(),
    }
}

/// What a loop goes through.
fn source_of(round: &Round) -> Doc {
    match (&round.over, &round.name) {
        (Some((list, _)), Some(_)) => call("enumerate", vec![list.clone()]),
        (Some((list, _)), None) => list.clone(),
        (None, _) => call("range", vec![round.count.clone()]),
    }
}

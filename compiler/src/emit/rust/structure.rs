//! Structures and functions as Rust.

use super::syntax::{LINE, Rust, assigned, block, call, chained, either};
use crate::emit::doc::{Doc, all, bracketed, commas, group, nest, text};
use crate::emit::form::{Field, FieldKind, Kind, Making, Many, Num, Structure};
use crate::emit::target::{Body, Line, Round};
use crate::emit::text::{comment, shapes};
use crate::emit::writer::{Scope, Writer};
use crate::model::Graph;

/// The text of a structure.
pub(super) struct Source {
    /// The type; empty for a function.
    pub declaration: String,
    /// Its constructor.
    pub new: String,
    /// Its forward pass, or the function.
    pub forward: String,
}

/// The widest line.
pub(super) const WIDTH: usize = 100;

/// Writes the structure at a place of the form.
pub(super) fn source(rust: Rust, scope: Scope<'_>, graph: &Graph, place: usize) -> Source {
    let mut writer = Writer::new(scope, place);
    let structure = writer.structure;
    match structure.is_function() {
        true => Source {
            declaration: String::new(),
            new: String::new(),
            forward: all([documentation(structure), forward(&mut writer, graph)]).print(WIDTH, 0),
        },
        false => Source {
            declaration: all([documentation(structure), declaration(&writer)]).print(WIDTH, 0),
            new: new(rust, &mut writer).print(WIDTH, 4),
            forward: match structure.result {
                Some(_) => forward(&mut writer, graph).print(WIDTH, 4),
                None => String::new(),
            },
        },
    }
}

fn documentation(structure: &Structure) -> Doc {
    let doc = match (structure.doc.is_empty(), structure.is_model) {
        (false, _) => structure.doc.clone(),
        (true, true) => format!("The network `{}`.", structure.block),
        (true, false) => format!("The block `{}`.", structure.block),
    };
    let lines = comment(&doc, WIDTH - 4);
    all(lines
        .into_iter()
        .flat_map(|line| [text(format!("/// {line}").trim_end()), Doc::Hard]))
}

/// The type of a field or of its elements.
fn kind(writer: &Writer<'_>, field: &Field) -> String {
    let one = match &field.kind {
        FieldKind::Structure(number) => writer.scope.name_of(*number).to_owned(),
        FieldKind::Module(kind, _) => (*kind).to_owned(),
        FieldKind::Tensor => "Param<Tensor<4>>".to_owned(),
    };
    match field.many {
        Many::One => one,
        Many::Fixed(count) => format!("[{one}; {count}]"),
        Many::Any => format!("Vec<{one}>"),
    }
}

fn rust_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "usize",
        Kind::Float => "f64",
        Kind::Init => "Init",
    }
}

fn declaration(writer: &Writer<'_>) -> Doc {
    let (structure, named) = (writer.structure, writer.named);
    let fields = structure.fields.iter().zip(&named.fields);
    let fields = fields.map(|(field, name)| text(format!("{name}: {},", kind(writer, field))));
    let kept = structure
        .parameters
        .iter()
        .zip(&named.kept)
        .filter(|(p, _)| p.kept);
    let kept = kept.flat_map(|(parameter, name)| {
        let field = format!("{name}: {},", rust_kind(parameter.kind));
        [text("#[module(skip)]"), text(field)]
    });
    let public = if structure.is_model { "pub " } else { "" };
    let head = all([
        text("#[derive(Module, Debug)]"),
        Doc::Hard,
        text(format!("{public}struct {}", named.name)),
    ]);
    block(head, fields.chain(kept).collect())
}

/// Parameters as the constructor or function takes them; heights and widths together.
fn parameters(writer: &Writer<'_>) -> Vec<Doc> {
    let structure = writer.structure;
    let names: Vec<(&str, Kind)> = structure
        .order
        .iter()
        .filter_map(|at| {
            let name = writer.named.parameters.get(*at)?;
            Some((name.as_str(), structure.parameters.get(*at)?.kind))
        })
        .collect();
    let mut docs = vec![];
    let mut rest = names.as_slice();
    while let [(name, kind), after @ ..] = rest {
        match after {
            [("width", _), after @ ..] if *name == "height" => {
                docs.push(text("[height, width]: [usize; 2]"));
                rest = after;
            }
            _ => {
                docs.push(text(format!("{name}: {}", rust_kind(*kind))));
                rest = after;
            }
        }
    }
    docs
}

/// Values in the order in which a structure takes them; height and width together.
fn values(callee: &Structure, names: &[String], docs: &[Doc]) -> Vec<Doc> {
    let ordered: Vec<(&str, Doc)> = callee
        .order
        .iter()
        .filter_map(|at| Some((names.get(*at)?.as_str(), docs.get(*at)?.clone())))
        .collect();
    let mut out = vec![];
    let mut rest = ordered.as_slice();
    while let [(name, doc), after @ ..] = rest {
        match after {
            [("width", width), after @ ..] if *name == "height" => {
                out.push(bracketed("[", vec![doc.clone(), width.clone()], "]", 60));
                rest = after;
            }
            _ => {
                out.push(doc.clone());
                rest = after;
            }
        }
    }
    out
}

fn new(rust: Rust, writer: &mut Writer<'_>) -> Doc {
    let structure = writer.structure;
    let mut arguments = parameters(writer);
    let (function, last) = match rust {
        Rust::Std => ("new", "device: &Device"),
        Rust::NoStd => ("read", "from: &mut Numbers<'_>"),
    };
    let unread = if structure.fields.is_empty() { "_" } else { "" };
    arguments.push(text(format!("{unread}{last}")));
    let public = match (rust, structure.is_model) {
        (Rust::Std, true) => "pub ",
        _ => "",
    };
    let head = group(
        LINE,
        all([
            text(format!("{public}fn {function}(")),
            nest(all([Doc::Soft, commas(arguments)])),
            Doc::Soft,
            text(") -> Self"),
        ]),
    );
    let mut fields = vec![];
    for (field, name) in structure.fields.iter().zip(&writer.named.fields) {
        let value = value(rust, writer, field);
        fields.push(all([text(format!("{name}: ")), value, text(",")]));
    }
    let kept = structure
        .parameters
        .iter()
        .zip(&writer.named.kept)
        .zip(&writer.named.parameters);
    let kept = kept
        .filter(|((p, _), _)| p.kept)
        .map(|((_, field), name)| match field == name {
            true => text(format!("{name},")),
            false => text(format!("{field}: {name},")),
        });
    fields.extend(kept);
    let whole = match fields.is_empty() {
        true => text("Self {}"),
        false => block(text("Self"), fields),
    };
    let doc = match (rust, structure.is_model) {
        (Rust::Std, true) => all([
            text("/// A network with fresh parameters, drawn by the device's generator."),
            Doc::Hard,
        ]),
        _ => Doc::Nil,
    };
    all([doc, block(head, vec![whole])])
}

/// What a field is made of.
fn value(rust: Rust, writer: &mut Writer<'_>, field: &Field) -> Doc {
    let mut ones = vec![];
    let mut loops = vec![];
    for made in &field.made {
        match made {
            Making::One(numbers) => ones.push(one(rust, writer, field, numbers)),
            Making::Loop(rounds, numbers) => {
                writer.round_is_read = false;
                let element = one(rust, writer, field, numbers);
                let long =
                    stated(rust, writer, field, numbers).unwrap_or_else(|| vec![element.clone()]);
                let round = if writer.round_is_read { "i" } else { "_" };
                let rounds = writer.num(rounds).doc;
                let closure = closure(round, element, long);
                loops.push(all([
                    text("(0.."),
                    rounds,
                    text(")"),
                    nest(all([Doc::Soft, closure])),
                ]));
            }
        }
    }
    match (field.many, loops.len()) {
        (Many::One, _) => ones.into_iter().next().unwrap_or(Doc::Nil),
        (Many::Fixed(_), _) => bracketed("[", ones, "]", 60),
        (Many::Any, 0) => bracketed("vec![", ones, "]", 60),
        (Many::Any, _) => {
            let mut all_of = loops.into_iter();
            let first = match ones.is_empty() {
                true => all_of.next().unwrap_or(Doc::Nil),
                false => all([bracketed("[", ones, "]", 60), text(".into_iter()")]),
            };
            let chained = all_of.map(|more| nest(all([Doc::Soft, call(".chain", vec![more])])));
            let end = nest(all([Doc::Soft, text(".collect()")]));
            group(60, all([first].into_iter().chain(chained).chain([end])))
        }
    }
}

/// `.map(|round| element)`, or several lines between braces.
fn closure(round: &str, element: Doc, long: Vec<Doc>) -> Doc {
    let flat = all([text(format!(".map(|{round}| ")), element, text(")")]);
    let long = all([block(text(format!(".map(|{round}|")), long), text(")")]);
    Doc::Whole(Box::new(flat), Box::new(long))
}

/// An element that is a module in several lines: how its tensors start, then the module.
fn stated(rust: Rust, writer: &mut Writer<'_>, field: &Field, numbers: &[Num]) -> Option<Vec<Doc>> {
    let FieldKind::Module(_, tensors) = &field.kind else {
        return None;
    };
    let sizes = numbers.len().checked_sub(tensors.len())?;
    let (sizes, starts) = numbers.split_at(sizes);
    if rust == Rust::NoStd {
        return None;
    }
    let mut lines = vec![];
    let mut docs: Vec<Doc> = sizes.iter().map(|num| writer.num(num).doc).collect();
    for (tensor, start) in tensors.iter().zip(starts) {
        let zero = tensors.len() > 1 && Some(tensor) == tensors.last() && start.is_zero_start();
        if !zero {
            lines.push(assigned(&format!("let {tensor}"), writer.num(start).doc));
        }
        docs.push(text(*tensor));
    }
    lines.push(made(rust, writer, field, numbers, docs));
    Some(lines)
}

fn one(rust: Rust, writer: &mut Writer<'_>, field: &Field, numbers: &[Num]) -> Doc {
    let docs = numbers.iter().map(|num| writer.num(num).doc).collect();
    made(rust, writer, field, numbers, docs)
}

/// An element of a field that is made with these values.
fn made(rust: Rust, writer: &Writer<'_>, field: &Field, numbers: &[Num], docs: Vec<Doc>) -> Doc {
    let device = text(if rust == Rust::Std { "device" } else { "from" });
    let function = if rust == Rust::Std { "new" } else { "read" };
    let made = match &field.kind {
        FieldKind::Structure(number) => {
            let (name, parameters) = writer.scope.parameters_of(*number);
            let callee = writer.scope.form.structure(*number);
            let mut arguments = values(callee, parameters, &docs);
            arguments.push(device);
            call(&format!("{name}::{function}"), arguments)
        }
        FieldKind::Module(kind, tensors) => {
            let sizes = match rust {
                Rust::Std => docs.len().saturating_sub(tensors.len()),
                Rust::NoStd => docs.len(),
            };
            let (sizes, starts) = docs.split_at(sizes);
            let sizes = match sizes {
                [one] => one.clone(),
                _ => bracketed("[", sizes.to_vec(), "]", 60),
            };
            // The last of several tensors usually starts as zeros.
            let (starts, function) = match (starts.split_last(), tensors.as_slice()) {
                (Some((_, rest)), [_, .., last]) => match numbers.last() {
                    Some(num) if num.is_zero_start() => (rest, function.to_owned()),
                    _ => (starts, format!("with_{last}")),
                },
                _ => (starts, function.to_owned()),
            };
            let arguments = [sizes].into_iter().chain(starts.to_vec()).chain([device]);
            call(&format!("{kind}::{function}"), arguments.collect())
        }
        FieldKind::Tensor => {
            let sizes = [text("1")].into_iter().chain(docs.iter().take(3).cloned());
            let sizes = bracketed("[", sizes.collect(), "]", 60);
            match (rust, docs.get(3)) {
                (Rust::Std, Some(start)) => {
                    all([start.clone(), call(".draw", vec![sizes, text("1"), device])])
                }
                _ => all([device, call(".take", vec![sizes])]),
            }
        }
    };
    let tensors = match &field.kind {
        FieldKind::Module(_, tensors) => tensors.len(),
        _ => 1,
    };
    match (field.fixed.as_slice(), &field.kind) {
        ([], _) => made,
        (_, FieldKind::Tensor) => all([made, text(".set_require_grad(false)")]),
        (fixed, _) if fixed.len() == tensors => all([made, text(".no_grad()")]),
        (fixed, _) => {
            let each = fixed.iter().map(|name| text(format!(".fixed_{name}()")));
            all([made].into_iter().chain(each))
        }
    }
}

fn forward(writer: &mut Writer<'_>, graph: &Graph) -> Doc {
    let structure = writer.structure;
    let Body {
        inputs,
        dims,
        lines,
        result,
    } = writer.body();
    let function = structure.is_function();
    let own = (!function).then(|| text("&self"));
    let tensors = inputs.iter().map(|(name, list)| match list {
        true => text(format!("{name}: &[Tensor<4>]")),
        false => text(format!("{name}: Tensor<4>")),
    });
    let mut arguments: Vec<Doc> = own.into_iter().chain(tensors).collect();
    if function {
        arguments.extend(parameters(writer));
    }
    if structure.device {
        arguments.push(text("device: &Device"));
    }
    let name = if function {
        writer.named.name.as_str()
    } else {
        "forward"
    };
    let (public, rank) = if structure.is_model {
        ("pub ", 2)
    } else {
        ("", 4)
    };
    let head = group(
        LINE,
        all([
            text(format!("{public}fn {name}(")),
            nest(all([Doc::Soft, commas(arguments)])),
            Doc::Soft,
            text(format!(") -> Tensor<{rank}>")),
        ]),
    );
    let mut body = vec![];
    for (variable, names) in dims {
        let names = names.map(|name| name.unwrap_or_else(|| "_".into()));
        let names = match &names {
            [channels, height, width] if height == "_" && width == "_" => {
                format!("_, {channels}, ..")
            }
            [channels, height, width] if channels == "_" => format!("_, _, {height}, {width}"),
            [channels, height, width] => format!("_, {channels}, {height}, {width}"),
        };
        let names = names.replace("_, _, ", ".., ");
        body.push(text(format!("let [{names}] = {variable}.dims();")));
    }
    body.extend(lines.into_iter().map(line));
    body.push(match structure.is_model {
        true => all([result, text(".flatten(1, 3)")]),
        false => result,
    });
    let doc = match (structure.is_model, function) {
        (true, _) => {
            "/// The logits `[N, CLASSES]` of a batch of inputs, `[N, channels, height, width]`."
                .to_owned()
        }
        (false, true) => String::new(),
        (false, false) if structure.prelude => String::new(),
        (false, false) => {
            shapes(graph, structure.first).map_or(String::new(), |s| format!("/// {s}"))
        }
    };
    let doc = match doc.is_empty() {
        true => Doc::Nil,
        false => all([text(doc), Doc::Hard]),
    };
    all([doc, block(head, body)])
}

fn line(line: Line) -> Doc {
    match line {
        Line::Let(name, value) => assigned(&format!("let {name}"), value),
        Line::Variable(name, value) => assigned(&format!("let mut {name}"), value),
        Line::Set(name, value) => assigned(&name, value),
        Line::List(name, values, grows) => {
            let mutable = if grows { "mut " } else { "" };
            let list = bracketed("vec![", values, "]", 60);
            assigned(&format!("let {mutable}{name}"), list)
        }
        Line::Push(name, value) => all([call(&format!("{name}.push"), vec![value]), text(";")]),
        Line::Collect(name, round, values) => {
            let element = arms(&round, values);
            let closure = closure(&head_name(&round), element.clone(), vec![element]);
            let end = text(".collect()");
            let chain = all([
                source_of(&round),
                nest(all([Doc::Soft, closure])),
                nest(all([Doc::Soft, end])),
            ]);
            assigned(&format!("let {name}: Vec<_>"), group(60, chain))
        }
        Line::Loop(round, mut lists) => {
            let head = all([
                text(format!("for {} in ", head_name(&round))),
                loop_source(&round),
            ]);
            let lines = match lists.len() {
                1 => lists.remove(0).into_iter().map(self::line).collect(),
                _ => vec![branches(&round, lists)],
            };
            block(head, lines)
        }
    }
}

/// Which arm a round is like.
fn conditions(round: &Round, arms: usize) -> impl Iterator<Item = Option<String>> {
    let name = round.name.clone().unwrap_or_else(|| "i".into());
    (0..arms).map(move |at| (at + 1 < arms).then(|| format!("{name} % {arms} == {at}")))
}

fn arms(round: &Round, mut values: Vec<Doc>) -> Doc {
    match values.len() {
        1 => values.remove(0),
        count => either(conditions(round, count).zip(values).collect()),
    }
}

fn branches(round: &Round, lists: Vec<Vec<Line>>) -> Doc {
    let count = lists.len();
    let mut docs = vec![];
    for (at, (condition, lines)) in conditions(round, count).zip(lists).enumerate() {
        let head = match (at, condition) {
            (0, Some(condition)) => format!("if {condition}"),
            (_, Some(condition)) => format!(" else if {condition}"),
            (_, None) => " else".to_owned(),
        };
        docs.push(block(text(head), lines.into_iter().map(line).collect()));
    }
    all(docs)
}

/// The variables of a loop.
fn head_name(round: &Round) -> String {
    match (&round.over, &round.name) {
        (Some((_, element)), Some(name)) => format!("({name}, {element})"),
        (Some((_, element)), None) => element.clone(),
        (None, Some(name)) => name.clone(),
        (None, None) => "_".to_owned(),
    }
}

/// What a loop goes through.
fn source_of(round: &Round) -> Doc {
    match (&round.over, &round.name) {
        (Some((list, _)), Some(_)) => chained(list.clone(), vec![text(".enumerate()")]),
        (Some((list, _)), None) => list.clone(),
        (None, _) => all([text("(0.."), round.count.clone(), text(")")]),
    }
}

fn loop_source(round: &Round) -> Doc {
    match &round.over {
        Some(_) => group(LINE, source_of(round)),
        None => all([text("0.."), round.count.clone()]),
    }
}

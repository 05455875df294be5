//! Structures and functions as Rust.

use super::lines::line;
use super::made::new;
use super::parameters::of_function;
use super::syntax::{LINE, Rust, block, rust_kind};
use crate::emit::doc::{Doc, all, commas, group, nest, text};
use crate::emit::form::{Field, FieldKind, Many, Structure};
use crate::emit::target::{Body, Line};
use crate::emit::text::{comment, layout, shapes};
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

/// The author's text with brackets that rustdoc would take for links escaped: those outside of code.
fn unlinked(doc: &str) -> String {
    let parts = doc.split('`').enumerate();
    let parts = parts.map(|(i, part)| match i % 2 {
        0 if !part.contains("](") => part.replace('[', "\\[").replace(']', "\\]"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`")
}

fn documentation(structure: &Structure) -> Doc {
    let doc = match (structure.doc.is_empty(), structure.is_model) {
        (false, _) => structure.doc.clone(),
        (true, true) => format!("The network `{}`.", structure.block),
        (true, false) => format!("The block `{}`.", structure.block),
    };
    let doc = unlinked(&doc);
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
        Many::Any => format!("Vec<{one}>"),
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
    let kept =
        kept.map(|(parameter, name)| text(format!("{name}: {},", rust_kind(parameter.kind))));
    let public = if structure.is_model { "pub " } else { "" };
    let head = all([
        text("#[derive(Module, Debug)]"),
        Doc::Hard,
        text(format!("{public}struct {}", named.name)),
    ]);
    block(head, fields.chain(kept).collect())
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
    if let (Some(lent), [field]) = (&writer.lent, structure.fields.as_slice()) {
        arguments.push(text(format!("{lent}: &{}", kind(writer, field))));
    }
    if function {
        arguments.extend(of_function(writer));
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
    let mut lines = lines;
    let mut result = result;
    // A name for what is the result anyway.
    if let Some(Line::Let(name, value)) = lines.last()
        && result == text(name)
    {
        result = value.clone();
        lines.pop();
    }
    body.extend(lines.into_iter().map(line));
    body.push(match structure.is_model {
        true => all([result, text(".flatten(1, 3)")]),
        false => result,
    });
    let doc = match (structure.is_model, function) {
        (true, _) => {
            let inputs = layout(graph);
            format!("/// The logits `[N, CLASSES]` of a batch of inputs, `{inputs}`.")
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

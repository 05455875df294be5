//! What is shown of a name: its definition, documentation, shapes, parameters and cost.

use termc_compiler::cost;
use termc_compiler::index::{Index, Meaning, Mention, Symbol, SymbolKind};
use termc_compiler::model::{Model, Span};

use crate::analysis::{Analysis, Good, Place};
use crate::figures::{below, bound, merged, path_in, told};
use crate::text::{Shift, Text};
use crate::world::World;

/// More instances of a block are counted, not listed.
const MOST_LISTED: usize = 6;

/// What is shown of a mention that stands at a place, as Markdown; `text` is the text of its file.
pub fn hover(
    world: &World,
    view: &Analysis,
    mention: &Mention,
    place: &Place,
    text: &Text,
) -> String {
    let index = &view.index;
    let mut parts = vec![];
    match &mention.meaning {
        Meaning::File(path) => parts.push(format!("the file `{path}`")),
        Meaning::BuiltIn(own) => {
            let text = own.text();
            let (head, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
            match own.kind {
                "word of the language" | "type" | "attribute" => {
                    parts.push(format!("`{}`: {text}", own.name))
                }
                _ => {
                    parts.push(code(head));
                    parts.push(rest.trim().to_owned());
                }
            }
        }
        Meaning::Symbol(number) => {
            if let Some(symbol) = index.symbol(*number) {
                parts.extend(of_symbol(index, symbol));
            }
        }
    }
    if let Some((good, at)) = good(world, view, place, text) {
        let told = match &mention.meaning {
            Meaning::Symbol(number) => index
                .symbol(*number)
                .map(|symbol| figures(index, symbol, &good.model, at)),
            Meaning::BuiltIn(_) => Some(at.map(|at| of_calls(&good.model, at)).unwrap_or_default()),
            Meaning::File(_) => None,
        };
        parts.extend(told.unwrap_or_default());
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// The model that tells shapes: the file's own, or that of one that uses it. With the place in the text that it was made of,
/// where that text is the file's and the place was in it.
fn good<'a>(
    world: &'a World,
    view: &'a Analysis,
    place: &Place,
    text: &Text,
) -> Option<(&'a Good, Option<u32>)> {
    let Some(own) = &view.good else {
        let mut others = world.views(&place.path).into_iter();
        return Some((others.find_map(|other| other.good.as_ref())?, None));
    };
    let back = || Shift::between(&own.text, &text.text).back(place.start);
    let at = (place.path == view.path).then(back).flatten();
    Some((own, at.map(|at| at as u32)))
}

fn code(text: &str) -> String {
    format!("```term\n{}\n```", text.trim_end())
}

fn of_symbol(index: &Index, symbol: &Symbol) -> Vec<String> {
    let head = match symbol.kind {
        SymbolKind::Block if symbol.prelude => index
            .definition(symbol)
            .map(|text| code(&without_doc(&text))),
        SymbolKind::Block | SymbolKind::Model | SymbolKind::Variant => {
            index.header(symbol).map(|text| code(&text))
        }
        SymbolKind::Constant => index
            .definition(symbol)
            .map(|text| code(&without_doc(&text))),
        SymbolKind::Parameter => Some(code(&format!("{}{}", symbol.name, symbol.detail))),
        SymbolKind::Binding | SymbolKind::Input | SymbolKind::Term => {
            let line = index
                .sources()
                .locate(symbol.whole)
                .filter(|_| !symbol.prelude);
            let line = line.and_then(|at| at.source.text.get(at.start..at.end));
            line.map(|line| code(&line.lines().take(6).collect::<Vec<_>>().join("\n")))
        }
        SymbolKind::Loop => None,
    };
    vec![
        head.unwrap_or_default(),
        symbol.doc.clone(),
        index.what(symbol),
    ]
}

fn without_doc(text: &str) -> String {
    let lines = text.lines().skip_while(|line| line.starts_with("///"));
    lines.collect::<Vec<_>>().join("\n")
}

fn figures(index: &Index, symbol: &Symbol, model: &Model, at: Option<u32>) -> Vec<String> {
    let graph = model.primitives();
    let inside = symbol
        .inside
        .and_then(|number| index.symbol(number))
        .map_or("", |inside| inside.name.as_str());
    match symbol.kind {
        SymbolKind::Model => {
            let is_it = graph
                .instances
                .first()
                .is_some_and(|root| root.block == symbol.name);
            if is_it {
                vec![told(model.parameter_count(), &cost::total(model))]
            } else {
                vec![]
            }
        }
        SymbolKind::Block => {
            let here = at.map(|at| of_calls(model, at)).unwrap_or_default();
            if !here.is_empty() {
                return here;
            }
            let calls: Vec<_> = graph
                .instances
                .iter()
                .filter(|instance| instance.block == symbol.name)
                .collect();
            let paths: Vec<String> = calls.iter().map(|call| call.path.clone()).collect();
            let (stored, cost) = below(graph, &paths);
            match calls.len() {
                0 => vec![],
                1 => vec![format!("called once: {}", told(stored, &cost))],
                n => vec![format!("called {n} times: {}", told(stored, &cost))],
            }
        }
        SymbolKind::Parameter => {
            let instances = graph
                .instances
                .iter()
                .filter(|instance| instance.block == inside);
            let mut lines = vec![];
            for instance in instances {
                let value = instance
                    .values
                    .iter()
                    .find(|(name, _)| *name == symbol.name)
                    .map(|(_, value)| value.to_string());
                let inputs = instance
                    .inputs
                    .iter()
                    .filter(|input| input.param == symbol.name);
                let shapes: Vec<String> = inputs
                    .map(|input| graph[input.node].shape.to_string())
                    .collect();
                let told = value.unwrap_or_else(|| shapes.join(", "));
                if !told.is_empty() {
                    lines.push((instance.path.clone(), told));
                }
            }
            listed(lines)
        }
        SymbolKind::Binding | SymbolKind::Input => {
            let values: Vec<_> = bound(model, inside, &symbol.name, None).collect();
            if values.is_empty() && symbol.kind == SymbolKind::Input {
                return vec![format!("`{}`", graph.input)];
            }
            let mut paths: Vec<String> = values
                .iter()
                .map(|(instance, _)| path_in(instance, &symbol.name))
                .collect();
            paths.dedup();
            let shapes = values.iter().map(|(instance, id)| {
                let node = &graph[*id];
                let path = if node.path.starts_with(&instance.path) {
                    node.path.to_string()
                } else {
                    path_in(instance, &symbol.name)
                };
                (path, node.shape.to_string())
            });
            let (stored, cost) = below(graph, &paths);
            let mut lines = listed(shapes.collect());
            if !values.is_empty() {
                lines.push(told(stored, &cost));
            }
            lines
        }
        _ => vec![],
    }
}

/// Shape, parameters and cost of the calls that stand at a place.
fn of_calls(model: &Model, at: u32) -> Vec<String> {
    let graph = model.primitives();
    let here = |span: Span| span.start == at;
    let calls = graph
        .instances
        .iter()
        .skip(1)
        .filter(|call| here(call.span));
    let mut made: Vec<(String, _)> = calls
        .map(|call| (call.path.clone(), graph[call.result].shape))
        .collect();
    if made.is_empty() {
        let nodes = graph.nodes.iter().filter(|node| here(node.span));
        made = nodes
            .map(|node| (node.path.to_string(), node.shape))
            .collect();
    }
    if made.is_empty() {
        return vec![];
    }
    let paths: Vec<String> = made.iter().map(|(path, _)| path.clone()).collect();
    let (stored, cost) = below(graph, &paths);
    let shape = merged(made.iter().map(|(_, shape)| *shape)).unwrap_or_default();
    let times = if made.len() > 1 {
        format!(" in {} places: ", made.len())
    } else {
        ": ".into()
    };
    vec![format!("`{shape}`{times}{}", told(stored, &cost))]
}

/// Values by path; one line where all are the same.
fn listed(mut lines: Vec<(String, String)>) -> Vec<String> {
    lines.dedup();
    let Some((_, first)) = lines.first().cloned() else {
        return vec![];
    };
    if lines.iter().all(|(_, value)| *value == first) {
        return vec![format!("`{first}`")];
    }
    let more = lines.len().saturating_sub(MOST_LISTED);
    let mut text: Vec<String> = lines
        .iter()
        .take(MOST_LISTED)
        .map(|(path, value)| format!("- `{path}`: `{value}`"))
        .collect();
    if more > 0 {
        text.push(format!("- and {more} more"));
    }
    vec![text.join("\n")]
}

//! A model as text for Graphviz: open boxes are clusters.

use std::fmt::Write;

use crate::ids::{self, end};
use crate::style::{colours, label};
use crate::tree::{Port, Role, Tree};

/// A box and `depth` levels of those that it holds.
pub fn dot(tree: &Tree, at: usize, depth: usize) -> String {
    let mut out = format!(
        "digraph {} {{\n  rankdir=TB; compound=true; nodesep=0.25; ranksep=0.35;\n  \
         node [shape=box, style=filled, fontname=\"DejaVu Sans Mono\", fontsize=11];\n  edge [arrowsize=0.6];\n",
        quoted(&tree.model)
    );
    contents(tree, at, depth, 1, &mut out);
    out + "}\n"
}

fn contents(tree: &Tree, at: usize, depth: usize, level: usize, out: &mut String) {
    let indent = "  ".repeat(level);
    let item = tree.item(at);
    // Tags of what goes in and out; their names are those inside.
    let mut tag = |rank: &str, id: String, port: &Port| {
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{indent}{{ rank={rank}; \"{id}\" [label={}, shape=ellipse, fillcolor=\"#eeeeee\", height=0.2]; }}",
            quoted(&port.name)
        );
    };
    for (i, port) in item.inputs.iter().enumerate() {
        tag("min", ids::input(at, i), port);
    }
    for (i, port) in item.outputs.iter().enumerate() {
        tag("max", ids::output(at, i), port);
    }
    for (number, child) in tree.children(at) {
        let [fill, border, text] = colours(child.role);
        if child.is_open(depth) {
            let _ = writeln!(
                out,
                "{indent}subgraph \"cluster_{number}\" {{\n{indent}  label={}; color=\"{border}\"; style=rounded;",
                quoted(&child.name)
            );
            contents(tree, number, depth - 1, level + 1, out);
            let _ = writeln!(out, "{indent}}}");
            continue;
        }
        let style = match child.role {
            Role::Slow => "\"filled,rounded\"",
            _ => "filled",
        };
        let _ = writeln!(
            out,
            "{indent}\"{number}\" [label={}, style={style}, fillcolor=\"{fill}\", color=\"{border}\", fontcolor=\"{text}\"];",
            quoted(&label(child).join("\n"))
        );
    }
    let [_, loss, _] = colours(Role::Loss);
    for arrow in &item.arrows {
        let from = end(tree, at, depth, arrow.from, arrow.output, true);
        let to = end(tree, at, depth, arrow.to, arrow.input, false);
        let style = match arrow.loss {
            true => format!(" [style=dashed, color=\"{loss}\", constraint=false]"),
            false => String::new(),
        };
        let _ = writeln!(out, "{indent}\"{from}\" -> \"{to}\"{style};");
    }
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', "\\n"))
}

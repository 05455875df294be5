//! A model as text for Graphviz: open boxes are clusters.

use std::fmt::Write;

use crate::style::{colours, lines};
use crate::tree::{End, Role, Tree};

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
    for (inputs, ports, sign) in [(true, &item.inputs, "i"), (false, &item.outputs, "o")] {
        // Tags of what goes in and out; their names are those inside.
        for (i, port) in ports.iter().enumerate() {
            let rank = if inputs { "min" } else { "max" };
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "{indent}{{ rank={rank}; \"{at}{sign}{i}\" [label={}, shape=ellipse, fillcolor=\"#eeeeee\", height=0.2]; }}",
                quoted(&port.name)
            );
        }
    }
    for (number, child) in tree.children(at) {
        let [fill, border, text] = colours(child.role);
        if depth > 0 && !child.children.is_empty() {
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
        let label: Vec<String> = lines(child).into_iter().filter(|l| !l.is_empty()).collect();
        let _ = writeln!(
            out,
            "{indent}\"{number}\" [label={}, style={style}, fillcolor=\"{fill}\", color=\"{border}\", fontcolor=\"{text}\"];",
            quoted(&label.join("\n"))
        );
    }
    for arrow in &item.arrows {
        let from = end(tree, at, depth, arrow.from, arrow.output, true);
        let to = end(tree, at, depth, arrow.to, arrow.input, false);
        let style = match arrow.loss {
            true => " [style=dashed, color=\"#4c1d40\", constraint=false]",
            false => "",
        };
        let _ = writeln!(out, "{indent}\"{from}\" -> \"{to}\"{style};");
    }
}

/// The name of one end: a closed box, or the tag inside an open one.
pub(crate) fn end(
    tree: &Tree,
    at: usize,
    depth: usize,
    end: End,
    port: Option<usize>,
    from: bool,
) -> String {
    match end {
        End::Input(i) => format!("{at}i{i}"),
        End::Output(i) => format!("{at}o{i}"),
        End::Child(place) => {
            let Some(number) = tree.item(at).children.get(place) else {
                termc_compiler::bug::fault("an arrow leads nowhere");
            };
            let open = depth > 0 && !tree.item(*number).children.is_empty();
            match (open, port) {
                (true, Some(port)) if from => format!("{number}o{port}"),
                (true, Some(port)) => format!("{number}i{port}"),
                _ => number.to_string(),
            }
        }
    }
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', "\\n"))
}

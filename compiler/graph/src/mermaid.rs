//! A model as text for Mermaid, which GitHub and many editors show: open boxes are subgraphs.

use std::fmt::Write;

use crate::ids::{self, end};
use crate::style::{colours, escape, label};
use crate::tree::{Port, Role, Tree};

/// A box and `depth` levels of those that it holds.
pub fn mermaid(tree: &Tree, at: usize, depth: usize) -> String {
    let mut out = "flowchart TB\n".to_owned();
    for (role, name) in ROLES {
        let [fill, border, text] = colours(role);
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "  classDef {name} fill:{fill},stroke:{border},color:{text}"
        );
    }
    contents(tree, at, depth, 1, &mut out);
    out
}

const ROLES: [(Role, &str); 4] = [
    (Role::Slow, "slow"),
    (Role::Fast, "fast"),
    (Role::Loss, "loss"),
    (Role::Input, "input"),
];

fn contents(tree: &Tree, at: usize, depth: usize, level: usize, out: &mut String) {
    let indent = "  ".repeat(level);
    let item = tree.item(at);
    let mut tag = |id: String, port: &Port| {
        let _ = writeln!(out, "{indent}n{id}([\"{}\"])", escape(&port.name));
    };
    for (i, port) in item.inputs.iter().enumerate() {
        tag(ids::input(at, i), port);
    }
    for (i, port) in item.outputs.iter().enumerate() {
        tag(ids::output(at, i), port);
    }
    for (number, child) in tree.children(at) {
        if child.is_open(depth) {
            let _ = writeln!(
                out,
                "{indent}subgraph n{number}[\"{}\"]",
                escape(&child.name)
            );
            contents(tree, number, depth - 1, level + 1, out);
            let _ = writeln!(out, "{indent}end");
            continue;
        }
        let label: Vec<String> = label(child).iter().map(|line| escape(line)).collect();
        let class = ROLES.into_iter().find(|(role, _)| *role == child.role);
        let (open, close) = match child.role {
            Role::Slow => ("(", ")"),
            _ => ("[", "]"),
        };
        let _ = writeln!(
            out,
            "{indent}n{number}{open}\"{}\"{close}:::{}",
            label.join("<br>"),
            class.map_or("fast", |(_, name)| name)
        );
    }
    for arrow in &item.arrows {
        let from = end(tree, at, depth, arrow.from, arrow.output, true);
        let to = end(tree, at, depth, arrow.to, arrow.input, false);
        let sign = if arrow.loss { "-.->" } else { "-->" };
        let _ = writeln!(out, "{indent}n{from} {sign} n{to}");
    }
}

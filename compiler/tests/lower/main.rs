//! What lowering recognises, and what it leaves alone: by structure, whatever things are called.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod dependence;
mod operations;
mod slow_nets;
#[path = "../support/mod.rs"]
mod support;

use support::{compile, compile_file, root, shown};
use termc_compiler::Options;
use termc_compiler::model::{Graph, Model, Op};

/// The prelude, to copy blocks from.
const SLOW_NETS: &str = include_str!("../../prelude/slow_nets.term");
const STATISTICS: &str = include_str!("../../prelude/statistics.term");

fn check(text: &str) -> Model {
    let compiled = compile(text, &Options::default());
    let found = shown(&compiled);
    compiled.model.unwrap_or_else(|| panic!("{found}\n{text}"))
}

/// The first model of an example.
fn example(name: &str) -> Model {
    let compiled = compile_file(&root().join(format!("examples/{name}.term")), None);
    let found = shown(&compiled);
    compiled.model.unwrap_or_else(|| panic!("{found}"))
}

/// A model on images of so many channels whose body is given, after some definitions.
fn model(definitions: &str, channels: usize, body: &str) -> Model {
    check(&format!(
        "{definitions}\nmodel M {{\n input image[{channels}, 6, 5]\n {body}\n output logits = head(y, 2)\n \
         loss {{\n cross_entropy(logits)\n }}\n}}\n"
    ))
}

/// A definition of the prelude under another name, with some texts exchanged.
fn copy(file: &str, block: &str, changes: &[(&str, &str)]) -> String {
    let start = file.find(&format!("block {block}(")).unwrap();
    let rest = &file[start..];
    let end = rest.find("\n}\n").unwrap() + 3;
    let mut text = rest[..end].replacen(block, &format!("my_{block}"), 1);
    for (from, to) in changes {
        assert!(text.contains(from), "{from} is not in {text}");
        text = text.replace(from, to);
    }
    text
}

fn count(graph: &Graph, test: impl Fn(&Op) -> bool) -> usize {
    graph.nodes.iter().filter(|node| test(&node.op)).count()
}

fn named(graph: &Graph, name: &str) -> usize {
    count(graph, |op| op.name() == name)
}

/// The names of all operations, in order.
fn operations(graph: &Graph) -> Vec<&'static str> {
    graph.nodes.iter().map(|node| node.op.name()).collect()
}

/// What later stages rely on.
fn assert_sound(model: &Model) {
    let primitives = model.primitives();
    assert_eq!(model.params, primitives.params);
    for graph in [model as &Graph, primitives] {
        let mut paths: Vec<&str> = graph.nodes.iter().map(|n| &*n.path).collect();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), graph.nodes.len());
        for id in graph.node_ids() {
            assert!(graph[id].op.operands().iter().all(|x| *x < id));
            let instance = &graph[graph[id].instance];
            assert!((instance.first..instance.end).contains(&id.index()));
        }
        for instance in &graph.instances {
            let inputs = instance.inputs.iter().map(|x| x.node);
            let all = inputs.chain(instance.bindings.iter().map(|x| x.node));
            assert!(
                all.chain([instance.result])
                    .all(|x| x.index() < graph.nodes.len())
            );
        }
    }
    // Where both have a node of a path, it has one shape.
    for node in &model.nodes {
        let same = primitives.nodes.iter().find(|old| old.path == node.path);
        assert!(
            same.is_none_or(|old| old.shape == node.shape),
            "{}",
            node.path
        );
    }
}

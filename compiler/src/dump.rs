//! A model as plain text, complete and stable: what the snapshot tests pin. Primitives over the tree of block calls.

use std::fmt::{Result, Write};

use crate::model::{Graph, Init, InstanceId, LossKind, Model, NodeId, ParamId, Penalty};
use crate::summary::operation;

/// The model as text, by primitives.
pub fn dump(model: &Model) -> String {
    dump_graph(model.primitives())
}

/// A graph as text.
pub fn dump_graph(graph: &Graph) -> String {
    let mut out = String::new();
    let mut writer = Writer {
        graph,
        children: children(graph),
        out: &mut out,
    };
    // Writing to a String cannot fail.
    let _ = writer.model();
    out
}

/// The block calls that each block call makes, in order.
fn children(graph: &Graph) -> Vec<Vec<InstanceId>> {
    let mut all = vec![vec![]; graph.instances.len()];
    for id in graph.instance_ids() {
        let parent = graph[id].parent.map(InstanceId::index);
        if let Some(calls) = parent.and_then(|parent| all.get_mut(parent)) {
            calls.push(id);
        }
    }
    all
}

struct Writer<'a> {
    graph: &'a Graph,
    children: Vec<Vec<InstanceId>>,
    out: &'a mut String,
}

impl Writer<'_> {
    fn model(&mut self) -> Result {
        let graph = self.graph;
        let (name, count) = (&graph.name, graph.parameter_count());
        writeln!(self.out, "model {name} ({count} parameters)")?;
        writeln!(self.out, "input {} {}", graph.input_name, graph.input)?;
        let output = &graph[graph.output].path;
        let (name, classes) = (&graph.output_name, graph.classes);
        writeln!(self.out, "output {name} ({classes} classes) = {output}")?;
        for term in &graph.loss {
            write!(self.out, "loss {} = {} * ", term.name, term.weight)?;
            match &term.kind {
                LossKind::SlowNeural { compare, kernels } => {
                    let kernels: Vec<&str> = paths(graph, kernels);
                    writeln!(self.out, "{compare:?} over {}", kernels.join(", "))?;
                }
                kind => writeln!(self.out, "{kind:?}")?,
            }
        }
        writeln!(self.out, "train {:?}", graph.train)?;
        for id in graph.instance_ids().take(1) {
            self.inside(id, 0)?;
        }
        Ok(())
    }

    /// The nodes and block calls of a block call, in order.
    fn inside(&mut self, id: InstanceId, depth: usize) -> Result {
        let instance = &self.graph[id];
        let calls = self.children.get(id.index()).cloned().unwrap_or_default();
        let mut at = instance.first;
        for call in calls {
            let child = &self.graph[call];
            self.nodes(id, at, child.first, depth)?;
            self.call(id, call, depth)?;
            at = child.end;
        }
        self.nodes(id, at, instance.end, depth)?;
        for name in &instance.bindings {
            let index = name.index.map(|i| format!("[{i}]")).unwrap_or_default();
            let name_there = format!("{}{index}", name.name);
            let path = self.local(id, name.node);
            if path != name_there {
                self.line(depth, &format!("{name_there} is {path}"))?;
            }
        }
        Ok(())
    }

    fn call(&mut self, parent: InstanceId, id: InstanceId, depth: usize) -> Result {
        let instance = &self.graph[id];
        let inputs = instance.inputs.iter().map(|input| {
            let index = input.index.map(|i| format!("[{i}]")).unwrap_or_default();
            format!("{}{index}={}", input.param, self.local(parent, input.node))
        });
        let values = instance.values.iter();
        let values = values.map(|(name, value)| format!("{name}={value}"));
        let arguments: Vec<String> = inputs.chain(values).collect();
        let slow = if instance.slow { ", slow" } else { "" };
        let path = below(&self.graph[parent].path, &instance.path);
        let text = format!(
            "{path} = {}({}) -> {}{slow}",
            instance.block,
            arguments.join(", "),
            self.local(id, instance.result)
        );
        self.line(depth, &text)?;
        self.inside(id, depth + 1)
    }

    fn nodes(&mut self, id: InstanceId, from: usize, to: usize, depth: usize) -> Result {
        let graph = self.graph;
        for node in graph.nodes.get(from..to).unwrap_or_default() {
            let operands = node.op.operands();
            let operands: Vec<String> = operands.iter().map(|x| self.local(id, *x)).collect();
            let operands = match operands.as_slice() {
                [] => String::new(),
                some => format!(" of {}", some.join(", ")),
            };
            let mark = if node.named { "*" } else { "" };
            let name = below(&graph[id].path, &node.path);
            let (shape, operation) = (node.shape, operation(&node.op));
            self.line(
                depth,
                &format!("{name}{mark} {shape} = {operation}{operands}"),
            )?;
            for param in node.op.params() {
                self.line(depth + 1, &tensor(graph, param, &node.path))?;
            }
        }
        Ok(())
    }

    fn line(&mut self, depth: usize, text: &str) -> Result {
        writeln!(self.out, "{:width$}{text}", "", width = 2 * depth)
    }

    /// A node's path as seen from inside a block call.
    fn local(&self, from: InstanceId, node: NodeId) -> String {
        below(&self.graph[from].path, &self.graph[node].path).to_owned()
    }
}

fn paths<'a>(graph: &'a Graph, nodes: &[NodeId]) -> Vec<&'a str> {
    nodes.iter().map(|id| &*graph[*id].path).collect()
}

/// What follows `folder.` in a path; the whole path if it is somewhere else.
fn below<'a>(folder: &str, path: &'a str) -> &'a str {
    let rest = path.strip_prefix(folder);
    let rest = rest.and_then(|rest| rest.strip_prefix('.'));
    rest.unwrap_or(path)
}

fn tensor(graph: &Graph, id: ParamId, node: &str) -> String {
    let p = &graph[id];
    let init = match p.init {
        Init::Constant(x) => format!("{x}"),
        Init::Uniform { bound } => format!("uniform {bound:.6}"),
        Init::Normal { std } => format!("normal {std:.6}"),
        Init::GammaUniform {
            bound,
            concentration,
        } => format!("uniform {bound:.6} * gamma {concentration:.4}"),
    };
    let name = match below(node, &p.path) {
        itself if itself == node => "itself",
        name => name,
    };
    let fixed = if p.trained { "" } else { ", never trained" };
    let penalty = match p.penalty {
        Penalty::None => "",
        Penalty::Fast => ", fast norm",
        Penalty::Slow => ", slow norm",
    };
    format!("{name} {:?} {init}{fixed}{penalty}", p.shape)
}

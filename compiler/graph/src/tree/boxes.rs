//! The boxes: from the nodes of the graph and the calls they stand in to boxes within boxes, with their figures.

use std::collections::{BTreeMap, HashMap};

use termc_compiler::analysis::{Dependence, dependence};
use termc_compiler::bug::fault;
use termc_compiler::cost::{self, Cost};
use termc_compiler::model::{Graph, InstanceId, Model, NodeId, Op, ParamKind, Span};
use termc_compiler::summary::operation;

use super::words::{folder, symbol};
use super::{Item, ROOT, Role, Tree};

/// Boxes while they are made.
pub(super) struct Boxes<'a> {
    pub graph: &'a Graph,
    pub items: Vec<Item>,
    /// The box of each node.
    pub of_node: Vec<usize>,
    /// The box of each call.
    of_instance: HashMap<InstanceId, usize>,
    /// The call of a box, if it is one.
    pub instances: HashMap<usize, InstanceId>,
    /// Boxes by the box that holds them and their name.
    names: HashMap<(usize, String), usize>,
    pub depends: Vec<Dependence>,
}

/// The boxes of a model's graph, without arrows.
pub(super) fn boxes(model: &Model) -> Boxes<'_> {
    let graph = model.primitives();
    let mut boxes = Boxes {
        graph,
        items: vec![],
        of_node: Vec::with_capacity(graph.nodes.len()),
        of_instance: HashMap::new(),
        instances: HashMap::new(),
        names: HashMap::new(),
        depends: dependence(graph),
    };
    let model_instance = graph.instance_ids().next();
    let span = model_instance.map_or(Span::default(), |id| graph[id].span);
    let root = boxes.add(None, graph.name.clone(), span);
    if let Some(id) = model_instance {
        boxes.of_instance.insert(id, root);
        boxes.instances.insert(root, id);
    }
    for id in graph.node_ids() {
        boxes.node(id);
    }
    boxes.merge_single();
    boxes
}

impl Boxes<'_> {
    /// A new box without anything.
    pub fn add(&mut self, parent: Option<usize>, name: String, span: Span) -> usize {
        let number = self.items.len();
        let above = parent.map(|parent| self.item(parent).path.as_str());
        let path = match above {
            None => String::new(),
            Some("") => name.clone(),
            Some(above) => format!("{above}.{name}"),
        };
        if let Some(parent) = parent {
            self.names.insert((parent, name.clone()), number);
            self.item(parent).children.push(number);
        }
        self.items.push(Item {
            name,
            path,
            what: String::new(),
            is_user_block: false,
            operation: None,
            arguments: String::new(),
            role: Role::Fast,
            slow_inside: false,
            shape: String::new(),
            depends: None,
            fast_parameters: 0,
            slow_parameters: 0,
            node: None,
            cost: Cost::default(),
            span,
            parent,
            children: vec![],
            inputs: vec![],
            outputs: vec![],
            arrows: vec![],
            mark: None,
            notes: vec![],
        });
        number
    }

    pub fn item(&mut self, number: usize) -> &mut Item {
        match self.items.get_mut(number) {
            Some(item) => item,
            None => fault(&format!("there is no box {number}")),
        }
    }

    /// The box of a call, made with those that hold it.
    fn instance(&mut self, id: InstanceId) -> usize {
        if let Some(number) = self.of_instance.get(&id) {
            return *number;
        }
        let instance = &self.graph[id];
        let Some(parent) = instance.parent else {
            fault(&format!("the call `{}` stands nowhere", instance.path));
        };
        let holder = self.instance(parent);
        let local = below(&self.graph[parent].path, &instance.path).unwrap_or(&instance.path);
        let (holder, name) = self.folders(holder, local, instance.span);
        let number = self.add(Some(holder), name, instance.span);
        let values = instance.values.iter();
        let arguments: Vec<String> = values
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let result = &self.graph[instance.result];
        let (block, shape) = (instance.block.clone(), result.shape.to_string());
        let depends = self.depends.get(instance.result.index()).copied();
        let item = self.item(number);
        item.node = Some(instance.result);
        item.is_user_block = !instance.prelude;
        (item.what, item.arguments, item.shape, item.depends) =
            (block, arguments.join(", "), shape, depends);
        self.of_instance.insert(id, number);
        self.instances.insert(number, id);
        number
    }

    /// Makes the boxes of all steps of a path but the last: bindings of several calls. The innermost, and the last step.
    fn folders(&mut self, mut holder: usize, local: &str, span: Span) -> (usize, String) {
        let mut steps: Vec<&str> = local.split('.').collect();
        let last = steps.pop().unwrap_or_default();
        for step in steps {
            holder = match self.names.get(&(holder, step.to_owned())) {
                Some(known) => *known,
                None => self.add(Some(holder), step.to_owned(), span),
            };
        }
        (holder, last.to_owned())
    }

    /// The box of a value.
    fn node(&mut self, id: NodeId) {
        let node = &self.graph[id];
        let holder = self.instance(node.instance);
        let (mut holder, mut name) = match below(&self.graph[node.instance].path, &node.path) {
            Some(local) => self.folders(holder, local, node.span),
            None => (holder, node.op.name().to_owned()),
        };
        // A binding of several calls whose last operation has the binding's own name.
        if let Some(folder) = self.names.get(&(holder, name.clone())) {
            holder = *folder;
            name = node.op.name().to_owned();
        }
        if self.names.contains_key(&(holder, name.clone())) {
            name = "result".to_owned();
        }
        let number = self.add(Some(holder), name, node.span);
        let mut counts = [0, 0];
        for param in node.op.params() {
            let param = &self.graph[param];
            let [fast, slow] = &mut counts;
            let count = match param.kind {
                ParamKind::Fast => fast,
                ParamKind::Slow => slow,
            };
            *count += param.count() as u64;
        }
        let slow = self.is_slow(id);
        let depends = self.depends.get(id.index()).copied();
        let cost = cost::node(self.graph, id);
        let item = self.item(number);
        item.node = Some(id);
        item.what = symbol(&node.op);
        item.operation = Some(operation(&node.op));
        item.role = match &node.op {
            Op::Input(_) => Role::Input,
            _ if slow => Role::Slow,
            _ => Role::Fast,
        };
        item.shape = node.shape.to_string();
        item.depends = depends;
        [item.fast_parameters, item.slow_parameters] = counts;
        item.cost = cost;
        self.of_node.push(number);
    }

    /// Whether a value is of a slow net, or made of such values alone.
    fn is_slow(&self, id: NodeId) -> bool {
        let node = &self.graph[id];
        let mut calls = std::iter::successors(Some(node.instance), |id| self.graph[*id].parent);
        if calls.any(|id| self.graph[id].slow) || matches!(node.op, Op::Coordinates(_)) {
            return true;
        }
        let operands = node.op.operands();
        let slow = |operand: &NodeId| {
            let number = self.of_node.get(operand.index());
            let item = number.and_then(|number| self.items.get(*number));
            item.is_some_and(|item| item.role == Role::Slow)
        };
        !operands.is_empty() && operands.iter().all(slow)
    }

    /// A call of one operation is that operation: one box in place of two.
    fn merge_single(&mut self) {
        let mut merged: HashMap<usize, usize> = HashMap::new();
        for number in (1..self.items.len()).rev() {
            let item = self.item(number);
            let [only] = item.children[..] else { continue };
            let inner = self.item(only).clone();
            if !inner.children.is_empty() || !self.instances.contains_key(&number) {
                continue;
            }
            let item = self.item(number);
            item.children.clear();
            item.operation = inner.operation;
            item.role = inner.role;
            [item.fast_parameters, item.slow_parameters] =
                [inner.fast_parameters, inner.slow_parameters];
            item.cost = inner.cost;
            merged.insert(only, number);
        }
        for number in &mut self.of_node {
            while let Some(outer) = merged.get(number) {
                *number = *outer;
            }
        }
    }

    /// Adds the figures of all boxes to those that hold them, and hands the tree over.
    pub fn finish(mut self) -> Tree {
        let alive = self.alive();
        for number in (0..self.items.len()).rev().filter(|n| alive.contains(n)) {
            let item = self.item(number).clone();
            if !item.children.is_empty() {
                let children: Vec<Item> = (item.children.iter())
                    .map(|child| self.item(*child).clone())
                    .collect();
                let what = folder(&children);
                let slow = |child: &Item| child.slow_inside || child.role == Role::Slow;
                let any = children.iter().any(slow);
                let parts = |child: &&Item| matches!(child.role, Role::Slow | Role::Fast);
                let all = (children.iter().filter(parts)).all(|child| child.role == Role::Slow);
                let last = children
                    .last()
                    .map(|child| (child.shape.clone(), child.depends, child.node));
                let item = self.item(number);
                item.slow_inside = any;
                item.role = if all { Role::Slow } else { Role::Fast };
                if item.what.is_empty() {
                    item.what = what;
                    (item.shape, item.depends, item.node) = last.unwrap_or_default();
                }
            }
            if let Some(parent) = item.parent {
                let above = self.item(parent);
                above.fast_parameters += item.fast_parameters;
                above.slow_parameters += item.slow_parameters;
                above.cost = above.cost.plus(item.cost);
            }
        }
        let root = self.item(ROOT);
        root.what = "model".to_owned();
        root.node = None;
        let docs: BTreeMap<String, String> = (self.graph.instances.iter().skip(1))
            .filter(|instance| !instance.doc.is_empty())
            .map(|instance| (instance.block.clone(), instance.doc.clone()))
            .collect();
        Tree {
            model: self.graph.name.clone(),
            doc: self.graph.doc.clone(),
            items: self.items,
            docs: docs.into_iter().collect(),
            shown: vec![],
        }
    }

    /// The boxes that the model holds, in whatever depth.
    fn alive(&self) -> std::collections::HashSet<usize> {
        let mut alive = std::collections::HashSet::new();
        let mut open = vec![ROOT];
        while let Some(number) = open.pop() {
            alive.insert(number);
            let children = self.items.get(number).map(|item| item.children.as_slice());
            open.extend(children.unwrap_or_default());
        }
        alive
    }
}

/// What follows `folder.` in a path; None if it is somewhere else.
fn below<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    if folder.is_empty() {
        return Some(path);
    }
    path.strip_prefix(folder)?.strip_prefix('.')
}

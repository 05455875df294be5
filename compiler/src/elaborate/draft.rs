//! The graph while it is elaborated: nodes, stored tensors and instances are added, each with its path; limits hold.

use std::sync::Arc;

use rustc_hash::FxHashMap as HashMap;

use crate::bug::bug;
use crate::language::limits::{MAX_NODES, parameters_with};
use crate::language::{Places, Refusal, Value};
use crate::model::{
    Instance, InstanceId, Iteration, Node, NodeId, Op, Param, ParamId, ParamKind, Shape, Span,
};
use crate::primitives::{Build, NewParam, Parameterized, Visitor};

/// A graph that grows.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub nodes: Vec<Node>,
    pub params: Vec<Param>,
    pub instances: Vec<Instance>,
    /// For each instance, the definition that it is a call of; None for the model.
    pub blocks: Vec<Option<usize>>,
    /// For each node, where the sizes of its positions were written.
    sizes: Vec<Places>,
    /// How many scalars are stored.
    pub scalars: usize,
    paths: HashMap<Arc<str>, u32>,
    /// Whether nodes and stored tensors have no paths, because nobody asks for them.
    nameless: bool,
    /// What went over a limit, told once.
    pub exceeded: bool,
}

/// Where what a call makes belongs.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// The path of the call.
    pub path: Arc<str>,
    /// The instance it stands in.
    pub instance: InstanceId,
    /// The `for` it stands in.
    pub iteration: Option<Iteration>,
    /// The call.
    pub span: Span,
    /// Whether it is inside a slow net.
    pub slow: bool,
}

impl Draft {
    /// An empty graph, whose nodes and stored tensors will have no paths if it is nameless.
    pub fn new(nameless: bool) -> Self {
        Self {
            nameless,
            ..Self::default()
        }
    }

    /// A node by its id.
    pub fn node(&self, id: NodeId) -> &Node {
        match self.nodes.get(id.index()) {
            Some(node) => node,
            None => bug!("there is no node {}", id.index()),
        }
    }

    /// An instance by its id, to be changed.
    pub fn instance(&mut self, id: InstanceId) -> &mut Instance {
        match self.instances.get_mut(id.index()) {
            Some(instance) => instance,
            None => bug!("there is no instance {}", id.index()),
        }
    }

    /// Where the sizes of a node's positions were written.
    pub fn sizes(&self, id: NodeId) -> Places {
        self.sizes.get(id.index()).cloned().unwrap_or_default()
    }

    /// Says where the sizes of a node's positions were written.
    pub fn set_sizes(&mut self, id: NodeId, places: Places) {
        if let Some(slot) = self.sizes.get_mut(id.index()) {
            *slot = places;
        }
    }

    /// Adds a node.
    pub fn push(&mut self, mut op: Op, shape: Shape, site: &Site, path: Arc<str>) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        if self.nodes.len() >= MAX_NODES {
            self.exceeded = true;
            return NodeId(0);
        }
        let mut operands = SizesOf {
            sizes: &self.sizes,
            all: Places::default(),
        };
        match &mut op {
            // The sizes of a kernel are none of the result's.
            Op::Depthwise(convolution) => operands.node(&mut convolution.x),
            op => op.visit(&mut operands),
        }
        let places = operands.all;
        self.sizes.push(places);
        let path = match self.nameless {
            true => Arc::default(),
            false => self.unique(path),
        };
        self.nodes.push(Node {
            op,
            shape,
            path,
            named: false,
            instance: site.instance,
            iteration: site.iteration,
            span: site.span,
        });
        id
    }

    /// Adds a call of a definition, or the model.
    pub fn enter(&mut self, instance: Instance, block: Option<usize>) -> InstanceId {
        self.instances.push(instance);
        self.blocks.push(block);
        InstanceId(self.instances.len() as u32 - 1)
    }

    /// Two values of one path (a value passed through a function of numbers, say) are told apart by a number.
    fn unique(&mut self, path: Arc<str>) -> Arc<str> {
        match self.paths.get_mut(&path) {
            None => {
                self.paths.insert(path.clone(), 1);
                path
            }
            Some(count) => {
                *count += 1;
                let numbered = format!("{path}#{count}");
                self.unique(numbered.into())
            }
        }
    }

    /// Gives a node the path of the name it is bound to, if nothing else has it.
    pub fn rename(&mut self, id: NodeId, path: String) {
        if self.paths.contains_key(path.as_str()) {
            return;
        }
        if let Some(node) = self.nodes.get_mut(id.index()) {
            self.paths.remove(&node.path);
            node.path = path.into();
            self.paths.insert(Arc::clone(&node.path), 1);
        }
    }

    /// Notes that the author wrote the path of a node.
    pub fn name(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(id.index()) {
            node.named = true;
        }
    }

    fn stored(&mut self, site: &Site, new: NewParam<'_>) -> Result<Parameterized, Refusal> {
        let Some(init) = new.start.value.resolve(new.fan_in) else {
            return Ok(Parameterized::None);
        };
        if let (true, false, crate::model::Init::Constant(value)) =
            (new.start.value.fixed, new.store_numbers, init)
        {
            return Ok(Parameterized::Number(value));
        }
        self.scalars = parameters_with(self.scalars, &new.shape)?;
        let path = match new.name {
            _ if self.nameless => String::new(),
            "" => site.path.to_string(),
            name => [&site.path, name].join("."),
        };
        let id = ParamId(self.params.len() as u32);
        self.params.push(Param {
            path,
            shape: new.shape,
            init,
            trained: !new.start.value.fixed,
            kind: match site.slow {
                true => ParamKind::Slow,
                false => ParamKind::Fast,
            },
            penalty: new.penalty,
            span: site.span,
        });
        Ok(Parameterized::Stored(id))
    }
}

/// Where the sizes of an operation's operands were written.
struct SizesOf<'a> {
    sizes: &'a [Places],
    all: Places,
}

impl Visitor for SizesOf<'_> {
    fn node(&mut self, id: &mut NodeId) {
        if let Some(places) = self.sizes.get(id.index()) {
            self.all = self.all.and(places);
        }
    }
}

/// A primitive's view of the graph during one call.
pub(crate) struct Building<'a> {
    pub draft: &'a mut Draft,
    pub site: &'a Site,
}

impl Build for Building<'_> {
    fn shape(&self, id: NodeId) -> Shape {
        self.draft.node(id).shape
    }

    fn node(&mut self, op: Op, shape: Shape) -> NodeId {
        let path = Arc::clone(&self.site.path);
        self.draft.push(op, shape, self.site, path)
    }

    fn element(&mut self, index: usize, op: Op, shape: Shape) -> NodeId {
        let path = format!("{}[{index}]", self.site.path);
        self.draft.push(op, shape, self.site, path.into())
    }

    fn param(&mut self, param: NewParam<'_>) -> Result<Parameterized, Refusal> {
        self.draft.stored(self.site, param)
    }
}

/// Whether something that was reported is part of a value.
pub(crate) fn unknown(value: &Value) -> bool {
    match value {
        Value::Unknown => true,
        Value::List(items) => items.iter().any(|item| unknown(&item.value)),
        _ => false,
    }
}

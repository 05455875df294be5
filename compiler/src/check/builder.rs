//! Builds the graph node by node: shapes, names, parameters and limits. Callers check that operands fit.

use super::names::Names;
use super::value::InitSpec;
use crate::model::{
    Affine, Grid, Init, Node, NodeId, Op, Param, ParamId, ParamKind, Penalty, Scope, ScopeId,
    Shape, Span,
};

/// Most channels a feature map may have.
pub(crate) const MAX_CHANNELS: usize = 1 << 20;
/// Most block instances, one in another counted.
pub(crate) const MAX_SCOPES: usize = 1_000_000;
/// Longest side of an image.
pub(crate) const MAX_SIDE: usize = 1 << 14;
/// Most scalars of one value, per image.
pub(crate) const MAX_VALUE: usize = 1 << 31;
/// Most parameters of a model.
pub(crate) const MAX_PARAMETERS: usize = 1 << 32;
/// Most nodes of a model.
pub(crate) const MAX_NODES: usize = 4_000_000;

/// The graph so far.
pub(crate) struct Builder {
    pub nodes: Vec<Node>,
    pub params: Vec<Param>,
    pub scopes: Vec<Scope>,
    /// The scope new nodes belong to.
    pub scope: ScopeId,
    /// The binding, branch or output new parameters are named after; empty in a block's result.
    pub binding: String,
    /// The expression new nodes come from.
    pub span: Span,
    /// Uses of each operation within its scope and binding.
    instances: Names,
    taken: [Names; 3],
    /// Scalars of all parameters so far.
    pub scalars: usize,
}

/// Namespaces in which names are unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    Node,
    Param,
    Scope,
}

/// A limit was exceeded; says which and by how much.
pub(crate) struct LimitExceeded(pub String);

pub(crate) type Limited<T> = Result<T, LimitExceeded>;

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![],
            params: vec![],
            scopes: vec![],
            scope: ScopeId(0),
            binding: String::new(),
            span: Span::default(),
            instances: Names::default(),
            taken: Default::default(),
            scalars: 0,
        }
    }

    pub(crate) fn shape(&self, id: NodeId) -> Shape {
        self.nodes
            .get(id.index())
            .map_or(Shape::single(1, 1, 1), |n| n.shape)
    }

    /// The path prefix of the current scope with a trailing dot, or nothing for the model itself.
    pub(crate) fn scope_prefix(&self) -> String {
        match self.scopes.get(self.scope.index()) {
            Some(scope) if !scope.name.is_empty() => format!("{}.", scope.name),
            _ => String::new(),
        }
    }

    /// The name of the next use of an operation: `b0.fast_rgu_0`.
    pub(crate) fn instance(&mut self, op: &str) -> String {
        let mut name = self.scope_prefix();
        if !self.binding.is_empty() {
            name += &self.binding;
            name.push('_');
        }
        name += op;
        let index = self.instances.count(&name) - 1;
        format!("{name}_{index}")
    }

    /// Makes a name unique within its namespace: the first use keeps it.
    pub(crate) fn unique(&mut self, space: Space, name: String) -> String {
        let [nodes, params, scopes] = &mut self.taken;
        let taken = match space {
            Space::Node => nodes,
            Space::Param => params,
            Space::Scope => scopes,
        };
        taken.unique(name)
    }

    /// Adds a node.
    pub(crate) fn node(&mut self, name: String, op: Op) -> Limited<NodeId> {
        let shape = self.shape_of(&op);
        let scalars = shape
            .channels
            .checked_mul(shape.height)
            .and_then(|n| n.checked_mul(shape.width));
        if shape.channels > MAX_CHANNELS {
            return Err(LimitExceeded(format!(
                "{} channels; at most {MAX_CHANNELS} are allowed",
                shape.channels
            )));
        }
        if scalars.is_none_or(|n| n > MAX_VALUE) {
            return Err(LimitExceeded(format!(
                "a value of shape {shape}; at most {MAX_VALUE} scalars are allowed"
            )));
        }
        if self.nodes.len() >= MAX_NODES {
            return Err(LimitExceeded(format!("more than {MAX_NODES} operations")));
        }
        let id = NodeId(self.nodes.len() as u32);
        let name = self.unique(Space::Node, name);
        self.nodes.push(Node {
            op,
            shape,
            name,
            named: false,
            scope: self.scope,
            span: self.span,
        });
        Ok(id)
    }

    /// The shape an operation yields; operands fit (checked before).
    fn shape_of(&self, op: &Op) -> Shape {
        let of = |id: &NodeId| self.shape(*id);
        match op {
            Op::Input => Shape::batch(1, 1, 1),
            Op::Kernel(net) => match net.grid {
                Grid::Plane { height, width } => Shape::single(net.outputs, height, width),
                Grid::Line { length } => Shape::single(length, 1, 1),
            },
            Op::ContextKernel { net, .. } => match net.grid {
                Grid::Plane { height, width } => Shape::single(net.outputs, height, width),
                Grid::Line { length } => Shape::single(length, 1, 1),
            },
            Op::Constant(value) => match self.params.get(value.index()).map(|p| p.shape.as_slice())
            {
                Some([_, channels, height, width]) => Shape::single(*channels, *height, *width),
                _ => Shape::single(1, 1, 1),
            },
            Op::Add(a, b) | Op::Mul(a, b) => {
                let (a, b) = (of(a), of(b));
                Shape {
                    batched: a.batched || b.batched,
                    channels: a.channels.max(b.channels),
                    height: a.height.max(b.height),
                    width: a.width.max(b.width),
                }
            }
            Op::MatMul(a, b) => {
                let (a, b) = (of(a), of(b));
                Shape {
                    batched: a.batched || b.batched,
                    channels: a.channels,
                    height: a.height,
                    width: b.width,
                }
            }
            Op::Pointwise { x, affine } => {
                let out = self
                    .params
                    .get(affine.bias.index())
                    .and_then(|p| p.shape.first().copied())
                    .unwrap_or(1);
                Shape {
                    channels: out,
                    ..of(x)
                }
            }
            Op::Depthwise { x, .. }
            | Op::Standardize { x, .. }
            | Op::StandardizeScaled { x, .. }
            | Op::Rescale { x, .. }
            | Op::Gelu(x)
            | Op::Sigmoid(x)
            | Op::Bias { x, .. }
            | Op::Dropout { x, .. } => of(x),
            Op::Concat(parts) => {
                let first = parts.first().map_or(Shape::single(0, 1, 1), of);
                let channels = parts
                    .iter()
                    .fold(0usize, |sum, p| sum.saturating_add(of(p).channels));
                Shape {
                    channels,
                    batched: parts.iter().any(|p| of(p).batched),
                    ..first
                }
            }
            Op::Tile { x, times } => {
                let shape = of(x);
                Shape {
                    channels: shape.channels.saturating_mul(*times),
                    ..shape
                }
            }
            Op::ChannelMean(x) => Shape {
                channels: 1,
                ..of(x)
            },
            Op::SpatialMean(x) => Shape {
                height: 1,
                width: 1,
                ..of(x)
            },
        }
    }

    /// Adds a parameter.
    pub(crate) fn param(
        &mut self,
        path: String,
        shape: Vec<usize>,
        init: Init,
        kind: ParamKind,
        penalty: Penalty,
    ) -> Limited<ParamId> {
        let count = shape.iter().try_fold(1usize, |n, s| n.checked_mul(*s));
        let total = count
            .and_then(|n| n.checked_add(self.scalars))
            .filter(|n| *n <= MAX_PARAMETERS);
        let Some(total) = total else {
            return Err(LimitExceeded(format!(
                "a parameter of shape {shape:?} brings the model over the limit of {MAX_PARAMETERS} parameters"
            )));
        };
        self.scalars = total;
        let id = ParamId(self.params.len() as u32);
        let path = self.unique(Space::Param, path);
        self.params.push(Param {
            path,
            shape,
            init,
            kind,
            penalty,
            span: self.span,
        });
        Ok(id)
    }

    /// Weight `[out, in]` and bias `[out]`; `bias` is the constant for distributions that leave biases constant.
    pub(crate) fn affine(
        &mut self,
        path: &str,
        [out, inp]: [usize; 2],
        spec: AffineSpec,
    ) -> Limited<Affine> {
        let init = init_of(spec.init, inp, 1.0);
        let bias_init = match spec.init {
            InitSpec::Framework => init_of(spec.init, inp, 1.0),
            _ => Init::Constant(spec.bias),
        };
        Ok(Affine {
            weight: self.param(
                format!("{path}.weight"),
                vec![out, inp],
                init,
                spec.kind,
                spec.weight_penalty,
            )?,
            bias: self.param(
                format!("{path}.bias"),
                vec![out],
                bias_init,
                spec.kind,
                spec.bias_penalty,
            )?,
        })
    }

    /// A pointwise convolution with its own parameters under `path`.
    pub(crate) fn pointwise(
        &mut self,
        path: String,
        x: NodeId,
        out: usize,
        spec: AffineSpec,
    ) -> Limited<NodeId> {
        let inp = self.shape(x).channels;
        let affine = self.affine(&path, [out, inp], spec)?;
        self.node(path, Op::Pointwise { x, affine })
    }
}

/// How the weight and bias of a linear map start and what counts them.
#[derive(Clone, Copy)]
pub(crate) struct AffineSpec {
    pub init: InitSpec,
    pub bias: f64,
    pub kind: ParamKind,
    pub weight_penalty: Penalty,
    pub bias_penalty: Penalty,
}

impl AffineSpec {
    /// A fast map whose weight and bias count as given.
    pub(crate) fn fast(init: InitSpec, weight_penalty: Penalty, bias_penalty: Penalty) -> Self {
        Self {
            init,
            bias: 0.0,
            kind: ParamKind::Fast,
            weight_penalty,
            bias_penalty,
        }
    }
}

/// A distribution with its fan worked in, times `scale`.
pub(crate) fn init_of(spec: InitSpec, fan_in: usize, scale: f64) -> Init {
    let fan = fan_in.max(1) as f64;
    match spec {
        InitSpec::KaimingUniform => Init::Uniform {
            bound: (3.0 / fan).sqrt() * scale,
        },
        InitSpec::KaimingNormal => Init::Normal {
            std: (2.0 / fan).sqrt() * scale,
        },
        InitSpec::Framework => Init::Uniform {
            bound: scale / fan.sqrt(),
        },
        InitSpec::Uniform(bound) => Init::Uniform {
            bound: bound * scale,
        },
        InitSpec::Normal(std) => Init::Normal { std: std * scale },
        InitSpec::Constant(x) => Init::Constant(x * scale),
    }
}

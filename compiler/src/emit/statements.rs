//! Turns the nodes and block instances of one scope into statements of its structure. Decides no structures.

use std::collections::HashMap;

use super::fields::{Field, FieldKind, local_name};
use super::names::snake;
use super::plan::{Draft, Expr, Local, Num, Number, Placed, Statement};
use crate::model::{Model, NodeId, Op, Over, ParamId, ScopeId, Span};

/// A scope's body while it is drafted.
pub(super) struct Body<'a> {
    pub model: &'a Model,
    pub scope: ScopeId,
    pub live: &'a [bool],
    pub placed: &'a HashMap<ScopeId, Placed>,
    pub env: HashMap<NodeId, Local>,
    pub owners: HashMap<ParamId, usize>,
    pub draft: Draft,
}

impl Body<'_> {
    pub(super) fn is_live(&self, id: NodeId) -> bool {
        self.live.get(id.index()).copied().unwrap_or(false)
    }

    pub(super) fn local(&self, id: &NodeId) -> Local {
        // Operands come before users, and a scope reads nothing but its own nodes and its inputs.
        self.env.get(id).copied().unwrap_or(Local::Input(0))
    }

    pub(super) fn field(&self, param: ParamId) -> usize {
        self.owners.get(&param).copied().unwrap_or(0)
    }

    /// A block instance: a field and one statement.
    pub(super) fn call(&mut self, child: ScopeId) {
        let (model, this) = (self.model, &self.model[child]);
        let Some(placed) = self.placed.get(&child) else {
            return;
        };
        let name = local_name(model, self.scope, &this.name);
        let sizes = placed.sizes.iter().enumerate();
        let sizes = sizes
            .map(|(i, size)| self.draft.number(*size, snake(&format!("{name}_{i}"))))
            .collect();
        let field = self.draft.block.fields.len();
        self.draft.block.fields.push(Field {
            name,
            kind: FieldKind::Child {
                block: placed.block,
                sizes,
            },
            span: this.span,
        });
        if self.is_live(this.result) && this.result.index() >= this.first {
            let inputs = placed.inputs.iter().map(|id| self.local(id)).collect();
            self.push(this.result, Expr::Call { field, inputs }, this.span);
        }
    }

    /// A node of this scope: one statement, if the output depends on it.
    pub(super) fn node(&mut self, id: NodeId) {
        let node = &self.model[id];
        if node.op != Op::Input && self.is_live(id) {
            let expr = self.expression(id);
            self.push(id, expr, node.span);
        }
    }

    fn push(&mut self, id: NodeId, expr: Expr, span: Span) {
        let node = &self.model[id];
        let result = Local::Result(self.draft.block.statements.len());
        self.draft.block.statements.push(Statement {
            name: local_name(self.model, self.scope, &node.name),
            named: node.named,
            expr,
            span,
        });
        self.env.insert(id, result);
    }

    fn expression(&mut self, id: NodeId) -> Expr {
        let model = self.model;
        let of = |x: &NodeId| self.local(x);
        match &model[id].op {
            // The input is never pushed.
            Op::Input => Expr::Concat(vec![]),
            Op::Kernel(net) => Expr::Kernel {
                field: self.field(net.bias),
            },
            Op::ContextKernel { net, source, .. } => Expr::ContextKernel {
                field: self.field(net.bias),
                source: of(source),
            },
            Op::Constant(value) => Expr::Constant {
                field: self.field(*value),
            },
            Op::Add(a, b) => Expr::Add(of(a), of(b)),
            Op::Mul(a, b) => Expr::Mul(of(a), of(b)),
            Op::MatMul(a, b) => Expr::MatMul(of(a), of(b)),
            Op::Pointwise { x, affine } => Expr::Pointwise {
                field: self.field(affine.weight),
                x: of(x),
            },
            Op::Depthwise { x, kernel } => Expr::Depthwise {
                x: of(x),
                kernel: of(kernel),
            },
            Op::Standardize { x, over } => match *over {
                Over::Instance => Expr::StandardizeInstance(of(x)),
                Over::Batch => Expr::StandardizeBatch(of(x)),
                Over::Groups(groups) => Expr::StandardizeGroups {
                    x: of(x),
                    groups: self.number(Number::Int(groups), id),
                },
                Over::OddGroups(groups) => Expr::StandardizeOdd {
                    x: of(x),
                    groups: self.number(Number::Int(groups), id),
                },
            },
            Op::Rescale { x, scale, .. } => Expr::Rescale {
                field: self.field(*scale),
                x: of(x),
            },
            Op::StandardizeScaled { x, scale } => Expr::StandardizeScaled {
                x: of(x),
                scale: of(scale),
            },
            Op::Gelu(x) => Expr::Gelu(of(x)),
            Op::Sigmoid(x) => Expr::Sigmoid(of(x)),
            Op::Bias { x, bias } => {
                let (field, x) = (self.field(*bias), of(x));
                match model[*bias].shape.len() {
                    2 => Expr::BiasSpatial { field, x },
                    _ => Expr::BiasScalar { field, x },
                }
            }
            Op::Concat(parts) => Expr::Concat(parts.iter().map(of).collect()),
            Op::Tile { x, times } => Expr::Tile {
                x: of(x),
                times: self.number(Number::Int(*times), id),
            },
            Op::ChannelMean(x) => Expr::ChannelMean(of(x)),
            Op::SpatialMean(x) => Expr::SpatialMean(of(x)),
            Op::Dropout { x, rate } => Expr::Dropout {
                x: of(x),
                rate: self.number(Number::Float(*rate), id),
            },
        }
    }

    /// A number of the body, named after its node.
    fn number(&mut self, value: Number, id: NodeId) -> Num {
        let node = &self.model[id];
        let what = match node.op {
            Op::Tile { .. } => "times",
            Op::Dropout { .. } => "rate",
            _ => "groups",
        };
        let name = local_name(self.model, self.scope, &node.name);
        let hint = format!("{name}_{what}");
        self.draft
            .body_number(value, snake(hint.trim_start_matches('_')))
    }
}

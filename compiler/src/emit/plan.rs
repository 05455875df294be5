//! Decides what a model becomes as modules: one structure per kind of block, its fields, its statements, and which
//! numbers its instances differ in. Knows nothing of any target language.

use std::collections::{BTreeSet, HashMap};

use super::fields::{Field, Start, fields};
use super::names::Names;
use super::statements::Body;
use crate::model::{Model, NodeId, ScopeId, Span};

/// A number that instances of one structure may differ in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// A size.
    Int(usize),
    /// A rate or gain.
    Float(f64),
    /// Index of a slow net's specification in [`Plan::specs`].
    Spec(usize),
    /// A distribution of fresh parameters.
    Start(Start),
}

/// Index into a block's numbers.
pub(super) type Num = usize;

/// A value inside one structure's body: an input or the result of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Local {
    /// Index into [`Block::inputs`].
    Input(usize),
    /// Index into [`Block::statements`].
    Result(usize),
}

/// What a statement computes. `field` indexes [`Block::fields`], `block` is the callee's in [`Plan::blocks`].
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Kernel { field: usize },
    ContextKernel { field: usize, source: Local },
    Constant { field: usize },
    Add(Local, Local),
    Mul(Local, Local),
    MatMul(Local, Local),
    Pointwise { field: usize, x: Local },
    Depthwise { x: Local, kernel: Local },
    StandardizeInstance(Local),
    StandardizeBatch(Local),
    StandardizeGroups { x: Local, groups: Num },
    StandardizeScaled { x: Local, scale: Local },
    StandardizeOdd { x: Local, groups: Num },
    Rescale { field: usize, x: Local },
    Gelu(Local),
    Sigmoid(Local),
    BiasScalar { field: usize, x: Local },
    BiasSpatial { field: usize, x: Local },
    Concat(Vec<Local>),
    Tile { x: Local, times: Num },
    ChannelMean(Local),
    SpatialMean(Local),
    Dropout { x: Local, rate: Num },
    Call { field: usize, inputs: Vec<Local> },
}

impl Expr {
    /// The values it reads, in order.
    pub(super) fn operands(&self) -> Vec<Local> {
        match self {
            Self::Kernel { .. } | Self::Constant { .. } => vec![],
            Self::ContextKernel { source: x, .. }
            | Self::Pointwise { x, .. }
            | Self::StandardizeInstance(x)
            | Self::StandardizeBatch(x)
            | Self::StandardizeGroups { x, .. }
            | Self::StandardizeOdd { x, .. }
            | Self::Rescale { x, .. }
            | Self::Gelu(x)
            | Self::Sigmoid(x)
            | Self::BiasScalar { x, .. }
            | Self::BiasSpatial { x, .. }
            | Self::Tile { x, .. }
            | Self::ChannelMean(x)
            | Self::SpatialMean(x)
            | Self::Dropout { x, .. } => vec![*x],
            Self::Add(a, b) | Self::Mul(a, b) | Self::MatMul(a, b) => vec![*a, *b],
            Self::Depthwise { x, kernel } => vec![*x, *kernel],
            Self::StandardizeScaled { x, scale } => vec![*x, *scale],
            Self::Concat(parts) | Self::Call { inputs: parts, .. } => parts.clone(),
        }
    }
}

/// One statement of a body.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    /// The result's name in the model, without its scope.
    pub name: String,
    /// Whether the author wrote the name.
    pub named: bool,
    /// What it computes.
    pub expr: Expr,
    /// The source it comes from.
    pub span: Span,
}

/// One structure: a kind of block, or the model itself.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// The block's name in the source.
    pub name: String,
    /// Its doc comment.
    pub doc: String,
    /// Names of the feature maps it is given.
    pub inputs: Vec<String>,
    /// Its parameters and the blocks it contains, in order of first use.
    pub fields: Vec<Field>,
    /// Its body.
    pub statements: Vec<Statement>,
    /// What it yields; None if the model's output does not depend on it.
    pub result: Option<Local>,
    /// Every number it uses: the same for all instances, or one of its [`Block::sizes`].
    pub numbers: Vec<Choice>,
    /// What its instances differ in.
    pub sizes: Vec<Size>,
}

/// A number of a structure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Choice {
    /// The same in all instances.
    Fixed(Number),
    /// Index into [`Block::sizes`].
    Size(usize),
}

/// Something that instances of a structure differ in.
#[derive(Clone, Debug)]
pub(super) struct Size {
    /// Name, unique within the structure.
    pub name: String,
    /// Its value in the first instance, which tells its kind.
    pub example: Number,
    /// Whether the body needs it, not only the construction.
    pub in_body: bool,
}

/// A slow net's hidden sizes and initial distributions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spec {
    /// Hidden width.
    pub hidden: usize,
    /// Frequency of its filters.
    pub omega: f64,
    /// One per filter.
    pub concentrations: Vec<f64>,
    /// Of hidden and output weights.
    pub weight: Start,
    /// Of hidden biases.
    pub bias: f64,
}

/// A whole model.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Structures; what they contain comes before them, the model is the last.
    pub blocks: Vec<Block>,
    /// Distinct slow nets.
    pub specs: Vec<Spec>,
}

/// One scope before instances are merged.
pub(super) struct Draft {
    pub block: Block,
    /// The instance's numbers.
    pub numbers: Vec<Number>,
    /// A name for each number, should it become a size.
    pub hints: Vec<String>,
    /// Which numbers the body reads.
    pub in_body: Vec<bool>,
}

impl Draft {
    pub(super) fn number(&mut self, value: Number, hint: impl Into<String>) -> Num {
        self.numbers.push(value);
        self.hints.push(hint.into());
        self.in_body.push(false);
        self.numbers.len() - 1
    }

    pub(super) fn body_number(&mut self, value: Number, hint: String) -> Num {
        let number = self.number(value, hint);
        if let Some(in_body) = self.in_body.last_mut() {
            *in_body = true;
        }
        number
    }
}

/// Where the instance of a scope lives and what it differs in.
#[derive(Clone)]
pub(super) struct Placed {
    /// Index of its structure.
    pub block: usize,
    /// What it differs in.
    pub sizes: Vec<Number>,
    /// What it reads.
    pub inputs: Vec<NodeId>,
}

/// Plans a model.
pub(super) fn plan(model: &Model) -> Plan {
    plan_with(model, |_| {})
}

/// Plans a model whose parameters are never fresh: instances do not differ in how they start.
pub(super) fn of_stored(model: &Model) -> Plan {
    plan_with(model, |draft| {
        for number in &mut draft.numbers {
            if let Number::Start(start) = number {
                *start = Start::Constant(0.0);
            }
        }
    })
}

fn plan_with(model: &Model, adapt: impl Fn(&mut Draft)) -> Plan {
    let mut plan = Plan {
        blocks: vec![],
        specs: vec![],
    };
    let live = live_nodes(model);
    let scopes: Vec<ScopeId> = model.scope_ids().collect();
    let mut placed: HashMap<ScopeId, Placed> = HashMap::new();
    // Innermost scopes first, so that all instances of what a structure contains are merged before it is drafted.
    let heights = heights(model);
    let top = heights.iter().copied().max().unwrap_or(0);
    for height in 0..=top {
        let mut groups: Vec<Vec<(ScopeId, Draft, Vec<NodeId>)>> = vec![];
        let level = scopes.iter().zip(&heights).filter(|(_, h)| **h == height);
        // A block that only hands its input through has nothing to become.
        for (&scope, _) in level.filter(|(s, _)| model[**s].first < model[**s].end) {
            let (mut draft, inputs) = draft(model, scope, &live, &placed, &mut plan);
            adapt(&mut draft);
            let same = groups.iter_mut().find(|group| {
                group
                    .first()
                    .is_some_and(|(_, first, _)| same_structure(first, &draft))
            });
            match same {
                Some(group) => group.push((scope, draft, inputs)),
                None => groups.push(vec![(scope, draft, inputs)]),
            }
        }
        for group in groups {
            merge(group, &mut plan, &mut placed);
        }
    }
    plan
}

/// For each scope, how deeply blocks are nested in it.
fn heights(model: &Model) -> Vec<usize> {
    let mut heights = vec![0; model.scopes.len()];
    for id in model.scope_ids().rev() {
        let height = heights.get(id.index()).copied().unwrap_or(0);
        let parent = model[id].parent.map(ScopeId::index);
        if let Some(parent) = parent.and_then(|p| heights.get_mut(p)) {
            *parent = (*parent).max(height + 1);
        }
    }
    heights
}

/// The nodes the output depends on.
fn live_nodes(model: &Model) -> Vec<bool> {
    let mut live = vec![false; model.nodes.len()];
    if let Some(output) = live.get_mut(model.output.index()) {
        *output = true;
    }
    for id in model.node_ids().rev() {
        if live.get(id.index()).copied().unwrap_or(false) {
            for operand in model[id].op.operands() {
                if let Some(operand) = live.get_mut(operand.index()) {
                    *operand = true;
                }
            }
        }
    }
    live
}

fn same_structure(a: &Draft, b: &Draft) -> bool {
    let key = |d: &Draft| (d.block.name.clone(), d.block.inputs.len(), d.block.result);
    let names = |d: &Draft| {
        d.block
            .fields
            .iter()
            .map(|f| f.name.clone())
            .collect::<Vec<_>>()
    };
    key(a) == key(b)
        && names(a) == names(b)
        && a.block
            .fields
            .iter()
            .zip(&b.block.fields)
            .all(|(a, b)| a.kind == b.kind)
        && a.block.statements.len() == b.block.statements.len()
        && a.block
            .statements
            .iter()
            .zip(&b.block.statements)
            .all(|(a, b)| a.expr == b.expr)
        && a.numbers.len() == b.numbers.len()
        && a.numbers
            .iter()
            .zip(&b.numbers)
            .all(|(a, b)| std::mem::discriminant(a) == std::mem::discriminant(b))
}

/// Makes one structure of instances that differ in numbers only.
fn merge(
    group: Vec<(ScopeId, Draft, Vec<NodeId>)>,
    plan: &mut Plan,
    placed: &mut HashMap<ScopeId, Placed>,
) {
    let columns: Vec<Vec<Number>> = (0..group.first().map_or(0, |(_, d, _)| d.numbers.len()))
        .map(|i| {
            let numbers = group.iter().filter_map(|(_, d, _)| d.numbers.get(i));
            numbers.copied().collect()
        })
        .collect();
    let fields = group.iter().take(1).flat_map(|(_, d, _)| &d.block.fields);
    let mut names = Names::reserving(fields.map(|f| f.name.as_str()));
    let mut distinct: Vec<Vec<Number>> = vec![];
    let mut sizes: Vec<Size> = vec![];
    let mut numbers = vec![];
    for (index, column) in columns.into_iter().enumerate() {
        let Some(&example) = column.first() else {
            continue;
        };
        if column.iter().all(|n| *n == example) {
            numbers.push(Choice::Fixed(example));
            continue;
        }
        let known = distinct.iter().position(|d| *d == column);
        let draft = group.first().map(|(_, d, _)| d);
        let size = known.unwrap_or_else(|| {
            let hint = draft.and_then(|d| d.hints.get(index));
            sizes.push(Size {
                name: names.allocate(hint.map_or("size", String::as_str)),
                example,
                in_body: false,
            });
            distinct.push(column);
            sizes.len() - 1
        });
        let in_body = draft.and_then(|d| d.in_body.get(index)).copied();
        if let Some(size) = sizes.get_mut(size) {
            size.in_body |= in_body.unwrap_or(false);
        }
        numbers.push(Choice::Size(size));
    }
    let block = plan.blocks.len();
    for (i, (scope, _, inputs)) in group.iter().enumerate() {
        let sizes = distinct.iter().filter_map(|d| d.get(i)).copied().collect();
        let inputs = inputs.clone();
        placed.insert(
            *scope,
            Placed {
                block,
                sizes,
                inputs,
            },
        );
    }
    if let Some((_, draft, _)) = group.into_iter().next() {
        plan.blocks.push(Block {
            numbers,
            sizes,
            ..draft.block
        });
    }
}

/// Drafts one scope: its fields, its statements, and the nodes it reads from outside, in order.
fn draft(
    model: &Model,
    scope: ScopeId,
    live: &[bool],
    placed: &HashMap<ScopeId, Placed>,
    plan: &mut Plan,
) -> (Draft, Vec<NodeId>) {
    let this = &model[scope];
    let inputs = inputs(model, scope, live);
    let mut body = Body {
        model,
        scope,
        live,
        placed,
        env: inputs
            .iter()
            .enumerate()
            .map(|(i, id)| (*id, Local::Input(i)))
            .collect(),
        owners: HashMap::new(),
        draft: Draft {
            block: Block {
                name: this.block.clone(),
                doc: this.doc.clone(),
                inputs: input_names(model, scope, &inputs),
                fields: vec![],
                statements: vec![],
                result: None,
                numbers: vec![],
                sizes: vec![],
            },
            numbers: vec![],
            hints: vec![],
            in_body: vec![],
        },
    };
    let children = model
        .scope_ids()
        .filter(|s| model[*s].parent == Some(scope));
    let mut children = children.filter(|c| placed.contains_key(c)).peekable();
    let mut at = this.first;
    while at < this.end {
        if let Some(child) = children.next_if(|c| model[*c].first == at) {
            body.call(child);
            at = model[child].end;
            continue;
        }
        let id = NodeId(at as u32);
        fields(model, scope, id, plan, &mut body.draft, &mut body.owners);
        body.node(id);
        at += 1;
    }
    body.draft.block.result = body.env.get(&this.result).copied();
    (body.draft, inputs)
}

/// The nodes a scope's live part reads from outside, in the order they are passed in.
fn inputs(model: &Model, scope: ScopeId, live: &[bool]) -> Vec<NodeId> {
    let this = &model[scope];
    if this.parent.is_none() {
        return vec![NodeId(0)];
    }
    let inside = model.nodes.iter().zip(live).take(this.end).skip(this.first);
    let mut read: BTreeSet<NodeId> = inside
        .filter(|(_, live)| **live)
        .flat_map(|(node, _)| node.op.operands())
        .collect();
    read.insert(this.result);
    let mut inputs: Vec<NodeId> = vec![];
    for input in &this.inputs {
        if read.contains(input) && !inputs.contains(input) {
            inputs.push(*input);
        }
    }
    inputs
}

/// The model's input has a name; a block's are `x` and numbers.
fn input_names(model: &Model, scope: ScopeId, inputs: &[NodeId]) -> Vec<String> {
    if model[scope].parent.is_none() {
        return vec![model.input_name.clone()];
    }
    let mut names = Names::default();
    inputs.iter().map(|_| names.allocate("x")).collect()
}

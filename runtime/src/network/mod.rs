//! Executes a model: one value per node, in order, each freed after its last use. Knows nothing of losses or training.

mod apply;
mod slow;

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use termc_compiler::model::{Model, NodeId, Op};

use crate::composed::elementwise;
use crate::kernels::Kernels;
use crate::params::Params;
use crate::random::Key;

/// Which code computes the operations; both compute the same function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KernelChoice {
    /// The backend's own kernels with hand-written gradients, where it has them.
    #[default]
    Fused,
    /// Plain Burn operations, the ones emitted source uses.
    Composed,
}

/// Channel dropout of one training step.
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    /// The step's stream; each dropout node narrows it by its name.
    pub key: Key,
    /// Position of the batch's first image in the step, so that parts of a batch drop what the whole would.
    pub first_image: usize,
}

/// Which values a forward pass keeps besides the logits and the kernels of the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep<'a> {
    /// None.
    #[default]
    Nothing,
    /// Those the author named.
    Named,
    /// Every one.
    All,
    /// These.
    These(&'a [NodeId]),
}

/// How to run a forward pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pass<'a> {
    /// Dropout; None outside training.
    pub dropout: Option<Dropout>,
    /// What else to return.
    pub keep: Keep<'a>,
    /// Which code to use.
    pub kernels: KernelChoice,
}

/// What a forward pass yields.
#[derive(Clone, Debug)]
pub struct Forward<B: Backend> {
    /// `[N, classes]`
    pub logits: Tensor<B, 2>,
    /// The kernels the slow neural loss compares, in its order; empty without that term.
    pub kernels: Vec<Tensor<B, 4>>,
    /// The kept values in the model's order.
    pub kept: Vec<(NodeId, Tensor<B, 4>)>,
}

/// A model prepared for execution.
#[derive(Clone, Debug)]
pub struct Network {
    model: Model,
    /// For each node, the operands that no later node reads.
    last_reads: Vec<Vec<NodeId>>,
    /// For each node, whether it is a concatenation or tiling that only pointwise convolutions read, directly or
    /// through a concatenation.
    deferred: Vec<bool>,
}

impl Network {
    /// Plans the order in which values are freed.
    pub fn new(model: &Model) -> Self {
        let mut read = vec![false; model.nodes.len()];
        let mut last_reads = vec![Vec::new(); model.nodes.len()];
        let mut deferred: Vec<bool> = model
            .nodes
            .iter()
            .map(|node| matches!(node.op, Op::Concat(_) | Op::Tile { .. }))
            .collect();
        if let Some(output) = deferred.get_mut(model.output.index()) {
            *output = false;
        }
        for ((node, freed), index) in (model
            .nodes
            .iter()
            .zip(&mut last_reads)
            .zip(0..model.nodes.len()))
        .rev()
        {
            let reads_parts = match node.op {
                Op::Pointwise { .. } => true,
                Op::Concat(_) => deferred.get(index).copied().unwrap_or(false),
                _ => false,
            };
            for operand in node.op.operands() {
                if let Some(seen) = read.get_mut(operand.index())
                    && !std::mem::replace(seen, true)
                {
                    freed.push(operand);
                }
                if let Some(deferred) = deferred.get_mut(operand.index()) {
                    *deferred &= reads_parts;
                }
            }
        }
        Self {
            model: model.clone(),
            last_reads,
            deferred,
        }
    }

    /// The model it executes.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Computes the logits of a batch `[N, C, H, W]`.
    pub fn forward<B: Kernels>(
        &self,
        params: &Params<B>,
        input: Tensor<B, 4>,
        pass: &Pass,
    ) -> Forward<B> {
        let model = &self.model;
        let mut values = Values(vec![None; model.nodes.len()]);
        let wanted = self.wanted(pass);
        let mut kept = Vec::new();
        let mut logits = None;
        let compared = model
            .loss
            .slow_neural
            .as_ref()
            .map_or(&[][..], |term| &term.kernels);
        let mut kernels = vec![None; compared.len()];
        let mut input = Some(input);
        for (id, (freed, deferred)) in model
            .node_ids()
            .zip(self.last_reads.iter().zip(&self.deferred))
        {
            let keep = wanted(id);
            let run = apply::Run {
                model,
                params,
                pass,
            };
            let value = match (&model[id].op, input.take_if(|_| id.index() == 0)) {
                (_, Some(input)) => Value::Whole(input),
                (Op::Concat(parts), None) if *deferred && !keep => {
                    Value::Parts(parts.iter().flat_map(|part| values.parts(*part)).collect())
                }
                (Op::Tile { x, times }, None) if *deferred && !keep => {
                    Value::Parts((0..*times).flat_map(|_| values.parts(*x)).collect())
                }
                (_, None) => Value::Whole(run.node(id, &values)),
            };
            if let Value::Whole(whole) = &value {
                if keep {
                    kept.push((id, whole.clone()));
                }
                if id == model.output {
                    logits = Some(whole.clone());
                }
                for (slot, _) in kernels.iter_mut().zip(compared).filter(|(_, k)| **k == id) {
                    *slot = Some(whole.clone());
                }
            }
            values.set(id, value);
            freed.iter().for_each(|operand| values.free(*operand));
        }
        let logits = logits.unwrap_or_else(|| values.get(model.output));
        let batch = logits.dims()[0];
        Forward {
            logits: logits.reshape([batch, model.classes]),
            kernels: kernels.into_iter().flatten().collect(),
            kept,
        }
    }

    fn wanted<'a>(&'a self, pass: &'a Pass) -> impl Fn(NodeId) -> bool + 'a {
        move |id| match pass.keep {
            Keep::Nothing => false,
            Keep::Named => self.model[id].named,
            Keep::All => true,
            Keep::These(ids) => ids.contains(&id),
        }
    }
}

/// The value of a node.
#[derive(Clone, Debug)]
enum Value<B: Backend> {
    Whole(Tensor<B, 4>),
    /// A concatenation or tiling that is not made.
    Parts(Vec<Tensor<B, 4>>),
}

/// The values computed and not yet freed.
struct Values<B: Backend>(Vec<Option<Value<B>>>);

/// Operands come before users and are freed after the last one, so a value that is asked for is there.
#[allow(
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "checked models list operands first; values are freed after their last reader"
)]
impl<B: Backend> Values<B> {
    fn get(&self, id: NodeId) -> Tensor<B, 4> {
        match &self.0[id.index()] {
            Some(Value::Whole(value)) => value.clone(),
            Some(Value::Parts(parts)) => elementwise::concat(parts.clone()),
            None => unreachable!("a value is read before it is computed"),
        }
    }

    fn parts(&self, id: NodeId) -> Vec<Tensor<B, 4>> {
        match &self.0[id.index()] {
            Some(Value::Parts(parts)) => parts.clone(),
            _ => vec![self.get(id)],
        }
    }

    fn set(&mut self, id: NodeId, value: Value<B>) {
        self.0[id.index()] = Some(value);
    }

    fn free(&mut self, id: NodeId) {
        self.0[id.index()] = None;
    }
}

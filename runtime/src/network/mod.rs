//! Executes a model: one value per node, in order, each freed after its last use. Knows nothing of losses or training.

mod apply;
mod memory;
mod plan;
mod precision;
mod slow;

use std::iter;

use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor};
use termc_compiler::model::{Model, NodeId, Op};

use self::plan::{Plan, Step};
pub use self::precision::Precision;

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
    /// Those that exist as a whole where nodes are computed together.
    Made,
    /// These.
    These(&'a [NodeId]),
}

/// Changes values on purpose, to see what follows from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disturb {
    /// How much, as a fraction of each number.
    pub amount: f64,
    /// Only the value of this node.
    pub only: Option<NodeId>,
    /// Changes the gradient alone.
    pub gradient: bool,
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
    /// Type of the activations.
    pub precision: Precision,
    /// What to change on purpose; None outside checks.
    pub disturb: Option<Disturb>,
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
    plain: Plan,
    fused: Plan,
}

impl Network {
    /// Plans the execution.
    pub fn new(model: &Model) -> Self {
        Self {
            model: model.clone(),
            plain: Plan::plain(model),
            fused: Plan::fused(model),
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
        let images = input.dims()[0];
        let Some(most) = self.at_a_time::<B>(pass).filter(|most| *most < images) else {
            return self.at_once(params, input, pass);
        };
        let parts = images.div_ceil(most);
        let part = |i: usize| {
            let (from, to) = (i * images / parts, (i + 1) * images / parts);
            self.at_once(params, input.clone().narrow(0, from, to - from), pass)
        };
        let mut first = part(0);
        let others = (1..parts).map(|i| part(i).logits);
        let all: Vec<Tensor<B, 2>> = iter::once(first.logits).chain(others).collect();
        first.logits = Tensor::cat(all, 0);
        first
    }

    /// How many images are computed at a time, where that is not as many as there are.
    fn at_a_time<B: Kernels>(&self, pass: &Pass) -> Option<usize> {
        let split = self.model.frozen
            && pass.kernels == KernelChoice::Fused
            && pass.keep == Keep::Nothing
            && pass.disturb.is_none();
        let bytes = B::CACHED.filter(|_| split)?;
        let image = 4 * self.fused.largest(&self.model);
        Some((bytes / image.max(1)).max(1))
    }

    fn at_once<B: Kernels>(
        &self,
        params: &Params<B>,
        input: Tensor<B, 4>,
        pass: &Pass,
    ) -> Forward<B> {
        let model = &self.model;
        let wanted = self.wanted(pass);
        let mut kept = Vec::new();
        let mut logits = None;
        let compared = model
            .loss
            .slow_neural
            .as_ref()
            .map_or(&[][..], |term| &term.kernels);
        let mut kernels = vec![None; compared.len()];
        let plan = match (pass.kernels, pass.keep) {
            (KernelChoice::Fused, Keep::Nothing | Keep::Made) => &self.fused,
            _ => &self.plain,
        };
        let whole = |id| pass.keep != Keep::Made && wanted(id);
        self.execute(plan, params, input, pass, whole, |id, whole| {
            if wanted(id) {
                kept.push((id, whole.clone()));
            }
            if id == model.output {
                logits = Some(whole.clone());
            }
            for (slot, _) in kernels.iter_mut().zip(compared).filter(|(_, k)| **k == id) {
                *slot = Some(whole.clone());
            }
        });
        #[allow(
            clippy::expect_used,
            reason = "the output is a node, and no plan defers it"
        )]
        let logits = logits.expect("the output was computed");
        let batch = logits.dims()[0];
        Forward {
            logits: precision::to(logits.reshape([batch, model.classes]), DType::F32),
            kernels: kernels.into_iter().flatten().collect(),
            kept,
        }
    }

    /// Computes these nodes and what they depend on, nothing else, and shows each of them as soon as it is there.
    pub fn visit<B: Kernels>(
        &self,
        params: &Params<B>,
        input: Tensor<B, 4>,
        kernels: KernelChoice,
        asked: &[NodeId],
        mut see: impl FnMut(NodeId, &Tensor<B, 4>),
    ) {
        let pass = Pass {
            kernels,
            ..Pass::default()
        };
        let plan = Plan::towards(&self.model, asked, kernels == KernelChoice::Fused);
        let wanted = |id: NodeId| asked.contains(&id);
        self.execute(&plan, params, input, &pass, wanted, |id, value| {
            if wanted(id) {
                see(id, value);
            }
        });
    }

    /// The values of all nodes that no image changes, given for each context kernel what is known of it. A context kernel
    /// of which nothing is known has no value.
    pub fn constants<B: Kernels>(
        &self,
        params: &Params<B>,
        kernels: KernelChoice,
        context: impl Fn(NodeId) -> Option<Context<B>>,
    ) -> Vec<Option<Tensor<B, 4>>> {
        let pass = Pass {
            kernels,
            ..Pass::default()
        };
        let model = &self.model;
        let run = apply::Run {
            model,
            params,
            pass: &pass,
        };
        let mut values = Values(vec![None; model.nodes.len()]);
        for id in model.node_ids() {
            let value = match &model[id].op {
                Op::Input => None,
                Op::Kernel(_) | Op::Constant(_) => Some(run.node(id, &values)),
                Op::ContextKernel { source, .. } => context(id).map(|known| match known {
                    Context::Kernel(kernel) => kernel,
                    Context::Pooled(pooled) => {
                        values.set(*source, Value::Whole(pooled));
                        let kernel = run.node(id, &values);
                        values.free(*source);
                        kernel
                    }
                }),
                op => {
                    let operands = op.operands();
                    let known = operands.iter().all(|x| values.has(*x));
                    (known && !operands.is_empty()).then(|| run.node(id, &values))
                }
            };
            if let Some(value) = value {
                values.set(id, Value::Whole(value));
            }
        }
        (model.node_ids())
            .map(|id| values.has(id).then(|| values.get(id)))
            .collect()
    }

    /// Runs a plan and shows every value that is made as a whole.
    fn execute<B: Kernels>(
        &self,
        plan: &Plan,
        params: &Params<B>,
        input: Tensor<B, 4>,
        pass: &Pass,
        keep: impl Fn(NodeId) -> bool,
        mut see: impl FnMut(NodeId, &Tensor<B, 4>),
    ) {
        let model = &self.model;
        let mut values = Values(vec![None; model.nodes.len()]);
        let mut input = Some(precision::to(input, pass.precision.dtype()));
        let run = apply::Run {
            model,
            params,
            pass,
        };
        let steps = plan.steps.iter().zip(&plan.last_reads);
        for (id, (step, freed)) in model.node_ids().zip(steps) {
            let one = |value| vec![(id, value)];
            let made = match (input.take_if(|_| id.index() == 0), step) {
                (Some(input), _) => one(Value::Whole(input)),
                (None, Step::Skipped) => continue,
                (None, Step::Together(ids)) => {
                    let wholes = run.together(ids, &values).into_iter();
                    ids.iter().copied().zip(wholes.map(Value::Whole)).collect()
                }
                (None, Step::Fused(fusion)) => one(Value::Whole(run.fused(fusion, &values))),
                (None, Step::Parts) if !keep(id) => one(Value::Parts(run.parts(id, &values))),
                (None, Step::Parts | Step::Node) => one(Value::Whole(run.node(id, &values))),
            };
            for (id, value) in made {
                let value = match (value, &pass.disturb) {
                    (Value::Whole(whole), Some(disturb)) => {
                        Value::Whole(run.disturbed(id, whole, disturb))
                    }
                    (value, _) => value,
                };
                if let Value::Whole(whole) = &value {
                    see(id, whole);
                }
                values.set(id, value);
            }
            freed.iter().for_each(|operand| values.free(*operand));
        }
    }

    fn wanted<'a>(&'a self, pass: &'a Pass) -> impl Fn(NodeId) -> bool + 'a {
        move |id| match pass.keep {
            Keep::Nothing => false,
            Keep::Named => self.model[id].named,
            Keep::All | Keep::Made => true,
            Keep::These(ids) => ids.contains(&id),
        }
    }
}

/// What is known of a kernel with a context over a population, `[1, C, k, k]`.
#[derive(Clone, Debug)]
pub enum Context<B: Backend> {
    /// The mean of the pooled activation that it looks at.
    Pooled(Tensor<B, 4>),
    /// The kernel.
    Kernel(Tensor<B, 4>),
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
            Some(Value::Parts(parts)) => elementwise::concat(precision::joined(parts.clone())),
            None => unreachable!("a value is read before it is computed"),
        }
    }

    fn parts(&self, id: NodeId) -> Vec<Tensor<B, 4>> {
        match &self.0[id.index()] {
            Some(Value::Parts(parts)) => parts.clone(),
            _ => vec![self.get(id)],
        }
    }

    fn has(&self, id: NodeId) -> bool {
        self.0[id.index()].is_some()
    }

    fn set(&mut self, id: NodeId, value: Value<B>) {
        self.0[id.index()] = Some(value);
    }

    fn free(&mut self, id: NodeId) {
        self.0[id.index()] = None;
    }
}

//! Executes a model: one value per node, in order, each freed after its last use. Knows nothing of losses or training.

mod apply;
mod memory;
mod pass;
mod plan;
mod precision;
mod values;

use std::cell::RefCell;
use std::iter;

use burn::tensor::{DType, Device, Tensor};
use termc_compiler::model::{Model, NodeId, Op, ParamId};
use termc_kernels::cached_bytes;

pub use self::apply::dims;
pub use self::pass::{Dropout, Keep, Pass, Perturbation};
pub use self::precision::Precision;
pub use termc_kernels::KernelChoice;

use self::plan::{ExecutionPlan, Step};
use self::values::{Value, Values};
use crate::params::Params;

/// What a forward pass yields.
#[derive(Clone, Debug)]
pub struct Forward {
    /// `[N, classes]`
    pub logits: Tensor<2>,
    /// The values that terms of the loss compare, in the model's order ([`compared`](termc_compiler::model::Graph::compared)).
    pub compared: Vec<Tensor<4>>,
    /// Statistics of the batch that running ones are moved towards: whose, and what they are. Only in training.
    pub statistics: Vec<(ParamId, Tensor<1>)>,
    /// The kept values in the model's order.
    pub kept: Vec<(NodeId, Tensor<4>)>,
    /// Where asked for, zeros that were added to the kept values, in their order: the gradient of a leaf is that of its value.
    pub leaves: Vec<Tensor<4>>,
}

/// A model prepared for execution.
#[derive(Clone, Debug)]
pub struct Network {
    model: Model,
    plain: ExecutionPlan,
    fused: ExecutionPlan,
}

impl Network {
    /// Plans the execution.
    pub fn new(model: &Model) -> Self {
        Self {
            model: model.clone(),
            plain: ExecutionPlan::plain(model),
            fused: ExecutionPlan::fused(model),
        }
    }

    /// The model it executes.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Computes the logits of a batch `[N, C, H, W]`. A model of sequences takes `[N, C, L, 1]`, and the pixels of an image as
    /// one sequence, row by row.
    pub fn forward(&self, params: &Params, input: Tensor<4>, pass: &Pass) -> Forward {
        let images = input.dims()[0];
        let input = self.laid_out(input);
        let most = self.at_a_time(&input.device(), pass);
        let Some(most) = most.filter(|most| *most < images) else {
            return self.at_once(params, input, pass);
        };
        let parts = images.div_ceil(most);
        let part = |i: usize| {
            let (from, to) = (i * images / parts, (i + 1) * images / parts);
            self.at_once(params, input.clone().narrow(0, from, to - from), pass)
        };
        let mut first = part(0);
        let others = (1..parts).map(|i| part(i).logits);
        let all: Vec<Tensor<2>> = iter::once(first.logits).chain(others).collect();
        first.logits = Tensor::cat(all, 0);
        first
    }

    /// The input as the model's shape says.
    fn laid_out(&self, input: Tensor<4>) -> Tensor<4> {
        let dims = self.model.input.dims(input.dims()[0]);
        match input.dims() == dims {
            true => input,
            false => input.reshape(dims),
        }
    }

    /// How many images are computed at a time, where that is not as many as there are.
    fn at_a_time(&self, device: &Device, pass: &Pass) -> Option<usize> {
        let split = self.model.frozen
            && pass.kernels == KernelChoice::Fused
            && pass.keep == Keep::Nothing
            && pass.perturbation.is_none();
        let bytes = cached_bytes(device).filter(|_| split)?;
        let image = 4 * self.fused.largest(&self.model);
        Some((bytes / image.max(1)).max(1))
    }

    fn at_once(&self, params: &Params, input: Tensor<4>, pass: &Pass) -> Forward {
        let model = &self.model;
        let is_kept = self.is_kept(pass);
        let mut kept = Vec::new();
        let mut logits = None;
        let asked: Vec<NodeId> = model.compared().collect();
        let mut compared = vec![None; asked.len()];
        let plan = match (pass.kernels, pass.keep) {
            (KernelChoice::Fused, Keep::Nothing | Keep::Made) => &self.fused,
            _ => &self.plain,
        };
        let whole = |id| pass.keep != Keep::Made && is_kept(id);
        let (statistics, leaves) = self.execute(plan, params, input, pass, whole, |id, whole| {
            if is_kept(id) {
                kept.push((id, whole.clone()));
            }
            if id == model.output {
                logits = Some(whole.clone());
            }
            for (slot, _) in compared.iter_mut().zip(&asked).filter(|(_, k)| **k == id) {
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
            compared: compared.into_iter().flatten().collect(),
            statistics,
            kept,
            leaves,
        }
    }

    /// Computes these nodes and what they depend on, nothing else, and shows each of them as soon as it is there.
    pub fn visit(
        &self,
        params: &Params,
        input: Tensor<4>,
        kernels: KernelChoice,
        asked: &[NodeId],
        mut see: impl FnMut(NodeId, &Tensor<4>),
    ) {
        let pass = Pass {
            kernels,
            ..Pass::default()
        };
        let plan = ExecutionPlan::towards(&self.model, asked, kernels == KernelChoice::Fused);
        let is_kept = |id: NodeId| asked.contains(&id);
        let input = self.laid_out(input);
        self.execute(&plan, params, input, &pass, is_kept, |id, value| {
            if is_kept(id) {
                see(id, value);
            }
        });
    }

    /// The values of all nodes that no image changes, made on `device`, given for each node that couples images what is known of it
    /// over a population. Such a node of which nothing is known has no value.
    pub fn constants(
        &self,
        params: &Params,
        kernels: KernelChoice,
        device: &Device,
        context: impl Fn(NodeId) -> Option<Context>,
    ) -> Vec<Option<Tensor<4>>> {
        let pass = Pass {
            kernels,
            ..Pass::default()
        };
        let model = &self.model;
        let run = apply::Run {
            model,
            params,
            pass: &pass,
            device,
            statistics: RefCell::default(),
            leaves: RefCell::default(),
        };
        let mut values = Values::new(model.nodes.len());
        for id in model.node_ids() {
            let value = match &model[id].op {
                Op::Input(_) => None,
                op => {
                    let operands = op.operands();
                    match context(id) {
                        Some(Context::Value(value)) => Some(value),
                        Some(Context::Pooled(pooled)) => {
                            let set = |values: &mut Values, value: Option<&Tensor<4>>| {
                                operands.iter().for_each(|x| match value {
                                    Some(value) => values.set(*x, Value::Whole(value.clone())),
                                    None => values.free(*x),
                                });
                            };
                            set(&mut values, Some(&pooled));
                            let value = run.node(id, &values);
                            set(&mut values, None);
                            Some(value)
                        }
                        None => {
                            let known = operands.iter().all(|x| values.has(*x));
                            known.then(|| run.node(id, &values))
                        }
                    }
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

    /// Runs a plan, shows every value that is made as a whole, and yields the batch's statistics and the leaves.
    fn execute(
        &self,
        plan: &ExecutionPlan,
        params: &Params,
        input: Tensor<4>,
        pass: &Pass,
        keep: impl Fn(NodeId) -> bool,
        mut see: impl FnMut(NodeId, &Tensor<4>),
    ) -> (Vec<(ParamId, Tensor<1>)>, Vec<Tensor<4>>) {
        let model = &self.model;
        let mut values = Values::new(model.nodes.len());
        let device = input.device();
        let mut input = Some(precision::to(input, pass.precision.dtype()));
        let run = apply::Run {
            model,
            params,
            pass,
            device: &device,
            statistics: RefCell::default(),
            leaves: RefCell::default(),
        };
        let steps = plan.steps.iter().zip(&plan.last_reads);
        for (id, (step, freed)) in model.node_ids().zip(steps) {
            let one = |value| vec![(id, value)];
            let made = match (input.take_if(|_| id.index() == 0), step) {
                (Some(input), _) => one(Value::Whole(input)),
                (None, Step::Skipped) => continue,
                (None, Step::Together(maps)) => {
                    let wholes = run.together(maps, &values).into_iter().map(Value::Whole);
                    maps.iter().map(|map| map.id).zip(wholes).collect()
                }
                (None, Step::Fused(fusion)) => one(Value::Whole(run.fused(id, fusion, &values))),
                (None, Step::Parts) if !keep(id) => one(Value::Parts(run.parts(id, &values))),
                (None, Step::Parts | Step::Node) => one(Value::Whole(run.node(id, &values))),
            };
            for (id, value) in made {
                let value = match (value, &pass.perturbation) {
                    (Value::Whole(whole), Some(perturbation)) => {
                        Value::Whole(run.perturbed(id, whole, perturbation))
                    }
                    (value, _) => value,
                };
                let value = match value {
                    Value::Whole(whole) if pass.leaves && keep(id) => {
                        Value::Whole(run.with_leaf(whole))
                    }
                    value => value,
                };
                if let Value::Whole(whole) = &value {
                    see(id, whole);
                }
                values.set(id, value);
            }
            freed.iter().for_each(|operand| values.free(*operand));
        }
        (run.statistics.into_inner(), run.leaves.into_inner())
    }

    fn is_kept<'a>(&'a self, pass: &'a Pass) -> impl Fn(NodeId) -> bool + 'a {
        move |id| match pass.keep {
            Keep::Nothing => false,
            Keep::Named => self.model[id].named,
            Keep::All | Keep::Made => true,
            Keep::These(ids) => ids.contains(&id),
        }
    }
}

/// What is known over a population of a node that couples images, `[1, C, H, W]`.
#[derive(Clone, Debug)]
pub enum Context {
    /// The mean of the pooled activation that a kernel with a context looks at.
    Pooled(Tensor<4>),
    /// The value itself: a kernel, or a mean over the batch.
    Value(Tensor<4>),
}

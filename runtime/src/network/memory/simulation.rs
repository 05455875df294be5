//! Plays through which buffers the fused kernels take, save for the gradient and give back in a step, in the order of forward
//! and backward pass. Computes no value.

use termc_compiler::model::{Model, NodeId, Op, ParamId};
use termc_kernels::{Call, Pool, STATISTICS_BYTES, Saved, rounded};

use super::super::plan::{ExecutionPlan, Fusion, LinearMap, Step};
use super::calls::{Operand, calls};
use crate::optim::state_names;

/// Bytes of a float32.
const SCALAR: usize = 4;

/// What the gradient of a step needs and makes.
struct Entry {
    depth: usize,
    out: NodeId,
    /// Nodes whose values are held until then.
    saved_nodes: Vec<NodeId>,
    /// Other blocks held until then: statistics, results in between.
    saved_blocks: Vec<usize>,
    /// Values whose gradients it makes; of a sum the first takes over the gradient that comes.
    gradients: Vec<NodeId>,
    passes_on: bool,
    /// Sizes of the gradients of parameters.
    params: Vec<usize>,
    /// Bytes in use during it.
    temporary: usize,
}

/// The buffers of training steps: what a step takes from the pool, holds and gives back.
pub(super) struct Simulation<'a> {
    model: &'a Model,
    plan: &'a ExecutionPlan,
    batch: usize,
    pool: Pool<()>,
    peak: usize,
    /// Bytes of a vector of all parameters.
    vector: usize,
    /// Vectors in the pool that live on between steps.
    lasting: Vec<usize>,
    /// Block and number of holders of each value.
    values: Vec<(usize, usize)>,
    depths: Vec<usize>,
    tracked: Vec<bool>,
}

#[allow(
    clippy::indexing_slicing,
    reason = "one element per node of the model, by construction"
)]
impl<'a> Simulation<'a> {
    /// Nothing is taken yet.
    pub fn new(model: &'a Model, plan: &'a ExecutionPlan, batch: usize) -> Self {
        let nodes = model.nodes.len();
        let mut tracked: Vec<bool> = Vec::with_capacity(nodes);
        for node in &model.nodes {
            let inside = node.op.operands().into_iter().any(|x| tracked[x.index()]);
            tracked.push(inside || !node.op.params().is_empty());
        }
        let scalars: usize = model.params.iter().map(|p| p.count()).sum();
        Self {
            model,
            plan,
            batch,
            pool: Pool::new(),
            peak: 0,
            vector: scalars * SCALAR,
            lasting: vec![],
            values: vec![(0, 0); nodes],
            depths: vec![0; nodes],
            tracked,
        }
    }

    /// The most bytes that the pool has held.
    pub fn peak_bytes(&self) -> usize {
        self.peak
    }

    /// Bytes of a vector of all parameters.
    pub fn vector_bytes(&self) -> usize {
        self.vector
    }

    fn take(&mut self, bytes: usize) -> usize {
        let (_, size, _) = self.pool.lend(rounded(bytes));
        self.peak = self.peak.max(self.pool.held_bytes());
        size
    }

    fn give_back(&mut self, size: usize) {
        self.pool.give_back(size, ());
    }

    fn bytes(&self, id: NodeId) -> usize {
        self.model[id]
            .shape
            .dims(self.batch)
            .iter()
            .product::<usize>()
            * SCALAR
    }

    /// The values that are made as a whole where this one is read.
    fn parts(&self, id: NodeId) -> Vec<NodeId> {
        match (&self.plan.steps[id.index()], &self.model[id].op) {
            (Step::Parts, Op::Concat(op)) => {
                let parts = op.parts.iter().flat_map(|part| self.parts(*part));
                parts.collect()
            }
            (Step::Parts, Op::Tile(op)) => self.parts(op.x).repeat(op.times),
            _ => vec![id],
        }
    }

    fn hold(&mut self, id: NodeId) {
        for part in self.parts(id) {
            self.values[part.index()].1 += 1;
        }
    }

    fn release(&mut self, id: NodeId) {
        for part in self.parts(id) {
            let (size, holders) = &mut self.values[part.index()];
            *holders -= 1;
            let free = (*holders == 0).then_some(*size);
            free.into_iter().for_each(|size| self.give_back(size));
        }
    }

    /// One step: forward, backward, update.
    pub fn step(&mut self) {
        let mut tape = self.forward();
        tape.sort_by_key(|entry| std::cmp::Reverse(entry.depth));
        self.backward(tape);
        self.update();
    }

    fn forward(&mut self) -> Vec<Entry> {
        let (plan, mut tape, mut left) = (self.plan, vec![], vec![]);
        for id in self.model.node_ids() {
            let made: Vec<(NodeId, Option<&LinearMap>)> = match &plan.steps[id.index()] {
                Step::Skipped => continue,
                Step::Together(maps) => maps.iter().map(|map| (map.id, Some(map))).collect(),
                _ => vec![(id, None)],
            };
            for (id, map) in made {
                if plan.steps[id.index()] != Step::Parts {
                    let size = self.take(self.bytes(id));
                    self.values[id.index()] = (size, 0);
                    let entry = self.entry(id, map);
                    tape.extend(entry);
                }
                self.hold(id);
                left.push(id);
            }
            for freed in &plan.last_reads[id.index()] {
                left.retain(|id| id != freed);
                self.release(*freed);
            }
        }
        left.into_iter().for_each(|id| self.release(id));
        tape
    }

    /// What is recorded of a value just made, if a gradient goes through it; `map` is what made it together with others.
    fn entry(&mut self, id: NodeId, map: Option<&LinearMap>) -> Option<Entry> {
        let (model, step) = (self.model, &self.plan.steps[id.index()]);
        let op = &model[id].op;
        let (reads, affines) = match (step, map) {
            (_, Some(map)) => (vec![map.x], map.affines.clone()),
            (Step::Fused(fusion), _) => (fusion.reads(), fusion.affines()),
            _ => (op.operands(), vec![]),
        };
        let reads: Vec<NodeId> = reads.iter().flat_map(|x| self.parts(*x)).collect();
        let depth = reads.iter().map(|x| self.depths[x.index()]).max();
        self.depths[id.index()] = 1 + depth.unwrap_or(0);
        if !self.tracked[id.index()] {
            return None;
        }
        let (saved_nodes, saved_blocks) = self.save(id, map);
        let of_maps = affines
            .iter()
            .flat_map(|affine| [Some(affine.weight), affine.bias]);
        let mut params: Vec<ParamId> = of_maps.flatten().chain(op.params()).collect();
        params.sort_unstable();
        params.dedup();
        let params: Vec<usize> = (params.into_iter())
            .map(|p| model[p].count() * SCALAR)
            .collect();
        let temporary = match (step, op) {
            // Partial sums of the weight's gradient.
            (_, Op::Linear(_)) | (Step::Fused(Fusion::LinearSum(_)), _) => {
                4.min(self.batch) * params.iter().sum::<usize>()
            }
            (Step::Fused(Fusion::Gate { x, .. }), _) => self.bytes(*x),
            _ => 0,
        };
        Some(Entry {
            depth: self.depths[id.index()],
            out: id,
            saved_nodes,
            saved_blocks,
            gradients: (reads.into_iter())
                .filter(|x| self.tracked[x.index()])
                .collect(),
            passes_on: matches!(op, Op::Add(_) | Op::Bias(_)) && *step == Step::Node,
            params,
            temporary,
        })
    }

    /// Holds what the calls that make a value declare to keep for its gradient: values of nodes, and blocks of their own.
    fn save(&mut self, id: NodeId, map: Option<&LinearMap>) -> (Vec<NodeId>, Vec<usize>) {
        let step = &self.plan.steps[id.index()];
        let calls = calls(self.model, step, id, map, |x| self.parts(x));
        let (mut nodes, mut blocks) = (vec![], vec![]);
        let mut previous = None;
        let last = calls.len();
        for (number, (call, operands)) in calls.into_iter().enumerate() {
            let saved = call.saved().unwrap_or_else(|| Saved {
                operands: (0..operands.len()).collect(),
                result: true,
            });
            // Results in between are given back once the next call has read them, unless it keeps them.
            let before = previous.take();
            let result = (number + 1 < last).then(|| self.take(self.bytes(id)));
            let mut kept = false;
            for operand in saved.operands.iter().filter_map(|i| operands.get(*i)) {
                match operand {
                    Operand::Node(x) => nodes.push(*x),
                    Operand::Previous => kept = true,
                    Operand::Other => {}
                }
            }
            match before {
                Some(block) if kept => blocks.push(block),
                Some(block) => self.give_back(block),
                None => {}
            }
            match result {
                Some(block) if saved.result => blocks.push(block),
                result => previous = result,
            }
            if number + 1 == last && saved.result {
                nodes.push(id);
            }
            if let Call::Standardize { .. } | Call::StandardizeScaled = call {
                let [images, channels, ..] = self.model[id].shape.dims(self.batch);
                blocks.push(self.take(images * channels * STATISTICS_BYTES));
            }
        }
        nodes.iter().for_each(|x| self.hold(*x));
        (nodes, blocks)
    }

    fn backward(&mut self, tape: Vec<Entry>) {
        let mut gradients: Vec<Option<usize>> = vec![None; self.values.len()];
        let mut of_params = vec![];
        let output = self.model.output;
        gradients[output.index()] = Some(self.take(self.bytes(output)));
        for entry in tape {
            let mut own = gradients[entry.out.index()].take();
            if own.is_some() {
                let temporary = self.take(entry.temporary);
                for x in &entry.gradients {
                    let passed = (entry.passes_on && self.bytes(*x) == self.bytes(entry.out))
                        .then(|| own.take())
                        .flatten();
                    let size = passed.unwrap_or_else(|| self.take(self.bytes(*x)));
                    match gradients[x.index()] {
                        Some(_) => self.give_back(size),
                        None => gradients[x.index()] = Some(size),
                    }
                }
                for bytes in entry.params {
                    of_params.push(self.take(bytes));
                }
                self.give_back(temporary);
            }
            own.into_iter()
                .chain(entry.saved_blocks)
                .for_each(|size| self.give_back(size));
            entry.saved_nodes.into_iter().for_each(|x| self.release(x));
        }
        let rest = gradients.into_iter().flatten().chain(of_params);
        rest.for_each(|size| self.give_back(size));
    }

    /// The optimizer's state, the weights and their averages are made anew while the old ones are there.
    fn update(&mut self) {
        let states = state_names(&self.model.train.optimizer).len();
        let averages = usize::from(self.model.train.ema.is_some());
        let new = (0..1 + states + averages)
            .map(|_| self.take(self.vector))
            .collect();
        let old = std::mem::replace(&mut self.lasting, new);
        old.into_iter().for_each(|size| self.give_back(size));
    }
}

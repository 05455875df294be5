//! Predicts the memory of training on the CPU: plays through which buffers the fused kernels take, keep for the gradient
//! and give back in a step, in the order of forward and backward pass, and computes no value.

use termc_compiler::model::{Model, NodeId, Op, Optimizer};

use super::Network;
use super::plan::{Fusion, Plan, Step};
use crate::kernels::{Pool, rounded};

/// Bytes of a float32.
const SCALAR: usize = 4;
/// What the process holds before it has a model: the program's own pages, threads, the allocator's reserve. Measured.
const PROGRAM: usize = if cfg!(feature = "cuda") { 19 } else { 14 } << 20;
/// Vectors of all parameters outside the pool: weights and gradient side by side at the update, and what the allocator
/// keeps of such. Measured.
const VECTORS: usize = 8;
/// Bytes of the statistics that a standardization keeps per image and channel.
const STATISTICS: usize = 16;
/// No batch is larger.
const LARGEST: usize = 1 << 20;

impl Network {
    /// The most memory, in bytes, that a process holds while it trains in float32 on the CPU with batches of `batch`
    /// images, the data set apart.
    pub fn training_bytes(&self, batch: usize) -> u64 {
        let mut play = Play::new(&self.model, &self.fused, batch);
        // The second step finds what the first one left in the pool.
        play.step();
        play.step();
        (PROGRAM + VECTORS * play.vector + play.peak) as u64
    }

    /// The largest batch that needs at most so many bytes; none if not even one image does.
    pub fn largest_batch(&self, bytes: u64) -> Option<usize> {
        let fits = |batch: usize| self.training_bytes(batch) <= bytes;
        if !fits(1) {
            return None;
        }
        let (mut low, mut high) = (1, 2);
        while high < LARGEST && fits(high) {
            (low, high) = (high, high * 2);
        }
        while high - low > 1 {
            let middle = low.midpoint(high);
            match fits(middle) {
                true => low = middle,
                false => high = middle,
            }
        }
        Some(low)
    }
}

/// What the gradient of a step needs and makes.
struct Entry {
    depth: usize,
    out: NodeId,
    /// Values kept until then.
    keeps: Vec<NodeId>,
    /// Blocks of statistics kept until then.
    statistics: Vec<usize>,
    /// Values whose gradients it makes; of a sum the first takes over the gradient that comes.
    gradients: Vec<NodeId>,
    passes_on: bool,
    /// Sizes of the gradients of parameters.
    params: Vec<usize>,
    /// Bytes in use during it.
    temporary: usize,
}

struct Play<'a> {
    model: &'a Model,
    plan: &'a Plan,
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
impl<'a> Play<'a> {
    fn new(model: &'a Model, plan: &'a Plan, batch: usize) -> Self {
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
            (Step::Parts, Op::Concat(parts)) => parts.iter().flat_map(|p| self.parts(*p)).collect(),
            (Step::Parts, Op::Tile { x, times }) => self.parts(*x).repeat(*times),
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

    fn step(&mut self) {
        let mut tape = self.forward();
        tape.sort_by_key(|entry| std::cmp::Reverse(entry.depth));
        self.backward(tape);
        self.update();
    }

    fn forward(&mut self) -> Vec<Entry> {
        let (plan, mut tape, mut left) = (self.plan, vec![], vec![]);
        for id in self.model.node_ids() {
            let made = match &plan.steps[id.index()] {
                Step::Skipped => continue,
                Step::Together(ids) => ids.clone(),
                _ => vec![id],
            };
            for id in made {
                if plan.steps[id.index()] != Step::Parts {
                    let size = self.take(self.bytes(id));
                    self.values[id.index()] = (size, 0);
                    let entry = self.entry(id);
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

    /// What is recorded of a value just made, if a gradient goes through it.
    fn entry(&mut self, id: NodeId) -> Option<Entry> {
        let model = self.model;
        let op = &model[id].op;
        let mut standardized = None;
        let (reads, keeps) = match &self.plan.steps[id.index()] {
            Step::Fused(fusion) => {
                let reads = fusion.reads();
                if let Fusion::Finish { x, .. } | Fusion::Gated { a: x, .. } = fusion {
                    standardized = Some(*x);
                }
                (reads.clone(), reads)
            }
            _ => {
                let reads = op.operands();
                if let Op::Standardize { x, .. } | Op::StandardizeScaled { x, .. } = op {
                    standardized = Some(*x);
                }
                let keeps = match op {
                    Op::Sigmoid(_) => vec![id],
                    Op::Add(..) | Op::Bias { .. } | Op::ChannelMean(_) | Op::SpatialMean(_) => {
                        vec![]
                    }
                    Op::ContextKernel { .. } => vec![],
                    _ => reads.clone(),
                };
                (reads, keeps)
            }
        };
        let depth = reads
            .iter()
            .flat_map(|x| self.parts(*x))
            .map(|x| self.depths[x.index()]);
        self.depths[id.index()] = 1 + depth.max().unwrap_or(0);
        if !self.tracked[id.index()] {
            return None;
        }
        keeps.iter().for_each(|x| self.hold(*x));
        let statistics = standardized.map(|x| {
            let [n, channels, ..] = model[x].shape.dims(self.batch);
            self.take(n * channels * STATISTICS)
        });
        let gradients = reads.iter().flat_map(|x| self.parts(*x));
        let params = op.params().into_iter().map(|p| model[p].count() * SCALAR);
        let params: Vec<usize> = params.collect();
        let temporary = match (&self.plan.steps[id.index()], op) {
            // Partial sums of the weight's gradient.
            (_, Op::Pointwise { .. }) => 4.min(self.batch) * params.iter().sum::<usize>(),
            (Step::Fused(Fusion::Gate { x, .. }), _) => self.bytes(*x),
            _ => 0,
        };
        Some(Entry {
            depth: self.depths[id.index()],
            out: id,
            keeps,
            statistics: statistics.into_iter().collect(),
            gradients: gradients.filter(|x| self.tracked[x.index()]).collect(),
            passes_on: matches!(op, Op::Add(..) | Op::Bias { .. })
                && self.plan.steps[id.index()] == Step::Node,
            params,
            temporary,
        })
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
                .chain(entry.statistics)
                .for_each(|size| self.give_back(size));
            entry.keeps.into_iter().for_each(|x| self.release(x));
        }
        let rest = gradients.into_iter().flatten().chain(of_params);
        rest.for_each(|size| self.give_back(size));
    }

    /// The optimizer's state, the weights and their averages are made anew while the old ones are there.
    fn update(&mut self) {
        let states = match &self.model.train.optimizer {
            Optimizer::Kar2 { .. } | Optimizer::Sgd { .. } => 1,
            Optimizer::Kar3 { .. } | Optimizer::AdamW { .. } => 2,
        };
        let averages = usize::from(self.model.train.ema.is_some());
        let new = (0..1 + states + averages)
            .map(|_| self.take(self.vector))
            .collect();
        let old = std::mem::replace(&mut self.lasting, new);
        old.into_iter().for_each(|size| self.give_back(size));
    }
}

//! Memoization of calls over the models of a file: what a block yields that is called as in a model before, with equal
//! arguments, is known without looking at it again. Of a model that is only looked at for what is wrong with it, such calls
//! become one node each, which nothing can compute. Everything that elaborating a call depends on is part of its key, or is
//! held against what was kept; and what is known reported nothing.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::Elaborator;
use super::call::Calling;
use super::draft::{Draft, Site};
use crate::bug::bug;
use crate::language::limits::{MAX_INSTANCES, MAX_NODES, MAX_PARAMETERS};
use crate::language::{BlockValue, Callee, Places, StartKind, Traced, Value};
use crate::model::{Graph, NodeId, Op, Shape};
use crate::primitives::Concat;

/// A call of more tensors than this is not looked for.
const MOST_TENSORS: usize = 32;

/// The calls of a sound model, by all that they depend on.
#[derive(Debug, Default)]
pub(crate) struct Known {
    calls: HashMap<Box<[u64]>, Yielded>,
}

/// What a call yields, and what it takes.
#[derive(Debug)]
struct Yielded {
    shape: Shape,
    /// Where the sizes of its positions were written.
    sizes: Places,
    nodes: usize,
    instances: usize,
    scalars: usize,
    /// The blocks that it expands, itself among them.
    blocks: Rc<[usize]>,
    /// How deep it stood.
    calls: usize,
    depth: usize,
}

/// What becomes of the calls of a model.
pub(super) enum Calls<'a> {
    /// All are elaborated.
    Anew,
    /// They are elaborated, and will be known.
    Kept(Known),
    /// Those that are known are not elaborated.
    Looked(&'a Known),
}

/// What was left out of a model because it is known.
#[derive(Debug)]
pub(super) struct LeftOut {
    /// The nodes that stand for calls.
    pub calls: Vec<NodeId>,
    /// How much the calls would be.
    pub nodes: usize,
    pub instances: usize,
    pub scalars: usize,
    /// Whether there can be nothing wrong with what was left out.
    pub sound: bool,
}

impl Default for LeftOut {
    fn default() -> Self {
        Self {
            calls: vec![],
            nodes: 0,
            instances: 0,
            scalars: 0,
            sound: true,
        }
    }
}

/// A call that begins.
pub(super) struct Begun {
    key: Box<[u64]>,
    tensors: Vec<NodeId>,
    nodes: usize,
    instances: usize,
    scalars: usize,
}

impl<'a> Elaborator<'a> {
    /// A call that begins, its arguments known; None if no other is equal to it.
    pub(super) fn begun(
        &self,
        number: usize,
        calling: &Calling<'a, '_>,
        slow: bool,
        values: &[Traced],
    ) -> Option<Begun> {
        // What was reported once is silent the next time.
        if matches!(self.memo, Calls::Anew)
            || !self.found.is_empty()
            || !calling.positions.is_empty()
            || self.changed.contains(&Callee::Block(number))
        {
            return None;
        }
        let mut key = KeyWriter {
            draft: &self.draft,
            changed: &self.changed,
            words: self.key_words.take(),
            tensors: vec![],
        };
        key.words.clear();
        key.words.extend([number as u64, u64::from(slow)]);
        let written = values.iter().try_for_each(|value| key.value(value));
        let KeyWriter { words, tensors, .. } = key;
        let key = written.map(|()| words.as_slice().into());
        self.key_words.set(words);
        Some(Begun {
            key: key?,
            tensors,
            nodes: self.draft.nodes.len(),
            instances: self.draft.instances.len(),
            scalars: self.draft.scalars,
        })
    }

    /// Keeps what a call yielded, if nothing was reported.
    pub(super) fn ended(&mut self, begun: Begun, result: &Traced) {
        let (Value::Tensor(id), true) = (&result.value, self.found.is_empty()) else {
            return;
        };
        let node = self.draft.node(*id);
        let own = id.index() >= begun.nodes && !matches!(node.op, Op::Coordinates(_));
        let Calls::Kept(known) = &mut self.memo else {
            return;
        };
        if own {
            let blocks = self.draft.blocks.iter().skip(begun.instances);
            let blocks: HashSet<usize> = blocks.flatten().copied().collect();
            let yielded = Yielded {
                shape: node.shape,
                sizes: self.draft.sizes(*id),
                nodes: self.draft.nodes.len() - begun.nodes,
                instances: self.draft.instances.len() - begun.instances,
                scalars: self.draft.scalars - begun.scalars,
                blocks: blocks.into_iter().collect(),
                calls: self.calls.len(),
                depth: self.depth,
            };
            known.calls.insert(begun.key, yielded);
        }
    }

    /// Whether a model with what was left out of it is within the limits that hold for all of it.
    pub(super) fn within_limits(&self, graph: &Graph) -> bool {
        let left_out = &self.left_out;
        graph.nodes.len() + left_out.nodes <= MAX_NODES
            && graph.instances.len() + left_out.instances <= MAX_INSTANCES
            && graph.parameter_count() + left_out.scalars as u64 <= MAX_PARAMETERS as u64
    }

    /// The node in place of a call that is known; None if it is not, or if it would stand deeper here or in a call of what
    /// it expands.
    pub(super) fn known(&mut self, begun: &Begun, calling: &Calling<'a, '_>) -> Option<NodeId> {
        let Calls::Looked(known) = self.memo else {
            return None;
        };
        let yielded = known.calls.get(&begun.key)?;
        if yielded.calls < self.calls.len() || yielded.depth < self.depth {
            return None;
        }
        // What it expands may be what is being expanded here: a circle, which was none there.
        let open = |block: &usize| {
            self.calls
                .iter()
                .any(|call| call.definition == Some(*block))
        };
        if yielded.blocks.iter().any(open) {
            return None;
        }
        let (draft, left_out) = (&mut self.draft, &mut self.left_out);
        left_out.scalars += yielded.scalars;
        left_out.nodes += yielded.nodes;
        left_out.instances += yielded.instances;
        self.expanded.extend(yielded.blocks.iter());
        let site = Site {
            path: Arc::default(),
            instance: calling.scope.instance,
            iteration: calling.scope.iteration,
            span: calling.span,
            slow: calling.scope.slow,
        };
        let reads = Concat {
            parts: begun.tensors.clone(),
        };
        let id = draft.push(reads.into(), yielded.shape, &site, Arc::default());
        draft.set_sizes(id, yielded.sizes.clone());
        left_out.calls.push(id);
        Some(id)
    }
}

/// Writes the key of a call.
struct KeyWriter<'a> {
    draft: &'a Draft,
    changed: &'a HashSet<Callee>,
    words: Vec<u64>,
    /// The tensors among the arguments, each once.
    tensors: Vec<NodeId>,
}

impl KeyWriter<'_> {
    /// None if a change may concern what is called with the value, or if it cannot be told from others.
    fn value(&mut self, value: &Traced) -> Option<()> {
        self.places(&value.places);
        match &value.value {
            Value::Tensor(id) => self.tensor(*id)?,
            Value::Int(n) => self.words.extend([1, *n as u64]),
            Value::Float(x) => self.words.extend([2, x.to_bits()]),
            Value::Bool(b) => self.words.extend([3, u64::from(*b)]),
            Value::Word(word) => {
                self.words.push(4);
                self.text(word);
            }
            Value::Init(start) => {
                let (kind, a, b) = match start.kind {
                    StartKind::None => (0, 0.0, 0.0),
                    StartKind::Number(a) => (1, a, 0.0),
                    StartKind::Uniform(a) => (2, a, 0.0),
                    StartKind::Normal(a) => (3, a, 0.0),
                    StartKind::KaimingUniform(a) => (4, a, 0.0),
                    StartKind::KaimingNormal(a) => (5, a, 0.0),
                    StartKind::GammaUniform(a, b) => (6, a, b),
                };
                let scale = start.scale.to_bits();
                let fixed = u64::from(start.fixed);
                self.words
                    .extend([5, kind, a.to_bits(), b.to_bits(), scale, fixed]);
            }
            Value::Block(block) => self.block(block)?,
            Value::List(items) => {
                self.words.extend([7, items.len() as u64]);
                items.iter().try_for_each(|item| self.value(item))?;
            }
            Value::Unknown => return None,
        }
        Some(())
    }

    /// What a call can see of a tensor: whether it is the same as one before it, its shape, and where that was written.
    fn tensor(&mut self, id: NodeId) -> Option<()> {
        let at = match self.tensors.iter().position(|known| *known == id) {
            Some(at) => at,
            None if self.tensors.len() < MOST_TENSORS => {
                self.tensors.push(id);
                self.tensors.len() - 1
            }
            None => return None,
        };
        let node = self.draft.node(id);
        let grid = matches!(node.op, Op::Coordinates(_));
        let shape = node.shape;
        let flags = u64::from(grid) << 1 | u64::from(shape.batched);
        self.words
            .extend([0, at as u64, flags, shape.channels as u64]);
        let sizes = shape.sizes.as_slice();
        self.words.push(sizes.len() as u64);
        self.words.extend(sizes.iter().map(|size| *size as u64));
        self.places(&self.draft.sizes(id));
        Some(())
    }

    fn block(&mut self, block: &BlockValue) -> Option<()> {
        if self.changed.contains(&block.callee) {
            return None;
        }
        let (kind, number) = match block.callee {
            Callee::Block(number) => (0, number),
            Callee::Primitive(number) => (1, number),
            Callee::Row => bug!("a row of a table is no value"),
        };
        let fixed = block.fixed.len() as u64;
        self.words.extend([6, kind, number as u64, fixed]);
        for (name, value) in &block.fixed {
            self.text(name);
            self.value(value)?;
        }
        Some(())
    }

    fn places(&mut self, places: &Places) {
        self.words.push(places.iter().count() as u64);
        for place in places.iter() {
            let (start, end) = (u64::from(place.span.start), u64::from(place.span.end));
            self.words.extend([place.kind as u64, start << 32 | end]);
        }
    }

    fn text(&mut self, text: &str) {
        self.words.push(text.len() as u64);
        let eight = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |word, byte| word << 8 | u64::from(*byte))
        };
        self.words.extend(text.as_bytes().chunks(8).map(eight));
    }
}

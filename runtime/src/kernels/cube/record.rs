//! Entering an operation with a hand-written gradient into Burn's autodiff graph, on any backend. Computes nothing itself.

use std::fmt;
use std::marker::PhantomData;

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

/// A tensor with its place in the graph.
pub type Tracked<B, C> = FloatTensor<Autodiff<B, C>>;

/// From the output's gradient and which parents want one, the gradients of the parents.
struct Rule<B, F>(F, PhantomData<fn() -> B>);

impl<B, F> fmt::Debug for Rule<B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rule")
    }
}

impl<B, F, const N: usize> Backward<B, N> for Rule<B, F>
where
    B: Backend,
    F: FnOnce(FloatTensor<B>, [bool; N]) -> [Option<FloatTensor<B>>; N] + Send + 'static,
{
    type State = ();

    fn backward(self, ops: Ops<(), N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let results = (self.0)(grad, wanted);
        for (parent, result) in ops.parents.into_iter().zip(results) {
            if let (Some(parent), Some(result)) = (parent, result) {
                grads.register::<B>(parent.id, result);
            }
        }
    }
}

/// Records `output` as computed from `parents`; `rule` is dropped unused where no parent is tracked.
pub fn record<B, C, F, const N: usize>(
    parents: [&Tracked<B, C>; N],
    output: FloatTensor<B>,
    rule: F,
) -> Tracked<B, C>
where
    B: Backend,
    C: CheckpointStrategy,
    F: FnOnce(FloatTensor<B>, [bool; N]) -> [Option<FloatTensor<B>>; N] + Send + 'static,
{
    let nodes = parents.map(|parent| parent.node.clone());
    let rule = Rule::<B, F>(rule, PhantomData);
    match Backward::<B, N>::prepare::<C>(rule, nodes)
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(op) => op.finish((), output),
        OpsKind::UnTracked(op) => op.finish(output),
    }
}

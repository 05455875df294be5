//! Entering an operation with a hand-written gradient into Burn's autodiff graph. Computes nothing itself.

use std::fmt;

use burn::tensor::ops::FloatTensor;
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use burn_flex::{Flex, FlexTensor};

/// A tensor with its place in the graph.
pub type Tracked<C> = FloatTensor<Autodiff<Flex, C>>;

/// Most parents an operation can have.
pub const PARENTS: usize = 64;

/// From the output's gradient and which parents want one, the gradients of the parents.
struct Rule<F> {
    rule: F,
    parents: usize,
}

impl<F> fmt::Debug for Rule<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rule")
    }
}

impl<F, const N: usize> Backward<Flex, N> for Rule<F>
where
    F: FnOnce(FlexTensor, &[bool]) -> Vec<Option<FlexTensor>> + Send + 'static,
{
    type State = ();

    fn backward(self, ops: Ops<(), N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let parents = ops.parents.into_iter().take(self.parents);
        let parents: Vec<_> = parents.collect();
        let wanted: Vec<bool> = parents.iter().map(Option::is_some).collect();
        let results = (self.rule)(grad, &wanted);
        for (parent, result) in parents.into_iter().zip(results) {
            if let (Some(parent), Some(result)) = (parent, result) {
                grads.register::<Flex>(parent.id, result);
            }
        }
    }
}

/// Records `output` as computed from `parents` (1 to [`PARENTS`]); `rule` is dropped unused where no parent is tracked.
pub fn record<C, F>(parents: &[&Tracked<C>], output: FlexTensor, rule: F) -> Tracked<C>
where
    C: CheckpointStrategy,
    F: FnOnce(FlexTensor, &[bool]) -> Vec<Option<FlexTensor>> + Send + 'static,
{
    debug_assert!((1..=PARENTS).contains(&parents.len()));
    match parents.len() {
        1 => enter::<C, F, 1>(parents, output, rule),
        2 => enter::<C, F, 2>(parents, output, rule),
        3 => enter::<C, F, 3>(parents, output, rule),
        4..=8 => enter::<C, F, 8>(parents, output, rule),
        9..=16 => enter::<C, F, 16>(parents, output, rule),
        _ => enter::<C, F, PARENTS>(parents, output, rule),
    }
}

/// Records with room for `N` parents; the last one fills unused places.
fn enter<C, F, const N: usize>(parents: &[&Tracked<C>], output: FlexTensor, rule: F) -> Tracked<C>
where
    C: CheckpointStrategy,
    F: FnOnce(FlexTensor, &[bool]) -> Vec<Option<FlexTensor>> + Send + 'static,
{
    let nodes = std::array::from_fn::<_, N, _>(|i| parents[i.min(parents.len() - 1)].node.clone());
    let rule = Rule {
        rule,
        parents: parents.len(),
    };
    match Backward::<Flex, N>::prepare::<C>(rule, nodes)
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(op) => op.finish((), output),
        OpsKind::UnTracked(op) => op.finish(output),
    }
}

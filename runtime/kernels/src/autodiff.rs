//! Calls with gradients, on any backend: records which tensors a call keeps, and asks the backend for the gradients.
//! Computes nothing itself.

use std::fmt;
use std::marker::PhantomData;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, TensorMetadata};

use crate::backend::{Gradient, Kernels, Tensors};
use crate::call::{Call, Kind};

/// Most operands that a recorded call can have.
pub const OPERANDS: usize = 64;

/// What the backward pass of a call needs.
struct Step<B: Kernels> {
    call: Call,
    operands: Vec<Kind>,
    saved: Vec<FloatTensor<B>>,
}

impl<B: Kernels> fmt::Debug for Step<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.call.name())
    }
}

/// A step with room for `N` operands.
#[derive(Debug)]
struct Recorded<B: Kernels, const N: usize>(Step<B>, PhantomData<[(); N]>);

impl<B: Kernels, const N: usize> Backward<B, N> for Recorded<B, N> {
    type State = ();

    fn backward(self, ops: Ops<(), N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let Step {
            call,
            operands,
            saved,
        } = self.0;
        let parents = ops.parents.into_iter().take(operands.len());
        let parents: Vec<_> = parents.collect();
        let needs_grad: Vec<bool> = parents.iter().map(Option::is_some).collect();
        let grad = grads.consume::<B>(&ops.node);
        let gradient = Gradient {
            call,
            operands,
            needs_grad,
        };
        let inputs = std::iter::once(grad).chain(saved).collect();
        let found = B::backward(gradient, Tensors(inputs)).0;
        for (parent, grad) in parents.into_iter().flatten().zip(found) {
            grads.register::<B>(parent.id, grad);
        }
    }
}

impl<B: Kernels, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    fn forward(call: Call, operands: Tensors<Self>) -> Tensors<Self> {
        let tracked = operands.0;
        match tracked.len() {
            0 => unreachable!("a call has operands"),
            1 => record::<B, C, 1>(call, tracked),
            2 => record::<B, C, 2>(call, tracked),
            3 => record::<B, C, 3>(call, tracked),
            4..=8 => record::<B, C, 8>(call, tracked),
            9..=16 => record::<B, C, 16>(call, tracked),
            _ => record::<B, C, OPERANDS>(call, tracked),
        }
    }

    fn backward(_: Gradient, _: Tensors<Self>) -> Tensors<Self> {
        unreachable!("a backward pass runs on the backend without gradients")
    }
}

/// Computes the call and records it; the last operand fills places that are left over.
#[allow(
    clippy::indexing_slicing,
    reason = "a call has one to `N` operands, and `saved` names some of them"
)]
fn record<B: Kernels, C: CheckpointStrategy, const N: usize>(
    call: Call,
    tracked: Vec<FloatTensor<Autodiff<B, C>>>,
) -> Tensors<Autodiff<B, C>> {
    let nodes = std::array::from_fn::<_, N, _>(|i| tracked[i.min(tracked.len() - 1)].node());
    let inner: Vec<FloatTensor<B>> = (tracked.into_iter()).map(|x| x.into_primitive()).collect();
    let kinds = inner.iter().map(|x| Kind {
        shape: x.shape(),
        dtype: x.dtype(),
    });
    let operands: Vec<Kind> = kinds.collect();
    let Some(kept) = call.saved() else {
        unreachable!("a call without a gradient is not made on tensors that may need one")
    };
    let mut saved: Vec<FloatTensor<B>> = kept.operands.iter().map(|i| inner[*i].clone()).collect();
    let mut results = B::forward(call.clone(), Tensors(inner)).0.into_iter();
    let Some(result) = results.next() else {
        unreachable!("a call has a result")
    };
    saved.extend(kept.result.then(|| result.clone()));
    saved.extend(results);
    let step = Step {
        call,
        operands,
        saved,
    };
    let recorded = Recorded::<B, N>(step, PhantomData);
    let prepared = Backward::<B, N>::prepare::<C>(recorded, nodes);
    let result = match prepared.compute_bound().stateful() {
        OpsKind::Tracked(op) => op.finish((), result),
        OpsKind::UnTracked(op) => op.finish(result),
    };
    Tensors(vec![result])
}

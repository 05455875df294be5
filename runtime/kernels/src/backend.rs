//! The seam between operations and devices: one trait that every backend implements. Decides nothing and computes nothing.

use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Backend, BackendTensor, Dispatch, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind,
    ExtensionType, backend_extension,
};

use crate::call::{Call, Kind};

/// Tensors in the order that a [`Call`] states.
#[derive(Debug)]
pub struct Tensors<B: Backend>(pub Vec<FloatTensor<B>>);

/// A gradient that is asked for.
#[derive(Clone, Debug)]
pub struct Gradient {
    /// Of this call's result.
    pub call: Call,
    /// What its operands were.
    pub operands: Vec<Kind>,
    /// Which of them need one.
    pub needs_grad: Vec<bool>,
}

/// The operations as a backend computes them. They are given tensors that its kernels take.
#[backend_extension(Flex, Cube: cfg(feature = "cube"), Autodiff)]
pub trait Kernels: Backend {
    /// The results, then the statistics that the gradient needs.
    fn forward(call: Call, #[extension_type] operands: Tensors<Self>) -> Tensors<Self>;

    /// The gradients of the operands that need one, in their order, from the gradient of the result, then the operands and
    /// the result that [`Call::saved`] names, then the statistics.
    fn backward(gradient: Gradient, #[extension_type] saved: Tensors<Self>) -> Tensors<Self>;
}

impl<B: Backend> ExtensionType<B> for Tensors<B> {
    type Target = Tensors<Dispatch>;

    fn map_to_dispatch<F>(self, map_kind: F, autodiff: DispatchAutodiffContext) -> Self::Target
    where
        F: Fn(BackendTensor<B>) -> DispatchTensorKind,
    {
        let each = self.0.into_iter().map(|tensor| DispatchTensor {
            kind: map_kind(BackendTensor::Float(tensor)),
            autodiff,
        });
        Tensors(each.collect())
    }

    fn map_from_dispatch<F>(target: Self::Target, unwrap_kind: F) -> Self
    where
        F: Fn(DispatchTensor) -> BackendTensor<B>,
    {
        let each = target.0.into_iter();
        Tensors(each.map(|tensor| unwrap_kind(tensor).float()).collect())
    }

    fn routing_tensor(target: &Self::Target) -> Option<&DispatchTensor> {
        target.0.first()
    }

    fn routing_float_tensor(target: &Self::Target) -> Option<&DispatchTensor> {
        target.0.first()
    }

    fn autodiff_context(target: &Self::Target) -> DispatchAutodiffContext {
        let disabled = DispatchAutodiffContext::Disabled;
        (target.0.iter()).fold(disabled, |context, tensor| context.merge(tensor.autodiff))
    }
}

//! Between Burn's tensors and slices of float32.

use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor, TensorMetadata, TensorPrimitive};
use burn_flex::FlexTensor;

/// The primitive of a float tensor.
pub fn primitive<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> B::FloatTensorPrimitive {
    tensor.into_primitive().tensor()
}

/// The tensor of a primitive of rank `D`.
pub fn tensor<B: Backend, const D: usize>(primitive: B::FloatTensorPrimitive) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

/// Whether own kernels can read it: they know float32 only.
pub fn is_f32<B: Backend, const D: usize>(tensor: &Tensor<B, D>) -> bool {
    tensor.dtype() == DType::F32
}

/// The same values in row-major order.
pub fn contiguous(tensor: FlexTensor) -> FlexTensor {
    match tensor.is_contiguous() {
        true => tensor,
        false => tensor.to_contiguous(),
    }
}

/// The values of a contiguous float32 tensor.
pub fn values(tensor: &FlexTensor) -> &[f32] {
    let slice = tensor.as_slice::<f32>();
    debug_assert!(slice.is_some(), "the tensor must be contiguous and float32");
    slice.unwrap_or(&[])
}

/// The sizes of a tensor of rank 4.
pub fn dims4(tensor: &FlexTensor) -> [usize; 4] {
    let shape = tensor.shape();
    std::array::from_fn(|i| shape[i])
}

//! Between tensors of Flex and slices of float32.

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;

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

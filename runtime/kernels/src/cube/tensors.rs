//! New tensors beside others, and how many units a cube of the kernels has. Launches nothing.

use burn::tensor::{DType, Shape};
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::sums::UNITS;

/// A new tensor on the device of another one; its numbers are not set.
pub fn beside(x: &CubeTensor, shape: Shape, dtype: DType) -> CubeTensor {
    empty_device_contiguous_dtype(x.client.clone(), x.device.clone(), shape, dtype)
}

/// These numbers as a vector on the device of another tensor.
pub fn uploaded<E: CubeElement>(x: &CubeTensor, numbers: &[E], dtype: DType) -> CubeTensor {
    let handle = x.client.create_from_slice(E::as_bytes(numbers));
    let shape = Shape::new([numbers.len()]);
    CubeTensor::new_contiguous(x.client.clone(), x.device.clone(), shape, handle, dtype)
}

/// A row of [`UNITS`] units.
pub fn units() -> CubeDim {
    CubeDim::new_1d(UNITS as u32)
}

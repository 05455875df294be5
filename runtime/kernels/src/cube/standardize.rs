//! Standardization fused with a product before it and with GELU and a bias after it, and its gradient. A cube per image
//! and channel finds its moments; where a channel's statistics are the batch's, a second kernel joins them, and a third
//! applies them; else the first does all. Kept for the gradient: mean and inverse deviation per image and channel.

mod kernels;

use burn::backend::TensorMetadata;
use burn::backend::cubecl::dtype_to_elem_type;
use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use self::kernels::{apply, apply_back, code, join, join_back, rows, rows_back};

use super::tensors::{beside, units};
use super::work::Statistics;
use crate::call::{Finish, Kind};

/// Sizes of a launch.
struct Grid {
    images: u32,
    channels: u32,
    positions: usize,
}

impl Grid {
    fn of(x: &CubeTensor) -> Self {
        let shape = x.shape();
        let size = |axis: usize| shape.iter().copied().nth(axis).unwrap_or(1);
        Self {
            images: size(0) as u32,
            channels: size(1) as u32,
            positions: size(2) * size(3),
        }
    }

    fn is_empty(&self) -> bool {
        self.images == 0 || self.channels == 0 || self.positions == 0
    }

    fn rows(&self) -> CubeCount {
        CubeCount::Static(self.channels, self.images, 1)
    }

    fn channels(&self) -> CubeCount {
        CubeCount::Static(self.channels, 1, 1)
    }
}

/// The maps and what follows them, all with their numbers in order.
fn in_order(inputs: Vec<CubeTensor>) -> impl Iterator<Item = CubeTensor> {
    inputs.into_iter().map(into_contiguous)
}

/// See [`Work::Standardize`](super::work::Work::Standardize).
pub fn forward(
    inputs: Vec<CubeTensor>,
    results: &[Kind],
    statistics: Statistics,
    product: bool,
    finish: Finish,
) -> Vec<CubeTensor> {
    let mut inputs = in_order(inputs);
    let Some(a) = inputs.next() else {
        return vec![];
    };
    let b = match product {
        true => inputs.next(),
        false => None,
    };
    let b = b.unwrap_or_else(|| a.clone());
    let bias = inputs.next().unwrap_or_else(|| a.clone());
    let made: Vec<CubeTensor> = results
        .iter()
        .map(|kind| beside(&a, kind.shape.clone(), kind.dtype))
        .collect();
    let [out, kept] = made.as_slice() else {
        return made;
    };
    let grid = Grid::of(&a);
    if grid.is_empty() {
        return made;
    }
    let client = a.client.clone();
    let types = [dtype_to_elem_type(a.dtype), dtype_to_elem_type(bias.dtype)];
    let whole = statistics.by_image();
    // SAFETY: a cube per row of contiguous tensors of the sizes the grid was made from; units stay inside their row.
    unsafe {
        rows::launch_unchecked(
            &client,
            grid.rows(),
            units(),
            a.clone().into_tensor_arg(),
            b.clone().into_tensor_arg(),
            bias.clone().into_tensor_arg(),
            out.clone().into_tensor_arg(),
            kept.clone().into_tensor_arg(),
            grid.positions,
            product,
            code(finish),
            whole,
            types,
        );
        if !whole {
            join::launch_unchecked(
                &client,
                grid.channels(),
                units(),
                kept.clone().into_tensor_arg(),
                grid.images,
                statistics.group,
                statistics.known,
            );
            apply::launch_unchecked(
                &client,
                grid.rows(),
                units(),
                a.into_tensor_arg(),
                b.into_tensor_arg(),
                bias.into_tensor_arg(),
                kept.clone().into_tensor_arg(),
                out.clone().into_tensor_arg(),
                grid.positions,
                product,
                code(finish),
                types,
            );
        }
    }
    made
}

/// See [`Work::StandardizeBackward`](super::work::Work::StandardizeBackward).
pub fn backward(
    inputs: Vec<CubeTensor>,
    results: &[Kind],
    statistics: Statistics,
    product: bool,
    has_gelu: bool,
) -> Vec<CubeTensor> {
    let mut inputs = in_order(inputs);
    let (Some(grad), Some(a)) = (inputs.next(), inputs.next()) else {
        return vec![];
    };
    let b = match product {
        true => inputs.next(),
        false => None,
    };
    let b = b.unwrap_or_else(|| a.clone());
    let Some(kept) = inputs.next() else {
        return vec![];
    };
    let made: Vec<CubeTensor> = results
        .iter()
        .map(|kind| beside(&a, kind.shape.clone(), kind.dtype))
        .collect();
    let Some(to_a) = made.first() else {
        return made;
    };
    let grid = Grid::of(&a);
    if grid.is_empty() {
        return made;
    }
    let to_b = made.get(1).unwrap_or(to_a);
    let means = beside(&a, kept.shape(), DType::F32);
    let client = a.client.clone();
    let dtype = dtype_to_elem_type(a.dtype);
    let whole = statistics.by_image();
    // SAFETY: as in `forward`.
    unsafe {
        rows_back::launch_unchecked(
            &client,
            grid.rows(),
            units(),
            grad.clone().into_tensor_arg(),
            a.clone().into_tensor_arg(),
            b.clone().into_tensor_arg(),
            kept.clone().into_tensor_arg(),
            to_a.clone().into_tensor_arg(),
            to_b.clone().into_tensor_arg(),
            means.clone().into_tensor_arg(),
            grid.positions,
            product,
            has_gelu,
            whole,
            dtype,
        );
        if !whole {
            join_back::launch_unchecked(
                &client,
                grid.channels(),
                units(),
                means.clone().into_tensor_arg(),
                grid.images,
                statistics.group,
                statistics.known,
            );
            apply_back::launch_unchecked(
                &client,
                grid.rows(),
                units(),
                grad.into_tensor_arg(),
                a.into_tensor_arg(),
                b.into_tensor_arg(),
                kept.into_tensor_arg(),
                means.into_tensor_arg(),
                to_a.clone().into_tensor_arg(),
                to_b.clone().into_tensor_arg(),
                grid.positions,
                product,
                has_gelu,
                dtype,
            );
        }
    }
    made
}

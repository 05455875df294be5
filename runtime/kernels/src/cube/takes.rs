//! Which operands the kernels take. Everything else is computed in composed form.

use burn::tensor::DType;

use super::depthwise::LARGEST;
use super::pieces;
use crate::call::{Call, Kind};

/// Whether there is a kernel for operands of these shapes and types.
pub fn takes(call: &Call, operands: &[Kind]) -> bool {
    let floats = |dtype: DType| matches!(dtype, DType::F32 | DType::F16 | DType::BF16);
    if !operands.iter().all(|operand| floats(operand.dtype)) {
        return false;
    }
    match (call, operands) {
        (Call::Standardize { maps: 2, .. } | Call::Matmul, [a, b, ..]) => a.dtype == b.dtype,
        (Call::Sines { .. } | Call::Join, _) => all_float32(operands),
        (Call::Cut { sizes } | Call::Norms { sizes, .. }, _) => {
            all_float32(operands) && (1..=pieces::MOST).contains(&sizes.len())
        }
        (
            Call::Pointwise {
                maps: 1,
                gelu: false,
                ..
            },
            [first, rest @ ..],
        ) => rest.iter().all(|operand| operand.dtype == first.dtype),
        (Call::Standardize { .. } | Call::Activate(_), _) => true,
        (Call::Depthwise, [_, kernel]) => {
            let [.., height, width] = kernel.dims4();
            height == width && width <= LARGEST
        }
        _ => false,
    }
}

fn all_float32(operands: &[Kind]) -> bool {
    operands.iter().all(|operand| operand.dtype == DType::F32)
}

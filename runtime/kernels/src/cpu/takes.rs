//! Which operands the kernels of the CPU take. Everything else is computed in composed form.

use burn::tensor::DType;

use crate::call::{Call, Kind};

/// Whether there is a kernel for operands of these shapes and types: float32 always.
pub fn takes(call: &Call, operands: &[Kind]) -> bool {
    let dims = |index: usize| operands.get(index).map_or([0; 4], Kind::dims4);
    let shapes = match call {
        Call::Add | Call::Multiply => broadcasts(dims(0), dims(1)),
        Call::Gate => covers(dims(0), dims(1)) && covers(dims(0), dims(2)),
        // Burn's own cut makes no copy, and a slow net does its sines itself.
        Call::Cut { .. } | Call::Join | Call::Sines { .. } => false,
        // A line's kernel, or an oblong one, has another number of rows than of columns.
        Call::Depthwise => dims(1)[2] == dims(1)[3],
        Call::Matmul => dims(0)[..2] == dims(1)[..2],
        Call::StandardizeScaled => dims(1)[2..] == [1, 1] && covers(dims(0), dims(1)),
        _ => true,
    };
    shapes && operands.iter().all(|operand| operand.dtype == DType::F32)
}

/// Whether height and width of both are whole or both of size 1, and the other axes broadcast.
fn broadcasts(a: [usize; 4], b: [usize; 4]) -> bool {
    let ([an, ac, ah, aw], [bn, bc, bh, bw]) = (a, b);
    let planes = (ah, aw) == (bh, bw) || (ah, aw) == (1, 1) || (bh, bw) == (1, 1);
    let axis = |a: usize, b: usize| a == b || a == 1 || b == 1;
    planes && axis(an, bn) && axis(ac, bc)
}

/// Whether `b` only has to be expanded to have the sizes `a`.
fn covers(a: [usize; 4], b: [usize; 4]) -> bool {
    let positions = (a[2], a[3]) == (b[2], b[3]) || (b[2], b[3]) == (1, 1);
    positions && (0..2).all(|i| b[i] == a[i] || b[i] == 1)
}

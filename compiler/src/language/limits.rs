//! How large a model and its text may be, all in one place: every size and product of sizes is held against these before
//! anything is made of it. What the syntax limits, `termc-grammar` states.

use super::Refusal;
use crate::diagnostics::ShapeKind;
use crate::parts::Shape;

/// Most channels of a value, and longest axis of a value that has one axis of positions.
pub(crate) const MAX_CHANNELS: usize = 1 << 20;
/// Longest side of a value that has two axes of positions.
pub(crate) const MAX_SIDE: usize = 1 << 14;
/// Most scalars of one value, per image.
pub(crate) const MAX_VALUE: usize = 1 << 31;
/// Most parameters of a model: 2 to the 32, one less where the compiler itself runs on 32 bits.
pub(crate) const MAX_PARAMETERS: usize = (u32::MAX as usize).saturating_add(1);
/// Most nodes of a model.
pub(crate) const MAX_NODES: usize = 4_000_000;
/// Most block calls of a model, one in another counted.
pub(crate) const MAX_INSTANCES: usize = 1_000_000;

/// Most members of a family.
pub(crate) const MOST_MEMBERS: usize = 4096;
/// How deep blocks may call blocks.
pub(crate) const MOST_CALLS: usize = 64;
/// How deep calls and expressions together may be nested.
pub(crate) const DEEPEST: usize = 400;
/// Most rounds of a loop.
pub(crate) const MOST_ROUNDS: i64 = 100_000;
/// Most elements of a list that `*` makes.
pub(crate) const LONGEST_LIST: usize = 100_000;
/// Nobody reads more findings than this: after so many elaboration stops.
pub(crate) const MOST_FOUND: usize = 100;

/// Most classes of a model.
pub(crate) const MAX_CLASSES: usize = 1_000_000;
/// Most epochs of training.
pub const MAX_EPOCHS: usize = 100_000;
/// Most images of a batch.
pub const MAX_BATCH: usize = 1_000_000;
/// Most batches of a step.
pub(crate) const MAX_ACCUMULATED: usize = 100_000;

/// The longest axis of a value with this many axes of positions.
pub(crate) fn longest_axis(rank: usize) -> usize {
    if rank > 1 { MAX_SIDE } else { MAX_CHANNELS }
}

/// The shape, if a value may have it.
///
/// # Errors
/// Blames the call if there are too many channels or scalars.
pub(crate) fn limited(shape: Shape) -> Result<Shape, Refusal> {
    if shape.channels > MAX_CHANNELS {
        return Err(Refusal::call(ShapeKind::TooManyChannels {
            // A sum or product that no `usize` held was replaced by the largest.
            channels: Some(shape.channels).filter(|n| *n != usize::MAX),
            most: MAX_CHANNELS,
        }));
    }
    if shape.per_image() > MAX_VALUE {
        return Err(Refusal::call(ShapeKind::TooManyScalars {
            shape,
            most: MAX_VALUE,
        }));
    }
    Ok(shape)
}

/// The parameters of the model so far and those of one more tensor.
///
/// # Errors
/// Blames the call if there are too many.
pub(crate) fn parameters_with(so_far: usize, shape: &[usize]) -> Result<usize, Refusal> {
    let count = shape
        .iter()
        .try_fold(1usize, |n, size| n.checked_mul(*size));
    let total = count.and_then(|n| n.checked_add(so_far));
    total.filter(|n| *n <= MAX_PARAMETERS).ok_or_else(|| {
        Refusal::call(ShapeKind::TooManyParameters {
            shape: shape.to_vec(),
            most: MAX_PARAMETERS,
        })
    })
}

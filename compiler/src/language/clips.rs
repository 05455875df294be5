//! Gradient clipping as the model holds it, and as a file writes it.

use serde::Serialize;

use super::choice::Choice;
use super::{Given, parameters};

/// Gradient clipping.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Clip {
    /// Scales all gradients so that their joint L2 norm is at most this.
    Norm(f64),
    /// Clamps each gradient scalar to `[-v, v]`.
    Value(f64),
}

/// Values of `clip`.
pub(crate) static CLIPS: &[Choice<Clip>] = &[
    Choice {
        name: "norm",
        doc: "Scales all gradients so that their joint L2 norm is at most `limit`.",
        parameters: Limit::parameters,
        make: |values| Ok(Clip::Norm(Limit::read(values).limit.positive("`limit`")?)),
    },
    Choice {
        name: "value",
        doc: "Clamps each scalar of the gradients to `[-limit, limit]`.",
        parameters: Limit::parameters,
        make: |values| Ok(Clip::Value(Limit::read(values).limit.positive("`limit`")?)),
    },
];

parameters! {
    struct Limit {
        /// The limit.
        limit: Given<f64>,
    }
}

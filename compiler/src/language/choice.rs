//! Rows of the tables of what training settings may be: `kar3(lr, betas)`, `random_crop(padding, mode)`.

use super::{Parameter, Refusal, Traced};

/// One row of a table.
pub(crate) struct Choice<T> {
    /// Its name.
    pub name: &'static str,
    /// What it means, in the words of the reference.
    pub doc: &'static str,
    /// Its parameters in order.
    pub parameters: fn() -> Vec<Parameter>,
    /// Reads values of the parameters' types, one each, in order.
    pub make: fn(Vec<Traced>) -> Result<T, Refusal>,
}

//! Whether named tensors are a model's parameters: compares names and shapes, never numbers.

use std::collections::BTreeMap;
use std::fmt;

use super::{Model, Param};

/// How named tensors differ from what a model needs; at least one list is not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mismatch {
    /// Parameters without a tensor.
    pub missing: Vec<String>,
    /// Tensors without a parameter.
    pub unknown: Vec<String>,
    /// Name, the model's shape, the tensor's shape.
    pub shapes: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl Mismatch {
    /// Compares names and shapes; `tensors` are the shapes of what there is, by name.
    ///
    /// # Errors
    /// Everything that differs.
    pub fn check(model: &Model, mut tensors: BTreeMap<&str, &[usize]>) -> Result<(), Self> {
        let mut found = Self::default();
        for Param { path, shape, .. } in &model.params {
            match tensors.remove(path.as_str()) {
                None => found.missing.push(path.clone()),
                Some(sizes) if sizes == shape => {}
                Some(sizes) => {
                    let (wanted, sizes) = (shape.clone(), sizes.to_vec());
                    found.shapes.push((path.clone(), wanted, sizes));
                }
            }
        }
        found.unknown = tensors.into_keys().map(str::to_owned).collect();
        if found == Self::default() {
            Ok(())
        } else {
            Err(found)
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the weights do not fit the model")?;
        let (missing, unknown) = (self.missing.iter(), self.unknown.iter());
        list(f, missing.map(|name| format!("missing: `{name}`")))?;
        list(f, unknown.map(|name| format!("not in the model: `{name}`")))?;
        let shapes = self.shapes.iter().map(|(name, expected, found)| {
            format!("shape of `{name}`: the model has {expected:?}, the weights {found:?}")
        });
        list(f, shapes)
    }
}

/// Most names of one kind in a message: of the wrong file all are wrong, and the first ones tell as much as hundreds.
pub const MOST_NAMES: usize = 10;

/// Some lines, and how many more there are.
///
/// # Errors
/// If the formatter cannot be written to.
pub fn list(
    f: &mut fmt::Formatter<'_>,
    lines: impl ExactSizeIterator<Item = String>,
) -> fmt::Result {
    let more = lines.len().saturating_sub(MOST_NAMES);
    for line in lines.take(MOST_NAMES) {
        write!(f, "\n  {line}")?;
    }
    match more {
        0 => Ok(()),
        more => write!(f, "\n  ... and {more} more like these"),
    }
}

impl std::error::Error for Mismatch {}

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
        for name in &self.missing {
            write!(f, "\n  missing: `{name}`")?;
        }
        for name in &self.unknown {
            write!(f, "\n  not in the model: `{name}`")?;
        }
        for (name, expected, found) in &self.shapes {
            write!(
                f,
                "\n  shape of `{name}`: the model has {expected:?}, the weights {found:?}"
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Mismatch {}

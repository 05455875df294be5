//! Whether a model fits a data set. Changes neither.

use std::fmt;

use termc_compiler::model::Model;

use super::dataset::Dataset;

/// A model and a data set that do not belong together; the message names both sides.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Incompatible {
    /// Name, input and classes of the model.
    pub model: (String, [usize; 3], usize),
    /// Name, image shape and classes of the data set.
    pub data: (String, [usize; 3], usize),
}

impl fmt::Display for Incompatible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (model, input, outputs) = &self.model;
        let (data, image, classes) = &self.data;
        let mut differences = Vec::new();
        for (index, axis) in ["channels", "rows", "columns"].iter().enumerate() {
            if let (Some(wants), Some(has)) = (input.get(index), image.get(index))
                && wants != has
            {
                differences.push(format!("{axis} {wants} against {has}"));
            }
        }
        if outputs != classes {
            differences.push(format!("classes {outputs} against {classes}"));
        }
        let [c, h, w] = input;
        let [dc, dh, dw] = image;
        write!(
            f,
            "model `{model}` takes images [{c}, {h}, {w}] of {outputs} classes, data set `{data}` has images \
             [{dc}, {dh}, {dw}] of {classes} classes: {}",
            differences.join(", ")
        )
    }
}

/// Refuses a model whose input or classes are not exactly the data set's.
pub fn require_compatible(model: &Model, dataset: &Dataset) -> Result<(), Incompatible> {
    compare(
        (model.name.clone(), model.input, model.classes),
        (dataset.name.clone(), dataset.shape, dataset.classes.len()),
    )
}

fn compare(
    model: (String, [usize; 3], usize),
    data: (String, [usize; 3], usize),
) -> Result<(), Incompatible> {
    if (model.1, model.2) == (data.1, data.2) {
        Ok(())
    } else {
        Err(Incompatible { model, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_named() {
        let model = ("Cifar10".to_owned(), [3, 32, 32], 10);
        let digits = ("digits".to_owned(), [1, 8, 8], 10);
        assert!(compare(model.clone(), ("CIFAR10".into(), [3, 32, 32], 10)).is_ok());
        let message = compare(model.clone(), digits).unwrap_err().to_string();
        assert_eq!(
            message,
            "model `Cifar10` takes images [3, 32, 32] of 10 classes, data set `digits` has images [1, 8, 8] of 10 \
             classes: channels 3 against 1, rows 32 against 8, columns 32 against 8"
        );
        let more = compare(model, ("CIFAR100".into(), [3, 32, 32], 100)).unwrap_err();
        assert!(more.to_string().ends_with(": classes 10 against 100"));
    }
}

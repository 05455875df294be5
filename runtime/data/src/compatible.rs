//! Whether a model fits a data set. Changes neither.

use std::fmt;

use termc_compiler::model::{Model, Shape};

use super::dataset::Dataset;

/// A model and a data set that do not belong together; the message names both sides.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Incompatible {
    /// Name, input `[channels, positions...]` and classes of the model.
    pub model: (String, Vec<usize>, usize),
    /// Name, image shape and classes of the data set.
    pub data: (String, [usize; 3], usize),
}

impl fmt::Display for Incompatible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (model, input, outputs) = &self.model;
        let (data, image, classes) = &self.data;
        let [channels, rows, columns] = *image;
        let (wanted, sizes) = input.split_first().unwrap_or((&0, &[]));
        let mut differences = Vec::new();
        let mut compare = |what: &str, wants: usize, has: usize| {
            if wants != has {
                differences.push(format!("{what} {wants} against {has}"));
            }
        };
        compare("channels", *wanted, channels);
        let kind = match sizes {
            [height, width] => {
                compare("rows", *height, rows);
                compare("columns", *width, columns);
                "images"
            }
            sizes => {
                compare("positions", sizes.iter().product(), rows * columns);
                "sequences"
            }
        };
        compare("classes", *outputs, *classes);
        write!(
            f,
            "model `{model}` takes {kind} {input:?} of {outputs} classes, data set `{data}` has images \
             {image:?} of {classes} classes: {}",
            differences.join(", ")
        )
    }
}

/// Refuses a model whose input or classes are not exactly the data set's. A sequence may be the pixels of an image one
/// after the other, row by row.
pub fn require_compatible(model: &Model, dataset: &Dataset) -> Result<(), Incompatible> {
    compare(
        (model.name.clone(), model.input, model.classes),
        (dataset.name.clone(), dataset.shape, dataset.classes.len()),
    )
}

/// Whether images `[channels, rows, columns]` are what a model of this input takes.
pub fn takes_images(input: &Shape, image: [usize; 3]) -> bool {
    let [channels, rows, columns] = image;
    let fits = match input.sizes.as_slice() {
        [height, width] => (*height, *width) == (rows, columns),
        _ => input.sizes.positions() == rows * columns,
    };
    fits && input.channels == channels
}

fn compare(
    model: (String, Shape, usize),
    data: (String, [usize; 3], usize),
) -> Result<(), Incompatible> {
    if takes_images(&model.1, data.1) && model.2 == data.2 {
        Ok(())
    } else {
        let (name, input, classes) = model;
        let input = [&[input.channels], input.sizes.as_slice()].concat();
        Err(Incompatible {
            model: (name, input, classes),
            data,
        })
    }
}

#[cfg(test)]
mod tests {
    use termc_compiler::model::Sizes;

    use super::*;

    fn input(channels: usize, sizes: &[usize]) -> Shape {
        Shape {
            batched: true,
            channels,
            sizes: Sizes::new(sizes).unwrap(),
        }
    }

    #[test]
    fn the_pixels_of_an_image_are_a_sequence() {
        assert!(takes_images(&input(1, &[64]), [1, 8, 8]));
        assert!(!takes_images(&input(1, &[63]), [1, 8, 8]));
        assert!(!takes_images(&input(3, &[64]), [1, 8, 8]));
        let model = ("Line".to_owned(), input(1, &[60]), 10);
        let digits = ("digits".to_owned(), [1, 8, 8], 10);
        assert_eq!(
            compare(model, digits).unwrap_err().to_string(),
            "model `Line` takes sequences [1, 60] of 10 classes, data set `digits` has images [1, 8, 8] of 10 classes: \
             positions 60 against 64"
        );
    }

    #[test]
    fn both_sides_are_named() {
        let model = ("Cifar10".to_owned(), input(3, &[32, 32]), 10);
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

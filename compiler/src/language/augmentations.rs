//! Augmentations: random changes of training images as the model holds them, and as a file writes them.

use serde::Serialize;

use super::choice::Choice;
use super::{Given, Refusal, Words, parameters, shown, words};
use crate::diagnostics::OutOfRange;

/// Random changes of training images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Augment {
    /// Pads by `padding` on each side, then cuts the original size at a random place.
    RandomCrop {
        /// Pixels.
        padding: usize,
        /// What the padding holds.
        mode: PadMode,
    },
    /// Mirrors left and right with probability one half.
    HorizontalFlip,
    /// Turns, shears, scales and moves the image about its centre, each by a random amount; bilinear, black outside.
    RandomAffine {
        /// Largest turn to either side, in degrees.
        degrees: f64,
        /// Largest horizontal shear to either side, in degrees.
        shear: f64,
        /// Largest change of size, as a fraction of it.
        scale: f64,
        /// Largest move along each axis, as a fraction of the image's side.
        translate: f64,
    },
    /// Zeroes a random rectangle (after normalization: the mean colour).
    RandomErasing {
        /// How often.
        probability: f64,
        /// Smallest and largest area as fractions of the image.
        area: [f64; 2],
    },
    /// Blends pairs of images and labels with weight Beta(alpha, alpha).
    Mixup {
        /// Parameter of the Beta distribution.
        alpha: f64,
    },
    /// Pastes a rectangle of another image, labels blended by area; area fraction 1 - Beta(alpha, alpha).
    Cutmix {
        /// Parameter of the Beta distribution.
        alpha: f64,
    },
}

/// What padding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum PadMode {
    /// Zeros (black).
    Zero,
    /// The image mirrored at its edge, the edge pixel repeated.
    Symmetric,
}

/// The words of [`PadMode`].
const PAD_MODE: Words = Words {
    name: "mode",
    words: &["zero", "symmetric"],
};
words! { PadMode, PAD_MODE {
    "zero" => PadMode::Zero,
    "symmetric" => PadMode::Symmetric,
} }

/// Values of `augment`.
pub(crate) static AUGMENTATIONS: &[Choice<Augment>] = &[
    Choice {
        name: "random_crop",
        doc: "Pads each side, then cuts the original size at a random place.",
        parameters: RandomCrop::parameters,
        make: |values| {
            let given = RandomCrop::read(values);
            Ok(Augment::RandomCrop {
                padding: given.padding.whole("`padding`", 1, 4096)?,
                mode: given.mode.value,
            })
        },
    },
    Choice {
        name: "horizontal_flip",
        doc: "Mirrors left and right with probability one half.",
        parameters: Vec::new,
        make: |_| Ok(Augment::HorizontalFlip),
    },
    Choice {
        name: "random_affine",
        doc: "Turns, shears, scales and moves the image about its centre, each by a random amount; bilinear, black outside.",
        parameters: RandomAffine::parameters,
        make: |values| {
            let given = RandomAffine::read(values);
            Ok(Augment::RandomAffine {
                degrees: angle(&given.degrees, "the largest turn", 180.0)?,
                shear: angle(&given.shear, "the largest shear", 60.0)?,
                scale: given.scale.fraction("`scale`")?,
                translate: given.translate.fraction("`translate`")?,
            })
        },
    },
    Choice {
        name: "random_erasing",
        doc: "Zeroes a random rectangle (after normalization: the mean colour).",
        parameters: RandomErasing::parameters,
        make: |values| {
            let given = RandomErasing::read(values);
            let probability = given.probability.within("the probability", 0.0, 1.0)?;
            let smallest = given.smallest.fraction("`smallest`")?;
            let largest = given.largest.fraction("`largest`")?;
            if smallest > largest {
                return Err(Refusal::argument(
                    OutOfRange {
                        what: "the smallest area".into(),
                        found: shown(smallest),
                        allowed: format!("at most {}, the largest", shown(largest)),
                    },
                    &given.smallest,
                ));
            }
            Ok(Augment::RandomErasing {
                probability,
                area: [smallest, largest],
            })
        },
    },
    Choice {
        name: "mixup",
        doc: "Blends pairs of images and labels with weight Beta(alpha, alpha).",
        parameters: Blend::parameters,
        make: |values| {
            Ok(Augment::Mixup {
                alpha: Blend::read(values).alpha.positive("`alpha`")?,
            })
        },
    },
    Choice {
        name: "cutmix",
        doc: "Pastes a rectangle of another image, labels blended by area; its area is the fraction 1 - Beta(alpha, alpha).",
        parameters: Blend::parameters,
        make: |values| {
            Ok(Augment::Cutmix {
                alpha: Blend::read(values).alpha.positive("`alpha`")?,
            })
        },
    },
];

parameters! {
    struct RandomCrop {
        /// Pixels added to each side.
        padding: Given<i64> = "4",
        /// What they hold: black, or the image mirrored at its edge with the edge pixel repeated.
        mode: Given<PadMode> = "zero",
    }
}

parameters! {
    struct RandomAffine {
        /// Largest turn to either side, in degrees.
        degrees: Given<f64> = "10",
        /// Largest horizontal shear to either side, in degrees.
        shear: Given<f64> = "0",
        /// Largest change of size, as a fraction of it.
        scale: Given<f64> = "0",
        /// Largest move along each axis, as a fraction of the image's side.
        translate: Given<f64> = "0",
    }
}

parameters! {
    struct RandomErasing {
        /// How often.
        probability: Given<f64> = "0.5",
        /// Smallest area as a fraction of the image.
        smallest: Given<f64> = "0.02",
        /// Largest area as a fraction of the image.
        largest: Given<f64> = "0.33",
    }
}

parameters! {
    struct Blend {
        /// Parameter of the Beta distribution.
        alpha: Given<f64> = "1",
    }
}

fn angle(given: &Given<f64>, what: &str, largest: f64) -> Result<f64, Refusal> {
    let allowed = format!("from 0 to {largest} degrees");
    given.check(what, &allowed, |x| (0.0..=largest).contains(&x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Traced;
    use crate::primitives::fake::{float, int, told, word};

    fn make(name: &str, values: Vec<Traced>) -> Result<Augment, String> {
        let choice = AUGMENTATIONS.iter().find(|c| c.name == name).unwrap();
        (choice.make)(values).map_err(|refusal| told(&refusal))
    }

    #[test]
    fn each_row_makes_its_augmentation() {
        let crop = make("random_crop", vec![int(4), word("symmetric")]);
        let (padding, mode) = (4, PadMode::Symmetric);
        assert_eq!(crop, Ok(Augment::RandomCrop { padding, mode }));
        let black = make("random_crop", vec![int(4), word("zero")]);
        assert_eq!(
            black,
            Ok(Augment::RandomCrop {
                padding,
                mode: PadMode::Zero
            })
        );
        assert_eq!(make("horizontal_flip", vec![]), Ok(Augment::HorizontalFlip));
        let affine = make(
            "random_affine",
            vec![int(10), int(9), float(0.2), float(0.1)],
        );
        let (degrees, shear, scale, translate) = (10.0, 9.0, 0.2, 0.1);
        assert_eq!(
            affine,
            Ok(Augment::RandomAffine {
                degrees,
                shear,
                scale,
                translate
            })
        );
        let erasing = make("random_erasing", vec![float(1.0), float(0.1), float(0.1)]);
        assert_eq!(
            erasing,
            Ok(Augment::RandomErasing {
                probability: 1.0,
                area: [0.1, 0.1]
            })
        );
        assert_eq!(
            make("mixup", vec![float(0.2)]),
            Ok(Augment::Mixup { alpha: 0.2 })
        );
        assert_eq!(
            make("cutmix", vec![float(0.2)]),
            Ok(Augment::Cutmix { alpha: 0.2 })
        );
    }

    #[test]
    fn amounts_have_their_ranges() {
        let refused = |name, values| make(name, values).unwrap_err();
        assert_eq!(
            refused("random_crop", vec![int(0), word("zero")]),
            "`padding` is 0, it must be from 1 to 4096 at 7"
        );
        assert_eq!(
            refused("random_affine", vec![float(200.0), int(0), int(0), int(0)]),
            "the largest turn is 200, it must be from 0 to 180 degrees at 8"
        );
        assert_eq!(
            refused("random_erasing", vec![float(0.5), float(0.5), float(0.1)]),
            "the smallest area is 0.5, it must be at most 0.1, the largest at 8"
        );
        assert_eq!(
            refused("mixup", vec![float(0.0)]),
            "`alpha` is 0, it must be greater than 0 at 8"
        );
    }
}

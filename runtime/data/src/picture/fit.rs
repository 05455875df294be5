//! How a picture of any size becomes one of a given size. Decodes nothing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// How pictures of other sizes than the target's, which is the model's input, are fitted to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Resized so that it covers the target, then cut to it around the centre.
    #[default]
    Crop,
    /// Resized to the target; the proportions change.
    Stretch,
    /// Resized so that it fits into the target, then surrounded with black.
    Pad,
    /// Refused unless it has the target's size.
    Exact,
}

impl Fit {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Crop, Self::Stretch, Self::Pad, Self::Exact];

    /// The size, width and height, that a picture is resized to before it is cut or surrounded. For a square target this
    /// is torchvision's: the shorter side gets the target's length, the longer one is rounded down.
    pub(super) fn resized(
        self,
        (width, height): (usize, usize),
        (new_width, new_height): (usize, usize),
    ) -> (usize, usize) {
        // Whether the picture is wider than the target, in whole numbers.
        let wider = width * new_height >= height * new_width;
        let by_height = || ((width * new_height / height).max(1), new_height);
        let by_width = || (new_width, (height * new_width / width).max(1));
        match self {
            Self::Crop if wider => by_height(),
            Self::Crop => by_width(),
            Self::Pad if wider => by_width(),
            Self::Pad => by_height(),
            Self::Stretch | Self::Exact => (new_width, new_height),
        }
    }
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crop => "crop",
            Self::Stretch => "stretch",
            Self::Pad => "pad",
            Self::Exact => "exact",
        })
    }
}

impl FromStr for Fit {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let mut all = Self::ALL.into_iter();
        all.find(|fit| fit.to_string() == name)
            .ok_or_else(|| Error::Inconsistent {
                what: "fit",
                expected: "crop, stretch, pad or exact".into(),
                found: name.into(),
            })
    }
}

/// Where a length of `size` begins in one of `length`, both around one centre; halves are rounded to even as Python does.
pub(super) fn centred(size: usize, length: usize) -> usize {
    let space = length.saturating_sub(size);
    let half = space / 2;
    half + usize::from(space % 2 == 1 && half % 2 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_torchvision() {
        // torchvision.transforms.Resize(32): the longer side is int(32 * longer / shorter).
        assert_eq!(Fit::Crop.resized((100, 67), (32, 32)), (47, 32));
        assert_eq!(Fit::Crop.resized((67, 100), (32, 32)), (32, 47));
        assert_eq!(Fit::Crop.resized((5, 5), (32, 32)), (32, 32));
        assert_eq!(Fit::Pad.resized((100, 67), (32, 32)), (32, 21));
        assert_eq!(Fit::Pad.resized((1000, 1), (32, 32)), (32, 1));
        assert_eq!(Fit::Stretch.resized((100, 67), (32, 16)), (32, 16));
        assert_eq!(Fit::Crop.resized((100, 67), (40, 20)), (40, 26));
        assert_eq!([4, 5, 6, 7].map(|length| centred(4, length)), [0, 0, 1, 2]);
    }

    #[test]
    fn names_are_read_and_written() {
        for fit in Fit::ALL {
            assert_eq!(fit.to_string().parse::<Fit>().unwrap(), fit);
        }
        assert_eq!(
            "zoom".parse::<Fit>().unwrap_err().to_string(),
            "fit: expected crop, stretch, pad or exact, found zoom"
        );
    }
}

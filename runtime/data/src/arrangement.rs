//! Images in another order of their pixels: as sequences, and with one fixed permutation for all. Changes no values.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::dataset::{Dataset, Part};
use super::error::Error;
use super::random::Key;

/// How the pixels of every image are arranged before a model sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Arrangement {
    /// One after the other, row by row: `[C, H, W]` becomes `[C, H W, 1]`.
    pub sequence: bool,
    /// In the order that this seed draws, the same for every image and channel.
    pub permute: Option<u64>,
}

/// As it stands before the name of a data set: `permuted:7:sequence:`.
impl fmt::Display for Arrangement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(seed) = self.permute {
            write!(f, "permuted:{seed}:")?;
        }
        f.write_str(if self.sequence { "sequence:" } else { "" })
    }
}

impl Arrangement {
    /// What stands before a name, and the rest of it.
    pub fn split(mut name: &str) -> (Self, &str) {
        let mut found = Self::default();
        if let Some((seed, rest)) =
            (name.strip_prefix("permuted:")).and_then(|rest| rest.split_once(':'))
            && let Ok(seed) = seed.parse()
        {
            (found.permute, name) = (Some(seed), rest);
        }
        if let Some(rest) = name.strip_prefix("sequence:") {
            (found.sequence, name) = (true, rest);
        }
        (found, name)
    }

    /// What stands before a name.
    pub fn of(name: &str) -> Self {
        Self::split(name).0
    }

    /// Whether images stay as they are.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The shape of an image of this shape.
    pub fn shape(&self, [channels, height, width]: [usize; 3]) -> [usize; 3] {
        match self.sequence {
            true => [channels, height * width, 1],
            false => [channels, height, width],
        }
    }

    /// Which pixel of an image comes to each place, for so many positions.
    fn order(&self, positions: usize) -> Vec<usize> {
        match self.permute {
            Some(seed) => Key::new(seed).named("permute").permutation(positions),
            None => (0..positions).collect(),
        }
    }

    /// An image of so many channels, `[C, H, W]`.
    pub fn image(&self, image: &[u8], channels: usize) -> Vec<u8> {
        let positions = image.len() / channels.max(1);
        arranged(image, &self.order(positions))
    }

    /// All images of a data set, whose name says so.
    ///
    /// # Errors
    /// None that a data set can cause.
    pub(crate) fn dataset(&self, data: Dataset) -> Result<Dataset, Error> {
        if self.is_none() {
            return Ok(data);
        }
        Ok(Dataset {
            name: format!("{self}{}", data.name),
            shape: self.shape(data.shape),
            train: self.part(&data.train)?,
            validation: (data.validation.as_ref())
                .map(|part| self.part(part))
                .transpose()?,
            test: self.part(&data.test)?,
            ..data
        })
    }

    fn part(&self, part: &Arc<Part>) -> Result<Arc<Part>, Error> {
        let [channels, height, width] = part.shape();
        let order = self.order(height * width);
        let (inner, labels) = (part.clone(), part.labels().to_vec());
        let shape = self.shape([channels, height, width]);
        let read = move |index: usize| Ok(arranged(&inner.image(index)?, &order));
        Ok(Arc::new(Part::from_fn(
            shape,
            part.classes(),
            labels,
            read,
        )?))
    }
}

/// The pixels of each channel in this order.
fn arranged(image: &[u8], order: &[usize]) -> Vec<u8> {
    let planes = image.chunks_exact(order.len().max(1));
    let each = planes.flat_map(|plane| order.iter().filter_map(|at| plane.get(*at).copied()));
    each.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{DatasetOptions, DatasetSource, open};

    #[test]
    fn names_say_how_pixels_are_arranged() {
        for name in [
            "permuted:7:sequence:digits",
            "permuted:7:digits",
            "sequence:digits",
        ] {
            let source: DatasetSource = name.parse().unwrap();
            assert_eq!(source.to_string(), name);
        }
        for name in [
            "permuted:x:digits",
            "permuted:7",
            "sequence:",
            "sequence:permuted:7:digits",
        ] {
            assert!(name.parse::<DatasetSource>().is_err(), "{name}");
        }
    }

    #[test]
    fn one_permutation_for_all_images_and_channels() {
        let plain = open(&DatasetSource::Digits, &DatasetOptions::default()).unwrap();
        let source = "permuted:7:sequence:digits".parse().unwrap();
        let found = open(&source, &DatasetOptions::default()).unwrap();
        assert_eq!(found.shape, [1, 64, 1]);
        assert_eq!(found.train.labels(), plain.train.labels());
        let order = Arrangement {
            sequence: true,
            permute: Some(7),
        };
        for index in [0, 100] {
            let (a, b) = (
                plain.test.image(index).unwrap(),
                found.test.image(index).unwrap(),
            );
            assert_eq!(order.image(&a, 1), b.as_ref());
            assert_ne!(a, b);
            let sorted = |image: &[u8]| {
                let mut all = image.to_vec();
                all.sort_unstable();
                all
            };
            assert_eq!(sorted(&a), sorted(&b));
        }
        let twice: Vec<u8> = (0..8).collect();
        let both = order.image(&twice, 2);
        let moved: Vec<u8> = both.iter().take(4).map(|v| v + 4).collect();
        assert_eq!(both.iter().skip(4).copied().collect::<Vec<_>>(), moved);
    }
}

//! Shapes of values: four axes, the batch symbolic or absent.

use std::fmt;

/// `[batch, channels, height, width]`; the batch axis is `N` (any size) or 1 (the same for every image).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Whether the first axis is the batch (`N`); otherwise it is 1.
    pub batched: bool,
    /// Channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Shape {
    /// A batch of feature maps, `[N, channels, height, width]`.
    pub fn batch(channels: usize, height: usize, width: usize) -> Self {
        Self {
            batched: true,
            channels,
            height,
            width,
        }
    }

    /// A value that no image changes, `[1, channels, height, width]`.
    pub fn single(channels: usize, height: usize, width: usize) -> Self {
        Self {
            batched: false,
            channels,
            height,
            width,
        }
    }

    /// The sizes for a batch of `n`.
    pub fn dims(&self, n: usize) -> [usize; 4] {
        [
            if self.batched { n } else { 1 },
            self.channels,
            self.height,
            self.width,
        ]
    }

    /// Scalars per image.
    pub fn per_image(&self) -> usize {
        self.channels * self.height * self.width
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let batch = if self.batched { "N" } else { "1" };
        write!(
            f,
            "[{batch}, {}, {}, {}]",
            self.channels, self.height, self.width
        )
    }
}

//! Shapes of values: a batch axis that is symbolic or absent, channels, and up to two axes of positions.

use std::fmt;

/// The sizes of the axes of positions: `[height, width]`, `[length]`, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sizes {
    rank: u8,
    sizes: [usize; 2],
}

impl Sizes {
    /// The most axes of positions that a value can have.
    pub const MAX_RANK: usize = 2;

    /// No positions.
    pub const NONE: Self = Self {
        rank: 0,
        sizes: [1, 1],
    };

    /// These sizes; None if there are more than [`Self::MAX_RANK`].
    pub fn new(sizes: &[usize]) -> Option<Self> {
        let padded = match *sizes {
            [] => [1, 1],
            [length] => [length, 1],
            [height, width] => [height, width],
            _ => return None,
        };
        Some(Self {
            rank: sizes.len() as u8,
            sizes: padded,
        })
    }

    /// The sizes, first axis first.
    pub fn as_slice(&self) -> &[usize] {
        self.sizes.get(..self.rank()).unwrap_or_default()
    }

    /// How many axes of positions there are.
    pub fn rank(self) -> usize {
        usize::from(self.rank)
    }

    /// The number of positions, 1 where there are no axes; `usize::MAX` if no `usize` holds it.
    pub fn positions(self) -> usize {
        let [a, b] = self.sizes;
        a.saturating_mul(b)
    }

    /// The sizes as two axes, absent ones 1: how tensors are laid out when they are computed.
    pub fn plane(self) -> [usize; 2] {
        self.sizes
    }
}

/// `[batch, channels, positions...]`; the batch axis is `N` (any size) or 1 (the same for every image).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Whether the first axis is the batch (`N`); otherwise it is 1.
    pub batched: bool,
    /// Channels.
    pub channels: usize,
    /// Positions.
    pub sizes: Sizes,
}

impl Shape {
    /// Rows, or the length of a sequence; 1 without positions.
    pub fn height(&self) -> usize {
        self.sizes.plane()[0]
    }

    /// Columns; 1 for sequences and without positions.
    pub fn width(&self) -> usize {
        self.sizes.plane()[1]
    }

    /// The sizes for a batch of `n`, laid out as `[n, channels, height, width]`.
    pub fn dims(&self, n: usize) -> [usize; 4] {
        let [height, width] = self.sizes.plane();
        let batch = if self.batched { n } else { 1 };
        [batch, self.channels, height, width]
    }

    /// Scalars per image; `usize::MAX` if no `usize` holds it.
    pub fn per_image(&self) -> usize {
        self.channels.saturating_mul(self.sizes.positions())
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.as_slice().iter().map(usize::to_string).collect();
        f.write_str(&texts.join(" x "))
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let batch = if self.batched { "N" } else { "1" };
        write!(f, "[{batch}, {}", self.channels)?;
        for size in self.sizes.as_slice() {
            write!(f, ", {size}")?;
        }
        f.write_str("]")
    }
}

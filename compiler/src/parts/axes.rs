//! Sets of axes that means and statistics are taken over.

use std::fmt;

/// A set of axes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Axes {
    /// The images of the batch.
    pub batch: bool,
    /// The channels.
    pub channels: bool,
    /// All axes of positions.
    pub positions: bool,
}

impl Axes {
    /// Each image and channel by itself.
    pub const INSTANCE: Self = Self {
        batch: false,
        channels: false,
        positions: true,
    };
    /// Each channel by itself, over all images: couples the images of a batch.
    pub const BATCH: Self = Self {
        batch: true,
        channels: false,
        positions: true,
    };
    /// Each image and position by itself.
    pub const CHANNELS: Self = Self {
        batch: false,
        channels: true,
        positions: false,
    };
}

impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [
            (self.batch, "batch"),
            (self.channels, "channels"),
            (self.positions, "positions"),
        ];
        let names: Vec<&str> = named
            .iter()
            .filter(|(set, _)| *set)
            .map(|(_, n)| *n)
            .collect();
        f.write_str(&names.join(", "))
    }
}

//! `grid(sizes)`: coordinates.

use super::{Primitive, Visitor, Work};
use crate::model::{Graph, Shape};

/// `[1, axes, sizes]`: the coordinates of each position, each axis from -1 to 1 with both ends, -1 where there is one position; row index first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coordinates;

impl Primitive for Coordinates {
    fn name(&self) -> &'static str {
        "grid"
    }

    fn visit(&mut self, _visitor: &mut dyn Visitor) {}

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}

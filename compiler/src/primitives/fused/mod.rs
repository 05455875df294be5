//! Operations that no file can write: lowering puts them in place of primitives that do the same, freezing in place of
//! statistics that it knows.

mod rescale;
mod slow_net;
mod tile;

pub use rescale::{Bias, Rescale, StandardizeScaled};
pub use slow_net::{Context, ContextKernel, Grid, Kernel, Scale, SlowNet};
pub use tile::Tile;

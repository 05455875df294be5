//! The report of a training: one HTML page that needs no network and no other file. Only looks; trains and changes nothing.

pub(crate) mod chart;
mod gather;
pub(crate) mod html;
mod page;
mod picture;

pub use gather::{Inspection, NetworkStatistics};
pub use page::{Report, page};

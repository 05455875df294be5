//! The report of a training, and several trainings compared: one HTML page that needs no network and no other file. Only looks;
//! trains and changes nothing.

pub(crate) mod chart;
mod compare;
mod gather;
pub(crate) mod html;
mod page;
mod picture;

pub use compare::{Compared, compare};
pub use gather::{Inspection, NetworkStatistics};
pub use page::{Report, page};

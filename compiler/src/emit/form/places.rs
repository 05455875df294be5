//! One way to say a place in a list, of those that hold.

use super::index::Index;
use super::structure::{FieldRead, Place};
use super::tree::FieldUse;
use crate::bug::bug;

/// The place as it is printed.
pub(super) fn place(index: Index) -> Place {
    match index {
        Index {
            offset: Some(offset),
            ..
        } => Place::Round(offset),
        Index {
            fixed: Some(fixed), ..
        } => Place::Fixed(fixed),
        Index {
            from_end: Some(from_end),
            ..
        } => Place::FromEnd(from_end),
        Index { .. } => bug!("nothing says a place in a list"),
    }
}

/// A field as it is printed.
pub(super) fn field(used: &FieldUse) -> FieldRead {
    FieldRead {
        name: used.name.clone(),
        place: used.index.map(place),
    }
}

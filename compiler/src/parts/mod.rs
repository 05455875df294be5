//! What models are made of and everything below them speaks of: numbers of nodes, shapes, sets of axes, stored tensors.
//! Knows no operation.

mod axes;
mod param;
mod shape;

pub use axes::Axes;
pub use param::{Init, Param, ParamKind, Penalty};
pub use shape::{Shape, Sizes};

/// Index of a node in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

/// Index of a [`Param`] in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(pub(crate) u32);

/// Index of an instance in its graph; instance 0 is the model itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceId(pub(crate) u32);

macro_rules! index_type {
    ($id:ident) => {
        impl $id {
            /// Position in the graph's list.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}
index_type!(NodeId);
index_type!(ParamId);
index_type!(InstanceId);

//! The statement of every primitive in plain Burn operations, the very text that emitted source carries.

#[path = "../../compiler/support/affine.rs"]
pub mod affine;
#[path = "../../compiler/support/elementwise.rs"]
pub mod elementwise;
#[path = "../../compiler/support/slow_net.rs"]
pub mod slow_net;
#[path = "../../compiler/support/standardize.rs"]
pub mod standardize;

//! What the language consists of, apart from its syntax: types, values, and tables of what it names. Looks nothing up in
//! a program.

mod functions;
mod parameters;
mod places;
mod start;
mod ty;
mod value;

pub(crate) use functions::{FunctionBody, bare_start, builtin, function};
pub(crate) use parameters::{Argument, Parameter, parameters};
pub(crate) use places::{Given, Place, PlaceKind, Places};
pub(crate) use start::{Start, StartKind};
pub(crate) use ty::{Ty, Words};
pub(crate) use value::{BlockValue, Callee, Traced, Value};

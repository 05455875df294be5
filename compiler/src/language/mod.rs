//! What the language consists of, apart from its syntax: types, values, and tables of what it names. Looks nothing up in
//! a program.

pub(crate) mod augmentations;
mod choice;
pub(crate) mod clips;
mod functions;
pub(crate) mod limits;
pub(crate) mod losses;
pub(crate) mod normalizers;
pub(crate) mod optimizers;
mod parameters;
mod places;
mod range;
pub(crate) mod recipe;
mod refusal;
pub(crate) mod schedules;
pub(crate) mod settings;
mod sizes;
mod start;
mod ty;
mod value;

pub(crate) use functions::{FUNCTIONS, Function, FunctionBody, bare_start, function};
pub(crate) use parameters::{
    Argument, Compared, OnGrid, Parameter, Parts, parameters, word, words,
};
pub(crate) use places::{Given, PlaceKind, Places};
pub(crate) use range::shown;
pub(crate) use refusal::Refusal;
pub(crate) use start::{Start, StartKind};
pub(crate) use ty::{EDGES, Ty, Words};
pub(crate) use value::{BlockValue, Callee, Traced, Value, elements};

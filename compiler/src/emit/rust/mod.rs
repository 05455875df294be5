//! The Rust target: structures as text, put into the frame of a file by templates that decide nothing.
//!
//! - `syntax`, `words`: the language
//! - `structure`, `parameters`, `made`, `lines`: one structure or function
//! - `file`: the frame, the support code, the imports

mod file;
mod lines;
mod made;
mod parameters;
mod structure;
mod syntax;
mod words;

pub(super) use file::source;
pub(super) use syntax::Rust;

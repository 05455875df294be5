//! The PyTorch target: structures as classes, put into the frame of a file by a template that decides nothing.
//!
//! - `syntax`, `words`: the language
//! - `structure`: one class or function
//! - `file`: the frame and the support code

mod file;
mod structure;
mod syntax;
mod words;

pub(super) use file::source;

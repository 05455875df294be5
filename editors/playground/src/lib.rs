//! What the page asks the compiler: a text in; findings, figures, a picture and emitted source out, as JSON. It reads no
//! files but those that come with the question.

mod answer;
mod page;
mod places;

pub use answer::{Question, Want, answer};

//! The program that `termc new --template folder` makes.
#![allow(
    clippy::approx_constant,
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    clippy::self_named_constructors,
    clippy::too_long_first_doc_paragraph,
    reason = "emitted: the author's names, numbers and documentation, and loops as they are in the model"
)]

include!(concat!(env!("OUT_DIR"), "/new_folder/main.rs"));

//! The syntax of `.term` files and nothing else: grammar, spanned syntax tree, parser, printer.

pub mod ast;
mod brackets;
mod error;
mod grammar;
mod help;
mod lex;
mod parse;
mod print;
mod scan;
mod stop;
mod tolerant;
mod tree;
mod version1;
mod words;

pub use error::{
    MAX_BRACKETS, MAX_DEPTH, MAX_ERRORS, MAX_SOURCE_BYTES, SyntaxError, SyntaxErrorKind, listed,
};
pub use lex::{Kind as LexemeKind, Lexeme, Lexer, lexemes};
pub use parse::{parse, parse_change, parse_expr};
pub use print::{format, print, print_expr, print_item, print_line};
pub use tolerant::parse_what_can_be_read;

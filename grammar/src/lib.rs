//! The syntax of `.term` files and nothing else: grammar, spanned syntax tree, parser, printer.

pub mod ast;

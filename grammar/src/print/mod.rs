//! Syntax tree to text in its one canonical form, with or without the comments of a source.

mod expr;
mod item;
mod layout;
mod line;
mod number;
mod sequence;
mod trivia;

use self::layout::{Doc, render, text};
use self::trivia::{Leading, Trivia, Trivium};
use crate::ast::{Expr, File, Item, Line};
use crate::error::SyntaxError;
use crate::parse::parse;

/// The canonical text of a tree; parsing it yields the tree again, apart from spans.
///
/// Doc comments are in the tree and printed, other comments are not.
pub fn print(file: &File) -> String {
    let mut printer = Printer::default();
    let doc = printer.file(file);
    finish(&doc)
}

/// The canonical text of a definition with its doc comment, without a line end after it.
pub fn print_item(item: &Item) -> String {
    render(&Printer::default().item(item)).trim_end().to_owned()
}

/// The canonical text of a line of a body with its doc comment, without a line end after it.
pub fn print_line(line: &Line) -> String {
    render(&Printer::default().line(line)).trim_end().to_owned()
}

/// The canonical text of an expression, without a line end after it.
pub fn print_expr(expr: &Expr) -> String {
    render(&Printer::default().expr(expr)).trim_end().to_owned()
}

/// The canonical text of a source with its comments, and single empty lines where it has empty lines.
///
/// Formatting what was formatted changes nothing.
///
/// # Errors
/// Those of `parse`.
pub fn format(text: &str) -> Result<String, Vec<SyntaxError>> {
    let file = parse(text, 0)?;
    let trivia = Trivia::of(text);
    let doc = Printer { trivia }.file(&file);
    Ok(finish(&doc))
}

/// An empty file has no lines at all.
fn finish(doc: &Doc) -> String {
    let lines = render(doc);
    if lines.trim().is_empty() {
        String::new()
    } else {
        lines
    }
}

/// Turns trees into documents and weaves in what trivia there are.
#[derive(Default)]
struct Printer {
    trivia: Trivia,
}

/// Lines of a file or a body, with empty lines kept or put.
#[derive(Default)]
struct Lines {
    docs: Vec<Doc>,
    filled: bool,
}

impl Lines {
    /// Comments and empty lines; an empty line at the beginning is dropped.
    fn lead(&mut self, leading: Leading, blank: bool) {
        let mut blank = blank;
        self.docs
            .extend(leading.trailing.into_iter().map(Doc::Suffix));
        for trivium in leading.own {
            match trivium {
                Trivium::Blank => blank = true,
                Trivium::Comment(comment) => {
                    self.begin(blank);
                    self.docs.push(text(comment));
                    blank = false;
                }
            }
        }
        if blank && self.filled {
            self.docs.push(Doc::Hard);
        }
    }

    fn begin(&mut self, blank: bool) {
        if blank && self.filled {
            self.docs.push(Doc::Hard);
        }
        self.docs.push(Doc::Hard);
        self.filled = true;
    }

    fn member(&mut self, leading: Leading, blank: bool, member: Doc) {
        self.lead(leading, blank);
        self.begin(false);
        self.docs.push(member);
    }

    /// The lines in braces.
    fn body(mut self, mut leading: Leading) -> Doc {
        if leading.own.last() == Some(&Trivium::Blank) {
            leading.own.pop();
        }
        self.lead(leading, false);
        if self.docs.is_empty() {
            return text("{}");
        }
        Doc::Concat(vec![text("{"), Doc::Nest(self.docs), Doc::Hard, text("}")])
    }
}

/// Doc comment lines above `doc`.
fn documented(lines: &str, doc: Doc) -> Doc {
    if lines.is_empty() {
        return doc;
    }
    let mut docs = Vec::new();
    for line in lines.split('\n') {
        docs.push(text(format!("/// {line}").trim_end()));
        docs.push(Doc::Hard);
    }
    docs.push(doc);
    Doc::Concat(docs)
}

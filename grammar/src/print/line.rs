//! Lines of bodies as documents.

use super::layout::{Doc, flat, text};
use super::sequence::{Sequence, last_byte};
use super::{Lines, Printer, documented};
use crate::ast::*;

impl Printer {
    /// Lines in braces, the closing one at byte `end`.
    pub(super) fn body(&mut self, body: &[Line], end: u32) -> Doc {
        let mut lines = Lines::default();
        for line in body {
            let leading = self.trivia.before(line_start(line));
            let apart = !self.trivia.present && matches!(line.kind, LineKind::Loss(_));
            lines.member(leading, apart, self.line(line));
        }
        lines.body(self.trivia.before(end))
    }

    /// A line below its doc comment.
    pub(super) fn line(&mut self, line: &Line) -> Doc {
        let end = last_byte(line.span);
        let doc = match &line.kind {
            LineKind::Input { name, sizes } => {
                Doc::Concat(vec![text(format!("input {}", name.text)), self.expr(sizes)])
            }
            LineKind::Output { name, value } => Doc::Concat(vec![
                text(format!("output {} = ", name.text)),
                self.expr(value),
            ]),
            LineKind::Loss(body) => Doc::Concat(vec![text("loss "), self.body(body, end)]),
            LineKind::For {
                var,
                start,
                end: stop,
                body,
            } => Doc::Concat(vec![
                text(format!("for {} in ", var.text)),
                self.expr(start),
                text(".."),
                self.expr(stop),
                text(" "),
                self.body(body, end),
            ]),
            LineKind::Require { condition, message } => {
                let mut docs = vec![text("require "), self.expr(condition), text(",")];
                let mut rest = Vec::new();
                self.interrupt(message.span.start, &mut rest);
                rest.push(self.message(message));
                docs.push(Doc::Nest(rest));
                Doc::Group(docs)
            }
            LineKind::Without {
                paths,
                choose: false,
            } => {
                let paths: Vec<_> = paths.iter().map(Path::to_string).collect();
                text(format!("without {}", paths.join(", ")))
            }
            LineKind::Without {
                paths,
                choose: true,
            } => {
                let mut sequence = Sequence::default();
                for path in paths {
                    sequence.element(self.trivia.before(path.span.start), text(path.to_string()));
                }
                sequence.close("without choose(", self.trivia.before(end), ")")
            }
            LineKind::Add { path, value, place } => {
                let place = place.as_ref().map_or(String::new(), |place| {
                    let side = if place.after { "after" } else { "before" };
                    format!(" {side} {}", place.step)
                });
                Doc::Concat(vec![
                    text(format!("add {path} = ")),
                    self.expr(value),
                    text(place),
                ])
            }
            LineKind::Bind { target, value } => {
                Doc::Concat(vec![self.expr(target), text(" = "), self.expr(value)])
            }
            LineKind::Yield(value) => self.expr(value),
        };
        documented(&line.doc, doc)
    }

    fn message(&mut self, message: &Message) -> Doc {
        let mut shown = String::from("\"");
        for piece in &message.pieces {
            match piece {
                Piece::Text(text) => {
                    for c in text.chars() {
                        if matches!(c, '"' | '{' | '\\') {
                            shown.push('\\');
                        }
                        shown.push(c);
                    }
                }
                Piece::Hole(value) => shown.push_str(&format!("{{{}}}", flat(&self.expr(value)))),
            }
        }
        shown.push('"');
        text(shown)
    }
}

/// Where the comments above a line end.
fn line_start(line: &Line) -> u32 {
    match &line.kind {
        LineKind::Output { value, .. }
        | LineKind::Add { value, .. }
        | LineKind::Bind { value, .. } => value.span.start,
        _ => line.span.start,
    }
}

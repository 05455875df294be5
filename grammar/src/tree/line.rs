//! Reads the pairs of a body into lines.

use super::{Builder, Node, Parts};
use crate::ast::*;
use crate::grammar::Rule;

impl Builder {
    pub(super) fn body(&mut self, node: Node) -> Option<Vec<Line>> {
        self.all(Parts::of(node), Self::line)
    }

    fn line(&mut self, node: Node) -> Option<Line> {
        let mut parts = Parts::of(node);
        let doc = parts.docs(Rule::doc);
        self.undocumented(doc, parts.next()?)
    }

    /// What a line says, below its doc comment.
    pub(super) fn undocumented(&mut self, doc: String, node: Node) -> Option<Line> {
        let rule = node.as_rule();
        let mut span = self.span(&node);
        let mut parts = Parts::of(node);
        let kind = match rule {
            Rule::input_def => {
                let mut parts = Parts::of(parts.next()?);
                LineKind::Input {
                    name: self.next_name(&mut parts)?,
                    sizes: self.list(parts.next()?)?,
                }
            }
            Rule::output_def => LineKind::Output {
                name: self.next_name(&mut parts)?,
                value: self.next_expr(&mut parts)?,
            },
            Rule::loss_def => LineKind::Loss(self.body(parts.next()?)?),
            Rule::for_loop => LineKind::For {
                var: self.next_name(&mut parts)?,
                start: self.next_expr(&mut parts)?,
                end: {
                    parts.next_if(Rule::to)?;
                    self.next_expr(&mut parts)?
                },
                body: self.body(parts.next()?)?,
            },
            Rule::require => LineKind::Require {
                condition: self.next_expr(&mut parts)?,
                message: self.message(parts.next()?)?,
            },
            Rule::without => match parts.next_if(Rule::choice) {
                Some(choice) => LineKind::Without {
                    paths: self.all(Parts::of(choice), Self::path)?,
                    choose: true,
                },
                None => LineKind::Without {
                    paths: vec![self.path(parts.next()?)?],
                    choose: false,
                },
            },
            Rule::add => LineKind::Add {
                path: self.path(parts.next()?)?,
                value: self.next_expr(&mut parts)?,
                place: match parts.next() {
                    Some(side) => Some(Place {
                        after: side.as_rule() == Rule::kw_after,
                        step: self.step(parts.next()?)?,
                    }),
                    None => None,
                },
            },
            Rule::binding | Rule::set => {
                let first = self.next_expr(&mut parts)?;
                match parts.next_if(Rule::expr) {
                    Some(value) => LineKind::Bind {
                        target: first,
                        value: self.expr(value)?,
                    },
                    None => LineKind::Yield(first),
                }
            }
            _ => return None,
        };
        // The grammar's own end may include white space.
        span.end = match &kind {
            LineKind::Output { value, .. }
            | LineKind::Bind { value, .. }
            | LineKind::Yield(value) => value.span.end,
            LineKind::Add {
                value, place: None, ..
            } => value.span.end,
            _ => span.end,
        };
        Some(Line { doc, kind, span })
    }

    fn message(&mut self, node: Node) -> Option<Message> {
        let span = self.span(&node);
        let mut pieces = Vec::new();
        for part in Parts::of(node) {
            let text = match part.as_rule() {
                Rule::hole => {
                    pieces.push(Piece::Hole(self.next_expr(&mut Parts::of(part))?));
                    continue;
                }
                Rule::escape => part.as_str().get(1..)?,
                _ => part.as_str(),
            };
            match pieces.last_mut() {
                Some(Piece::Text(before)) => before.push_str(text),
                _ => pieces.push(Piece::Text(text.to_owned())),
            }
        }
        Some(Message { pieces, span })
    }
}

//! Collects diagnostics: each error once, with the trail of how shapes came about and the instance it happened in.

use super::Checker;
use super::builder::LimitExceeded;
use super::signature::Args;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{NodeId, Op, ParamId, Span};

impl Checker<'_> {
    /// Adds a finding unless the same kind was reported at the same place (another instance of a block).
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        if self.seen.insert((diagnostic.code, diagnostic.span)) {
            self.found.push(diagnostic);
        }
    }

    pub(super) fn in_source_order(&mut self) {
        self.found
            .sort_by_key(|d| (d.span.start, d.span.end, d.code));
    }

    /// Adds a node, reporting exceeded limits.
    pub(crate) fn node(&mut self, name: String, op: Op) -> Option<NodeId> {
        let result = self.builder.node(name, op);
        self.limited(result)
    }

    /// The value, or a report of the limit.
    pub(crate) fn limited<T>(&mut self, result: Result<T, LimitExceeded>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(LimitExceeded(what)) => {
                let diagnostic = Diagnostic::new(
                    Code::TooLarge,
                    self.builder.span,
                    format!("too large: {what}"),
                )
                .label("made here")
                .help("use smaller sizes");
                let diagnostic = self.instance_note(diagnostic);
                self.report(diagnostic);
                None
            }
        }
    }

    /// Adds where each operand's shape comes from, and the block instance.
    pub(crate) fn operands(
        &self,
        mut diagnostic: Diagnostic,
        operands: &[(NodeId, Span)],
    ) -> Diagnostic {
        let mut places: Vec<Span> = vec![diagnostic.span];
        for (id, span) in operands {
            let shape = self.builder.shape(*id);
            if !places.contains(span) {
                places.push(*span);
                diagnostic = diagnostic.related(*span, format!("this is {shape}"));
            }
            let origin = self.origin(*id);
            let Some(node) = self.builder.nodes.get(origin.index()) else {
                continue;
            };
            if !places.contains(&node.span) {
                places.push(node.span);
                let text = match &node.op {
                    Op::Input => format!("the input is {}", node.shape),
                    _ => format!("{} comes from here", node.shape),
                };
                diagnostic = diagnostic.related(node.span, text);
            }
        }
        self.instance_note(diagnostic)
    }

    /// The node that gave a value its shape: back through operations that keep it.
    fn origin(&self, mut id: NodeId) -> NodeId {
        loop {
            let shape = self.builder.shape(id);
            let Some(node) = self.builder.nodes.get(id.index()) else {
                return id;
            };
            let keeps = |from: &NodeId| self.builder.shape(*from) == shape;
            match node.op.operands().into_iter().find(keeps) {
                Some(from) if !matches!(node.op, Op::ContextKernel { .. } | Op::Concat(_)) => {
                    id = from
                }
                _ => return id,
            }
        }
    }

    /// Says in which expansion of which block this happened.
    pub(crate) fn instance_note(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        if let Some((name, span)) = self.block_stack.last()
            && *span != diagnostic.span
        {
            diagnostic = diagnostic.related(*span, format!("in this use of `{name}`"));
        }
        diagnostic
    }

    pub(crate) fn out_of_range(&mut self, span: Span, what: &str, found: f64, allowed: &str) {
        let diagnostic = Diagnostic::new(
            Code::Range,
            span,
            format!("{what} is {}, it must be {allowed}", shown(found)),
        )
        .label("out of range")
        .help(format!("choose a value {allowed}"));
        let diagnostic = self.instance_note(diagnostic);
        self.report(diagnostic);
    }

    /// A whole number within limits, as a size.
    pub(crate) fn whole(&mut self, args: &Args, i: usize, low: i64, high: i64) -> Option<usize> {
        let n = args.int(i)?;
        if n < low || n > high {
            self.out_of_range(
                args.span(i),
                "this",
                n as f64,
                &format!("from {low} to {high}"),
            );
            return None;
        }
        usize::try_from(n).ok()
    }

    /// A finite number greater than zero.
    pub(crate) fn positive(&mut self, args: &Args, i: usize) -> Option<f64> {
        let x = args.float(i)?;
        if !(x.is_finite() && x > 0.0) {
            self.out_of_range(args.span(i), &args.name(i), x, "greater than 0");
            return None;
        }
        Some(x)
    }

    /// A positive number that is neither nothing nor infinite where parameters are drawn and written.
    pub(crate) fn scale(&mut self, args: &Args, i: usize) -> Option<f64> {
        let x = self.positive(args, i)?;
        if !(1e-10..=1e30).contains(&x) {
            self.out_of_range(args.span(i), &args.name(i), x, "from 1e-10 to 1e30");
            return None;
        }
        Some(x)
    }

    /// A finite number of at least zero.
    pub(crate) fn non_negative(&mut self, args: &Args, i: usize) -> Option<f64> {
        let x = args.float(i)?;
        if !(x.is_finite() && x >= 0.0) {
            self.out_of_range(args.span(i), &args.name(i), x, "0 or more");
            return None;
        }
        Some(x)
    }

    /// A number of at least 0 and below 1.
    pub(crate) fn fraction(&mut self, args: &Args, i: usize) -> Option<f64> {
        let x = args.float(i)?;
        if !(0.0..1.0).contains(&x) {
            self.out_of_range(args.span(i), &args.name(i), x, "at least 0 and below 1");
            return None;
        }
        Some(x)
    }

    /// Adds a fast parameter, reporting exceeded limits.
    pub(crate) fn param(
        &mut self,
        path: String,
        shape: Vec<usize>,
        init: crate::model::Init,
        penalty: crate::model::Penalty,
    ) -> Option<ParamId> {
        let result = self
            .builder
            .param(path, shape, init, crate::model::ParamKind::Fast, penalty);
        self.limited(result)
    }
}

/// A number as short as it can be written.
pub(super) fn shown(x: f64) -> String {
    match x == 0.0 || (1e-5..1e16).contains(&x.abs()) {
        true => x.to_string(),
        false => format!("{x:e}"),
    }
}

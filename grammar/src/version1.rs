//! Tells a source of version 1 of the language, which gets one error instead of one a line.

use std::ops::Range;

use crate::ast::Span;
use crate::error::{SyntaxError, SyntaxErrorKind, show};
use crate::lex::{Kind, Lexeme, lexemes};

/// What has changed since.
const CHANGES: &str = "\
arguments are written `name=value`, settings `epochs = 100`, lists of settings `augment = [a, b]`
an output is `output logits = head(x, classes)`; its classes are the channels of its value
`slow net = magnet(hidden: 8)` is now `const net = magnet(hidden=8)`; a slow net is any block of a grid
`concat { a: f(x) }` is now `a = f(x)` and `concat(a, b)`; `kernel K = hyper(net, over: x)` is now `K = hyper(x, net)`
`local(9, from: y, over: x, slow: net)` is now `local(x, size=9, from=y, net=net)`
`bottleneck(n)` is now `mixer(n * x.channels)`, `global_mean |> linear` is now `head(classes)`";

/// The first place that only version 1 can hold, unless the source says which version it is.
pub(crate) fn told_by(text: &str, start: usize) -> Option<Range<usize>> {
    let mut window: [Option<Lexeme>; 3] = [None; 3];
    let mut place = None;
    let end = [None, None];
    for next in lexemes(text, start)
        .filter(|l| !l.is_comment())
        .map(Some)
        .chain(end)
    {
        window = [window[1], window[2], next];
        let [Some(first), Some(second), third] = window else {
            continue;
        };
        if first.text == "language" && first.first_on_line && second.kind == Kind::Number {
            return (second.text == "1").then_some(first.start..second.end());
        }
        if place.is_none() && tells(&first, &second, third.as_ref()) {
            place = Some(first.start..second.end());
        }
    }
    place
}

fn tells(first: &Lexeme, second: &Lexeme, third: Option<&Lexeme>) -> bool {
    let third = third.filter(|third| !third.first_on_line);
    let form = match (
        first.text,
        second.kind,
        third.map_or("", |third| third.text),
    ) {
        ("output", Kind::Word, "(") | ("kernel", Kind::Word, "=") => true,
        ("slow", Kind::Word, "(" | "=") => first.first_on_line,
        ("concat", Kind::Open('{'), _) => true,
        _ => false,
    };
    form && !second.first_on_line
}

/// The error at `span`, where `text` stands.
pub(crate) fn error(span: Span, text: Option<&str>) -> SyntaxError {
    SyntaxError::new(
        SyntaxErrorKind::Version1,
        span,
        show(text.unwrap_or_default()),
    )
    .with_help(CHANGES)
}

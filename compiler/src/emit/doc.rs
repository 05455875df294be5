//! Documents: text whose line breaks are chosen when its width is known, after Wadler. Knows no target language.

/// A document.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Doc {
    /// Nothing.
    Nil,
    /// Text without line breaks.
    Text(String),
    /// A space, or a line break where its group is broken.
    Line,
    /// Nothing, or a line break where its group is broken.
    Soft,
    /// A line break.
    Hard,
    /// The first where the group is on one line, the second where it is broken.
    Either(String, String),
    /// One after the other.
    All(Vec<Doc>),
    /// Indented by so many columns after each break.
    Nest(usize, Box<Doc>),
    /// On one line if it fits there and is no wider than this.
    Group(usize, Box<Doc>),
    /// The first layout if it fits on the rest of the line up to its first break, else the second.
    Choice(Box<Doc>, Box<Doc>),
    /// The first layout if none of its lines but the first break is too long, else the second.
    Below(Box<Doc>, Box<Doc>),
    /// The first layout if all of it fits on the rest of the line, else the second.
    Whole(Box<Doc>, Box<Doc>),
}

/// No limit but the line's.
pub(super) const ANY: usize = usize::MAX;

/// Text.
pub(super) fn text(text: impl Into<String>) -> Doc {
    Doc::Text(text.into())
}

/// One after the other.
pub(super) fn all(docs: impl IntoIterator<Item = Doc>) -> Doc {
    Doc::All(docs.into_iter().collect())
}

/// Indented by one level.
pub(super) fn nest(doc: Doc) -> Doc {
    Doc::Nest(4, Box::new(doc))
}

/// On one line if it fits.
pub(super) fn group(limit: usize, doc: Doc) -> Doc {
    Doc::Group(limit, Box::new(doc))
}

/// Separated by a comma and a line; the last comma only where the group is broken.
pub(super) fn commas(items: Vec<Doc>) -> Doc {
    let last = items.len().saturating_sub(1);
    let each = items.into_iter().enumerate().map(|(index, item)| {
        let end = match index == last {
            true => Doc::Either(String::new(), ",".into()),
            false => all([text(","), Doc::Line]),
        };
        all([item, end])
    });
    all(each)
}

/// `open items close`: all on one line of at most `limit` columns between the brackets, or one item on each.
pub(super) fn bracketed(open: &str, items: Vec<Doc>, close: &str, limit: usize) -> Doc {
    if items.is_empty() {
        return text(format!("{open}{close}"));
    }
    let inner = all([nest(all([Doc::Soft, commas(items)])), Doc::Soft]);
    let limit = limit.saturating_add(open.len() + close.len());
    group(limit, all([text(open), inner, text(close)]))
}

impl Doc {
    /// As text of at most `width` columns where that is possible, starting at column `indent`, which breaks return to.
    pub(super) fn print(&self, width: usize, indent: usize) -> String {
        let mut printer = Printer {
            width,
            column: indent,
            out: String::new(),
        };
        printer.print(self, indent, Mode::Broken, 0);
        printer.out
    }

    /// Its width on one line; None if it holds a line break.
    pub(super) fn flat(&self) -> Option<usize> {
        match self {
            Self::Nil | Self::Soft => Some(0),
            Self::Text(text) | Self::Either(text, _) => Some(text.chars().count()),
            Self::Line => Some(1),
            Self::Hard => None,
            Self::All(docs) => docs.iter().map(Self::flat).sum(),
            Self::Nest(_, doc) => doc.flat(),
            Self::Group(limit, doc) => doc.flat().filter(|width| width <= limit),
            Self::Choice(first, _) | Self::Whole(first, _) => first.flat(),
            Self::Below(_, second) => second.flat(),
        }
    }

    /// The width of what is printed before the first break that must be.
    fn head(&self) -> (usize, bool) {
        match self {
            Self::Nil => (0, false),
            Self::Text(text) => (text.chars().count(), false),
            Self::Line | Self::Soft | Self::Hard => (0, true),
            Self::Either(_, broken) => (broken.chars().count(), false),
            Self::All(docs) => {
                let mut width = 0;
                for doc in docs {
                    let (more, ends) = doc.head();
                    width += more;
                    if ends {
                        return (width, true);
                    }
                }
                (width, false)
            }
            Self::Nest(_, doc) => doc.head(),
            Self::Group(_, doc) => doc.head(),
            Self::Choice(first, _) => first.head(),
            Self::Whole(_, second) | Self::Below(_, second) => second.head(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Flat,
    Broken,
}

struct Printer {
    width: usize,
    column: usize,
    out: String,
}

impl Printer {
    /// `after` is the width of what follows on the same line whatever is chosen here.
    fn print(&mut self, doc: &Doc, indent: usize, mode: Mode, after: usize) {
        match doc {
            Doc::Nil => {}
            Doc::Text(text) => self.text(text),
            Doc::Line if mode == Mode::Flat => self.text(" "),
            Doc::Soft if mode == Mode::Flat => {}
            Doc::Line | Doc::Soft | Doc::Hard => self.line(indent),
            Doc::Either(flat, broken) => self.text(if mode == Mode::Flat { flat } else { broken }),
            Doc::All(docs) => {
                for (index, doc) in docs.iter().enumerate() {
                    let rest = docs.get(index + 1..).unwrap_or_default();
                    let after = match mode {
                        Mode::Flat => after,
                        Mode::Broken => following(rest, after),
                    };
                    self.print(doc, indent, mode, after);
                }
            }
            Doc::Nest(columns, doc) => self.print(doc, indent + columns, mode, after),
            Doc::Group(_, inner) => {
                let fits = doc.flat().is_some_and(|width| self.fits(width + after));
                let mode = if fits { Mode::Flat } else { Mode::Broken };
                self.print(inner, indent, mode, after);
            }
            Doc::Choice(first, second) => {
                let fits = match first.flat() {
                    Some(width) => self.fits(width + after),
                    None => false,
                };
                let (head, breaks) = first.head();
                let chosen = match fits || (breaks && self.fits(head)) {
                    true => first,
                    false => second,
                };
                self.print(chosen, indent, mode, after);
            }
            Doc::Below(first, second) => {
                let mut trial = Printer {
                    width: self.width,
                    column: self.column,
                    out: String::new(),
                };
                trial.print(first, indent, Mode::Broken, after);
                let two = trial.out.matches('\n').count() == 1;
                let chosen = if two && trial.fits(after) {
                    first
                } else {
                    second
                };
                self.print(chosen, indent, Mode::Broken, after);
            }
            Doc::Whole(first, second) => {
                let fits = first.flat().is_some_and(|width| self.fits(width + after));
                match fits {
                    true => self.print(first, indent, Mode::Flat, after),
                    false => self.print(second, indent, Mode::Broken, after),
                }
            }
        }
    }

    fn fits(&self, width: usize) -> bool {
        self.column + width <= self.width
    }

    fn text(&mut self, text: &str) {
        self.column += text.chars().count();
        self.out += text;
    }

    fn line(&mut self, indent: usize) {
        let kept = self.out.trim_end_matches(' ').len();
        self.out.truncate(kept);
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }
}

/// The width that follows on the same line.
fn following(rest: &[Doc], after: usize) -> usize {
    let mut width = 0;
    for doc in rest {
        let (more, ends) = doc.head();
        width += more;
        if ends {
            return width;
        }
    }
    width + after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, items: &[&str]) -> Doc {
        let items = items.iter().map(|item| text(*item)).collect();
        bracketed(&format!("{name}("), items, ")", 60)
    }

    #[test]
    fn a_group_breaks_where_it_does_not_fit() {
        let doc = call("f", &["alpha", "beta"]);
        assert_eq!(doc.print(100, 0), "f(alpha, beta)");
        assert_eq!(doc.print(13, 0), "f(\n    alpha,\n    beta,\n)");
    }

    #[test]
    fn what_follows_on_the_line_counts() {
        let doc = all([call("f", &["alpha", "beta"]), text(";")]);
        assert_eq!(doc.print(15, 0), "f(alpha, beta);");
        assert_eq!(doc.print(14, 0), "f(\n    alpha,\n    beta,\n);");
    }

    #[test]
    fn the_inner_group_stays_whole_where_the_outer_breaks() {
        let inner = call("g", &["alpha", "beta"]);
        let doc = bracketed("f(", vec![inner, text("x")], ")", 60);
        assert_eq!(doc.print(24, 4), "f(g(alpha, beta), x)");
        let broken = "f(\n        g(alpha, beta),\n        x,\n    )";
        assert_eq!(doc.print(23, 4), broken);
    }

    #[test]
    fn a_limit_breaks_before_the_line_is_full() {
        let doc = group(
            8,
            all([
                text("f("),
                nest(all([Doc::Soft, text("argument")])),
                Doc::Soft,
                text(")"),
            ]),
        );
        assert_eq!(doc.print(100, 0), "f(\n    argument\n)");
    }
}

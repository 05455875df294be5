//! Breaks documents into lines: a group stands on one line where it fits, else at each of its breaks.

/// No line has more columns than this, where it can be broken at all.
const COLUMNS: usize = 120;

/// Spaces per level of nesting.
const INDENT: usize = 4;

/// A text with places where it may be broken.
#[derive(Clone, Debug)]
pub(crate) enum Doc {
    /// Characters without a line end.
    Text(String),
    /// A space, or a line end where the group is broken.
    Line,
    /// Nothing, or a line end where the group is broken.
    Soft,
    /// A line end; it breaks every group around it.
    Hard,
    /// A text where the group is broken.
    IfBroken(&'static str),
    /// A comment for the end of the line; it breaks every group around it.
    Suffix(String),
    /// One after another.
    Concat(Vec<Doc>),
    /// The same, one level further in.
    Nest(Vec<Doc>),
    /// The same, broken together or not at all.
    Group(Vec<Doc>),
}

/// A text.
pub(crate) fn text(text: impl Into<String>) -> Doc {
    Doc::Text(text.into())
}

/// Columns of `doc` on one line; none where it cannot stand on one.
pub(crate) fn width(doc: &Doc) -> Option<usize> {
    match doc {
        Doc::Text(text) => Some(text.chars().count()),
        Doc::Line => Some(1),
        Doc::Soft | Doc::IfBroken(_) => Some(0),
        Doc::Hard | Doc::Suffix(_) => None,
        Doc::Concat(docs) | Doc::Nest(docs) | Doc::Group(docs) => docs.iter().map(width).sum(),
    }
}

/// Whether `doc` stands on one line at the left margin.
pub(crate) fn is_line(doc: &Doc) -> bool {
    width(doc).is_some_and(|width| width <= COLUMNS)
}

/// The lines of `doc`, each with its line end.
pub(crate) fn render(doc: &Doc) -> String {
    write(doc, false)
}

/// `doc` on one line, where it has no comments.
pub(crate) fn flat(doc: &Doc) -> String {
    write(doc, true).trim_end().to_owned()
}

fn write(doc: &Doc, flat: bool) -> String {
    let mut page = Page::default();
    let mut rest = vec![Task {
        doc,
        level: 0,
        flat,
    }];
    while let Some(Task { doc, level, flat }) = rest.pop() {
        let task = |doc| Task { doc, level, flat };
        match doc {
            Doc::Text(text) => page.write(text),
            Doc::Line if flat => page.write(" "),
            Doc::Soft if flat => {}
            Doc::Line | Doc::Soft | Doc::Hard => page.end_line(level),
            Doc::IfBroken(text) => page.write(if flat { "" } else { text }),
            Doc::Suffix(text) => page.suffixes.push(text.clone()),
            Doc::Concat(docs) => rest.extend(docs.iter().rev().map(task)),
            Doc::Nest(docs) => rest.extend(docs.iter().rev().map(|doc| Task {
                level: level + 1,
                ..task(doc)
            })),
            Doc::Group(docs) => {
                let flat = flat || fits(docs, &rest, COLUMNS.saturating_sub(page.column(level)));
                rest.extend(docs.iter().rev().map(|doc| Task { flat, ..task(doc) }));
            }
        }
    }
    page.end_line(0);
    page.lines
}

/// A document still to be written, innermost last.
#[derive(Clone, Copy)]
struct Task<'a> {
    doc: &'a Doc,
    level: usize,
    flat: bool,
}

/// Whether `group` on one line, and what follows it up to the next line end, take at most `room` columns.
fn fits(group: &[Doc], rest: &[Task], room: usize) -> bool {
    let mut left = room;
    let mut inner: Vec<&Doc> = group.iter().rev().collect();
    while let Some(doc) = inner.pop() {
        let taken = match doc {
            Doc::Concat(docs) | Doc::Nest(docs) | Doc::Group(docs) => {
                inner.extend(docs.iter().rev());
                Some(0)
            }
            leaf => width(leaf),
        };
        match taken.and_then(|taken| left.checked_sub(taken)) {
            Some(room) => left = room,
            None => return false,
        }
    }
    let mut after: Vec<(&Doc, bool)> = Vec::new();
    for task in rest.iter().rev() {
        after.push((task.doc, task.flat));
        while let Some((doc, flat)) = after.pop() {
            let taken = match doc {
                Doc::Hard => return true,
                Doc::Line | Doc::Soft if !flat => return true,
                Doc::Concat(docs) | Doc::Nest(docs) => {
                    after.extend(docs.iter().rev().map(|doc| (doc, flat)));
                    0
                }
                Doc::Group(docs) => {
                    after.extend(docs.iter().rev().map(|doc| (doc, flat)));
                    0
                }
                Doc::IfBroken(text) if !flat => text.len(),
                leaf => width(leaf).unwrap_or(0),
            };
            match left.checked_sub(taken) {
                Some(room) => left = room,
                None => return false,
            }
        }
    }
    true
}

/// What has been written.
#[derive(Default)]
struct Page {
    lines: String,
    line: String,
    /// The indent of the current line in levels.
    level: usize,
    suffixes: Vec<String>,
}

impl Page {
    /// The column the next character comes to stand in.
    fn column(&self, level: usize) -> usize {
        let indent = if self.line.is_empty() {
            level
        } else {
            self.level
        };
        indent * INDENT + self.line.chars().count()
    }

    fn write(&mut self, text: &str) {
        self.line.push_str(text);
    }

    fn end_line(&mut self, next_level: usize) {
        for suffix in self.suffixes.drain(..) {
            if !self.line.is_empty() {
                self.line.push(' ');
            }
            self.line.push_str(&suffix);
        }
        let line = self.line.trim_end();
        if !line.is_empty() {
            self.lines.push_str(&" ".repeat(self.level * INDENT));
            self.lines.push_str(line);
        }
        self.lines.push('\n');
        self.line.clear();
        self.level = next_level;
    }
}

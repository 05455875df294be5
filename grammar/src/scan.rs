//! Looks through a source once for what a grammar cannot tell well: stray characters, texts without an end, brackets
//! without a partner, and where reading can go on after an error.

use std::ops::Range;

use crate::error::{MAX_BRACKETS, SyntaxErrorKind};
use crate::lex::{Kind, Lexeme, is_control, lexemes};

/// What a scan finds.
#[derive(Default)]
pub(crate) struct Scan {
    /// What is wrong, in the order of the places.
    pub faults: Vec<Fault>,
    /// Where definitions begin, with their doc comments.
    pub items: Vec<usize>,
    /// Where a line may begin, of a body or outside of all.
    pub starts: Vec<Start>,
}

/// An error that a scan finds.
pub(crate) struct Fault {
    pub kind: SyntaxErrorKind,
    /// Where it is told.
    pub place: Range<usize>,
    /// What is not worth reading because of it.
    pub range: Range<usize>,
    /// Before what a closing bracket is missing, or the closing bracket after which there is one too many.
    pub related: Option<Range<usize>>,
}

/// The first byte of a line, and in how many bodies it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub at: usize,
    pub depth: usize,
}

/// Scans `text` from byte `start` on.
pub(crate) fn scan(text: &str, start: usize) -> Scan {
    let mut scanner = Scanner::default();
    let mut ahead = lexemes(text, start);
    let mut before: Option<Lexeme> = None;
    let mut doc: Option<usize> = None;
    while let Some(lexeme) = ahead.next() {
        let mut item = false;
        if lexeme.first_on_line && lexeme.kind != Kind::Comment {
            let indent = line_indent(text, lexeme.start);
            let next = || ahead.clone().find(|l| !l.is_comment());
            item = scanner.may_end(indent) && begins_item(&lexeme, next);
            if item {
                scanner.end_item(lexeme.start..lexeme.end());
                scanner.scan.items.push(doc.unwrap_or(lexeme.start));
            }
            scanner.take_line(&lexeme, indent);
        }
        let new_line = lexeme.first_on_line || before.is_some_and(|l| l.text == ";");
        if item || new_line && !goes_on(before.as_ref(), &lexeme) {
            scanner.start(lexeme.start);
        }
        scanner.take(&lexeme);
        match lexeme.kind {
            Kind::Comment => {}
            Kind::Doc => doc = doc.or(Some(lexeme.start)),
            _ => (before, doc) = (Some(lexeme), None),
        }
    }
    scanner.end_item(text.len()..text.len());
    scanner.scan.faults.sort_by_key(|fault| fault.range.start);
    scanner.scan
}

/// Whether a definition begins here: its keyword, and after it what is no path and no argument.
fn begins_item<'a>(lexeme: &Lexeme, next: impl FnOnce() -> Option<Lexeme<'a>>) -> bool {
    let follows = match lexeme.text {
        "const" | "block" | "model" | "variant" => Kind::Word,
        "use" => Kind::Text,
        "train" => Kind::Open('{'),
        _ => return false,
    };
    next().is_some_and(|next| next.kind == follows)
}

/// Whether `lexeme`, first on its line, goes on with what stands before it.
fn goes_on(before: Option<&Lexeme>, lexeme: &Lexeme) -> bool {
    before.is_some_and(Lexeme::is_open_end)
        || matches!(lexeme.text, "|>" | "else" | ";")
        || lexeme.kind == Kind::Comment
}

/// Columns before byte `at` on its line.
fn line_indent(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.len() - before.trim_end_matches([' ', '\t']).len()
}

/// An open bracket.
struct Open {
    bracket: char,
    at: usize,
    /// Whether it is a brace around lines, inside of nothing but such.
    body: bool,
    /// The indent of its line.
    indent: usize,
    /// The first line inside it that is indented no further, and so should stand behind the closing bracket.
    outdented: Option<Range<usize>>,
}

#[derive(Default)]
struct Scanner {
    scan: Scan,
    open: Vec<Open>,
    indent: usize,
    /// In how many brackets an `if` or `else` stands that awaits its brace.
    arm: Option<usize>,
    /// A brace that was closed by what is indented less: if one is missing in this definition, it is its.
    suspect: Option<Open>,
    /// Where the last closing bracket outside of all others ends in this definition.
    closed: Option<usize>,
    /// Where brackets are no longer counted, until the next definition.
    too_deep: Option<usize>,
}

impl Scanner {
    fn start(&mut self, at: usize) {
        if self.too_deep.is_none() && self.open.last().is_none_or(|top| top.body) {
            let depth = self.open.len();
            self.scan.starts.push(Start { at, depth });
        }
    }

    /// Whether a line of this indent may stand outside of all brackets.
    fn may_end(&self, indent: usize) -> bool {
        self.open.first().is_none_or(|open| indent <= open.indent)
    }

    fn take_line(&mut self, first: &Lexeme, indent: usize) {
        self.indent = indent;
        if matches!(first.kind, Kind::Close(_)) {
            return;
        }
        for open in self
            .open
            .iter_mut()
            .rev()
            .take_while(|open| open.indent >= indent)
        {
            open.outdented.get_or_insert(first.start..first.end());
        }
    }

    fn take(&mut self, lexeme: &Lexeme) {
        match lexeme.kind {
            Kind::Open(_) | Kind::Close(_) if self.too_deep.is_some() => {}
            Kind::Open(bracket) => self.open(lexeme, bracket),
            Kind::Close(bracket) => self.close(lexeme, bracket),
            Kind::Word if matches!(lexeme.text, "if" | "else") => self.arm = Some(self.open.len()),
            // The expressions in a text are read like any other, and are as deep as they are.
            Kind::Text if self.open.len() + depth_of(lexeme.text) > MAX_BRACKETS => {
                self.report(lexeme, SyntaxErrorKind::NestedTooDeeply);
            }
            Kind::OpenText => self.report(lexeme, SyntaxErrorKind::UnclosedText),
            Kind::Foreign => self.report(lexeme, SyntaxErrorKind::ForeignCharacter),
            Kind::Comment | Kind::Doc | Kind::FileDoc => {
                let stray = lexeme.text.char_indices().find(|&(_, c)| is_control(c));
                if let Some((at, c)) = stray {
                    let at = lexeme.start + at;
                    self.fault(SyntaxErrorKind::ForeignCharacter, at..at + c.len_utf8());
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, lexeme: &Lexeme, bracket: char) {
        if self.open.len() == MAX_BRACKETS {
            self.too_deep = Some(lexeme.start);
            self.report(lexeme, SyntaxErrorKind::NestedTooDeeply);
            return;
        }
        let arm = bracket == '{' && self.arm == Some(self.open.len());
        if arm {
            self.arm = None;
        }
        self.open.push(Open {
            bracket,
            at: lexeme.start,
            body: bracket == '{' && !arm && self.open.last().is_none_or(|top| top.body),
            indent: self.indent,
            outdented: None,
        });
    }

    fn close(&mut self, lexeme: &Lexeme, bracket: char) {
        let fits = |open: &Open| closing(open.bracket) == bracket;
        let Some(partner) = self.open.iter().rposition(fits) else {
            let place = lexeme.start..lexeme.end();
            // Lines behind a body that was closed too early are not what is wrong.
            let closed = self.closed.filter(|_| self.open.is_empty());
            self.scan.faults.push(Fault {
                range: closed.unwrap_or(place.start)..place.end,
                related: closed.map(|closed| closed - 1..closed),
                ..Fault::new(SyntaxErrorKind::UnopenedBracket, place)
            });
            return;
        };
        // The innermost of the open brackets is told, and nothing of those between it and the partner.
        if partner + 1 < self.open.len()
            && let Some(open) = self.open.pop()
        {
            self.unclosed(open, lexeme.start..lexeme.end(), lexeme.start);
        }
        self.open.truncate(partner + 1);
        let Some(mut open) = self.open.pop() else {
            return;
        };
        if bracket == '}' {
            if lexeme.first_on_line && self.indent < open.indent {
                open.outdented.get_or_insert(lexeme.start..lexeme.end());
            }
            if open.outdented.is_some() {
                self.suspect.get_or_insert(open);
            }
            if self.open.is_empty() {
                self.closed = Some(lexeme.end());
            }
        }
    }

    /// Ends the current definition, before what stands at `next`.
    fn end_item(&mut self, next: Range<usize>) {
        let end = next.start;
        if let Some(from) = self.too_deep.take() {
            if let Some(fault) = self.scan.faults.iter_mut().rfind(|f| f.range.start == from) {
                fault.range.end = end;
            }
        } else if let Some(innermost) = self.open.pop() {
            let suspect = self.suspect.take().filter(|_| innermost.bracket == '{');
            self.unclosed(suspect.unwrap_or(innermost), next, end);
        }
        self.open.clear();
        self.arm = None;
        self.suspect = None;
        self.closed = None;
    }

    /// `open` should have been closed before what stands at `stop`; nothing up to byte `end` is worth reading.
    fn unclosed(&mut self, open: Open, stop: Range<usize>, end: usize) {
        let place = open.at..open.at + 1;
        self.scan.faults.push(Fault {
            range: open.at..end,
            related: Some(open.outdented.unwrap_or(stop)),
            ..Fault::new(SyntaxErrorKind::UnclosedBracket, place)
        });
    }

    fn report(&mut self, at: &Lexeme, kind: SyntaxErrorKind) {
        self.fault(kind, at.start..at.end());
    }

    fn fault(&mut self, kind: SyntaxErrorKind, place: Range<usize>) {
        self.scan.faults.push(Fault::new(kind, place));
    }
}

impl Fault {
    fn new(kind: SyntaxErrorKind, place: Range<usize>) -> Self {
        Self {
            kind,
            range: place.clone(),
            place,
            related: None,
        }
    }
}

/// The bracket that closes `open`.
pub(crate) fn closing(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

/// How many brackets are open at once in `text`.
fn depth_of(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for c in text.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

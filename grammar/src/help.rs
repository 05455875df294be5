//! Advice for syntax errors that people make often; what is wrong is said elsewhere.

use crate::lex::{Kind, Lexeme, lexemes};
use crate::parse::{GrammarRule as Rule, is_keyword};
use crate::words::{Stop, is_operand};

impl Stop<'_> {
    /// What to do where one of `rules` should stand.
    pub fn help(&self, rules: &[Rule]) -> Option<String> {
        let expects = |rule: Rule| rules.contains(&rule);
        if expects(Rule::kw_else) {
            return Some("an `if` is a value, so it needs an `else`".to_owned());
        }
        if self
            .above()
            .last()
            .is_some_and(|last| last.kind == Kind::Doc)
            && self.is_first()
        {
            return Some(
                "a `///` comment stands above the definition or line that it describes".to_owned(),
            );
        }
        let found = self.lexeme?;
        let fixed = match (found.kind, found.text) {
            (Kind::Doc, _) => {
                "`///` comments stand above definitions and lines; begin others with `//`"
            }
            (Kind::FileDoc, _) => "`//!` comments describe the file and stand at its top",
            _ if expects(Rule::escape) => {
                "in a text `\\` stands before `\"`, `{`, `}` and `\\` only"
            }
            _ if self
                .line()
                .last()
                .is_some_and(|last| last.kind == Kind::OpenText) =>
            {
                "`{...}` in a text is an expression; a `{` of the text itself is written `\\{`"
            }
            (_, "&&") => "write `and`",
            (_, "||") => "write `or`",
            (_, "!") => "write `not`",
            (_, "|") => "a value is piped into a call with `|>`",
            _ if expects(Rule::file_name) => {
                "the name of the file stands in quotes, as in `use \"blocks.term\"`"
            }
            (Kind::Text, _) if expects(Rule::string) => "texts stand in double quotes",
            _ if expects(Rule::kw_of) => {
                "a variant says what it changes, as in `variant Small of Cifar10 { ... }`"
            }
            _ if expects(Rule::arm) && expects(Rule::kw_if) => {
                "what follows `else` stands in braces"
            }
            (Kind::Word | Kind::Number, _) if expects(Rule::arm) => {
                "the arms of an `if` stand in braces"
            }
            _ if expects(Rule::close_paren) && (expects(Rule::name) || expects(Rule::assign)) => {
                "a parameter is written `name`, `name: type` or `name: type = default`"
            }
            _ if self.before.ends_with('.') => "dots touch the words on both sides",
            _ if is_operand(rules) => return self.operand_help(&found),
            _ if expects(Rule::item) => return Some(self.item_help(&found)),
            _ if expects(Rule::line) => return self.line_help(&found),
            _ if ENDS.into_iter().any(expects) => return self.end_help(&found, &expects),
            (Kind::Word, word) if is_keyword(word) => return Some(reserved(word)),
            (_, "=" | "==" | ":") if expects(Rule::assign) => "a value is set with `=`",
            _ if self.before.trim_end().ends_with("|>") => {
                "a pipe leads into a call, as in `x |> gelu`"
            }
            (_, "[") if expects(Rule::list) => "the bracket touches the name before it",
            _ => return None,
        };
        Some(fixed.to_owned())
    }

    /// Where a definition should stand.
    fn item_help(&self, found: &Lexeme) -> String {
        let fixed = match found.text {
            "language" => "`language 2` stands above all definitions",
            "slow" => {
                "a slow net is a `block` whose first parameter is a grid; `const` names one with its arguments"
            }
            "input" | "output" | "loss" => return format!("`{}` stands in a model", found.text),
            _ if self.after(found).is_some_and(|next| next.text == "=") => {
                return format!(
                    "outside of blocks and models write `const {} = ...`",
                    found.text
                );
            }
            _ => match nearest(
                found,
                &["use", "const", "block", "model", "train", "variant"],
            ) {
                Some(keyword) => return format!("did you mean `{keyword}`?"),
                None => {
                    "a file is made of `use`, `const`, `block`, `model`, `train` and `variant` definitions"
                }
            },
        };
        fixed.to_owned()
    }

    /// Where a line should begin.
    fn line_help(&self, found: &Lexeme) -> Option<String> {
        match (found.kind, found.text) {
            (Kind::Symbol, _) => {
                Some("an operator stands at the end of the line that goes on".to_owned())
            }
            (Kind::Word, "use" | "const" | "block" | "model" | "variant")
                if self
                    .after(found)
                    .is_some_and(|next| matches!(next.kind, Kind::Word | Kind::Text)) =>
            {
                Some(format!("a `{}` stands outside of all braces", found.text))
            }
            (Kind::Word, word) if is_keyword(word) && word != "else" => Some(reserved(word)),
            _ => None,
        }
    }

    /// Where an expression should stand.
    fn operand_help(&self, found: &Lexeme) -> Option<String> {
        let fixed = match (found.kind, found.text) {
            (Kind::Number, _) => {
                "a number has digits with single `_` between them, a point and an exponent; a name begins with a letter"
            }
            (_, ".") => match self.after(found).filter(|next| next.kind == Kind::Number) {
                Some(digits) => {
                    return Some(format!(
                        "digits stand before the point: write `0.{}`",
                        digits.text
                    ));
                }
                None => "a number has digits on both sides of its point",
            },
            (_, "+") => "a number has no `+` before it",
            (Kind::Text, _) => "texts stand after `use` and in `require`; write the bare word",
            (_, "if") => "an `if` in a condition stands in brackets",
            _ if self.is_first() && self.open_end().is_some() => return self.goes_on(),
            (Kind::Word, word) if is_keyword(word) => return Some(reserved(word)),
            _ => return None,
        };
        Some(fixed.to_owned())
    }

    /// Where an expression, a line or a definition could end.
    fn end_help(&self, found: &Lexeme, expects: &impl Fn(Rule) -> bool) -> Option<String> {
        let in_brackets = expects(Rule::close_paren) || expects(Rule::close_bracket);
        if !(expects(Rule::infix) || expects(Rule::pipe)) {
            return expects(Rule::sep).then(|| "a new line is missing".to_owned());
        }
        let line = self.line();
        let name = line.last().filter(|last| last.kind == Kind::Word);
        let fixed = match (found.kind, found.text) {
            (_, ":") if in_brackets => match name {
                Some(name) => {
                    return Some(format!("an argument is given as `{}=value`", name.text));
                }
                None => "an argument is given as `name=value`",
            },
            (_, ":") => "a value is set with `=`; `:` gives a parameter its type",
            (_, "=") if line.len() == 1 && self.open_end().is_some() => return self.goes_on(),
            (_, "=") if expects(Rule::comma) && name.is_some() => {
                "the name of an argument is one word; `==` compares"
            }
            (_, "=") => "`=` sets a value once; `==` compares",
            (_, ".") => {
                "a number has digits on both sides of its point, and `.` touches what it follows"
            }
            (_, ",") if expects(Rule::to) => "an element has one number: write `x[1][2]`",
            (_, "{") if expects(Rule::to) => "a range has two ends, as in `0..n`",
            (_, "{") => "a call has round brackets, as in `concat(a, b)`",
            (_, "(") if self.touches(found) => "only a name can be called",
            (Kind::Symbol, _) if self.is_first() => {
                "an operator stands at the end of the line that goes on"
            }
            (Kind::Symbol, _) if !expects(Rule::infix) => {
                "pipes come last; put the value in brackets to go on with it"
            }
            (Kind::Symbol | Kind::Close(_), _) => return None,
            (_, "(" | "[") if expects(Rule::sep) => {
                "an operator or a new line is missing; a call's bracket touches its name"
            }
            (_, "(" | "[") => {
                "an operator or a comma is missing; a call's bracket touches its name"
            }
            _ if in_brackets && expects(Rule::comma) => "an operator or a comma is missing",
            _ if expects(Rule::comma) => "a comma is missing",
            _ if !expects(Rule::sep) => "an operator is missing",
            _ => match line
                .first()
                .and_then(|first| nearest(first, &LINE_KEYWORDS))
            {
                Some(keyword) => return Some(format!("did you mean `{keyword}`?")),
                None => match line.as_slice() {
                    [_] if self.after(found).is_some_and(|next| next.text == "=") => {
                        "nothing stands before the name of a value"
                    }
                    [name] if expects(Rule::assign) && name.kind == Kind::Word => {
                        return Some(format!(
                            "a value is set with `=`, as in `{} = {}`",
                            name.text, found.text
                        ));
                    }
                    _ => "an operator or a new line is missing",
                },
            },
        };
        Some(fixed.to_owned())
    }

    fn goes_on(&self) -> Option<String> {
        let end = self.open_end()?;
        Some(format!(
            "the line above goes on here, for it ends with `{end}`"
        ))
    }

    fn touches(&self, found: &Lexeme) -> bool {
        found.start == self.before.len() && self.before.ends_with(|c: char| !c.is_whitespace())
    }

    /// Whether nothing stands before the place on its line.
    pub(crate) fn is_first(&self) -> bool {
        let before = self.text.get(..self.range.start).unwrap_or_default();
        before.trim_end_matches([' ', '\t']).ends_with(['\n', '\r'])
    }

    /// The lexeme after the one that was found.
    fn after(&self, found: &Lexeme) -> Option<Lexeme<'_>> {
        lexemes(self.text, found.end()).find(|l| !l.is_comment())
    }

    /// What stands before the place on its line.
    fn line(&self) -> Vec<Lexeme<'_>> {
        let start = self.before.rfind(['\n', '\r', ';']).map_or(0, |at| at + 1);
        lexemes(self.before, start).collect()
    }

    /// The line above, without comments that say nothing.
    fn above(&self) -> Vec<Lexeme<'_>> {
        let end = self.before.rfind(['\n', '\r']).unwrap_or_default();
        let above = self.before.get(..end).unwrap_or_default().trim_end();
        let start = above.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        lexemes(above, start)
            .filter(|l| l.kind != Kind::Comment)
            .collect()
    }

    /// What the line above ends with, if it makes it go on.
    fn open_end(&self) -> Option<&str> {
        self.above()
            .pop()
            .filter(Lexeme::is_open_end)
            .map(|last| last.text)
    }
}

/// What could follow where something ends.
const ENDS: [Rule; 5] = [
    Rule::infix,
    Rule::pipe,
    Rule::sep,
    Rule::close_paren,
    Rule::close_bracket,
];

const LINE_KEYWORDS: [&str; 7] = [
    "input", "output", "loss", "for", "require", "without", "add",
];

fn reserved(word: &str) -> String {
    format!("`{word}` is a word of the language; choose another name")
}

/// The keyword that `word` is a slip of, if it is.
fn nearest(word: &Lexeme, keywords: &[&'static str]) -> Option<&'static str> {
    let near = keywords
        .iter()
        .map(|keyword| (distance(word.text, keyword), *keyword));
    let (distance, keyword) = near.min()?;
    (word.kind == Kind::Word && (1..=2).contains(&distance) && distance * 2 < keyword.len())
        .then_some(keyword)
}

/// How many letters have to be put in, left out, exchanged or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 16;
    if a.len() > LONGEST || a.is_empty() || b.is_empty() {
        return usize::MAX;
    }
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        let above = rows.last().cloned().unwrap_or_default();
        let mut row = vec![i + 1];
        for ((j, y), (corner, up)) in b
            .iter()
            .enumerate()
            .zip(above.iter().zip(above.iter().skip(1)))
        {
            let left = row.last().copied().unwrap_or_default();
            let mut best = (corner + usize::from(x != y)).min(left + 1).min(up + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if let Some(two_up) = rows.iter().rev().nth(1).filter(|_| swapped) {
                best = best.min(two_up.get(j - 1).map_or(best, |cost| cost + 1));
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows.last()
        .and_then(|row| row.last())
        .copied()
        .unwrap_or(usize::MAX)
}

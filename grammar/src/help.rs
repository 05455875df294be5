//! Advice for syntax errors that people make often; what is wrong is said elsewhere.

use crate::lex::{Kind, Lexeme, lexemes};
use crate::parse::{GrammarRule as Rule, is_keyword};
use crate::words::Stop;

impl Stop<'_> {
    /// What to do where one of `rules` should stand.
    pub fn help(&self, rules: &[Rule]) -> Option<String> {
        let found = self.lexeme?;
        let expects = |rule: Rule| rules.contains(&rule);
        let operand = expects(Rule::number) || expects(Rule::expr) || expects(Rule::arg);
        let own = |text: &str| Some(text.to_owned());
        match found.kind {
            Kind::Doc => {
                return own(
                    "`///` comments stand above definitions and lines; begin others with `//`",
                );
            }
            Kind::FileDoc => return own("`//!` comments describe the file and stand at its top"),
            Kind::Number if operand => {
                return own(
                    "a number has digits with single `_` between them, a point and an exponent; a name begins with a letter",
                );
            }
            _ => {}
        }
        match found.text {
            "&&" => return own("write `and`"),
            "||" => return own("write `or`"),
            "|" => return own("a value is piped into a call with `|>`"),
            "!" => return own("write `not`"),
            _ => {}
        }
        if expects(Rule::escape) {
            return own("in a text `\\` stands before `\"`, `{`, `}` and `\\` only");
        }
        if expects(Rule::file_name) {
            return own("the name of the file stands in quotes, as in `use \"blocks.term\"`");
        }
        if expects(Rule::kw_else) {
            return own("an `if` is a value, so it needs an `else`");
        }
        if found.kind == Kind::Word && is_keyword(found.text) && (operand || expects(Rule::name)) {
            return Some(format!(
                "`{}` is a word of the language; choose another name",
                found.text
            ));
        }
        if expects(Rule::item) || expects(Rule::kw_block) {
            return Some(self.item_help(&found));
        }
        if operand {
            return self.operand_help(&found);
        }
        if expects(Rule::infix) || expects(Rule::pipe) || expects(Rule::sep) {
            return self.operator_help(&found, &expects);
        }
        match found.text {
            "=" | "==" | ":" if expects(Rule::assign) => own("a value is set with `=`"),
            "(" | "[" if !self.touches(&found) => own("the bracket touches the name before it"),
            _ => None,
        }
    }

    fn item_help(&self, found: &Lexeme) -> String {
        let next = self.after(found);
        match found.text {
            "language" => "`language 2` stands before all definitions".to_owned(),
            "input" | "output" | "loss" => format!("`{}` stands in a model", found.text),
            _ if next.is_some_and(|next| next.text == "=") => {
                format!("outside of blocks and models a value is named with `const {} = ...`", found.text)
            }
            _ => match nearest(found, &["use", "const", "block", "model", "train", "variant"]) {
                Some(keyword) => format!("did you mean `{keyword}`?"),
                None => {
                    "a file is made of `use`, `const`, `block`, `model`, `train` and `variant` definitions".to_owned()
                }
            },
        }
    }

    /// Where an expression should stand.
    fn operand_help(&self, found: &Lexeme) -> Option<String> {
        let help = match (found.kind, found.text) {
            (_, ".") => match self.after(found).filter(|next| next.kind == Kind::Number) {
                Some(number) => {
                    return Some(format!(
                        "a number has digits before its point: write `0.{}`",
                        number.text
                    ));
                }
                None => "a number has digits on both sides of its point",
            },
            (_, "+") => "a number has no `+` before it",
            (Kind::Text, _) => "texts stand after `use` and in `require`; write the bare word",
            (_, "*" | "/" | "%" | "@" | "|>" | "==" | "!=" | "<" | "<=" | ">" | ">=")
                if found.first_on_line =>
            {
                "an operator stands at the end of the line that goes on"
            }
            _ => return None,
        };
        Some(help.to_owned())
    }

    /// Where an expression could end.
    fn operator_help(&self, found: &Lexeme, expects: &impl Fn(Rule) -> bool) -> Option<String> {
        let in_brackets = expects(Rule::close_paren) || expects(Rule::close_bracket);
        let line = self.line();
        let first = line.first().filter(|_| !in_brackets);
        let goes_on = "the line above goes on here, for it ends with";
        let help = match (found.kind, found.text) {
            (_, ":") if in_brackets => match line.last() {
                Some(name) if name.kind == Kind::Word => {
                    return Some(format!("an argument is given as `{}=value`", name.text));
                }
                _ => "an argument is given as `name=value`",
            },
            (_, ":") => "a value is set with `=`; `:` gives a parameter its type",
            (_, "=") if self.open_end().is_some() && line.len() == 1 => {
                return self.open_end().map(|end| format!("{goes_on} `{end}`"));
            }
            (_, "=") if in_brackets && line.last().is_some_and(|last| last.kind == Kind::Word) => {
                "the name of an argument is one word; `==` compares"
            }
            (_, "=") => "`=` sets a value once; `==` compares",
            (_, "==") if expects(Rule::assign) && !expects(Rule::infix) => {
                "a value is set with `=`"
            }
            (_, ".") => {
                "a number has digits on both sides of its point, and `.` touches what it follows"
            }
            (_, "{") => "a call has round brackets, as in `concat(a, b)`",
            (_, "(") if self.touches(found) => "only a name can be called",
            (Kind::Symbol, _) if !expects(Rule::infix) && !found.first_on_line => {
                "a pipe ends its expression; put it in brackets to go on with it"
            }
            (Kind::Symbol, _) if found.first_on_line => {
                "an operator stands at the end of the line that goes on"
            }
            (Kind::Symbol, _) => return None,
            _ => {
                if let Some(first) = first
                    && let Some(keyword) = nearest(
                        first,
                        &[
                            "input", "output", "loss", "for", "require", "without", "add",
                        ],
                    )
                {
                    return Some(format!("did you mean `{keyword}`?"));
                }
                match (line.as_slice(), found.kind) {
                    ([name], Kind::Number) if expects(Rule::assign) && name.kind == Kind::Word => {
                        return Some(format!(
                            "a value is set with `=`: write `{} = {}`",
                            name.text, found.text
                        ));
                    }
                    _ => {
                        "an operator, a comma or a new line is missing; a call's bracket touches its name"
                    }
                }
            }
        };
        Some(help.to_owned())
    }

    fn touches(&self, found: &Lexeme) -> bool {
        found.start == self.before.len() && self.before.ends_with(|c: char| !c.is_whitespace())
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

    /// The operator that the line above ends with.
    fn open_end(&self) -> Option<&str> {
        let start = self.before.rfind(['\n', '\r'])?;
        let above = self.before.get(..start)?;
        let start = above.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let last = lexemes(above, start).filter(|l| !l.is_comment()).last()?;
        let is_open = last.kind == Kind::Symbol || matches!(last.text, "and" | "or" | "not");
        is_open.then_some(last.text)
    }
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

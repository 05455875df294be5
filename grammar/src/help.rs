//! Advice for syntax errors that people make often; what is wrong is said elsewhere.

use std::borrow::Cow;

use crate::grammar::{Rule, is_keyword};
use crate::lex::{Kind, Lexeme};
use crate::stop::Stop;

/// What to do about an error.
pub(crate) struct Help {
    pub text: Cow<'static, str>,
    /// What to write in place of what the error marks, where that is all there is to do.
    pub instead: Option<&'static str>,
}

impl From<&'static str> for Help {
    fn from(text: &'static str) -> Self {
        Self {
            text: text.into(),
            instead: None,
        }
    }
}

impl From<String> for Help {
    fn from(text: String) -> Self {
        Self {
            text: text.into(),
            instead: None,
        }
    }
}

type Advice = Option<Help>;

impl Stop<'_> {
    /// What to do about it.
    pub fn help(&self) -> Advice {
        let expects = |rule| self.expects(rule);
        let documents = |line: Vec<Lexeme>| line.first().is_some_and(|l| l.kind == Kind::Doc);
        if expects(Rule::kw_else) {
            return Some("an `if` is a value, so it needs an `else`".into());
        }
        // A word is meant to be what the comment describes.
        let nothing = self.lexeme.is_none_or(|found| found.kind != Kind::Word);
        if nothing && self.is_first() && documents(self.above()) {
            return Some(
                "a `///` comment stands above the definition or line that it describes".into(),
            );
        }
        let found = self.lexeme?;
        let line = self.line();
        let last = line.last().map_or("", |last| last.text);
        let in_text = line.last().is_some_and(|last| last.kind == Kind::OpenText);
        let advice = match (found.kind, found.text) {
            (Kind::Doc, _) => {
                "`///` comments stand above definitions and lines; begin others with `//`".into()
            }
            (Kind::FileDoc, _) => "`//!` comments describe the file and stand at its top".into(),
            _ if expects(Rule::escape) => {
                "in a text `\\` stands before `\"`, `{`, `}` and `\\` only".into()
            }
            _ if in_text => {
                "`{...}` in a text is an expression; a `{` of the text itself is written `\\{`"
                    .into()
            }
            (_, "=") if line.len() == 1 && last == "output" => {
                "what the model yields has a name, as in `output logits = ...`".into()
            }
            (_, "=") if line.len() == 1 && is_keyword(last) => reserved(last),
            (_, ":" | "=" | "(") if line.first().is_some_and(|first| first.text == "input") => {
                "an input has a name, which its sizes touch, as in `input image[3, 32, 32]`".into()
            }
            (_, "&&") => written("and"),
            (_, "||") => written("or"),
            (_, "!") => written("not"),
            (_, "|") => "a value is piped into a call with `|>`".into(),
            _ if expects(Rule::file_name) => {
                "the name of the file stands in quotes, as in `use \"blocks.term\"`".into()
            }
            (Kind::Text, _) if expects(Rule::string) => "texts stand in double quotes".into(),
            _ if expects(Rule::kw_of) => {
                "a variant says what it changes, as in `variant Small of Cifar10 { ... }`".into()
            }
            _ if expects(Rule::arm) && expects(Rule::kw_if) => {
                "what follows `else` stands in braces".into()
            }
            (Kind::Word | Kind::Number, _) if expects(Rule::arm) => {
                "the arms of an `if` stand in braces".into()
            }
            _ if expects(Rule::close_paren) && (expects(Rule::name) || expects(Rule::assign)) => {
                "a parameter is written `name`, `name: type` or `name: type = default`".into()
            }
            _ if last == "." => "dots touch the words on both sides".into(),
            _ if self.expects_operand() => return self.operand_help(&found),
            // Below a `///` comment the kinds of definitions are expected one by one.
            _ if expects(Rule::item) || expects(Rule::kw_block) => {
                return Some(self.item_help(&found));
            }
            _ if expects(Rule::line) => return self.line_help(&found),
            _ if expects(Rule::infix) || expects(Rule::pipe) => return self.end_help(&found),
            _ if expects(Rule::sep) => "a new line is missing".into(),
            (Kind::Word, word) if is_keyword(word) => reserved(word),
            (_, "=" | "==" | ":") if expects(Rule::assign) => "a value is set with `=`".into(),
            (_, "[") if expects(Rule::list) => "the bracket touches the name before it".into(),
            _ if last == "|>" => "a pipe leads into a call, as in `x |> gelu`".into(),
            _ => return None,
        };
        Some(advice)
    }

    /// Where a definition should stand.
    fn item_help(&self, found: &Lexeme) -> Help {
        match found.text {
            "language" => "`language 2` stands above all definitions".into(),
            "slow" => "a slow net is a `block` whose first parameter is a grid; `const` gives it a name".into(),
            "input" | "output" | "loss" => format!("`{}` stands in a model", found.text).into(),
            name if self.next().is_some_and(|next| next.text == "=") => {
                format!("outside of blocks and models write `const {name} = ...`").into()
            }
            _ => match slip_of(found, &["use", "const", "block", "model", "train", "variant"]) {
                Some(keyword) => Help {
                    instead: Some(keyword),
                    ..meant(keyword)
                },
                None => "a file is made of `use`, `const`, `block`, `model`, `train` and `variant` definitions".into(),
            },
        }
    }

    /// Where a line should begin.
    fn line_help(&self, found: &Lexeme) -> Advice {
        let begins_item = || {
            self.next()
                .is_some_and(|next| matches!(next.kind, Kind::Word | Kind::Text))
        };
        match (found.kind, found.text) {
            (Kind::Symbol, _) => Some(OPERATOR_LAST.into()),
            (_, "use" | "const" | "block" | "model" | "variant") if begins_item() => {
                Some(format!("a `{}` stands outside of all braces", found.text).into())
            }
            (Kind::Word, word) if is_keyword(word) && word != "else" => Some(reserved(word)),
            _ => None,
        }
    }

    /// Where an expression should stand.
    fn operand_help(&self, found: &Lexeme) -> Advice {
        let advice = match (found.kind, found.text) {
            (Kind::Number, _) => {
                "a number has digits with single `_` between them, a point and an exponent; a name begins with a letter".into()
            }
            (_, ".") => match self.next().filter(|next| next.kind == Kind::Number) {
                Some(digits) => format!("digits stand before the point: write `0.{}`", digits.text).into(),
                None => "a number has digits on both sides of its point".into(),
            },
            (_, "+") => "a number has no `+` before it".into(),
            (Kind::Text, _) => "texts stand after `use` and in `require`; write the bare word".into(),
            (_, "if") => "an `if` in a condition stands in brackets".into(),
            _ if self.is_first() && self.open_end().is_some() => return self.goes_on(),
            (Kind::Word, word) if is_keyword(word) => reserved(word),
            _ => return None,
        };
        Some(advice)
    }

    /// Where an expression could end.
    fn end_help(&self, found: &Lexeme) -> Advice {
        let expects = |rule| self.expects(rule);
        let in_brackets = expects(Rule::close_paren) || expects(Rule::close_bracket);
        let line = self.line();
        let advice = match (found.kind, found.text) {
            (_, ":") if in_brackets => {
                let name = line.last().filter(|last| last.kind == Kind::Word);
                let name = name.map_or("name", |name| name.text);
                format!("an argument is given as `{name}=value`").into()
            }
            (_, ":") => "a value is set with `=`; `:` gives a parameter its type".into(),
            (_, "=") if line.len() == 1 && self.open_end().is_some() => return self.goes_on(),
            (_, "=") if expects(Rule::comma) => {
                "the name of an argument is one word; `==` compares".into()
            }
            (_, "=") => "`=` sets a value once; `==` compares".into(),
            (_, ".") => {
                "a number has digits on both sides of its point, and `.` touches what it follows"
                    .into()
            }
            (_, ",") if expects(Rule::to) => "an element has one number: write `x[1][2]`".into(),
            (_, "{") if expects(Rule::to) => "a range has two ends, as in `0..n`".into(),
            (_, "{") if line.len() == 1 => match line
                .first()
                .and_then(|first| slip_of(first, &["loss", "train"]))
            {
                Some(keyword) => meant(keyword),
                None => ROUND.into(),
            },
            (_, "{") => ROUND.into(),
            (_, "(") if self.touches() => "only a name can be called".into(),
            (Kind::Symbol, _) if self.is_first() => OPERATOR_LAST.into(),
            (Kind::Symbol, _) if !expects(Rule::infix) => {
                "pipes come last; put the value in brackets to go on with it".into()
            }
            (Kind::Symbol | Kind::Close(_), _) => return None,
            (_, "(" | "[") if expects(Rule::sep) => {
                "an operator or a new line is missing; a call's bracket touches its name".into()
            }
            (_, "(" | "[") => {
                "an operator or a comma is missing; a call's bracket touches its name".into()
            }
            _ if in_brackets && expects(Rule::comma) => "an operator or a comma is missing".into(),
            _ if expects(Rule::comma) => "a comma is missing".into(),
            _ if !expects(Rule::sep) => "an operator is missing".into(),
            _ => self.line_end_help(found, &line),
        };
        Some(advice)
    }

    /// Where a line could end after an expression, but a word, a number or a text stands.
    fn line_end_help(&self, found: &Lexeme, line: &[Lexeme]) -> Help {
        let keywords = [
            "input", "output", "loss", "for", "require", "without", "add",
        ];
        // The slip is not what is marked: that comes after it.
        if let Some(keyword) = line.first().and_then(|first| slip_of(first, &keywords)) {
            return meant(keyword);
        }
        match line {
            [_] if self.next().is_some_and(|next| next.text == "=") => {
                "nothing stands before the name of a value".into()
            }
            [name] if self.expects(Rule::assign) && self.in_loss() => {
                format!("a term has brackets, as in `{}({})`", name.text, found.text).into()
            }
            [name] if self.expects(Rule::assign) && name.kind == Kind::Word => format!(
                "a value is set with `=`, as in `{} = {}`",
                name.text, found.text
            )
            .into(),
            _ => "an operator or a new line is missing".into(),
        }
    }

    fn goes_on(&self) -> Advice {
        let end = self.open_end()?;
        Some(format!("the line above goes on here, for it ends with `{end}`").into())
    }
}

const ROUND: &str = "a call has round brackets, as in `concat(a, b)`";
const OPERATOR_LAST: &str = "an operator stands at the end of the line that goes on";

/// Of an operator that other languages have.
fn written(word: &'static str) -> Help {
    Help {
        text: format!("write `{word}`").into(),
        instead: Some(word),
    }
}

/// Of a word that was mistyped.
fn meant(keyword: &str) -> Help {
    format!("did you mean `{keyword}`?").into()
}

fn reserved(word: &str) -> Help {
    format!("`{word}` is a word of the language; choose another name").into()
}

/// The keyword that a word becomes by a letter put in, left out, exchanged or swapped with its neighbour.
fn slip_of(word: &Lexeme, keywords: &[&'static str]) -> Option<&'static str> {
    const LONGEST: usize = 12;
    let shortened = |text: &str| -> Vec<String> {
        let without = |at| {
            text.char_indices()
                .filter(|(i, _)| *i != at)
                .map(|(_, c)| c)
                .collect()
        };
        (0..=text.len()).map(without).collect()
    };
    if word.kind != Kind::Word || word.text.len() > LONGEST || keywords.contains(&word.text) {
        return None;
    }
    let shorter = shortened(word.text);
    let near = |keyword: &&&str| shortened(keyword).iter().any(|text| shorter.contains(text));
    keywords.iter().find(near).copied()
}

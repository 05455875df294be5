//! Reads the pairs of a successful parse into the syntax tree; the grammar has decided what is legal.
//!
//! `None` means that the pairs are not those the grammar promises, or that an error was recorded.

mod expr;
mod line;

use pest::iterators::{Pair, Pairs};

use crate::ast::*;
use crate::error::{SyntaxError, SyntaxErrorKind, show};
use crate::grammar::Rule;

type Node<'i> = Pair<'i, Rule>;

/// Builds trees whose spans begin at `base`.
pub(crate) struct Builder {
    base: u32,
    /// What the grammar cannot see: numbers out of range, expressions too deep.
    pub errors: Vec<SyntaxError>,
}

impl Builder {
    pub fn new(base: u32) -> Self {
        let errors = vec![];
        Self { base, errors }
    }

    /// The description of a file and the version of its language.
    pub fn head(&mut self, node: Node) -> Option<File> {
        let mut parts = Parts::of(node);
        Some(File {
            doc: parts.docs(Rule::file_doc),
            language: self.maybe(parts.next_if(Rule::language), Self::language)?,
            items: vec![],
        })
    }

    pub fn next_item(&mut self, node: Node) -> Option<Item> {
        self.item(Parts::of(node).next()?)
    }

    pub fn lone_expr(&mut self, node: Node) -> Option<Expr> {
        self.next_expr(&mut Parts::of(node))
    }

    pub fn lone_change(&mut self, node: Node) -> Option<Line> {
        let mut parts = Parts::of(node);
        self.undocumented(String::new(), parts.next()?)
    }

    fn language(&mut self, node: Node) -> Option<(u64, Span)> {
        let number = Parts::of(node).next()?;
        let span = self.span(&number);
        let Ok(version) = number.as_str().parse() else {
            let found = show(number.as_str());
            let error = SyntaxError::new(SyntaxErrorKind::Unexpected, span, found);
            let expected = "the version of the language, a whole number";
            self.errors
                .push(error.with_expected(vec![expected.to_owned()]));
            return None;
        };
        Some((version, span))
    }

    fn item(&mut self, node: Node) -> Option<Item> {
        let mut parts = Parts::of(node);
        let doc = parts.docs(Rule::doc);
        let node = parts.next()?;
        let rule = node.as_rule();
        let span = self.span(&node);
        let mut parts = Parts::of(node);
        let mut end = span.end;
        let kind = match rule {
            Rule::use_def => {
                let file = parts.next()?;
                let name = file.as_str().trim_matches('"').to_owned();
                ItemKind::Use(name, self.span(&file))
            }
            Rule::const_def => {
                let name = self.next_name(&mut parts)?;
                let value = self.next_expr(&mut parts)?;
                end = value.span.end;
                ItemKind::Const { name, value }
            }
            Rule::block_def => ItemKind::Block(self.callable(parts)?),
            Rule::model_def => ItemKind::Model(self.callable(parts)?),
            Rule::train_def => ItemKind::Train(self.body(parts.next()?)?),
            Rule::variant_def => ItemKind::Variant {
                name: self.next_name(&mut parts)?,
                base: self.path(parts.next()?)?,
                body: self.body(parts.next()?)?,
            },
            _ => return None,
        };
        let span = Span { end, ..span };
        Some(Item { doc, kind, span })
    }

    fn callable(&mut self, mut parts: Parts) -> Option<Callable> {
        Some(Callable {
            name: self.next_name(&mut parts)?,
            params: match parts.next_if(Rule::params) {
                Some(params) => self.all(Parts::of(params), Self::param)?,
                None => vec![],
            },
            body: self.body(parts.next()?)?,
        })
    }

    fn param(&mut self, node: Node) -> Option<ParamDef> {
        let mut parts = Parts::of(node);
        Some(ParamDef {
            name: self.next_name(&mut parts)?,
            ty: self.maybe(parts.next_if(Rule::ty), Self::ty)?,
            default: self.maybe(parts.next_if(Rule::expr), Self::expr)?,
        })
    }

    fn ty(&mut self, node: Node) -> Option<Ty> {
        let span = self.span(&node);
        let inner = Parts::of(node).next()?;
        let kind = match inner.as_rule() {
            Rule::word => TyKind::Word(inner.as_str().to_owned()),
            _ => TyKind::List(Box::new(self.ty(inner)?)),
        };
        Some(Ty { kind, span })
    }

    fn path(&mut self, node: Node) -> Option<Path> {
        let span = self.span(&node);
        let steps = self.all(Parts::of(node), Self::step)?;
        Some(Path { steps, span })
    }

    fn step(&mut self, node: Node) -> Option<Step> {
        let mut parts = Parts::of(node);
        let name = self.next_name(&mut parts)?;
        let index = match parts.next() {
            None => None,
            Some(position) => match position.as_str().parse() {
                Ok(index) => Some((index, self.span(&position))),
                Err(_) => return self.out_of_range(&position, "no list has so many elements"),
            },
        };
        Some(Step { name, index })
    }

    fn next_name(&self, parts: &mut Parts) -> Option<Name> {
        parts.next().map(|node| self.name(&node))
    }

    fn name(&self, node: &Node) -> Name {
        let text = node.as_str().to_owned();
        let span = self.span(node);
        Name { text, span }
    }

    /// What a part holds, if there is one.
    fn maybe<'i, T>(
        &mut self,
        part: Option<Node<'i>>,
        read: impl FnOnce(&mut Self, Node<'i>) -> Option<T>,
    ) -> Option<Option<T>> {
        match part {
            Some(part) => read(self, part).map(Some),
            None => Some(None),
        }
    }

    /// Every part, also those after one that is wrong, so that all errors are found.
    fn all<'i, T>(
        &mut self,
        parts: Parts<'i>,
        mut read: impl FnMut(&mut Self, Node<'i>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut sound = true;
        let mut all = Vec::new();
        for part in parts {
            match read(self, part) {
                Some(part) if sound => all.push(part),
                Some(_) => {}
                None => {
                    sound = false;
                    all.clear();
                }
            }
        }
        sound.then_some(all)
    }

    fn span(&self, node: &Node) -> Span {
        let at = |byte: usize| {
            self.base
                .saturating_add(u32::try_from(byte).unwrap_or(u32::MAX))
        };
        let span = node.as_span();
        Span {
            start: at(span.start()),
            end: at(span.end()),
        }
    }

    fn out_of_range<T>(&mut self, node: &Node, help: &str) -> Option<T> {
        let kind = SyntaxErrorKind::NumberOutOfRange;
        let error = SyntaxError::new(kind, self.span(node), show(node.as_str()));
        self.errors.push(error.with_help(help));
        None
    }
}

/// The children of a node, without keywords and punctuation.
struct Parts<'i>(Pairs<'i, Rule>);

impl<'i> Parts<'i> {
    fn of(node: Node<'i>) -> Self {
        Self(node.into_inner())
    }

    /// The next part, if it is of this rule.
    fn next_if(&mut self, rule: Rule) -> Option<Node<'i>> {
        self.skip();
        self.0.peek().filter(|next| next.as_rule() == rule)?;
        self.0.next()
    }

    /// The text of doc comments without their markers and the space after them, joined by newlines.
    fn docs(&mut self, rule: Rule) -> String {
        let mut lines = Vec::new();
        while let Some(doc) = self.next_if(rule) {
            let line = doc.as_str().get(3..).unwrap_or_default().trim_end();
            lines.push(line.strip_prefix(' ').unwrap_or(line));
        }
        lines.join("\n")
    }

    fn skip(&mut self) {
        while self.0.peek().is_some_and(|next| is_mark(next.as_rule())) {
            self.0.next();
        }
    }
}

impl<'i> Iterator for Parts<'i> {
    type Item = Node<'i>;

    fn next(&mut self) -> Option<Node<'i>> {
        self.skip();
        self.0.next()
    }
}

/// Keywords and punctuation that say nothing beyond their place.
fn is_mark(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::EOI
            | Rule::sep
            | Rule::assign
            | Rule::comma
            | Rule::colon
            | Rule::pipe
            | Rule::close_brace
            | Rule::close_paren
            | Rule::close_bracket
            | Rule::close_quote
            | Rule::kw_language
            | Rule::kw_use
            | Rule::kw_const
            | Rule::kw_block
            | Rule::kw_model
            | Rule::kw_train
            | Rule::kw_variant
            | Rule::kw_of
            | Rule::kw_input
            | Rule::kw_output
            | Rule::kw_loss
            | Rule::kw_for
            | Rule::kw_in
            | Rule::kw_else
            | Rule::kw_require
            | Rule::kw_without
            | Rule::kw_choose
            | Rule::kw_add
    )
}

//! Reads the pairs of a successful parse into the syntax tree; the grammar has decided what is legal.
//!
//! `None` means that the pairs are not those the grammar promises, or that an error was recorded.

mod expr;

use pest::iterators::{Pair, Pairs};

use crate::ast::*;
use crate::error::{SyntaxError, SyntaxErrorKind};
use crate::parse::GrammarRule as Rule;
use crate::scan::show;

type Node<'i> = Pair<'i, Rule>;

/// Builds trees whose spans begin at `base`.
pub(crate) struct Builder {
    base: u32,
    /// What the grammar cannot see: numbers out of range, expressions too deep.
    pub errors: Vec<SyntaxError>,
}

impl Builder {
    pub fn new(base: u32) -> Self {
        Self {
            base,
            errors: Vec::new(),
        }
    }

    pub fn file(&mut self, node: Node) -> Option<File> {
        let mut file = File::default();
        for child in node.into_inner() {
            match child.as_rule() {
                Rule::head => {
                    file.doc = docs(child.clone().into_inner(), Rule::file_doc);
                    if let Some(language) =
                        child.into_inner().find(|c| c.as_rule() == Rule::language)
                    {
                        file.language = Some(self.language(language)?);
                    }
                }
                Rule::item => file.items.push(self.item(child)?),
                _ => {}
            }
        }
        Some(file)
    }

    pub fn lone_item(&mut self, node: Node) -> Option<Item> {
        let item = child(node, Rule::item)?;
        self.item(item)
    }

    pub fn lone_expr(&mut self, node: Node) -> Option<Expr> {
        self.child_expr(node)
    }

    pub fn lone_set(&mut self, node: Node) -> Option<Change> {
        let set = child(node, Rule::set)?;
        self.set(set)
    }

    fn language(&mut self, node: Node) -> Option<(u64, Span)> {
        let number = child(node, Rule::number)?;
        let span = self.span(&number);
        match number.as_str().parse() {
            Ok(version) => Some((version, span)),
            Err(_) => {
                let error =
                    SyntaxError::new(SyntaxErrorKind::Unexpected, span, show(number.as_str()));
                let expected = "the version of the language, a whole number";
                self.errors
                    .push(error.with_expected(vec![expected.to_owned()]));
                None
            }
        }
    }

    fn item(&mut self, node: Node) -> Option<Item> {
        let doc = docs(node.clone().into_inner(), Rule::doc);
        let node = node.into_inner().find(|c| c.as_rule() != Rule::doc)?;
        let span = self.span(&node);
        Some(match node.as_rule() {
            Rule::slow_def => {
                let (name, params) = (self.child_name(&node)?, self.params(&node)?);
                let value = self.child_expr(node)?;
                let span = upto(span, &value);
                Item::Slow(SlowDef {
                    doc,
                    name,
                    params,
                    value,
                    span,
                })
            }
            Rule::block_def => Item::Block(BlockDef {
                doc,
                name: self.child_name(&node)?,
                params: self.params(&node)?,
                bindings: self.each(&node, Rule::statement, Self::statement)?,
                result: self.each(&node, Rule::expr, Self::expr)?.pop(),
                span,
            }),
            Rule::model_def => Item::Model(self.model(doc, node)?),
            Rule::train_def => Item::Train(TrainDef {
                doc,
                settings: self.each(&node, Rule::setting, Self::setting)?,
                span,
            }),
            Rule::variant_def => {
                let mut names = self
                    .each(&node, Rule::name, |b, n| Some(b.name(&n)))?
                    .into_iter();
                Item::Variant(VariantDef {
                    doc,
                    name: names.next()?,
                    base: names.next()?,
                    changes: self.each(&node, Rule::change, Self::change)?,
                    span,
                })
            }
            _ => return None,
        })
    }

    fn model(&mut self, doc: String, node: Node) -> Option<ModelDef> {
        let mut model = ModelDef {
            doc,
            name: self.child_name(&node)?,
            params: self.params(&node)?,
            inputs: Vec::new(),
            bindings: Vec::new(),
            outputs: Vec::new(),
            losses: Vec::new(),
            span: self.span(&node),
        };
        for member in node.into_inner().filter(|c| c.as_rule() == Rule::member) {
            let doc = docs(member.clone().into_inner(), Rule::doc);
            let member = member.into_inner().find(|c| c.as_rule() != Rule::doc)?;
            let span = self.span(&member);
            match member.as_rule() {
                Rule::input_def => {
                    let shape = child(member, Rule::input_shape)?;
                    let name = self.child_name(&shape)?;
                    let list = child(shape, Rule::list)?;
                    let sizes = self.list(list)?.expr;
                    model.inputs.push(InputDef {
                        doc,
                        name,
                        sizes,
                        span,
                    });
                }
                Rule::output_def => {
                    let head = child(member.clone(), Rule::output_head)?;
                    let name = self.child_name(&head)?;
                    let size = self.child_expr(child(head, Rule::output_size)?)?;
                    let value = self.child_expr(member)?;
                    let span = upto(span, &value);
                    model.outputs.push(OutputDef {
                        doc,
                        name,
                        size,
                        value,
                        span,
                    });
                }
                Rule::loss_def => {
                    let terms = self.each(&member, Rule::expr, Self::expr)?;
                    model.losses.push(LossDef { doc, terms, span });
                }
                Rule::binding => model.bindings.push(self.binding(doc, member)?),
                _ => return None,
            }
        }
        Some(model)
    }

    fn params(&mut self, node: &Node) -> Option<Vec<ParamDef>> {
        match child(node.clone(), Rule::params) {
            Some(params) => self.each(&params, Rule::param, Self::param),
            None => Some(Vec::new()),
        }
    }

    fn param(&mut self, node: Node) -> Option<ParamDef> {
        Some(ParamDef {
            name: self.child_name(&node)?,
            ty: child(node.clone(), Rule::word).map(|word| self.name(&word)),
            default: self.each(&node, Rule::expr, Self::expr)?.pop(),
        })
    }

    fn statement(&mut self, node: Node) -> Option<Binding> {
        let doc = docs(node.clone().into_inner(), Rule::doc);
        let binding = child(node, Rule::binding)?;
        self.binding(doc, binding)
    }

    fn binding(&mut self, doc: String, node: Node) -> Option<Binding> {
        Some(Binding {
            doc,
            kernel: child(node.clone(), Rule::kw_kernel).is_some(),
            name: self.child_name(&node)?,
            value: self.child_expr(node)?,
        })
    }

    fn setting(&mut self, node: Node) -> Option<Setting> {
        let key = child(node.clone(), Rule::key)?;
        Some(Setting {
            key: self.child_name(&key)?,
            values: self.each(&node, Rule::expr, Self::expr)?,
        })
    }

    fn change(&mut self, node: Node) -> Option<Change> {
        let change = node.into_inner().next()?;
        match change.as_rule() {
            Rule::set => self.set(change),
            Rule::without => {
                let path = child(change, Rule::path)?;
                Some(Change::Without {
                    path: self.path(path)?,
                })
            }
            _ => None,
        }
    }

    fn set(&mut self, node: Node) -> Option<Change> {
        let path = child(node.clone(), Rule::path)?;
        Some(Change::Set {
            path: self.path(path)?,
            value: self.child_expr(node)?,
        })
    }

    fn path(&mut self, node: Node) -> Option<Path> {
        Some(Path {
            span: self.span(&node),
            parts: self.each(&node, Rule::word, |b, n| Some(b.name(&n)))?,
        })
    }

    fn child_expr(&mut self, node: Node) -> Option<Expr> {
        let expr = child(node, Rule::expr)?;
        self.expr(expr)
    }

    fn child_name(&self, node: &Node) -> Option<Name> {
        child(node.clone(), Rule::name).map(|name| self.name(&name))
    }

    fn name(&self, node: &Node) -> Name {
        Name {
            text: node.as_str().to_owned(),
            span: self.span(node),
        }
    }

    fn each<'i, T>(
        &mut self,
        node: &Node<'i>,
        rule: Rule,
        mut read: impl FnMut(&mut Self, Node<'i>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let children = node.clone().into_inner();
        children
            .filter(|c| c.as_rule() == rule)
            .map(|c| read(self, c))
            .collect()
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

    fn fail<T>(&mut self, kind: SyntaxErrorKind, node: &Node, help: &str) -> Option<T> {
        let error = SyntaxError::new(kind, self.span(node), show(node.as_str()));
        self.errors.push(error.with_help(help));
        None
    }
}

fn child<'i>(node: Node<'i>, rule: Rule) -> Option<Node<'i>> {
    node.into_inner().find(|c| c.as_rule() == rule)
}

/// `span` up to the end of the expression that closes it; the grammar's own end may include white space.
fn upto(span: Span, last: &Expr) -> Span {
    Span {
        end: last.span.end,
        ..span
    }
}

/// The text of doc comments without their markers and the space after them, joined by newlines.
fn docs(nodes: Pairs<Rule>, rule: Rule) -> String {
    let lines = nodes.filter(|c| c.as_rule() == rule).map(|c| {
        let text = c.as_str().get(3..).unwrap_or_default().trim_end();
        text.strip_prefix(' ').unwrap_or(text)
    });
    lines.collect::<Vec<_>>().join("\n")
}

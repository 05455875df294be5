//! Reads the pairs of a successful parse into the syntax tree; the grammar has decided what is legal.
//!
//! `None` means that the pairs are not those the grammar promises, or that an error was recorded.

use pest::iterators::{Pair, Pairs};

use crate::ast::*;
use crate::error::{MAX_DEPTH, SyntaxError, SyntaxErrorKind};
use crate::parse::GrammarRule as Rule;
use crate::scan::show;

type Node<'i> = Pair<'i, Rule>;

/// Builds trees whose spans begin at `base`.
pub(crate) struct Builder {
    base: u32,
    /// What the grammar cannot see: numbers out of range, expressions too deep.
    pub errors: Vec<SyntaxError>,
}

/// An expression and the depth of its tree.
struct Built {
    expr: Expr,
    depth: usize,
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
            Err(_) => self.fail(
                SyntaxErrorKind::NumberOutOfRange,
                &number,
                "a version is a whole number",
            ),
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
        let mut names = self
            .each(&node, Rule::name, |b, n| Some(b.name(&n)))?
            .into_iter();
        Some(ParamDef {
            name: names.next()?,
            ty: names.next(),
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

    // ---- expressions -----------------------------------------------------------------------------------------------

    fn expr(&mut self, node: Node) -> Option<Expr> {
        self.built(node).map(|built| built.expr)
    }

    fn built(&mut self, node: Node) -> Option<Built> {
        let mut children = node.into_inner();
        let mut sum: Option<(Built, BinaryOp, Span)> = None;
        let mut product = self.operand(children.next()?)?;
        while let Some(next) = children.peek().filter(|c| c.as_rule() == Rule::infix) {
            children.next();
            let (op, op_span) = (infix(&next)?, self.span(&next));
            let rhs = self.operand(children.next()?)?;
            if matches!(op, BinaryOp::Add | BinaryOp::Sub) {
                product = self.join(sum.take(), product)?;
                sum = Some((product, op, op_span));
                product = rhs;
            } else {
                product = self.join(Some((product, op, op_span)), rhs)?;
            }
        }
        let mut value = self.join(sum, product)?;
        for target in children.filter(|c| c.as_rule() == Rule::target) {
            let (into, depth) = self.call(target)?;
            let span = value.expr.span.to(into.span);
            let depth = depth.max(value.depth);
            let kind = ExprKind::Pipe {
                value: Box::new(value.expr),
                into,
            };
            value = self.deepen(Expr { kind, span }, depth)?;
        }
        Some(value)
    }

    /// `lhs op rhs`, or `rhs` alone.
    fn join(&mut self, lhs: Option<(Built, BinaryOp, Span)>, rhs: Built) -> Option<Built> {
        let Some((lhs, op, op_span)) = lhs else {
            return Some(rhs);
        };
        let span = lhs.expr.span.to(rhs.expr.span);
        let depth = lhs.depth.max(rhs.depth);
        let kind = ExprKind::Binary {
            op,
            op_span,
            lhs: Box::new(lhs.expr),
            rhs: Box::new(rhs.expr),
        };
        self.deepen(Expr { kind, span }, depth)
    }

    fn operand(&mut self, node: Node) -> Option<Built> {
        let span = self.span(&node);
        match node.as_rule() {
            Rule::number => self.number(&node),
            Rule::concat => {
                let mut depth = 0;
                let mut branches = Vec::new();
                for branch in node.into_inner().filter(|c| c.as_rule() == Rule::branch) {
                    let doc = docs(branch.clone().into_inner(), Rule::doc);
                    let label = child(branch.clone(), Rule::name).map(|name| self.name(&name));
                    let built = self.built(child(branch, Rule::expr)?)?;
                    depth = depth.max(built.depth);
                    branches.push(Branch {
                        doc,
                        label,
                        value: built.expr,
                    });
                }
                let kind = ExprKind::Concat(branches);
                self.deepen(Expr { kind, span }, depth)
            }
            Rule::reference => {
                let base = if child(node.clone(), Rule::args).is_some() {
                    let (call, depth) = self.call(node.clone())?;
                    let span = call.span;
                    let kind = ExprKind::Call(call);
                    self.deepen(Expr { kind, span }, depth)?
                } else {
                    let name = self.child_name(&node)?;
                    let kind = ExprKind::Name(name.text);
                    self.deepen(
                        Expr {
                            kind,
                            span: name.span,
                        },
                        0,
                    )?
                };
                self.elements(base, node)
            }
            Rule::grouped => {
                let group = child(node.clone(), Rule::group)?;
                let span = self.span(&group);
                let mut base = self.built(child(group, Rule::expr)?)?;
                base.expr.span = span;
                self.elements(base, node)
            }
            Rule::listed => {
                let base = self.list(child(node.clone(), Rule::list)?)?;
                self.elements(base, node)
            }
            _ => None,
        }
    }

    fn list(&mut self, node: Node) -> Option<Built> {
        let span = self.span(&node);
        let mut depth = 0;
        let mut elements = Vec::new();
        for element in node.into_inner().filter(|c| c.as_rule() == Rule::expr) {
            let built = self.built(element)?;
            depth = depth.max(built.depth);
            elements.push(built.expr);
        }
        let kind = ExprKind::List(elements);
        self.deepen(Expr { kind, span }, depth)
    }

    /// The call in a `reference` or a `target`; its span ends with the arguments.
    fn call(&mut self, node: Node) -> Option<(Call, usize)> {
        let callee = self.child_name(&node)?;
        let mut call = Call {
            span: callee.span,
            callee,
            args: Vec::new(),
        };
        let mut depth = 0;
        if let Some(args) = child(node, Rule::args) {
            call.span = call.span.to(self.span(&args));
            for arg in args.into_inner().filter(|c| c.as_rule() == Rule::arg) {
                let name = child(arg.clone(), Rule::arg_name).map(|word| self.name(&word));
                let built = self.built(child(arg, Rule::expr)?)?;
                depth = depth.max(built.depth);
                call.args.push(Arg {
                    name,
                    value: built.expr,
                });
            }
        }
        Some((call, depth))
    }

    /// `base[0][1..]`, one index after another.
    fn elements(&mut self, mut base: Built, node: Node) -> Option<Built> {
        for index in node.into_inner().filter(|c| c.as_rule() == Rule::index) {
            let span = base.expr.span.to(self.span(&index));
            let inner = index
                .into_inner()
                .find(|c| matches!(c.as_rule(), Rule::from_start | Rule::element))?;
            let sliced = child(inner.clone(), Rule::dots).is_some();
            let from_start = inner.as_rule() == Rule::from_start;
            let mut depth = base.depth;
            let mut ends = Vec::new();
            for end in inner.into_inner().filter(|c| c.as_rule() == Rule::expr) {
                let built = self.built(end)?;
                depth = depth.max(built.depth);
                ends.push(Box::new(built.expr));
            }
            let mut ends = ends.into_iter();
            let start = if from_start { None } else { ends.next() };
            let range = match (sliced, start) {
                (false, start) => Range::At(start?),
                (true, start) => Range::Slice {
                    start,
                    end: ends.next(),
                },
            };
            let kind = ExprKind::Index {
                list: Box::new(base.expr),
                range,
            };
            base = self.deepen(Expr { kind, span }, depth)?;
        }
        Some(base)
    }

    /// Integers too large for `i64` become floats; a value too large for `f64` is an error.
    fn number(&mut self, node: &Node) -> Option<Built> {
        let digits = node.as_str().replace('_', "");
        let kind = if let Ok(int) = digits.parse() {
            ExprKind::Int(int)
        } else {
            match digits.parse::<f64>() {
                Ok(float) if float.is_finite() => ExprKind::Float(float),
                _ => {
                    return self.fail(
                        SyntaxErrorKind::NumberOutOfRange,
                        node,
                        "numbers are below 1.8e308",
                    );
                }
            }
        };
        let span = self.span(node);
        self.deepen(Expr { kind, span }, 0)
    }

    fn deepen(&mut self, expr: Expr, below: usize) -> Option<Built> {
        if below < MAX_DEPTH {
            return Some(Built {
                expr,
                depth: below + 1,
            });
        }
        let error = SyntaxError::new(
            SyntaxErrorKind::NestedTooDeeply,
            expr.span,
            "the expression".to_owned(),
        );
        self.errors
            .push(error.with_help("bind a part of it to a name"));
        None
    }

    // ---- parts -----------------------------------------------------------------------------------------------------

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

fn infix(node: &Node) -> Option<BinaryOp> {
    Some(match node.as_str() {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "@" => BinaryOp::MatMul,
        _ => return None,
    })
}

//! Declares what definitions and lines name. What the names are used for is `item`'s to find.

use std::ops::Range;

use termc_grammar::ast::{
    Callable, Expr, ExprKind, Item, ItemKind, Line, LineKind, Name, ParamDef, Span, Ty as Written,
    TyKind,
};

use super::item::Walk;
use super::{Meaning, Symbol, SymbolKind};

impl<'a> Walk<'a> {
    pub fn declare(&mut self, item: &'a Item, prelude: bool) {
        let (kind, callable) = match &item.kind {
            ItemKind::Block(callable) => (SymbolKind::Block, Some(callable)),
            ItemKind::Model(callable) => (SymbolKind::Model, Some(callable)),
            ItemKind::Const { .. } => (SymbolKind::Constant, None),
            ItemKind::Variant { .. } => (SymbolKind::Variant, None),
            ItemKind::Use(..) | ItemKind::Train(_) => return,
        };
        let Some(name) = item.name() else { return };
        let symbol = Symbol {
            name: name.text.clone(),
            kind,
            span: name.span,
            whole: item.span,
            inside: None,
            doc: item.doc.clone(),
            detail: String::new(),
            prelude,
        };
        let own = self.symbols.len();
        self.symbols.push(symbol);
        self.defined.insert(name.span.start, own);
        self.say(name.span, Meaning::Symbol(own), true);
        let Some(callable) = callable else { return };
        for param in &callable.params {
            let detail = written_type(param);
            let default = param.default.as_ref();
            let given = default.map_or(param.name.span, |default| default.span);
            let declared = Declared {
                kind: SymbolKind::Parameter,
                whole: param.name.span,
                seen: given.end..u32::MAX,
                doc: "",
                detail,
            };
            self.name_inside(callable, own, &param.name, declared);
        }
        self.declare_lines(callable, own, &callable.body, None);
    }

    /// `round` is where the body of the outermost loop begins: what it binds is seen from there, a round later.
    fn declare_lines(
        &mut self,
        callable: &'a Callable,
        own: usize,
        lines: &'a [Line],
        round: Option<u32>,
    ) {
        for line in lines {
            let declared = |kind| Declared {
                kind,
                whole: line.span,
                seen: round.unwrap_or(line.span.end)..u32::MAX,
                doc: &line.doc,
                detail: String::new(),
            };
            match &line.kind {
                LineKind::Input { name, .. } => {
                    self.name_inside(callable, own, name, declared(SymbolKind::Input))
                }
                LineKind::Output { name, .. } => {
                    self.name_inside(callable, own, name, declared(SymbolKind::Binding))
                }
                LineKind::For { var, end, body, .. } => {
                    let from = end.span.end;
                    let var_of = Declared {
                        seen: from..line.span.end,
                        ..declared(SymbolKind::Loop)
                    };
                    self.name_inside(callable, own, var, var_of);
                    self.declare_lines(callable, own, body, round.or(Some(from)));
                }
                LineKind::Bind { target, .. } => {
                    if let Some(name) = bound(target) {
                        self.name_inside(callable, own, &name, declared(SymbolKind::Binding));
                    }
                }
                LineKind::Loss(terms) => {
                    for term in terms {
                        if let LineKind::Bind { target, .. } = &term.kind
                            && let Some(name) = bound(target)
                        {
                            let declared = Declared {
                                kind: SymbolKind::Term,
                                whole: term.span,
                                // No value sees a label.
                                seen: 0..0,
                                doc: &term.doc,
                                detail: String::new(),
                            };
                            self.name_inside(callable, own, &name, declared);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Gives a name to a block or model, or one more place to a list that has it.
    pub fn name_inside(
        &mut self,
        callable: &Callable,
        own: usize,
        name: &Name,
        declared: Declared<'_>,
    ) {
        let prelude = self.symbols.get(own).is_some_and(|symbol| symbol.prelude);
        let next = self.symbols.len();
        let all = match declared.kind {
            SymbolKind::Term => &mut self.terms,
            _ => &mut self.locals,
        };
        let names = all.entry(callable.name.span.start).or_default();
        let (number, seen) = names
            .entry(name.text.clone())
            .or_insert((next, declared.seen.clone()));
        let number = *number;
        // A further loop may have a variable of the same name.
        seen.end = seen.end.max(declared.seen.end);
        if number == next {
            self.symbols.push(Symbol {
                name: name.text.clone(),
                kind: declared.kind,
                span: name.span,
                whole: declared.whole,
                inside: Some(own),
                doc: declared.doc.to_owned(),
                detail: declared.detail,
                prelude,
            });
        }
        self.say(name.span, Meaning::Symbol(number), true);
    }
}

/// What is told of a name that is declared.
pub(super) struct Declared<'a> {
    pub kind: SymbolKind,
    pub whole: Span,
    /// Where values see it.
    pub seen: Range<u32>,
    pub doc: &'a str,
    pub detail: String,
}

/// The name that a target binds.
pub(super) fn bound(target: &Expr) -> Option<Name> {
    let span = match &target.kind {
        ExprKind::Index { value, .. } => value.span,
        _ => target.span,
    };
    let (name, _) = target.as_element()?;
    Some(Name {
        text: name.to_owned(),
        span,
    })
}

/// `: int = 3`
fn written_type(param: &ParamDef) -> String {
    let ty = param.ty.as_ref().map(|ty| format!(": {}", type_text(ty)));
    let default = param
        .default
        .as_ref()
        .map(|default| format!(" = {}", termc_grammar::print_expr(default)));
    format!("{}{}", ty.unwrap_or_default(), default.unwrap_or_default())
}

fn type_text(ty: &Written) -> String {
    match &ty.kind {
        TyKind::List(of) => format!("[{}]", type_text(of)),
        TyKind::Word(word) => word.clone(),
    }
}

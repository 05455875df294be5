//! Warnings: definitions, parameters and bindings that nothing uses, and stored tensors that no loss reaches.

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use termc_grammar::ast::{Callable, ItemKind, Span};

use super::mentions::{of_callable, of_item, of_lines};
use super::program::Body;
use super::{Elaborator, Unit};
use crate::diagnostics::{Diagnostic, ProgramKind};
use crate::model::{Graph, LossKind, Node, NodeId, Penalty};
use crate::overrides::Chosen;
use crate::prelude::is_prelude;
use crate::prune::{reach, roots};

impl<'a> Elaborator<'a> {
    pub(super) fn unused(&mut self, units: &'a [Unit], chosen: &Chosen<'a>, graph: Option<&Graph>) {
        self.unused_definitions(units);
        self.unused_names();
        self.unused_parameters(chosen.model);
        if let Some(graph) = graph {
            if self.changes.is_empty() {
                self.unused_bindings(chosen, graph);
            }
            self.untrained(graph);
        }
    }

    /// Definitions of the main file that no model, variant or recipe mentions, directly or through others.
    fn unused_definitions(&mut self, units: &'a [Unit]) {
        let mut open: Vec<usize> = vec![];
        let items = units
            .get(self.main)
            .map(|unit| unit.file.items.as_slice())
            .unwrap_or_default();
        for item in items {
            if matches!(
                item.kind,
                ItemKind::Model(_) | ItemKind::Train(_) | ItemKind::Variant { .. }
            ) {
                open.extend(
                    of_item(&item.kind)
                        .into_iter()
                        .filter_map(|name| self.program.find(self.main, name)),
                );
            }
        }
        let mut used: HashSet<usize> = HashSet::default();
        while let Some(number) = open.pop() {
            if used.insert(number) {
                let definition = self.program.get(number);
                let names = self.program.mentions(number).iter();
                open.extend(names.filter_map(|name| self.program.find(definition.file, name)));
            }
        }
        let unused: Vec<(Span, ProgramKind)> = self
            .program
            .iter()
            .filter(|(number, definition)| {
                definition.file == self.main && !definition.prelude && !used.contains(number)
            })
            .map(|(_, definition)| {
                let what = match definition.body {
                    Body::Block(_) => "block",
                    Body::Const(_) => "constant",
                };
                let name = definition.name.text.clone();
                (
                    definition.name.span,
                    ProgramKind::UnusedDefinition { what, name },
                )
            })
            .collect();
        for (span, kind) in unused {
            self.add(Diagnostic::of(kind, span));
        }
    }

    /// Parameters and bindings of the main file's blocks that their own text never mentions.
    pub(super) fn unused_names(&mut self) {
        let mut unused = vec![];
        let (program, main) = (self.program, self.main);
        for (_, definition) in program.iter().filter(|(_, d)| d.file == main && !d.prelude) {
            let Body::Block(block) = definition.body else {
                continue;
            };
            let mentioned = of_callable(block);
            self.unused_parameters(block);
            let bound = block.body.iter().flat_map(super::mentions::bound_names);
            let mut seen = HashSet::default();
            for (name, span) in bound.filter(|(name, _)| !mentioned.contains(name)) {
                // What only a variant or the loss reads is found out by the graph.
                if seen.insert(name) && !self.named_by_models.contains(name) {
                    unused.push((
                        span,
                        ProgramKind::UnusedBinding {
                            name: name.to_owned(),
                        },
                    ));
                }
            }
        }
        for (span, kind) in unused {
            self.add(Diagnostic::of(kind, span));
        }
    }

    /// Parameters that the text of their block or model never mentions.
    fn unused_parameters(&mut self, block: &Callable) {
        let mentioned = of_callable(block);
        for param in block
            .params
            .iter()
            .filter(|p| !mentioned.contains(p.name.text.as_str()))
        {
            let (name, block) = (param.name.text.clone(), block.name.text.clone());
            self.add(Diagnostic::of(
                ProgramKind::UnusedParameter { name, block },
                param.name.span,
            ));
        }
    }

    /// Bindings that are mentioned, but by nothing that reaches the output or the loss.
    fn unused_bindings(&mut self, chosen: &Chosen<'a>, graph: &Graph) {
        let live = reach(graph, roots(graph));
        let mut alive: HashMap<(&str, &str), bool> = HashMap::default();
        for instance in graph.instances.iter().filter(|i| !i.prelude) {
            for binding in &instance.bindings {
                let is_live = live.get(binding.node.index()) == Some(&true);
                *alive.entry((&instance.block, &binding.name)).or_default() |= is_live;
            }
        }
        let mut dead = vec![];
        let blocks = self
            .program
            .iter()
            .filter(|(_, d)| d.file == self.main && !d.prelude);
        let blocks = blocks.filter_map(|(_, d)| match d.body {
            Body::Block(block) => Some(block),
            Body::Const(_) => None,
        });
        for block in blocks.chain([chosen.model]) {
            let mut seen = HashSet::default();
            for (name, span) in block.body.iter().flat_map(super::mentions::bound_names) {
                if seen.insert(name) && alive.get(&(block.name.text.as_str(), name)) == Some(&false)
                {
                    dead.push((span, name.to_owned()));
                }
            }
        }
        for (span, name) in dead {
            self.add(Diagnostic::of(ProgramKind::UnusedBinding { name }, span));
        }
    }

    /// Stored tensors that are part of the network but that no weighted loss term depends on.
    pub(super) fn untrained(&mut self, graph: &Graph) {
        let live = reach(graph, roots(graph));
        let mut from = vec![];
        let (mut fast, mut slow) = (false, false);
        for term in graph.loss.iter().filter(|term| term.weight > 0.0) {
            match &term.kind {
                LossKind::SlowNeural { kernels, .. } => from.extend(kernels.iter().copied()),
                LossKind::WeightNorm { fast: f, slow: s } => {
                    fast |= *f > 0.0;
                    slow |= *s > 0.0;
                }
                _ => from.push(graph.output),
            }
        }
        let trained = reach(graph, from);
        // What was left out is trained where its value is; where that is not, a closer look has to tell.
        let missed = |id: &NodeId| {
            live.get(id.index()) == Some(&true) && trained.get(id.index()) == Some(&false)
        };
        self.left_out.sound &= !self.left_out.calls.iter().any(missed);
        let mut missed = vec![];
        for ((node, live), trained) in graph.nodes.iter().zip(live).zip(trained) {
            if !live || trained {
                continue;
            }
            let params = node.op.params().into_iter().map(|id| &graph[id]);
            let params = params.filter(|p| {
                p.trained
                    && match p.penalty {
                        Penalty::None => true,
                        Penalty::Fast => !fast,
                        Penalty::Slow => !slow,
                    }
            });
            missed.extend(params.map(|p| (p, node)));
        }
        if let Some((param, node)) = missed.first() {
            let (count, first) = (missed.len(), param.path.clone());
            let span = in_users_text(graph, node);
            self.add(Diagnostic::of(
                ProgramKind::Untrained { count, first },
                span,
            ));
        }
        if graph.params.is_empty() && self.left_out.scalars == 0 {
            let span = (graph.instances.first()).map_or(Span::default(), |root| root.span);
            self.add(Diagnostic::of(ProgramKind::NothingToTrain {}, span));
        }
    }
}

/// The innermost call around a node that stands in the user's text.
fn in_users_text(graph: &Graph, node: &Node) -> Span {
    let (mut span, mut at) = (node.span, Some(node.instance));
    while let Some(instance) = at.map(|id| &graph[id]).filter(|_| is_prelude(span)) {
        (span, at) = (instance.span, instance.parent);
    }
    span
}

/// Everything that lines mention, for names that paths end in.
pub(super) fn path_names(units: &[Unit], main: usize) -> HashSet<String> {
    let items = units
        .get(main)
        .map(|unit| unit.file.items.as_slice())
        .unwrap_or_default();
    let mut names = HashSet::default();
    for item in items {
        if let ItemKind::Model(model) = &item.kind {
            for line in &model.body {
                if let termc_grammar::ast::LineKind::Loss(terms) = &line.kind {
                    collect_fields(terms, &mut names);
                }
            }
            names.extend(of_lines(&model.body).into_iter().map(str::to_owned));
        }
    }
    names
}

/// The fields that loss terms name.
fn collect_fields(terms: &[termc_grammar::ast::Line], names: &mut HashSet<String>) {
    use termc_grammar::ast::{ExprKind, LineKind};
    let mut open = vec![];
    for line in terms {
        match &line.kind {
            LineKind::Yield(expr) | LineKind::Bind { value: expr, .. } => open.push(expr),
            _ => {}
        }
    }
    while let Some(expr) = open.pop() {
        match &expr.kind {
            ExprKind::Field { value, name } => {
                names.insert(name.text.clone());
                open.push(value);
            }
            ExprKind::Call(call) => open.extend(call.args.iter().map(|arg| &arg.value)),
            ExprKind::List(items) => open.extend(items),
            ExprKind::Index { value, .. } | ExprKind::Slice { value, .. } => open.push(value),
            _ => {}
        }
    }
}

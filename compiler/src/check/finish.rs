//! Closes a sound elaboration: drops what reaches neither output nor loss, warns of what no loss reaches, seals the model.

use termc_grammar::ast::ModelDef;

use super::{Checker, Elaborated};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Graph, Loss, Model, NodeId, Param, Penalty, Train};
use crate::prune::{prune, reach, roots};

impl Checker<'_> {
    pub(super) fn finish(
        &mut self,
        def: &ModelDef,
        elaborated: Elaborated,
        loss: Loss,
        train: Train,
        name: &str,
        source: String,
    ) -> Option<Model> {
        let mut graph = Graph {
            name: name.to_owned(),
            doc: def.doc.clone(),
            input_name: elaborated.input_name,
            input: elaborated.input,
            output_name: elaborated.output_name,
            output: elaborated.output,
            classes: elaborated.classes,
            nodes: std::mem::take(&mut self.builder.nodes),
            params: std::mem::take(&mut self.builder.params),
            scopes: std::mem::take(&mut self.builder.scopes),
            loss,
            train,
            source,
            frozen: false,
        };
        self.unreached(&graph);
        prune(&mut graph);
        if graph.params.is_empty() {
            let diagnostic = Diagnostic::new(
                Code::Unreached,
                def.name.span,
                format!("model `{}` has no parameters", def.name.text),
            )
            .label("there is nothing to train")
            .help("add `linear`, or blocks");
            self.report(diagnostic);
        }
        Some(Model::seal(graph))
    }

    /// Warns of parameters that are part of the network but that no weighted loss term depends on.
    fn unreached(&mut self, graph: &Graph) {
        let live = reach(graph, roots(graph));
        let weighted = |on: bool, nodes: Vec<NodeId>| if on { nodes } else { vec![] };
        let mut from = weighted(graph.loss.cross_entropy.weight > 0.0, vec![graph.output]);
        if let Some(slow) = &graph.loss.slow_neural {
            from.extend(weighted(slow.weight > 0.0, slow.kernels.clone()));
        }
        let trained = reach(graph, from);
        let norm = graph.loss.weight_norm;
        let normed = |p: &Param| match p.penalty {
            Penalty::None => false,
            Penalty::Fast => norm.is_some_and(|n| n.fast > 0.0),
            Penalty::Slow => norm.is_some_and(|n| n.slow > 0.0),
        };
        for ((node, live), trained) in graph.nodes.iter().zip(live).zip(trained) {
            if !live || trained {
                continue;
            }
            let missed: Vec<&Param> = node
                .op
                .params()
                .into_iter()
                .map(|id| &graph[id])
                .filter(|p| !normed(p))
                .collect();
            if let Some(first) = missed.first() {
                let diagnostic = Diagnostic::new(
                    Code::Unreached,
                    node.span,
                    format!(
                        "no loss reaches {} parameters, `{}` first",
                        missed.len(),
                        first.path
                    ),
                )
                .label("training never changes them")
                .help("give a loss term that depends on them a weight above 0");
                self.report(diagnostic);
            }
        }
    }
}

//! The driver: a chosen model with its changes to a graph of primitives, and everything that is wrong with it.

use termc_grammar::ast::{Expr, Line, LineKind, Name};

use super::draft::Draft;
use super::memo::{Calls, Known};
use super::scope::Scope;
use super::{Elaborator, Program, Unit};
use crate::diagnostics::{Diagnostic, ProgramKind};
use crate::language::{Traced, Ty, Value};
use crate::model::{Graph, Instance, NodeId, Span};
use crate::overrides::{Changes, Chosen};

/// What became of a model.
pub(crate) struct Elaborated {
    /// The graph, if nothing is an error.
    pub graph: Option<Graph>,
    /// Everything found.
    pub found: Vec<Diagnostic>,
    /// Its calls, if they were to be kept.
    pub known: Known,
}

/// Elaborates the chosen model of the main file (`main`). Its calls may help to look at other models of the file.
pub(crate) fn elaborate<'a>(
    units: &'a [Unit],
    main: usize,
    program: &'a Program<'a>,
    chosen: &Chosen<'a>,
    changes: &'a Changes<'a>,
    keep_calls: bool,
) -> Elaborated {
    let calls = match keep_calls {
        true => Calls::Kept(Known::default()),
        false => Calls::Anew,
    };
    let mut elaborator = Elaborator::new(program, changes, main, calls);
    elaborator.named_by_models = super::unused::path_names(units, main);
    let graph = elaborator.model(units, chosen);
    let known = match std::mem::replace(&mut elaborator.memo, Calls::Anew) {
        Calls::Kept(known) => known,
        _ => Known::default(),
    };
    elaborator.unreached_paths();
    elaborator.unchecked();
    if !elaborator.aborted && !elaborator.found.iter().any(Diagnostic::is_error) {
        elaborator.unused(units, chosen, graph.as_ref());
    }
    let failed = elaborator.found.iter().any(Diagnostic::is_error);
    Elaborated {
        graph: graph.filter(|_| !failed),
        found: elaborator.found,
        known,
    }
}

/// What is found in the definitions of a file without a model.
pub(crate) fn definitions(program: &Program<'_>, main: usize) -> Vec<Diagnostic> {
    let changes = Changes::new(vec![]);
    let mut elaborator = Elaborator::new(program, &changes, main, Calls::Anew);
    elaborator.unchecked();
    if !elaborator.found.iter().any(Diagnostic::is_error) {
        elaborator.unused_names();
    }
    elaborator.found
}

/// Whether nothing can be found in a variant of a model of the file, as far as a look tells that leaves out what is known
/// of another. What is said of a file as a whole, or of a model without changes, is not looked for.
pub(crate) fn nothing_wrong<'a>(
    units: &'a [Unit],
    main: usize,
    program: &'a Program<'a>,
    chosen: &Chosen<'a>,
    changes: &'a Changes<'a>,
    known: &'a Known,
) -> bool {
    let mut elaborator = Elaborator::new(program, changes, main, Calls::Looked(known));
    let Some(graph) = elaborator.model(units, chosen) else {
        return false;
    };
    elaborator.unreached_paths();
    elaborator.memo = Calls::Anew;
    elaborator.unchecked();
    elaborator.untrained(&graph);
    elaborator.found.is_empty() && elaborator.left_out.sound && elaborator.within_limits(&graph)
}

impl<'a> Elaborator<'a> {
    fn model(&mut self, units: &'a [Unit], chosen: &Chosen<'a>) -> Option<Graph> {
        let model = chosen.model;
        self.draft.enter(model_instance(chosen), None);
        let mut scope = Scope {
            positions: self.changes.root(),
            ..self.plain_scope(self.main)
        };
        self.model_parameters(&mut scope, chosen);
        let inputs = model.body.iter().filter_map(|line| match &line.kind {
            LineKind::Input { name, sizes } => Some((line.span, (name, sizes))),
            _ => None,
        });
        let input = self.only("input", inputs);
        let input = input.map(|(_, (name, sizes))| (name, self.input(&mut scope, name, sizes)));
        if input.is_none() {
            let kind = ProgramKind::NoPart {
                part: "input",
                example: "input image[3, 32, 32]",
            };
            self.report(kind.into(), model.name.span);
        }
        scope.lines = &model.body;
        let output = self.model_lines(&mut scope, &model.body);
        let written = model
            .body
            .iter()
            .any(|line| matches!(line.kind, LineKind::Output { .. }));
        if output.is_none() && !written && !self.aborted {
            let kind = ProgramKind::NoPart {
                part: "output",
                example: "output logits = head(x, classes)",
            };
            self.report(kind.into(), model.name.span);
        }
        self.offer_names(&scope);
        let shape = input.and_then(|(_, id)| Some(self.draft.node(id?).shape));
        let train = self.train(units.get(self.main)?, shape.map(|s| s.channels));
        // Nothing depends on images without an input, and names that the loss reads may be those that are missing.
        let (input_name, _) = input?;
        let (output_name, output_value) = output?;
        let output_id = match output_value.value {
            Value::Tensor(id) => Some(id),
            _ => None,
        };
        let loss = self.loss(&scope, &model.body, model.name.span, output_id);
        let (output_id, shape) = (output_id?, shape?);
        let (loss, train) = (loss?, train?);
        let draft = std::mem::take(&mut self.draft);
        let classes = draft.node(output_id).shape.channels;
        let mut graph = Graph {
            name: chosen.name.clone(),
            doc: chosen.doc.to_owned(),
            input_name: input_name.text.clone(),
            input: shape,
            output_name: output_name.text.clone(),
            output: output_id,
            classes,
            nodes: draft.nodes,
            params: draft.params,
            instances: draft.instances,
            loss,
            train,
            frozen: false,
        };
        let end = graph.nodes.len();
        if let Some(root) = graph.instances.first_mut() {
            root.end = end;
            root.result = output_id;
        }
        Some(graph)
    }

    /// The lines of the model but input and loss; its output.
    fn model_lines(
        &mut self,
        scope: &mut Scope<'a>,
        body: &'a [Line],
    ) -> Option<(&'a Name, Traced)> {
        let mut output = None;
        for line in body {
            if self.aborted {
                return output;
            }
            match &line.kind {
                LineKind::Input { .. } | LineKind::Loss(_) => {}
                LineKind::Output { name, value } => match output {
                    Some((first, _)) => {
                        let part = "output".into();
                        self.report_again(ProgramKind::PartTwice { part }, line.span, first.span);
                        super::binding::forget(scope, &name.text, name.span);
                    }
                    None => {
                        self.additions_at_end(scope);
                        let value = self.output(scope, name, value);
                        output = Some((name, value));
                    }
                },
                LineKind::Bind { .. } | LineKind::For { .. } | LineKind::Require { .. } => {
                    if !self.statement(scope, line) {
                        return output;
                    }
                }
                _ => self.report(
                    ProgramKind::WrongLine { place: "a model" }.into(),
                    line.span,
                ),
            }
        }
        output
    }

    fn output(&mut self, scope: &mut Scope<'a>, name: &'a Name, value: &'a Expr) -> Traced {
        let made = self.bound_value(scope, &name.text, None, value);
        let made = self.coerce(made, &Ty::Tensor, "the output", value.span);
        self.enter_name(scope, &name.text, None, made.clone(), name.span);
        made
    }

    /// Reports changes whose paths lead nowhere.
    fn unreached_paths(&mut self) {
        if self.aborted || self.found.iter().any(Diagnostic::is_error) {
            return;
        }
        let changes = self.changes;
        for change in changes.ambiguous() {
            let path = change.path;
            if let Some(first) = path.steps.first() {
                let (path, name) = (path.to_string(), first.name.text.clone());
                self.report(
                    ProgramKind::BothThere { path, name }.into(),
                    first.name.span,
                );
            }
        }
        for (change, depth, mut offers) in changes.unused() {
            if self.aborted {
                return;
            }
            let path = change.path.to_string();
            let Some(step) = change.path.steps.get(depth) else {
                self.report(ProgramKind::NotToBeSet { path }.into(), change.path.span);
                continue;
            };
            let name = &step.name.text;
            offers.retain(|offer| *offer != step.to_string());
            if depth == 0 {
                // Paths begin at the model, at a definition, or in its loss or recipe.
                let own = self.program.iter().filter(|(_, d)| d.file == self.main);
                let own = own.map(|(_, definition)| definition.name.text.as_str());
                let own = own.chain(["train", "loss"]).filter(|own| own != name);
                offers.extend(own.map(str::to_owned));
            }
            let is_named = |offer: &&String| offer.split('[').next() == Some(name);
            let is_element = |offer: &String| is_named(&offer) && offer.contains('[');
            if step.index.is_some() && offers.iter().any(is_element) {
                offers.retain(is_element);
            }
            let numbered: Vec<String> = offers
                .iter()
                .filter(|offer| is_named(offer) && **offer != step.to_string())
                .cloned()
                .collect();
            let kind = match numbered.is_empty() {
                false if step.index.is_none() => {
                    let before: Vec<String> = change
                        .path
                        .steps
                        .iter()
                        .take(depth)
                        .map(|s| s.to_string())
                        .collect();
                    let after: Vec<String> = change
                        .path
                        .steps
                        .iter()
                        .skip(depth + 1)
                        .map(|s| s.to_string())
                        .collect();
                    let whole = |tag: &String| {
                        let steps = before.iter().chain([tag]).chain(&after);
                        steps.cloned().collect::<Vec<_>>().join(".")
                    };
                    let candidates = numbered.iter().map(whole).collect();
                    ProgramKind::SeveralThere { path, candidates }
                }
                _ => ProgramKind::NothingThere {
                    path,
                    step: step.to_string(),
                    offers,
                },
            };
            self.report(kind.into(), step.name.span);
        }
    }

    /// Looks through the blocks that no call expanded, with arguments that are not known.
    fn unchecked(&mut self) {
        if self.aborted {
            return;
        }
        let numbers: Vec<usize> = self.program.iter().map(|(number, _)| number).collect();
        for number in numbers {
            if !self.program.is_prelude(number) && !self.expanded.contains(&number) {
                let fresh = Draft::new(self.only_looked_at);
                let draft = std::mem::replace(&mut self.draft, fresh);
                self.look_through(number);
                self.draft = draft;
            }
        }
    }
}

fn model_instance(chosen: &Chosen<'_>) -> Instance {
    Instance {
        doc: chosen.doc.to_owned(),
        ..model_instance_of(&chosen.model.name.text, chosen.item.span)
    }
}

/// An instance that no other called.
pub(super) fn model_instance_of(block: &str, span: Span) -> Instance {
    Instance {
        path: String::new(),
        block: block.to_owned(),
        doc: String::new(),
        prelude: false,
        slow: false,
        parent: None,
        inputs: vec![],
        values: vec![],
        written: vec![],
        bindings: vec![],
        result: NodeId(0),
        first: 0,
        end: 0,
        loops: vec![],
        iteration: None,
        span,
    }
}

//! Checking: elaborates a syntax tree into a graph and reports every independent error on the way. No I/O, no tensors.

mod block;
pub(crate) mod builder;
mod call;
mod concat;
mod expr;
mod finish;
pub(crate) mod loss;
mod names;
mod report;
pub(crate) mod signature;
mod slow;
mod slow_call;
pub(crate) mod train;
mod unused;
pub(crate) mod value;

use std::collections::{BTreeMap, HashMap, HashSet};

use termc_grammar::ast::{BlockDef, File, InputDef, Item, ModelDef, OutputDef, SlowDef, TrainDef};

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Model, NodeId, Op, Scope, Shape, Span};
use crate::source::Sources;
use builder::{Builder, MAX_CHANNELS, MAX_SIDE};
use value::{Ty, Value};

/// The newest version of the language.
pub const LANGUAGE: u64 = 1;

/// Checks a file (variants already applied). The model is there if nothing is an error.
pub(crate) fn check(
    sources: &Sources,
    file: &File,
    name: &str,
    source: String,
) -> (Option<Model>, Vec<Diagnostic>) {
    let mut checker = Checker::new(sources, file);
    let model = checker.model(file, name, source);
    let model = model.filter(|_| !checker.found.iter().any(Diagnostic::is_error));
    (model, checker.found)
}

/// A name in scope.
pub(crate) struct Entry {
    value: Value,
    span: Span,
}

/// The names of one body.
#[derive(Default)]
pub(crate) struct Frame {
    names: BTreeMap<String, Entry>,
    /// Bindings that stand further down.
    later: HashMap<String, Span>,
    /// The body in words: "block `sfne`".
    what: String,
}

/// The state of one check.
pub(crate) struct Checker<'a> {
    sources: &'a Sources,
    slows: BTreeMap<&'a str, &'a SlowDef>,
    blocks: BTreeMap<&'a str, &'a BlockDef>,
    pub(crate) builder: Builder,
    frames: Vec<Frame>,
    block_stack: Vec<(&'a str, Span)>,
    slow_stack: Vec<&'a str>,
    /// Definitions that something uses.
    used: HashSet<&'a str>,
    /// Blocks that were expanded with known arguments at least once.
    entered: HashSet<&'a str>,
    /// The expression whose block call is named after the binding.
    top: Option<Span>,
    /// Channels of the innermost block's first feature map.
    pub(crate) base: Option<usize>,
    /// Inside `output`: the number of classes, if that is known.
    pub(crate) head: Option<Option<usize>>,
    /// `kernel` bindings in order.
    kernels: Vec<(NodeId, Span)>,
    found: Vec<Diagnostic>,
    seen: HashSet<(Code, Span)>,
}

impl<'a> Checker<'a> {
    fn new(sources: &'a Sources, file: &'a File) -> Self {
        let mut checker = Self {
            sources,
            slows: BTreeMap::new(),
            blocks: BTreeMap::new(),
            builder: Builder::new(),
            frames: vec![],
            block_stack: vec![],
            slow_stack: vec![],
            used: HashSet::new(),
            entered: HashSet::new(),
            top: None,
            base: None,
            head: None,
            kernels: vec![],
            found: vec![],
            seen: HashSet::new(),
        };
        let mut first: HashMap<&str, Span> = HashMap::new();
        for item in &file.items {
            let name = match item {
                Item::Slow(def) => &def.name,
                Item::Block(def) => &def.name,
                Item::Model(def) => &def.name,
                Item::Variant(def) => &def.name,
                Item::Train(_) => continue,
            };
            if let Some(before) = first.get(name.text.as_str()) {
                let diagnostic = Diagnostic::new(
                    Code::RepeatedName,
                    name.span,
                    format!("`{}` is defined twice", name.text),
                )
                .label("again here")
                .related(*before, "first here")
                .help("definitions of one file have different names");
                checker.report(diagnostic);
                continue;
            }
            let builtin = crate::ops::find(&name.text).is_some()
                || ["magnet", "trained"].contains(&name.text.as_str());
            if builtin && matches!(item, Item::Slow(_) | Item::Block(_)) {
                let diagnostic = Diagnostic::new(
                    Code::RepeatedName,
                    name.span,
                    format!("`{}` is an operation of the language", name.text),
                )
                .label("cannot be defined again")
                .help("choose another name");
                checker.report(diagnostic);
                continue;
            }
            first.insert(&name.text, name.span);
            match item {
                Item::Slow(def) => drop(checker.slows.insert(&def.name.text, def)),
                Item::Block(def) => drop(checker.blocks.insert(&def.name.text, def)),
                _ => {}
            }
        }
        checker
    }

    fn model(&mut self, file: &'a File, name: &str, source: String) -> Option<Model> {
        if let Some((version, span)) = file.language.filter(|(v, _)| *v != LANGUAGE) {
            let diagnostic = Diagnostic::new(
                Code::Language,
                span,
                format!("language version {version} is not known"),
            )
            .label(format!("this compiler knows version {LANGUAGE}"))
            .help(format!(
                "write `language {LANGUAGE}`, or use a newer compiler"
            ));
            self.report(diagnostic);
        }
        let models: Vec<&ModelDef> = file
            .items
            .iter()
            .filter_map(|i| {
                if let Item::Model(m) = i {
                    Some(m)
                } else {
                    None
                }
            })
            .collect();
        for extra in models.iter().skip(1) {
            let first = models.first().map_or(extra.name.span, |m| m.name.span);
            let diagnostic =
                Diagnostic::new(Code::ModelCount, extra.name.span, "a file holds one model")
                    .label("a second one")
                    .related(first, "the first one")
                    .help(
                        "make the second one a `variant` of the first, or move it to its own file",
                    );
            self.report(diagnostic);
        }
        let trains: Vec<&TrainDef> = file
            .items
            .iter()
            .filter_map(|i| {
                if let Item::Train(t) = i {
                    Some(t)
                } else {
                    None
                }
            })
            .collect();
        for extra in trains.iter().skip(1) {
            let first = trains.first().map_or(extra.span, |t| t.span);
            let diagnostic = Diagnostic::new(Code::Repeated, extra.span, "`train` is given twice")
                .label("again here")
                .related(first, "first here")
                .help("put all settings into one section");
            self.report(diagnostic);
        }
        let def = match models.first() {
            Some(def) => Some(*def),
            None => {
                let end = self
                    .sources
                    .list()
                    .first()
                    .map_or(0, |s| s.text.len() as u32);
                let diagnostic = Diagnostic::new(
                    Code::ModelCount,
                    Span { start: end, end },
                    "no model in this file",
                )
                .help("add `model NAME { input ... output ... loss { ... } }`");
                self.report(diagnostic);
                None
            }
        };
        let elaborated = def.and_then(|def| self.elaborate(def));
        let loss = def.and_then(|def| self.loss(def, elaborated.is_some()));
        let train = self.train(
            trains.first().copied(),
            elaborated.as_ref().map(|e| e.input[0]),
        );
        self.look_through();
        let sound = !self.found.iter().any(Diagnostic::is_error);
        if sound {
            // An error would make warnings of its own: what a slip leaves unused.
            self.unused(file, def);
        }
        let model = match (def, elaborated, loss, train) {
            (Some(def), Some(elaborated), Some(loss), Some(train)) if sound => {
                self.finish(def, elaborated, loss, train, name, source)
            }
            _ => None,
        };
        self.in_source_order();
        model
    }

    /// Expands the model's body.
    fn elaborate(&mut self, def: &'a ModelDef) -> Option<Elaborated> {
        self.builder.scopes.push(Scope {
            name: String::new(),
            block: def.name.text.clone(),
            doc: def.doc.clone(),
            parent: None,
            inputs: vec![],
            result: NodeId(0),
            first: 0,
            end: 0,
            span: def.span,
        });
        for param in def.params.iter().filter(|p| p.default.is_none()) {
            let diagnostic = Diagnostic::new(
                Code::Missing,
                param.name.span,
                format!(
                    "parameter `{}` of the model has no default",
                    param.name.text
                ),
            )
            .label("nothing gives it a value")
            .help(format!("write `{}: int = 4`", param.name.text));
            self.report(diagnostic);
        }
        self.parameters(&def.params);
        self.open_frame(format!("model `{}`", def.name.text), &def.params, vec![]);
        let input = self.only(
            &def.inputs,
            "input",
            def,
            "input image[3, 32, 32]",
            |i: &InputDef| i.span,
        );
        let output = self.only(
            &def.outputs,
            "output",
            def,
            "output classes(10) = ...",
            |o: &OutputDef| o.span,
        );
        let input_sizes = input.and_then(|input| self.input(input));
        if let (Some(input), None) = (input, input_sizes) {
            self.define(&input.name, Value::Unknown);
        }
        self.bindings(&def.bindings);
        let result = output.and_then(|output| self.output(output));
        self.frames.pop();
        let end = self.builder.nodes.len();
        let (classes, logits) = result?;
        if let Some(scope) = self.builder.scopes.get_mut(0) {
            scope.end = end;
            scope.result = logits;
        }
        Some(Elaborated {
            input_name: input?.name.text.clone(),
            input: input_sizes?,
            output_name: output?.name.text.clone(),
            classes,
            output: logits,
        })
    }

    fn only<T>(
        &mut self,
        members: &'a [T],
        what: &str,
        def: &ModelDef,
        example: &str,
        span: impl Fn(&T) -> Span,
    ) -> Option<&'a T> {
        if members.is_empty() {
            let diagnostic = Diagnostic::new(
                Code::Missing,
                def.name.span,
                format!("model `{}` has no {what}", def.name.text),
            )
            .label(format!("needs one `{what}`"))
            .help(format!("add `{example}`"));
            self.report(diagnostic);
        }
        for extra in members.iter().skip(1) {
            let first = members.first().map(&span).unwrap_or_default();
            let diagnostic = Diagnostic::new(
                Code::Repeated,
                span(extra),
                format!("a model has one {what}"),
            )
            .label("a second one")
            .related(first, "the first one")
            .help("remove one of them");
            self.report(diagnostic);
        }
        members.first()
    }

    fn input(&mut self, input: &'a InputDef) -> Option<[usize; 3]> {
        let found = self.eval(&input.sizes, None);
        let items = match found {
            Value::List(items) => items,
            Value::Unknown => return None,
            other => vec![other],
        };
        if items.len() != 3 {
            let diagnostic = Diagnostic::new(
                Code::Arity,
                input.sizes.span,
                format!("an input has 3 sizes, found {}", items.len()),
            )
            .label("expected [channels, height, width]")
            .help("for CIFAR images write `[3, 32, 32]`");
            self.report(diagnostic);
            return None;
        }
        let mut sizes = [0usize; 3];
        let most = [MAX_CHANNELS, MAX_SIDE, MAX_SIDE];
        for ((size, item), most) in sizes.iter_mut().zip(items).zip(most) {
            let Value::Int(n) = self.coerce(item, Some(Ty::Int), input.sizes.span) else {
                return None;
            };
            if n < 1 || n > most as i64 {
                self.out_of_range(
                    input.sizes.span,
                    "size",
                    n as f64,
                    &format!("from 1 to {most}"),
                );
                return None;
            }
            *size = n as usize;
        }
        let [channels, height, width] = sizes;
        self.builder.span = input.span;
        let id = self.node(input.name.text.clone(), Op::Input)?;
        if let Some(node) = self.builder.nodes.get_mut(id.index()) {
            node.shape = Shape::batch(channels, height, width);
            node.named = true;
        }
        if channels.saturating_mul(height).saturating_mul(width) > builder::MAX_VALUE {
            let message = format!("an image of {channels} x {height} x {width} is too large");
            self.report(
                Diagnostic::new(Code::TooLarge, input.sizes.span, message)
                    .help("use a smaller input"),
            );
            return None;
        }
        self.define(&input.name, Value::Feature(id));
        Some(sizes)
    }

    fn output(&mut self, output: &'a OutputDef) -> Option<(usize, NodeId)> {
        let size = self.eval(&output.size, Some(Ty::Int));
        let classes = match size {
            Value::Int(n) if (2..=1_000_000).contains(&n) => Some(n as usize),
            Value::Int(n) => {
                self.out_of_range(
                    output.size.span,
                    "number of classes",
                    n as f64,
                    "from 2 to 1000000",
                );
                None
            }
            _ => None,
        };
        self.head = Some(classes);
        let outer = std::mem::replace(&mut self.builder.binding, output.name.text.clone());
        let first = self.builder.nodes.len();
        self.top = None;
        let value = self.eval(&output.value, Some(Ty::Feature));
        self.builder.binding = outer;
        self.head = None;
        let (Value::Feature(id), Some(classes)) = (value, classes) else {
            return None;
        };
        self.give_name(id, &output.name.text, first);
        let shape = self.builder.shape(id);
        if shape != Shape::batch(classes, 1, 1) {
            let diagnostic = Diagnostic::new(
                Code::Type,
                output.value.span,
                format!(
                    "the output needs {} scores per image, found {shape}",
                    classes
                ),
            )
            .label(format!("this is {shape}"))
            .help("end with `global_mean(...) |> linear`");
            let diagnostic = self.operands(diagnostic, &[(id, output.value.span)]);
            self.report(diagnostic);
            return None;
        }
        Some((classes, id))
    }

    /// Looks through bodies that were never expanded with known arguments, so that their errors are found too.
    fn look_through(&mut self) {
        let blocks: Vec<&'a BlockDef> = self.blocks.values().copied().collect();
        for block in blocks {
            if !self.entered.contains(block.name.text.as_str()) {
                self.parameters(&block.params);
                let bound = block
                    .params
                    .iter()
                    .map(|p| Some((Value::Unknown, p.name.span)))
                    .collect();
                let used = self.used.clone();
                self.block_stack.push((&block.name.text, block.name.span));
                self.enter_block(block, bound);
                self.block_stack.pop();
                // What only an unused block uses is still reported as unused with it, not a second time.
                self.used.extend(used);
            }
        }
        let slows: Vec<&'a SlowDef> = self.slows.values().copied().collect();
        for slow in slows {
            if !self.used.contains(slow.name.text.as_str()) {
                self.parameters(&slow.params);
                let bound = slow
                    .params
                    .iter()
                    .map(|p| Some((Value::Unknown, p.name.span)))
                    .collect();
                self.enter_slow(slow, bound);
            }
        }
    }

    fn lookup(&self, name: &str) -> Option<Value> {
        self.frames
            .last()
            .and_then(|f| f.names.get(name))
            .map(|e| e.value.clone())
    }
}

/// What expanding the model's body yields.
struct Elaborated {
    input_name: String,
    input: [usize; 3],
    output_name: String,
    classes: usize,
    output: NodeId,
}

//! Freezing examples and small models: what is left couples no images, every value has a source, the graph is sound.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod folding;
#[path = "../support/mod.rs"]
mod support;

use std::collections::HashSet;
use std::sync::LazyLock;

use support::{compile, compile_file, root, shown};
use termc_compiler::analysis::{Dependence, dependence};
use termc_compiler::freeze::{Frozen, Link, Step, Value, coupled, freeze, freeze_some};
use termc_compiler::model::{InstanceId, Model, NodeId, Op};
use termc_compiler::{Options, dump, model_names};

/// Every example, with all its models, variants and members of families.
static EXAMPLES: LazyLock<Vec<(String, Model)>> = LazyLock::new(|| {
    let examples = root().join("examples");
    let mut all = vec![];
    let more = ["ablations", "baselines"].map(|name| examples.join(name));
    for folder in [examples.clone()].into_iter().chain(more) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|e| e != "term") {
                continue;
            }
            for name in model_names(&std::fs::read_to_string(&path).unwrap()) {
                let title = format!("{} {name}", path.display());
                let compiled = compile_file(&path, Some(name));
                let found = shown(&compiled);
                let model = compiled.model.unwrap_or_else(|| panic!("{title}\n{found}"));
                all.push((title, model));
            }
        }
    }
    assert!(all.len() >= 16);
    all
});

/// How many channels are repeated.
fn inputs(from: &[usize]) -> usize {
    from.iter().max().unwrap() + 1
}

/// The node that a step is of.
fn of(step: &Step) -> NodeId {
    match step {
        Step::Factor(id) | Step::Addend(id) | Step::Running(id) | Step::Population(id) => *id,
    }
}

/// The model and the source of each parameter.
fn text(old: &Model, frozen: &Frozen) -> String {
    let mut out = dump(&frozen.model);
    out += "\nvalues\n";
    let step = |step: &Step| match step {
        Step::Factor(id) => format!("factor {}", old[*id].path),
        Step::Addend(id) => format!("addend {}", old[*id].path),
        Step::Running(id) => format!("running statistics of {}", old[*id].path),
        Step::Population(id) => format!("population of {}", old[*id].path),
    };
    let steps = |all: &[Step]| all.iter().map(step).collect::<Vec<_>>().join(", ");
    let link = |link: &Link| match link {
        Link::Affine(affine) => old[affine.weight].path.clone(),
        Link::Step(one) => step(one),
        Link::Spread(from) => format!("{} channels spread to {}", inputs(from), from.len()),
    };
    for (param, value) in frozen.model.params.iter().zip(&frozen.values) {
        let source = match value {
            Value::Param(id) => old[*id].path.clone(),
            Value::Node(id) => format!("value of {}", old[*id].path),
            Value::Scale(all) => format!("scale of {}", steps(all)),
            Value::Shift(all) => format!("shift of {}", steps(all)),
            Value::Weight(chain) => chain.iter().map(link).collect::<Vec<_>>().join(" then "),
            Value::Bias(_) => "bias of the same".to_owned(),
            Value::Kernels(id, all) => format!("{} then {}", old[*id].path, steps(all)),
            Value::KernelBias(_, all) => format!("bias of the same then {}", steps(all)),
        };
        out += &format!("{} = {source}\n", param.path);
    }
    out
}

/// What later stages rely on in any model.
fn assert_sound(title: &str, model: &Model) {
    for id in model.node_ids() {
        for operand in model[id].op.operands() {
            assert!(operand < id, "{title}: {} reads ahead", model[id].path);
        }
        for param in model[id].op.params() {
            assert!(param.index() < model.params.len(), "{title}");
        }
    }
    let paths: HashSet<&str> = model.nodes.iter().map(|n| &*n.path).collect();
    assert_eq!(paths.len(), model.nodes.len(), "{title}");
    let paths: HashSet<&str> = model.params.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(paths.len(), model.params.len(), "{title}");
    for id in model.instance_ids() {
        let call = &model[id];
        assert!(
            call.first <= call.end && call.end <= model.nodes.len(),
            "{title}"
        );
        for at in call.first..call.end {
            let mut inner = model.nodes[at].instance;
            while inner != id {
                inner = model[inner].parent.unwrap();
            }
        }
    }
    // Whatever a call reads, it was given, or it is its own, or one of its calls yields it.
    let sees = |call: InstanceId, id: NodeId| {
        let own = model[id].instance == call;
        let given = model[call].inputs.iter().any(|input| input.node == id);
        let mut calls = model.instances.iter();
        own || given || calls.any(|inner| inner.parent == Some(call) && inner.result == id)
    };
    for id in model.node_ids() {
        for x in model[id].op.operands() {
            assert!(sees(model[id].instance, x), "{title}: {}", model[id].path);
        }
    }
    for id in model.instance_ids() {
        let call = &model[id];
        assert!(sees(id, call.result), "{title}: {}", call.path);
        let within = |at: usize| (call.first..call.end).contains(&at);
        assert!(within(call.result.index()), "{title}: {}", call.path);
        let inputs = call.inputs.iter().map(|input| input.node);
        let inputs = inputs.filter(|x| call.parent.is_some_and(|parent| !sees(parent, *x)));
        assert_eq!(inputs.count(), 0, "{title}: {}", call.path);
        let bound = call.bindings.iter().filter(|bound| !sees(id, bound.node));
        assert_eq!(bound.count(), 0, "{title}: {}", call.path);
    }
    assert_eq!(model.nodes.len(), model.primitives().nodes.len(), "{title}");
    assert_eq!(model.params, model.primitives().params, "{title}");
}

#[test]
fn nothing_couples_images_or_is_computed_twice() {
    for (title, old) in EXAMPLES.iter() {
        let frozen = freeze(old);
        let new = &frozen.model;
        assert_sound(title, new);
        assert!(new.frozen && !old.frozen);
        assert_eq!(new.source(), old.source());
        assert!(frozen.left.is_empty() && frozen.stuck.is_empty());
        let all = dependence(new);
        for (id, depends) in new.node_ids().zip(&all) {
            let node = &new[id];
            assert_ne!(*depends, Dependence::Batch, "{title}: {}", node.path);
            let stored = matches!(node.op, Op::Stored(_));
            assert_eq!(
                *depends == Dependence::Constant,
                stored,
                "{title}: {}",
                node.path
            );
            let gone = matches!(node.op, Op::Dropout(_) | Op::StopGradient(_));
            assert!(!gone, "{title}");
        }
        // Every stored value is read by something that images change.
        let read: HashSet<usize> = (new.nodes.iter())
            .flat_map(|n| n.op.operands())
            .map(|id| id.index())
            .collect();
        for id in new
            .node_ids()
            .filter(|id| matches!(new[*id].op, Op::Stored(_)))
        {
            assert!(read.contains(&id.index()), "{title}: {}", new[id].path);
        }
    }
}

#[test]
fn every_parameter_has_a_source_of_its_shape() {
    for (title, old) in EXAMPLES.iter() {
        let frozen = freeze(old);
        assert_eq!(frozen.values.len(), frozen.model.params.len(), "{title}");
        // `[out, in]` of a chain, whose links fit together.
        let sizes = |chain: &[Link]| {
            let all: Vec<[usize; 2]> = (chain.iter())
                .map(|link| match link {
                    Link::Affine(affine) => old[affine.weight].shape.clone().try_into().unwrap(),
                    Link::Step(step) => [old[of(step)].shape.channels; 2],
                    Link::Spread(from) => [from.len(), inputs(from)],
                })
                .collect();
            assert!(all.windows(2).all(|pair| pair[0][0] == pair[1][1]));
            [all.last().unwrap()[0], all[0][1]]
        };
        for (param, value) in frozen.model.params.iter().zip(&frozen.values) {
            let expected = match value {
                Value::Param(id) => old[*id].shape.clone(),
                Value::Weight(chain) => sizes(chain).to_vec(),
                Value::Bias(chain) => vec![sizes(chain)[0]],
                Value::Node(id) => old[*id].shape.dims(1).to_vec(),
                Value::Scale(steps) | Value::Shift(steps) => {
                    vec![old[of(&steps[0])].shape.channels]
                }
                Value::Kernels(id, _) => old[*id].shape.clone(),
                Value::KernelBias(_, steps) => vec![old[of(&steps[0])].shape.channels],
            };
            assert_eq!(param.shape, expected, "{title}: {}", param.path);
        }
    }
}

#[test]
fn a_frozen_model_costs_less() {
    for (title, old) in EXAMPLES.iter() {
        let account = freeze(old).account;
        assert_eq!(account.after.cost.fixed_multiply_adds, 0, "{title}");
        let (before, after) = (account.before.cost, account.after.cost);
        assert!(after.multiply_adds <= before.multiply_adds, "{title}");
        assert!(after.flops <= before.flops, "{title}");
    }
}

#[test]
fn what_is_not_known_is_left_alone() {
    for (title, old) in EXAMPLES.iter() {
        let all = coupled(old);
        let none = freeze_some(old, |_| false);
        assert_sound(title, &none.model);
        assert_eq!(
            none.left.iter().map(|l| l.0).collect::<Vec<_>>(),
            all,
            "{title}"
        );
        for (old_id, new_id) in &none.left {
            let same = std::mem::discriminant(&old[*old_id].op);
            assert_eq!(
                same,
                std::mem::discriminant(&none.model[*new_id].op),
                "{title}"
            );
        }
        // Half of it: the other half is there, and nothing else couples images.
        let half: HashSet<_> = all.iter().copied().take(all.len() / 2).collect();
        let some = freeze_some(old, |id| half.contains(&id));
        assert_sound(title, &some.model);
        let left: Vec<_> = some.left.iter().map(|l| l.0).collect();
        assert_eq!(left, all[all.len() / 2..], "{title}");
        let new: Vec<_> = some.left.iter().map(|l| l.1).collect();
        assert_eq!(new, coupled(&some.model), "{title}");
    }
}

#[test]
fn the_tiny_model_is_pinned() {
    let old = compile_file(&root().join("examples/tiny.term"), None);
    let old = old.model.unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("tiny", text(&old, &freeze(&old))));
}

/// A model whose body is given; its result is `y`.
fn small(body: &str) -> Model {
    let source = format!(
        "block f(x) {{\n batch_std(x) |> dropout(0.5)\n}}\n\
         block g(x, k) {{\n linear(x * k, 6)\n}}\n\
         model M {{\n input image[3, 4, 4]\n {body}\n output logits = head(y, 2)\n loss {{\n cross_entropy(logits)\n }}\n}}\n"
    );
    let compiled = compile(&source, &Options::default());
    let found = shown(&compiled);
    compiled
        .model
        .unwrap_or_else(|| panic!("{found}\n{source}"))
}

fn count(model: &Model, name: &str) -> usize {
    model.nodes.iter().filter(|n| n.op.name() == name).count()
}

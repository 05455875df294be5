//! Freezing examples and small models: what is left couples no images, every value has a source, the graph is sound.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::HashSet;
use std::path::Path;

use termc_compiler::analysis::{Dependence, dependence};
use termc_compiler::freeze::{Frozen, Link, Step, Value, coupled, freeze, freeze_some};
use termc_compiler::model::{Model, Op, Over};
use termc_compiler::{Options, compile, dump, variant_names};

fn model(name: &str, text: &str, variant: Option<String>) -> Model {
    let options = Options {
        variant,
        ..Options::default()
    };
    let compiled = compile(name, text, &options);
    compiled
        .model
        .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

/// Every example and variant.
fn examples() -> Vec<(String, Model)> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut all = vec![];
    for folder in [examples.clone(), examples.join("ablations")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|e| e != "term") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let variants = variant_names(&text).into_iter().map(Some);
            for variant in std::iter::once(None).chain(variants) {
                let title = format!("{name} {}", variant.clone().unwrap_or_default());
                all.push((title, model(&name, &text, variant)));
            }
        }
    }
    assert!(all.len() >= 16);
    all
}

/// How many channels are repeated.
fn inputs(from: &[usize]) -> usize {
    from.iter().max().unwrap() + 1
}

/// The model and the source of each parameter.
fn text(old: &Model, frozen: &Frozen) -> String {
    let mut out = dump(&frozen.model);
    out += "\nvalues\n";
    let step = |step: &Step| match step {
        Step::Kernel(id) => format!("kernel {}", old[*id].name),
        Step::Population(id) => format!("population of {}", old[*id].name),
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
            Value::Node(id) => format!("value of {}", old[*id].name),
            Value::Scale(all) => format!("scale of {}", steps(all)),
            Value::Shift(all) => format!("shift of {}", steps(all)),
            Value::Weight(chain) => chain.iter().map(link).collect::<Vec<_>>().join(" then "),
            Value::Bias(_) => "bias of the same".to_owned(),
        };
        out += &format!("{} = {source}\n", param.path);
    }
    out
}

/// What later stages rely on in any model.
fn assert_sound(title: &str, model: &Model) {
    for id in model.node_ids() {
        for operand in model[id].op.operands() {
            assert!(operand < id, "{title}: {} reads ahead", model[id].name);
        }
        for param in model[id].op.params() {
            assert!(param.index() < model.params.len(), "{title}");
        }
    }
    let names: HashSet<&str> = model.nodes.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names.len(), model.nodes.len(), "{title}");
    let paths: HashSet<&str> = model.params.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(paths.len(), model.params.len(), "{title}");
    for scope in model.scope_ids() {
        let scope = &model[scope];
        assert!(
            scope.first <= scope.end && scope.end <= model.nodes.len(),
            "{title}"
        );
        for at in scope.first..scope.end {
            let mut inner = model.nodes[at].scope;
            while model[inner].name != scope.name {
                inner = model[inner].parent.unwrap();
            }
        }
    }
}

#[test]
fn nothing_couples_images_or_is_computed_twice() {
    for (title, old) in examples() {
        let frozen = freeze(&old);
        let new = &frozen.model;
        assert_sound(&title, new);
        assert!(new.frozen && !old.frozen);
        assert_eq!(new.source, old.source);
        assert!(frozen.left.is_empty());
        let all = dependence(new);
        for (id, depends) in new.node_ids().zip(&all) {
            let node = &new[id];
            assert_ne!(*depends, Dependence::Batch, "{title}: {}", node.name);
            let stored = matches!(node.op, Op::Constant(_));
            assert_eq!(
                *depends == Dependence::Constant,
                stored,
                "{title}: {}",
                node.name
            );
            assert!(!matches!(node.op, Op::Dropout { .. }), "{title}");
        }
        // Every stored value is read by something that images change.
        let read: HashSet<usize> = (new.nodes.iter())
            .flat_map(|n| n.op.operands())
            .map(|id| id.index())
            .collect();
        for id in new
            .node_ids()
            .filter(|id| matches!(new[*id].op, Op::Constant(_)))
        {
            assert!(read.contains(&id.index()), "{title}: {}", new[id].name);
        }
    }
}

#[test]
fn every_parameter_has_a_source_of_its_shape() {
    for (title, old) in examples() {
        let frozen = freeze(&old);
        assert_eq!(frozen.values.len(), frozen.model.params.len(), "{title}");
        // `[out, in]` of a chain, whose links fit together.
        let sizes = |chain: &[Link]| {
            let all: Vec<[usize; 2]> = (chain.iter())
                .map(|link| match link {
                    Link::Affine(affine) => old[affine.weight].shape.clone().try_into().unwrap(),
                    Link::Step(Step::Kernel(id) | Step::Population(id)) => {
                        [old[*id].shape.channels; 2]
                    }
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
                    let (Step::Kernel(id) | Step::Population(id)) = steps[0];
                    vec![old[id].shape.channels]
                }
            };
            assert_eq!(param.shape, expected, "{title}: {}", param.path);
        }
    }
}

#[test]
fn a_frozen_model_costs_less() {
    for (title, old) in examples() {
        let account = freeze(&old).account;
        assert_eq!(account.after.cost.fixed_multiply_adds, 0, "{title}");
        let (before, after) = (account.before.cost, account.after.cost);
        assert!(after.multiply_adds <= before.multiply_adds, "{title}");
        assert!(after.flops <= before.flops, "{title}");
    }
}

#[test]
fn what_is_not_known_is_left_alone() {
    for (title, old) in examples() {
        let all = coupled(&old);
        let none = freeze_some(&old, |_| false);
        assert_sound(&title, &none.model);
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
        let some = freeze_some(&old, |id| half.contains(&id));
        assert_sound(&title, &some.model);
        let left: Vec<_> = some.left.iter().map(|l| l.0).collect();
        assert_eq!(left, all[all.len() / 2..], "{title}");
        let new: Vec<_> = some.left.iter().map(|l| l.1).collect();
        assert_eq!(new, coupled(&some.model), "{title}");
    }
}

#[test]
fn the_tiny_model_is_pinned() {
    let old = model("tiny.term", include_str!("../../examples/tiny.term"), None);
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("tiny", text(&old, &freeze(&old))));
}

/// A model whose body is given.
fn small(body: &str, result: &str) -> Model {
    let source = format!(
        "slow w = magnet(hidden: 4, layers: 1, omega: 4)\n\
         block f(x) {{ batch_std(x) |> dropout(0.5) }}\n\
         block g(x, k: feature) {{ pointwise(x * k, channels: 6) }}\n\
         model M {{\n input image[3, 4, 4]\n {body}\n output classes(2) = global_mean({result}) |> linear\n \
         loss {{ cross_entropy }}\n}}\n"
    );
    model("m.term", &source, None)
}

fn ops(model: &Model, test: fn(&Op) -> bool) -> usize {
    model.nodes.iter().filter(|n| test(&n.op)).count()
}

#[test]
fn known_statistics_go_into_the_linear_map_before_or_after() {
    let rescales = |m: &Model| ops(m, |op| matches!(op, Op::Rescale { .. }));
    // After one that nobody else reads.
    let frozen = freeze(&small("a = mixer(image) |> batch_std |> gelu", "a"));
    assert_eq!((rescales(&frozen.model), frozen.account.folded), (0, 1));
    // Through a block and a dropout.
    let frozen = freeze(&small("a = f(mixer(image)) |> gelu", "a"));
    assert_eq!((rescales(&frozen.model), frozen.account.folded), (0, 1));
    assert_eq!(frozen.account.dropouts, 1);
    // Before one.
    let frozen = freeze(&small("a = gelu(image) |> batch_std |> mixer", "a"));
    assert_eq!((rescales(&frozen.model), frozen.account.folded), (0, 1));
    // Two in a row, with a linear map on both sides.
    let old = small("a = mixer(image) |> batch_std |> batch_std |> mixer", "a");
    assert_eq!(rescales(&freeze(&old).model), 0);
    // Linear maps in a row are one, unless that is more work.
    let pointwise = |m: &Model| ops(m, |op| matches!(op, Op::Pointwise { .. }));
    let frozen = freeze(&small("a = mixer(image) |> mixer |> mixer |> gelu", "a"));
    assert_eq!((pointwise(&frozen.model), frozen.account.folded), (2, 2));
    let narrow = "a = pointwise(image, channels: 9) |> pointwise(channels: 1) |> pointwise(channels: 9) |> gelu";
    let frozen = freeze(&small(narrow, "a"));
    assert_eq!(pointwise(&frozen.model), 3);
    // Somebody else reads what lies between: nothing is folded.
    let frozen = freeze(&small("m = mixer(image)\n a = batch_std(m) + m", "a"));
    assert_eq!((rescales(&frozen.model), frozen.account.folded), (1, 0));
    // No linear map beside it.
    let frozen = freeze(&small("a = gelu(image) |> batch_std |> gelu", "a"));
    assert_eq!(rescales(&frozen.model), 1);
    // The odd groups stay.
    let frozen = freeze(&small(
        "a = pointwise(image, channels: 6) |> g_ibs(groups: 3) |> gelu",
        "a",
    ));
    assert_eq!(rescales(&frozen.model), 0);
    let odd = |op: &Op| {
        matches!(
            op,
            Op::Standardize {
                over: Over::OddGroups(3),
                ..
            }
        )
    };
    assert_eq!(ops(&frozen.model, odd), 1);
    let frozen = freeze(&small(
        "a = pointwise(image, channels: 6) |> g_ibs(groups: 1) |> gelu",
        "a",
    ));
    assert_eq!(
        ops(&frozen.model, |op| matches!(op, Op::Standardize { .. })),
        0
    );
}

#[test]
fn repeated_channels_are_read_once() {
    let joins = |m: &Model| ops(m, |op| matches!(op, Op::Concat(_)));
    let tiles = |m: &Model| ops(m, |op| matches!(op, Op::Tile { .. }));
    let weight = |m: &Model, name: &str| {
        let path = format!("{name}.weight");
        let found = m.params.iter().find(|p| p.path == path).unwrap();
        found.shape.clone()
    };
    // Tiled to thrice the channels and beside what is tiled.
    let body = "a = pointwise(image, channels: 9)\n\
                b = concat { a\n image\n tile(image, like: a) } |> mixer |> gelu";
    let frozen = freeze(&small(body, "b"));
    assert_eq!((joins(&frozen.model), tiles(&frozen.model)), (1, 0));
    assert_eq!(weight(&frozen.model, "b_mixer_0"), [21, 12]);
    assert_sound("tiled", &frozen.model);
    // Nothing but tiled, and the tiling is read twice.
    let body = "a = pointwise(image, channels: 9)\n t = tile(image, like: a)\n\
                b = pointwise(t, channels: 4) |> gelu";
    let frozen = freeze(&small(body, "b"));
    assert_eq!(tiles(&frozen.model), 0);
    assert_eq!(weight(&frozen.model, "b_pointwise_0"), [4, 3]);
    let twice = format!("{body}\n c = gelu(t + a) |> mixer");
    let frozen = freeze(&small(&twice, "concat { b\n c }"));
    assert_eq!(tiles(&frozen.model), 1);
    assert_eq!(weight(&frozen.model, "b_pointwise_0"), [4, 9]);
    // Joined values that are different stay as they are.
    let frozen = freeze(&small("b = concat { image\n gelu(image) } |> mixer", "b"));
    assert_eq!(weight(&frozen.model, "b_mixer_0"), [6, 6]);
}

#[test]
fn values_without_images_are_stored_once() {
    let constants = |m: &Model| ops(m, |op| matches!(op, Op::Constant(_)));
    let body = "a = hyper(w, over: image)\n b = hyper(w, over: image)\n c = image * gelu(instance_std(a * b))";
    let frozen = freeze(&small(body, "c"));
    assert_eq!((constants(&frozen.model), frozen.account.slow_nets), (1, 2));
    let body = "a = hyper(w, over: image)\n c = g(image, a) |> batch_std";
    let frozen = freeze(&small(body, "c"));
    assert_eq!(constants(&frozen.model), 1);
    assert_sound("passed in", &frozen.model);
}

#[test]
fn a_kernel_of_one_position_becomes_part_of_the_mixer() {
    let body = "a = local(1, from: image, over: image, slow: w)";
    let frozen = freeze(&small(body, "a"));
    assert_eq!(
        ops(&frozen.model, |op| matches!(op, Op::Depthwise { .. })),
        0
    );
    assert_eq!(ops(&frozen.model, |op| matches!(op, Op::Rescale { .. })), 0);
    assert_eq!(frozen.account.folded, 2);
    let body = "a = local(1, from: image, over: image, slow: w, mixer: false)";
    let old = small(body, "a");
    let frozen = freeze(&old);
    assert_eq!(ops(&frozen.model, |op| matches!(op, Op::Rescale { .. })), 1);
    assert!(
        text(&old, &frozen)
            .contains("scale of kernel a_local_0_kernel, population of a_local_0_std")
    );
}

#[test]
fn parameter_paths_stay_unique_whatever_the_author_calls_things() {
    // A kernel called like the parameters of a gated unit.
    let body = "rgu_0_k = hyper(w, over: image)\n classes_linear_0 = batch_std(image * rgu_0_k)\n \
                a = rgu(classes_linear_0) + classes_linear_0";
    let frozen = freeze(&small(body, "rgu(a)"));
    assert_sound("called alike", &frozen.model);
    for a in &frozen.model.params {
        for b in &frozen.model.params {
            assert!(
                !b.path.starts_with(&format!("{}.", a.path)),
                "{} {}",
                a.path,
                b.path
            );
        }
    }
}

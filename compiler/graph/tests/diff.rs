//! Comparisons: what was changed is told, once, and what only follows from it is not.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::path::Path;

use termc_compiler::{Compiled, Options as Compile, compile};
use termc_files::Folder;
use termc_graph::diff::{Diff, Side, diff};
use termc_graph::{Format, Options, show};

fn model(name: &str, model: Option<&str>, sets: &[&str]) -> Compiled {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../examples/{name}.term"));
    let text = std::fs::read_to_string(&path).unwrap();
    let options = Compile {
        model: model.map(str::to_owned),
        sets: sets.iter().map(|set| (*set).to_owned()).collect(),
    };
    compile(name, &text, &options, &Folder::of(&path))
}

fn side(compiled: &Compiled) -> Side<'_> {
    let Compiled {
        model,
        sources,
        diagnostics,
        ..
    } = compiled;
    let model = model.as_ref().unwrap_or_else(|| panic!("{diagnostics:?}"));
    Side {
        name: &model.name,
        model,
        sources,
    }
}

fn compared(a: &Compiled, b: &Compiled) -> Diff {
    diff(side(a), side(b))
}

fn of(name: &str, other: Option<&str>, sets: &[&str]) -> Diff {
    compared(&model(name, None, &[]), &model(name, other, sets))
}

fn lines(diff: &Diff) -> Vec<String> {
    diff.lines().into_iter().map(|(_, line)| line).collect()
}

#[test]
fn a_dropped_branch_is_told_with_its_figures_and_nothing_else() {
    let diff = of("cifar10", Some("ThreeLocal"), &[]);
    assert!(
        diff.added.is_empty() && diff.changed.is_empty() && diff.settings.is_empty(),
        "{:#?}",
        lines(&diff)
    );
    let [part] = diff.removed.as_slice() else {
        panic!("{:#?}", lines(&diff))
    };
    assert_eq!(
        (part.path.as_str(), part.calls.len(), part.follows),
        ("sfne.l3", 5, false)
    );
    assert!(part.what.starts_with("local(size=3"), "{}", part.what);
    // As `summary` has them: the five calls of `l3` in the first model.
    let first = model("cifar10", None, &[]).model.unwrap();
    let of_branch: u64 = (first.params.iter())
        .filter(|param| param.path.contains("].l3."))
        .map(|param| param.count() as u64)
        .sum();
    assert_eq!(part.parameters, of_branch);
    assert!(part.multiply_adds > 0 && part.fixed_multiply_adds > 0);
    assert!(
        diff.parameters[0] - diff.parameters[1] > of_branch,
        "mixers shrink too"
    );
    assert_eq!(lines(&diff).len(), 6, "{:#?}", lines(&diff));
}

#[test]
fn what_is_added_is_told() {
    let diff = of("cifar10", Some("FiveLocal"), &[]);
    let [part] = diff.added.as_slice() else {
        panic!("{:#?}", lines(&diff))
    };
    assert_eq!(part.path, "sfne.l11");
    assert!(
        diff.removed.is_empty() && diff.changed.is_empty(),
        "{:#?}",
        lines(&diff)
    );
}

#[test]
fn a_loss_term_that_is_dropped_is_told() {
    let diff = of("cifar10", Some("NoSlowLoss"), &[]);
    let [part] = diff.removed.as_slice() else {
        panic!("{:#?}", lines(&diff))
    };
    assert_eq!(
        (part.path.as_str(), part.parameters),
        ("loss.slow_neural", 0)
    );
    assert!(
        diff.added.is_empty() && diff.changed.is_empty(),
        "{:#?}",
        lines(&diff)
    );
    assert_eq!(diff.parameters[0], diff.parameters[1]);
}

#[test]
fn a_value_is_told_where_it_was_written_and_not_where_it_is_used() {
    let only = |diff: &Diff| -> (String, String, String) {
        let [change] = diff.changed.as_slice() else {
            panic!("{:#?}", lines(diff))
        };
        assert!(
            diff.added.is_empty() && diff.removed.is_empty(),
            "{:#?}",
            lines(diff)
        );
        (
            change.path.clone(),
            change.from.clone().unwrap(),
            change.to.clone().unwrap(),
        )
    };
    let told = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(
        only(&of("cifar10", None, &["b[1].expand=4"])),
        told("b[1].expand", "3", "4")
    );
    assert_eq!(
        only(&of("cifar10", None, &["sfne.l5.size=7"])),
        told("sfne.l5.size", "5", "7")
    );
    assert_eq!(
        only(&of("cifar10", None, &["sfne.drop=0.2"])),
        told("sfne.drop", "0.05", "0.2")
    );
    assert_eq!(
        only(&of("cifar10", None, &["classes=100"])).0,
        "logits.classes"
    );
    let wider = of("cifar10", None, &["small.hidden=16"]);
    assert_eq!(only(&wider), told("small.hidden", "32", "16"));
    assert_eq!(wider.changed[0].calls.len(), 4, "{:#?}", lines(&wider));
    let smooth = of("digits", Some("Smooth"), &[]);
    assert_eq!(only(&smooth), told("omega", "30", "10"));
    let larger = of("cifar10", None, &["image=[3, 64, 64]"]);
    assert_eq!(
        only(&larger),
        told("image", "[N, 3, 32, 32]", "[N, 3, 64, 64]")
    );
}

#[test]
fn two_changes_are_both_told() {
    let diff = of("cifar10", None, &["b[0].expand=8", "b[0].l5.size=7"]);
    let mut paths: Vec<&str> = diff
        .changed
        .iter()
        .map(|change| change.path.as_str())
        .collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        ["b[0].expand", "b[0].l5.size"],
        "{:#?}",
        lines(&diff)
    );
}

#[test]
fn the_recipe_is_compared() {
    let diff = of(
        "digits",
        None,
        &["train.epochs=20", "train.optimizer=kar2(lr=0.1)"],
    );
    assert!(diff.changed.is_empty() && diff.added.is_empty() && diff.removed.is_empty());
    let text = lines(&diff).join("\n");
    assert!(text.contains("~ train.epochs: 15 -> 20"), "{text}");
    assert!(text.contains("~ train.optimizer: kar3("), "{text}");
}

#[test]
fn a_call_that_is_dropped_or_reads_something_else_is_told() {
    let dropped = of("digits", None, &["sfne.l2.from=x"]);
    let text = lines(&dropped).join("\n");
    assert!(text.contains("~ sfne.l2: reads hci"), "{text}");
    let without = |path: &str| {
        let text = std::fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/digits.term"),
        )
        .unwrap();
        let text = format!("{text}\nvariant Other of Digits {{\n    without {path}\n}}\n");
        let options = Compile {
            model: Some("Other".into()),
            sets: vec![],
        };
        compile("digits.term", &text, &options, &Folder::none())
    };
    let diff = compared(&model("digits", None, &[]), &without("sfne.dropout"));
    let text = lines(&diff).join("\n");
    let paths: Vec<&str> = diff.removed.iter().map(|part| part.path.as_str()).collect();
    assert_eq!(paths, ["sfne.dropout"], "{text}");
    assert!(diff.changed.is_empty() && diff.added.is_empty(), "{text}");
    // What only the dropped branch read goes with it.
    let diff = compared(&model("digits", None, &[]), &without("sfne.wide.out_mix"));
    let text = lines(&diff).join("\n");
    assert!(
        diff.removed
            .iter()
            .any(|part| part.path == "sfne.out_mix" && !part.follows),
        "{text}"
    );
    assert!(diff.added.is_empty() && diff.changed.is_empty(), "{text}");
}

#[test]
fn two_files_are_compared() {
    let diff = compared(&model("cifar10", None, &[]), &model("paper", None, &[]));
    let text = lines(&diff).join("\n");
    for part in [
        "- sfne.l3: local(",
        "- sfne.l5.mixed: mixer(",
        "~ sfne.l5.mix: true -> false",
        "~ sfne.l5: reads mix -> reads hci",
        "~ loss.cross_entropy: smoothing 0.09 -> smoothing 0.1",
        "~ loss.slow_neural: channel_sum -> tile",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[test]
fn equal_models_do_not_differ() {
    let a = model("cifar10", None, &[]);
    let diff = compared(&a, &a);
    assert!(
        diff.is_empty() && lines(&diff).len() == 2,
        "{:#?}",
        lines(&diff)
    );
}

#[test]
fn the_graph_of_a_comparison_shows_what_is_gone() {
    let (a, b) = (
        model("cifar10", None, &[]),
        model("cifar10", Some("ThreeLocal"), &[]),
    );
    let diff = compared(&a, &b);
    assert!(diff.tree.find("b[2].l3").is_some());
    for format in Format::ALL {
        let options = Options {
            format,
            at: Some("b[2]".into()),
            ..Options::default()
        };
        let picture = show(&diff.tree, &b.sources, &options).unwrap();
        assert!(picture.contains("l3"), "{format}");
    }
}

/// A model of primitives alone.
const PLAIN: &str = "language 2

model M(classes: int = 10) {
    input image[3, 8, 8]
    h = conv(image, 8, size=3)
    g = linear(h, 12)
    y = linear(gelu(g), 8)
    output logits = linear(flatten(avg_pool(y, 4)), classes)
    loss {
        cross_entropy(logits)
    }
}

train {
    optimizer = adamw(lr=0.001, betas=[0.9, 0.99], weight_decay=0)
    epochs = 1
    batch = 8
}
";

#[test]
fn arguments_of_primitives_are_compared() {
    let plain = |text: &str| {
        compile(
            "plain.term",
            text,
            &Compile::default(),
            &termc_compiler::NoFiles,
        )
    };
    let before = plain(PLAIN);
    for (old, new, told) in [
        ("linear(h, 12)", "linear(h, 14)", "~ g.channels: 12 -> 14"),
        ("size=3", "size=5", "~ h.size: 3 -> 5"),
        (
            "linear(h, 12)",
            "linear(h, 12, bias=none)",
            "~ g.bias: stored -> none",
        ),
        (
            "avg_pool(y, 4)",
            "avg_pool(y, 2)",
            "~ logits.avg_pool.size: 4 -> 2",
        ),
        (
            "8, size=3",
            "8, size=3, groups=1, stride=2",
            "~ h.stride: 1 -> 2",
        ),
        (
            "linear(gelu(g), 8)",
            "linear(gelu(g), 9)",
            "~ y.channels: 8 -> 9",
        ),
    ] {
        let changed = PLAIN.replace(old, new);
        assert_ne!(changed, PLAIN);
        let found = lines(&compared(&before, &plain(&changed)));
        let changes: Vec<&String> = found
            .iter()
            .filter(|line| !line.starts_with("all "))
            .collect();
        assert_eq!(
            changes.get(1).map(|line| line.as_str()),
            Some(told),
            "{found:?}"
        );
        assert_eq!(changes.len(), 2, "{found:?}");
    }
    let same = compared(&before, &plain(PLAIN));
    assert!(same.is_empty(), "{:?}", lines(&same));
    // A size that is given on is told once, where it was written.
    let both = PLAIN
        .replace("8, size=3", "9, size=3")
        .replace("linear(h, 12)", "linear(h, 11)");
    let found = lines(&compared(&before, &plain(&both)));
    assert_eq!(
        found[1..3],
        ["~ h.channels: 8 -> 9", "~ g.channels: 12 -> 11"]
    );
}

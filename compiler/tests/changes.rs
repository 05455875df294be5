//! What `--set`, `--model` and variants of variants do to a model.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{root, shown};
use termc_compiler::{Compiled, Options, compile, compile_all, structure};
use termc_files::Folder;

fn digits(more: &str, model: Option<&str>, sets: &[&str]) -> Compiled {
    let path = root().join("examples/digits.term");
    let text = std::fs::read_to_string(&path).unwrap() + more;
    let options = Options {
        model: model.map(str::to_owned),
        sets: sets.iter().map(|set| (*set).to_owned()).collect(),
    };
    compile("digits.term", &text, &options, &Folder::of(&path))
}

#[test]
fn the_values_of_a_loss_term_can_be_set() {
    let compared = |sets: &[&str]| {
        let compiled = digits("", None, sets);
        let model = compiled
            .model
            .clone()
            .unwrap_or_else(|| panic!("{}", shown(&compiled)));
        model.compared().count()
    };
    assert_eq!(compared(&[]), 3);
    assert_eq!(compared(&["loss.slow_neural.values=b.K"]), 3);
    assert_eq!(compared(&["loss.slow_neural.values=b[1..].K"]), 2);
    assert_eq!(compared(&["loss.slow_neural.values=[b[0].K, b[2].K]"]), 2);
}

#[test]
fn a_choice_is_for_families() {
    let compiled = digits("", None, &["without choose(b.l3, b.l5)"]);
    assert!(compiled.model.is_none());
    let [found] = compiled.diagnostics.as_slice() else {
        panic!("{}", shown(&compiled));
    };
    assert!(found.help.as_ref().unwrap().contains("in a variant"));
}

#[test]
fn what_a_variant_adds_its_variants_can_leave_out() {
    let variants = "
variant More of Digits {
    add loss.penalty = confidence_penalty(weight=0.1)
    loss.penalty.weight = 0.2
    add sfne.wide.l5 = local(x, size=3, from=mix, net=small_in_context) after l4
}

variant Less of More {
    without loss.penalty
    without sfne.wide.l5
}
";
    let compiled = |name| {
        let compiled = digits(variants, Some(name), &[]);
        compiled
            .model
            .clone()
            .unwrap_or_else(|| panic!("{}", shown(&compiled)))
    };
    let (digits, more, less) = (compiled("Digits"), compiled("More"), compiled("Less"));
    assert_eq!(structure(&digits), structure(&less));
    assert_ne!(structure(&digits), structure(&more));
    assert_eq!(
        (digits.loss.len(), more.loss.len(), less.loss.len()),
        (3, 4, 3)
    );
}

#[test]
fn members_are_named_as_they_are_listed() {
    let family = "
variant Wide of Digits {
    b[0].expand = choose(12, 24)
}
";
    assert!(digits(family, Some("Wide[1]"), &[]).model.is_some());
    for name in ["Wide[01]", "Wide[+1]", "Wide[ 1]", "Wide[1] "] {
        let compiled = digits(family, Some(name), &[]);
        assert!(compiled.model.is_none(), "{name}");
    }
}

#[test]
fn what_is_set_is_set_in_one_model() {
    let path = root().join("examples/digits.term");
    let text = std::fs::read_to_string(&path).unwrap();
    // Another model, without a block `b[0]`.
    let other = "
model Other(classes: int = 10) {
    input image[1, 8, 8]
    output logits = head(image, classes)
    loss {
        cross_entropy(logits)
    }
}
";
    let options = Options {
        model: None,
        sets: vec!["b[0].expand=24".into()],
    };
    let compiled = compile_all("two.term", &(text + other), &options, &Folder::of(&path));
    assert!(compiled.model.is_some(), "{}", shown(&compiled));
}

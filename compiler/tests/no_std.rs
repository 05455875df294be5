//! Frozen models emitted for `no_std`: pinned, laid out nearly as rustfmt would, without a word of the standard library.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::path::Path;

use support::{compile_file, root};
use termc_compiler::emit::{self, Beside, EmitOptions, SlowNets};
use termc_compiler::freeze::freeze;
use termc_compiler::model::Model;
use termc_compiler::source::Sources;

/// An example, as it is and frozen.
struct Case {
    name: String,
    model: Model,
    frozen: Model,
    sources: Sources,
}

impl Case {
    fn source(&self) -> String {
        let options = EmitOptions::new(&self.sources);
        emit::no_std(&self.frozen, &options).unwrap().source
    }

    /// With the weights and a check in files of this name.
    fn embedding(&self, name: &str) -> String {
        let check = name.replace(".f32", ".check.f32");
        let beside = Beside {
            weights: name,
            check: Some(&check),
        };
        let options = EmitOptions {
            beside: Some(beside),
            ..EmitOptions::new(&self.sources)
        };
        emit::no_std(&self.frozen, &options).unwrap().source
    }
}

fn cases() -> Vec<Case> {
    let names = ["cifar10.term", "digits.term", "paper.term", "tiny.term"];
    let cases = names.map(|name| {
        let compiled = compile_file(&root().join("examples").join(name), None);
        let model = compiled.model.unwrap();
        Case {
            name: name.into(),
            frozen: freeze(&model).model,
            model,
            sources: compiled.sources,
        }
    });
    cases.into_iter().collect()
}

#[test]
fn the_digits_are_emitted_as_pinned() {
    let cases = cases();
    let digits = cases
        .iter()
        .find(|case| case.name == "digits.term")
        .unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots"));
    settings.bind(|| insta::assert_snapshot!("no_std__digits", digits.embedding("digits.f32")));
}

#[test]
fn nothing_names_the_standard_library() {
    for case in cases() {
        for source in [case.source(), case.embedding("w.f32")] {
            let code = source
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            let std = code.filter(|line| line.contains("std::") || line.contains("println!"));
            assert_eq!(std.collect::<Vec<_>>(), Vec::<&str>::new(), "{}", case.name);
            assert!(source.contains("extern crate alloc;"));
        }
    }
}

#[test]
fn models_with_slow_nets_are_refused() {
    for case in cases() {
        let options = EmitOptions::new(&case.sources);
        assert_eq!(emit::no_std(&case.model, &options), Err(SlowNets));
        assert_eq!(emit::flat(&case.model), Err(SlowNets));
    }
}

#[test]
fn flat_files_hold_every_parameter_once_in_the_order_of_the_fields() {
    for case in cases() {
        let order = emit::flat(&case.frozen).unwrap();
        let mut sorted = order.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), case.frozen.params.len(), "{}", case.name);
        assert_eq!(order.len(), sorted.len(), "{}", case.name);
        // A block's tensors stand together, the first block's first.
        let blocks = order
            .iter()
            .filter_map(|id| case.frozen[*id].path.split('.').next());
        let mut seen: Vec<&str> = vec![];
        for block in blocks {
            if seen.last() != Some(&block) {
                assert!(
                    !seen.contains(&block),
                    "{}: `{block}` stands in two places",
                    case.name
                );
                seen.push(block);
            }
        }
    }
}

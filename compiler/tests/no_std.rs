//! Frozen models emitted for `no_std`: pinned, laid out as rustfmt would, without a word of the standard library.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

use termc_compiler::emit::{self, Beside, EmitOptions, SlowNets};
use termc_compiler::freeze::freeze;
use termc_compiler::model::Model;
use termc_compiler::source::Sources;
use termc_compiler::{Options, compile, variant_names};

/// An example or a variant, frozen.
struct Case {
    name: String,
    model: Model,
    frozen: Model,
    sources: Sources,
}

impl Case {
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

    fn source(&self) -> String {
        let options = EmitOptions::new(&self.sources);
        emit::no_std(&self.frozen, &options).unwrap().source
    }
}

fn cases() -> Vec<Case> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let files = [
        "tiny",
        "digits",
        "cifar10",
        "cifar100",
        "paper",
        "embed/digits",
    ];
    let ablations = ["bottleneck", "branches", "kernels", "loss"].map(|n| format!("ablations/{n}"));
    let files = files.map(str::to_owned).into_iter().chain(ablations);
    let cases = files.flat_map(|file| {
        let text = std::fs::read_to_string(examples.join(format!("{file}.term"))).unwrap();
        let variants = variant_names(&text).into_iter().map(Some);
        let cases = std::iter::once(None).chain(variants).map(|variant| {
            let suffix = variant.as_ref().map(|v| format!("_{v}"));
            let options = Options {
                variant,
                ..Options::default()
            };
            let compiled = compile(&format!("{file}.term"), &text, &options);
            let model = compiled.model.unwrap();
            Case {
                name: format!("{}{}", file.replace('/', "_"), suffix.unwrap_or_default()),
                frozen: freeze(&model).model,
                model,
                sources: compiled.sources,
            }
        });
        cases.collect::<Vec<_>>()
    });
    cases.collect()
}

#[test]
fn emitted_source_is_pinned() {
    let cases = cases();
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"emitted by termc \d+\.\d+\.\d+", "emitted by termc");
    settings.set_omit_expression(true);
    settings.bind(|| {
        for name in ["tiny", "embed_digits"] {
            let case = cases.iter().find(|case| case.name == name).unwrap();
            insta::assert_snapshot!(name, case.embedding("w.f32"));
        }
    });
}

#[test]
fn a_flat_file_has_every_parameter_once() {
    for case in cases() {
        let mut order = emit::flat(&case.frozen).unwrap();
        assert_eq!(order.len(), case.frozen.params.len(), "{}", case.name);
        order.sort();
        order.dedup();
        assert_eq!(order.len(), case.frozen.params.len(), "{}", case.name);
    }
}

#[test]
fn models_with_slow_nets_are_refused() {
    let cases = cases();
    let options = EmitOptions::new(&cases[0].sources);
    assert_eq!(emit::no_std(&cases[0].model, &options), Err(SlowNets));
    assert_eq!(emit::flat(&cases[0].model), Err(SlowNets));
    let text = SlowNets.to_string();
    assert_eq!(text, "has slow nets, which need the standard library");
}

#[test]
fn emitted_source_names_nothing_of_the_standard_library() {
    for case in cases() {
        for source in [case.source(), case.embedding("w.f32")] {
            for word in ["std::", "burn::store", "Init", "Box<", "String", "println"] {
                let code = source.lines().filter_map(|line| line.split("//").next());
                let mut found = code.filter(|code| code.contains(word));
                assert_eq!(found.next(), None, "{}: {word}", case.name);
            }
        }
    }
}

#[test]
fn emitted_source_is_formatted() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("no_std");
    std::fs::create_dir_all(&folder).unwrap();
    let long = "a file whose name leaves no room for anything else on the line whatsoever.f32";
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--check", "--edition", "2024"]);
    for case in cases() {
        let texts = [case.source(), case.embedding("w.f32"), case.embedding(long)];
        for (i, text) in texts.into_iter().enumerate() {
            let path = folder.join(format!("{}_{i}.rs", case.name));
            std::fs::write(&path, text).unwrap();
            rustfmt.arg(path);
        }
    }
    let output = rustfmt.output().expect("rustfmt is installed");
    let found = String::from_utf8_lossy(&output.stdout);
    let problems = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{found}{problems}");
}

//! Snapshot tests of the checker: every file under `tests/check/err` and `tests/check/warn` has its findings beside it.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fmt::Write;
use std::path::Path;

use support::{compile, compile_file, compile_whole_file, root, shown};
use termc_compiler::{Options, dump};

/// Checks every case of a folder; its findings are pinned in the `.snap` beside it.
fn pinned(folder: &str, accepted: bool) {
    let folder = root().join("tests/check").join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "term"));
    paths.sort();
    assert!(!paths.is_empty());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder.canonicalize().unwrap());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut failed = vec![];
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let compiled = compile_whole_file(&path);
        let findings = shown(&compiled);
        if compiled.model.is_some() != accepted || findings.is_empty() {
            failed.push(format!("{name}: {findings}"));
            continue;
        }
        assert!(
            compiled.diagnostics.is_sorted_by_key(|d| d.span.start),
            "{name}: not in source order"
        );
        settings.bind(|| insta::assert_snapshot!(name.trim_end_matches(".term"), findings));
    }
    let wanted = if accepted { "warnings alone" } else { "errors" };
    assert!(
        failed.is_empty(),
        "without {wanted}:\n{}",
        failed.join("\n")
    );
}

#[test]
fn errors() {
    pinned("err", false);
}

#[test]
fn warnings() {
    pinned("warn", true);
}

/// The models, variants and members of families of a file.
fn models(path: &Path) -> Vec<String> {
    termc_compiler::model_names(&std::fs::read_to_string(path).unwrap())
}

#[test]
fn examples_are_clean_and_their_canonical_source_stands_alone() {
    insta::glob!("../../examples", "**/*.term", |path| {
        let compiled = compile_whole_file(path);
        assert!(compiled.diagnostics.is_empty(), "{}", shown(&compiled));
        // Files that others use have no model.
        assert_eq!(compiled.model.is_none(), models(path).is_empty());
        for name in models(path) {
            let model = compile_file(path, Some(name.clone())).model.unwrap();
            let again = compile(model.source(), &Options::default());
            let again = again.model.as_ref().unwrap_or_else(|| {
                panic!("{name}: {}\n{}", shown(&again), model.source());
            });
            assert_eq!(
                dump(&model),
                dump(again),
                "{name}: the canonical source is another model"
            );
            assert_eq!(
                again.source(),
                model.source(),
                "{name}: printing is not stable"
            );
        }
    });
}

/// Pins what the examples are compiled to: two of them node by node, of all models, variants and members a line each.
#[test]
fn architectures() {
    for name in ["tiny", "cifar10"] {
        let path = root().join(format!("examples/{name}.term"));
        let model = compile_file(&path, None).model.unwrap();
        insta::assert_snapshot!(name, dump(&model));
    }
    let mut lines = String::new();
    insta::glob!("../../examples", "**/*.term", |path| {
        let file = path.file_name().unwrap().to_string_lossy();
        for name in models(path) {
            let model = compile_file(path, Some(name.clone())).model.unwrap();
            let [tensors, primitives, executed] = [
                model.params.len(),
                model.primitives().nodes.len(),
                model.nodes.len(),
            ];
            let parameters = model.parameter_count();
            let hash = fnv(dump(&model).as_bytes());
            writeln!(
                lines,
                "{file} {name}: {parameters} parameters in {tensors} tensors, {primitives} primitives, {executed} operations, {hash:016x}"
            )
            .unwrap();
        }
    });
    insta::assert_snapshot!("models", lines);
}

/// The hash FNV-1a: the same everywhere and for ever.
fn fnv(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}

#[test]
fn parameters_of_the_released_models() {
    for (file, count) in [("cifar10", 1_336_855), ("cifar100", 1_362_865)] {
        let path = root().join(format!("examples/{file}.term"));
        let model = compile_file(&path, None).model.unwrap();
        assert_eq!(model.parameter_count(), count);
    }
}

#[test]
fn examples_and_the_prelude_are_canonical() {
    for folder in ["../../examples", "../prelude"] {
        insta::glob!(folder, "**/*.term", |path| {
            let text = std::fs::read_to_string(path).unwrap();
            assert_eq!(
                termc_grammar::format(&text).unwrap(),
                text,
                "{}",
                path.display()
            );
        });
    }
}

/// Variants in which something is wrong deep inside of calls that other models have as well, or with the whole.
const VARIANTS: &str = "
/// The kernels do not fit.
variant Odd of Cifar10 {
    sfne.l9.size = choose(9, 8)
}
/// Wrong in one block only.
variant OneBlock of Cifar10 {
    b[3].inter.channel.hidden = choose(16, 0)
}
variant Nowhere of Cifar10 {
    b[1].fast.rgu[0].z.weight = 0
}
variant Primitive of Cifar10 {
    standardize.eps = choose(1e-5, -1)
}
variant Prelude of Cifar10 {
    rgu.weight = choose(1, none)
}
variant Constant of Cifar10 {
    small.hidden = choose(32, -4)
}
variant Larger of Cifar10 {
    image = choose([3, 32, 32], [3, 32, 30])
}
variant Idle of Cifar10 {
    without loss.slow_neural
    loss.cross_entropy.weight = 0
}
variant NoValue of Cifar10 {
    loss.slow_neural.values = b.fast.k
}
";

#[test]
fn a_file_is_checked_as_its_models_are_one_by_one() {
    let root = support::root();
    let cifar10 = std::fs::read_to_string(root.join("examples/cifar10.term")).unwrap();
    let mut wrong = 0;
    for part in VARIANTS.split_inclusive("\n}\n") {
        let text = format!("{cifar10}{part}");
        let place = |d: &termc_compiler::diagnostics::Diagnostic| (d.code, d.span);
        let mut one_by_one = vec![];
        for name in termc_compiler::model_names(&text) {
            let model = Some(name);
            let compiled = compile(
                &text,
                &Options {
                    model,
                    sets: vec![],
                },
            );
            one_by_one.extend(compiled.diagnostics);
        }
        one_by_one.sort_by_key(place);
        one_by_one.dedup_by_key(|d| place(d));
        let mut together = support::compile_all(&text, &Options::default()).diagnostics;
        together.sort_by_key(place);
        let shown = |all: &[termc_compiler::diagnostics::Diagnostic]| format!("{all:#?}");
        assert_eq!(shown(&together), shown(&one_by_one), "{part}");
        wrong += usize::from(!together.is_empty());
    }
    assert_eq!(wrong, 9, "each of these is wrong");
}

/// What is called in a circle is told by the calls around it, not by the call itself.
#[test]
fn a_known_call_in_itself_is_a_circle() {
    let text = "
block f(x) {
    h(x)
}
block h(x) {
    g(x, 1)
}
block g(x, n: int) {
    if n > 1 { f(x) } else { gelu(x) }
}
block deeper(x) {
    if 2 > 1 { f(x) } else { gelu(x) }
}
model M(k: int = 1) {
    input image[3, 8, 8]
    a = deeper(image)
    b = g(a, k)
    output logits = head(b, 10)
    loss {
        cross_entropy(logits)
    }
}
variant Circle of M {
    k = 2
}
";
    let model = Some("Circle".to_owned());
    let options = Options {
        model,
        sets: vec![],
    };
    let alone = compile(text, &options);
    assert!(alone.has_errors(), "{}", shown(&alone));
    let together = support::compile_all(text, &Options::default());
    assert!(together.has_errors(), "{}", shown(&together));
    assert_eq!(shown(&together), shown(&alone));
}

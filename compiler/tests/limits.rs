//! Texts as large as nobody writes them: a model or a message in little time, never an aborted process.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fmt::Write;
use std::time::{Duration, Instant};

use support::{compile, compile_all, shown};
use termc_compiler::{Compiled, Options};

/// Long even without optimization on a busy machine, and far from what anything quadratic would take.
const LONG: Duration = Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 4 });

/// Compiles; in time, and to a model or errors.
fn compiled(text: &str) -> Compiled {
    let begun = Instant::now();
    let compiled = compile(text, &Options::default());
    let shown = shown(&compiled);
    assert!(begun.elapsed() < LONG, "{:?}", begun.elapsed());
    assert_eq!(compiled.model.is_none(), compiled.has_errors(), "{shown}");
    assert!(shown.len() < 1 << 20, "{} bytes of messages", shown.len());
    compiled
}

/// A model whose binding `y` is made of `image`.
fn model(lines: &str) -> String {
    format!(
        "model M {{\n    input image[1, 8, 8]\n{lines}    output logits = head(y, 4)\n    loss {{\n        \
         cross_entropy(logits)\n    }}\n}}\n"
    )
}

#[test]
fn ten_thousand_blocks_that_call_one_another() {
    let mut text = String::from("block b0(x) {\n    gelu(x)\n}\n");
    for i in 1..10_000 {
        writeln!(text, "block b{i}(x) {{\n    b{}(x)\n}}", i - 1).unwrap();
    }
    text += &model("    y = b9999(image)\n");
    let found = compiled(&text);
    assert!(
        shown(&found).contains("more than 64 deep"),
        "{}",
        shown(&found)
    );
}

#[test]
fn ten_thousand_blocks_in_a_circle() {
    let mut text = String::from("block b0(x) {\n    b9999(x)\n}\n");
    for i in 1..10_000 {
        writeln!(text, "block b{i}(x) {{\n    b{}(x)\n}}", i - 1).unwrap();
    }
    text += &model("    y = b9999(image)\n");
    assert!(compiled(&text).has_errors());
}

#[test]
fn ten_thousand_constants_of_one_another() {
    let mut text = String::from("const c0 = 1\n");
    for i in 1..10_000 {
        writeln!(text, "const c{i} = c{} + 0", i - 1).unwrap();
    }
    text += &model("    y = linear(image, c9999)\n");
    let found = compiled(&text);
    assert!(
        shown(&found).contains("nested more than"),
        "{}",
        shown(&found)
    );
}

#[test]
fn eight_thousand_slow_nets() {
    let mut lines = String::from("    h[0] = image\n");
    for i in 0..8_000 {
        writeln!(
            lines,
            "    h[{}] = h[{i}] * hyper(image, magnet(hidden=2, layers=1))",
            i + 1
        )
        .unwrap();
    }
    lines += "    y = h[-1]\n";
    let found = compiled(&model(&lines));
    assert!(found.model.is_some(), "{}", shown(&found));
}

#[test]
fn eight_thousand_unknown_names() {
    let mut lines = String::new();
    for i in 0..8_000 {
        writeln!(lines, "    a{i} = gelu(missing{i})").unwrap();
    }
    lines += "    y = gelu(image)\n";
    let found = compiled(&model(&lines));
    assert!(found.has_errors());
}

#[test]
fn eight_thousand_unknown_paths() {
    let mut text = model("    y = gelu(image)\n") + "\nvariant V of M {\n";
    for i in 0..8_000 {
        writeln!(text, "    y.a{i} = 3").unwrap();
    }
    text += "}\n";
    let begun = Instant::now();
    let found = compile_all(&text, &Options::default());
    shown(&found);
    assert!(
        found.has_errors() && begun.elapsed() < LONG,
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn four_thousand_blocks_take_twice_the_time_of_two_thousand() {
    let text = |blocks: usize| {
        let mut text = String::new();
        let mut lines = String::from("    h[0] = image\n");
        for i in 0..blocks {
            writeln!(text, "block b{i}(x) {{\n    gelu(x) + rgu(x)\n}}").unwrap();
            writeln!(lines, "    h[{}] = b{i}(h[{i}])", i + 1).unwrap();
        }
        text + &model(&(lines + "    y = h[-1]\n"))
    };
    let time = |blocks: usize| {
        let text = text(blocks);
        let begun = Instant::now();
        assert!(compiled(&text).model.is_some());
        begun.elapsed().as_secs_f64()
    };
    // The other tests of this program run beside it and end before it: the least of many rounds is undisturbed.
    let (mut half, mut whole) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..12 {
        half = half.min(time(2_000));
        whole = whole.min(time(4_000));
    }
    println!("{half} s and {whole} s");
    assert!(whole < 3.0 * half, "{half} s and {whole} s");
}

/// `count` operations in a model: all of one kind but the input and the two of the head.
fn operations(count: usize) -> String {
    let mut text = String::from(
        "block many(x) {\n    h[0] = x\n    for i in 0..1000 {\n        h[i + 1] = gelu(h[i])\n    }\n    h[-1]\n}\n",
    );
    let rest = count - 3;
    writeln!(
        text,
        "block more(x) {{\n    h[0] = x\n    for i in 0..{} {{\n        h[i + 1] = many(h[i])\n    }}\n    h[-1]\n}}",
        rest / 1000
    )
    .unwrap();
    writeln!(
        text,
        "block rest(x) {{\n    h[0] = x\n    for i in 0..{} {{\n        h[i + 1] = gelu(h[i])\n    }}\n    h[-1]\n}}",
        rest % 1000
    )
    .unwrap();
    text + &model("    y = rest(more(image))\n")
}

#[test]
#[ignore = "takes minutes without optimization; CI runs it with"]
fn up_to_the_limit_of_operations_there_is_a_model_and_beyond_a_message() {
    for (count, accepted) in [(3_999_999, true), (4_000_000, true), (4_000_001, false)] {
        let found = compile(&operations(count), &Options::default());
        assert_eq!(
            found.model.is_some(),
            accepted,
            "{count}: {}",
            shown(&found)
        );
        assert_eq!(found.has_errors(), !accepted);
        if let Some(model) = found.model {
            assert_eq!(model.primitives().nodes.len(), count);
        }
    }
}

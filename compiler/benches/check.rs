//! How long checking takes: the released CIFAR-10 model, and generated models of 1,000 released blocks and of 4,000
//! small ones with a definition each.
#![allow(clippy::unwrap_used, missing_docs, reason = "benchmark")]

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use termc_compiler::{NoFiles, Options, compile};

/// A chain of `blocks` blocks of 12 channels with every branch of the released model.
fn generated(blocks: usize) -> String {
    let released = include_str!("../../examples/cifar10.term");
    let start = released.find("model Cifar10").unwrap();
    let mut text = released[..start].to_owned();
    text.push_str("model Deep {\n    input image[12, 32, 32]\n    b[0] = sfne(image, expand=1)\n");
    for i in 1..blocks {
        let (last, skip) = (i - 1, i.saturating_sub(2));
        writeln!(
            text,
            "    b[{i}] = sfne(b[{last}], skips=[b[{skip}]], expand=1)"
        )
        .unwrap();
    }
    text.push_str(
        "    output logits = head(b[-1], 10)\n    loss {\n        cross_entropy(logits)\n",
    );
    text.push_str("        slow_neural(b.K)\n    }\n}\n");
    text
}

/// A chain of `blocks` blocks, each with a definition of its own.
fn defined(blocks: usize) -> String {
    let (mut text, mut lines) = (String::new(), String::from("    h[0] = image\n"));
    for i in 0..blocks {
        writeln!(text, "block b{i}(x) {{\n    gelu(x) + rgu(x)\n}}").unwrap();
        writeln!(lines, "    h[{}] = b{i}(h[{i}])", i + 1).unwrap();
    }
    write!(text, "model Deep {{\n    input image[3, 8, 8]\n{lines}").unwrap();
    text.push_str("    output logits = head(h[-1], 10)\n    loss {\n        cross_entropy(logits)\n    }\n}\n");
    text
}

fn check(c: &mut Criterion) {
    let mut group = c.benchmark_group("check");
    group.sample_size(10);
    let cases = [
        (
            "cifar10",
            include_str!("../../examples/cifar10.term").to_owned(),
        ),
        ("1000 released blocks", generated(1000)),
        ("4000 defined blocks", defined(4000)),
    ];
    for (name, text) in cases {
        group.bench_function(name, |b| {
            b.iter(|| {
                let compiled = compile(
                    "bench.term",
                    black_box(&text),
                    &Options::default(),
                    &NoFiles,
                );
                assert!(compiled.model.is_some());
                compiled
            });
        });
    }
}

criterion_group!(benches, check);
criterion_main!(benches);

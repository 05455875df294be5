//! How long checking takes: the released CIFAR-10 model, and generated models of 1,000 and 4,000 blocks.
#![allow(clippy::unwrap_used, missing_docs, reason = "benchmark")]

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use termc_compiler::{Options, compile};

/// A chain of `blocks` blocks of 12 channels with every branch of the released model.
fn generated(blocks: usize) -> String {
    let released = include_str!("../../examples/cifar10.term");
    let start = released.find("model Cifar10").unwrap();
    let mut text = released[..start].to_owned();
    text.push_str("model Deep {\n    input image[12, 32, 32]\n    b0 = sfne(image, expand: 1)\n");
    for i in 1..blocks {
        writeln!(
            text,
            "    b{i} = sfne(b{}, skips: [b{}], expand: 1)",
            i - 1,
            i.saturating_sub(2)
        )
        .unwrap();
    }
    writeln!(
        text,
        "    output classes(10) = global_mean(b{}) |> linear",
        blocks - 1
    )
    .unwrap();
    text.push_str("    loss {\n        cross_entropy\n        slow_neural\n    }\n}\n");
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
        ("1000 blocks", generated(1000)),
        ("4000 blocks", generated(4000)),
    ];
    for (name, text) in cases {
        group.bench_function(name, |b| {
            b.iter(|| {
                let compiled = compile("bench.term", black_box(&text), &Options::default());
                assert!(compiled.model.is_some());
                compiled
            });
        });
    }
}

criterion_group!(benches, check);
criterion_main!(benches);

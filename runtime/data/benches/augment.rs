//! How many CIFAR-10-like images per second the loader augments; the goal is more than 20,000 on two cores.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use termc_compiler::model::{Augment, PadMode};
use termc_data::random::Key;
use termc_data::{DatasetSpec, Loader, Part, Subset};

const IMAGES: usize = 4096;

fn augment(c: &mut Criterion) {
    let key = Key::new(0);
    let images = (0..IMAGES * 3072).map(|i| key.bits(i as u64) as u8);
    let labels = (0..IMAGES).map(|i| (i % 10) as u16).collect();
    let part = Part::new([3, 32, 32], 10, images.collect(), labels).unwrap();
    let subset = Subset::all(Arc::new(part));
    let published = vec![
        Augment::RandomCrop {
            padding: 4,
            mode: PadMode::Symmetric,
        },
        Augment::HorizontalFlip,
    ];
    let mut everything = published.clone();
    everything.push(Augment::RandomAffine {
        degrees: 10.0,
        shear: 10.0,
        scale: 0.1,
        translate: 0.1,
    });
    everything.push(Augment::RandomErasing {
        probability: 0.25,
        area: [0.02, 0.33],
    });
    everything.push(Augment::Mixup { alpha: 0.2 });
    everything.push(Augment::Cutmix { alpha: 1.0 });
    let mut group = c.benchmark_group("augment");
    group.throughput(Throughput::Elements(IMAGES as u64));
    group.sample_size(20);
    for (name, recipe) in [
        ("normalize only", vec![]),
        ("crop and flip", published),
        ("everything", everything),
    ] {
        let normalize = DatasetSpec::cifar10().normalize;
        let loader = Loader::training(subset.clone(), 64, &normalize, &recipe, 0).unwrap();
        group.bench_function(name, |b| {
            b.iter(|| {
                for batch in loader.epoch(0, 0).unwrap() {
                    black_box(batch.unwrap());
                }
            })
        });
    }
    group.finish();
}

criterion_group!(benches, augment);
criterion_main!(benches);

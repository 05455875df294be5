use std::sync::Arc;

use termc_compiler::model::{Augment, Normalize, PadMode};
use termc_data::augment::{BatchMut, Pipeline};
use termc_data::{Loader, Normalizer, Part, Subset};

use crate::plain;

const SHAPE: [usize; 3] = [2, 8, 8];

fn run(ops: &[Augment], seed: u64, epoch: usize, indices: &[usize]) -> (Vec<f32>, Vec<f32>) {
    let normalizer = Normalizer::new(&plain(2), 2).unwrap();
    let pipeline = Pipeline::new(ops, SHAPE, &normalizer, seed);
    let mut pixels: Vec<f32> = indices
        .iter()
        .flat_map(|&i| (0..128).map(move |p| (i * 128 + p) as f32 + 1.0))
        .collect();
    let mut targets: Vec<f32> = indices
        .iter()
        .flat_map(|&i| [f32::from(i % 2 == 0), f32::from(i % 2 == 1)])
        .collect();
    let mut images = BatchMut {
        pixels: &mut pixels,
        targets: &mut targets,
        indices,
    };
    pipeline.apply(epoch, 0, &mut images);
    (pixels, targets)
}

fn crop() -> Augment {
    Augment::RandomCrop {
        padding: 3,
        mode: PadMode::Zero,
    }
}

fn affine() -> Augment {
    Augment::RandomAffine {
        degrees: 15.0,
        shear: 10.0,
        scale: 0.1,
        translate: 0.1,
    }
}

fn erase(probability: f64) -> Augment {
    Augment::RandomErasing {
        probability,
        area: [0.1, 0.5],
    }
}

#[test]
fn the_recipe_depends_on_seed_epoch_and_image() {
    let indices: Vec<usize> = (0..16).collect();
    for ops in [
        vec![crop()],
        vec![Augment::HorizontalFlip],
        vec![affine()],
        vec![erase(0.9)],
        vec![Augment::Mixup { alpha: 1.0 }],
        vec![Augment::Cutmix { alpha: 1.0 }],
    ] {
        let base = run(&ops, 1, 2, &indices);
        assert_eq!(base, run(&ops, 1, 2, &indices));
        assert_ne!(base, run(&ops, 2, 2, &indices), "{ops:?}");
        assert_ne!(base, run(&ops, 1, 3, &indices), "{ops:?}");
        assert_ne!(base, run(&[], 1, 2, &indices), "{ops:?}");
    }
}

#[test]
fn per_image_changes_do_not_depend_on_neighbours() {
    let ops = [crop(), Augment::HorizontalFlip, affine(), erase(0.5)];
    let (together, _) = run(&ops, 1, 2, &[4, 9, 2]);
    for (position, index) in [4, 9, 2].into_iter().enumerate() {
        let (alone, _) = run(&ops, 1, 2, &[index]);
        assert_eq!(alone, together[position * 128..(position + 1) * 128]);
    }
}

#[test]
fn the_recipes_order_counts() {
    let indices: Vec<usize> = (0..16).collect();
    // Erasing first lets the crop move the hole partly out of the image; both draw the same streams otherwise.
    let (first, _) = run(&[erase(1.0), crop()], 1, 0, &indices);
    let (last, _) = run(&[crop(), erase(1.0)], 1, 0, &indices);
    assert_ne!(first, last);
}

#[test]
fn all_channels_move_together() {
    let (pixels, _) = run(
        &[crop(), Augment::HorizontalFlip],
        5,
        1,
        &(0..32).collect::<Vec<_>>(),
    );
    for image in pixels.chunks(128) {
        let (a, b) = image.split_at(64);
        for (a, b) in a.iter().zip(b) {
            assert!((*a == 0.0 && *b == 0.0) || *b - *a == 64.0);
        }
    }
}

/// What torchvision's `RandomCrop(32, padding=4, padding_mode="symmetric")` cuts out of one axis at an offset.
fn cut(offset: usize) -> Vec<u8> {
    let mirrored = |at: isize| match at {
        ..0 => -1 - at,
        32.. => 63 - at,
        _ => at,
    };
    (0..32)
        .map(|at| mirrored(at + offset as isize - 4) as u8)
        .collect()
}

/// The released recipe on images that tell of each pixel where it was: whatever comes out is a crop of the mirrored image, flipped
/// or not; all 81 offsets, each flipped and not, are equally likely; labels and normalization are the image's own.
#[test]
fn crops_and_flips_are_torchvisions_and_labels_follow() {
    let (count, classes) = (8_100, 10);
    let pixels = (0..count).flat_map(|image| {
        let of = move |value: fn(usize, usize, usize) -> usize| {
            (0..1024).map(move |p| value(image, p / 32, p % 32) as u8)
        };
        let channels = [
            of(|_, row, _| row),
            of(|_, _, column| column),
            of(|i, _, _| i % 251),
        ];
        channels.into_iter().flatten()
    });
    let labels = (0..count).map(|image| (image % classes) as u16).collect();
    let part = Part::new([3, 32, 32], classes, pixels.collect(), labels).unwrap();
    let normalize = Normalize {
        mean: vec![0.4914, 0.4822, 0.4465],
        std: vec![0.247, 0.2435, 0.2616],
    };
    let recipe = [
        Augment::RandomCrop {
            padding: 4,
            mode: PadMode::Symmetric,
        },
        Augment::HorizontalFlip,
    ];
    let images = Subset::all(Arc::new(part));
    let loader = Loader::training(images, 64, &normalize, &recipe, 1).unwrap();
    let cuts: Vec<Vec<u8>> = (0..9).map(cut).collect();
    let find = |pattern: &[u8]| cuts.iter().position(|cut| cut == pattern);
    let mut cells = [[0; 2]; 81];
    for batch in loader.epoch(0, 0).unwrap().map(Result::unwrap) {
        let each = batch.images.chunks(3072).zip(batch.targets.chunks(classes));
        for ((image, target), index) in each.zip(&batch.indices) {
            let byte = |channel: usize, at: usize| {
                let value = image[channel * 1024 + at] * normalize.std[channel] as f32;
                let byte = (value + normalize.mean[channel] as f32) * 255.0;
                assert!((byte - byte.round()).abs() < 1e-3, "{byte}");
                byte.round() as u8
            };
            let rows: Vec<u8> = (0..32).map(|row| byte(0, row * 32)).collect();
            let mut columns: Vec<u8> = (0..32).map(|column| byte(1, column)).collect();
            for at in 0..1024 {
                let expected = [rows[at / 32], columns[at % 32], (index % 251) as u8];
                assert_eq!([0, 1, 2].map(|channel| byte(channel, at)), expected);
            }
            let flipped = find(&columns).is_none();
            if flipped {
                columns.reverse();
            }
            cells[find(&rows).unwrap() * 9 + find(&columns).unwrap()][usize::from(flipped)] += 1;
            let expected = (0..classes).map(|class| f32::from(u8::from(class == index % classes)));
            assert!(expected.eq(target.iter().copied()));
        }
    }
    // Of 162 cells with 161 degrees of freedom; its deviation is 18.
    let expected = f64::from(count as u32) / 162.0;
    let square = |n: i32| (f64::from(n) - expected).powi(2) / expected;
    let chi_square: f64 = cells.iter().flatten().map(|n| square(*n)).sum();
    assert!(chi_square < 240.0, "{chi_square}");
}

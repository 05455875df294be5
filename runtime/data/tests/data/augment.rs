use termc_compiler::model::{Augment, PadMode};
use termc_data::Normalizer;
use termc_data::augment::{BatchMut, Pipeline};

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

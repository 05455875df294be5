//! How a step's images are sharded.

use super::*;
use termc_data::random::Key;

fn batch(images: usize) -> Batch {
    let key = Key::new(4);
    let pixels = (0..images * 64).map(|i| key.normal(i as u64) as f32);
    let mut targets = vec![0.0; images * 10];
    targets
        .chunks_mut(10)
        .enumerate()
        .for_each(|(i, row)| row[i % 10] = 1.0);
    Batch {
        number: 0,
        shape: [images, 1, 8, 8],
        images: pixels.collect(),
        targets,
        labels: (0..images).map(|i| i % 10).collect(),
        indices: (0..images).collect(),
    }
}

#[test]
fn shards_cover_the_step_in_order() {
    let all: Vec<Vec<Shard>> = (0..3)
        .map(|rank| shards(vec![batch(7), batch(2)], rank, 3))
        .collect();
    let sizes = |shards: &Vec<Shard>| -> Vec<(usize, usize)> {
        shards
            .iter()
            .map(|s| (s.first_image, s.batch.len()))
            .collect()
    };
    let sizes: Vec<_> = all.iter().map(sizes).collect();
    assert_eq!(
        sizes,
        [[(0, 2), (7, 0)], [(2, 2), (7, 1)], [(4, 3), (8, 1)]]
    );
    let weights: f64 = all.iter().flatten().map(|s| s.weight).sum();
    assert!((weights - 1.0).abs() < 1e-12);
    let first: Vec<f32> = all.iter().flat_map(|s| s[0].batch.images.clone()).collect();
    assert_eq!(first, batch(7).images);
    let targets: Vec<f32> = all
        .iter()
        .flat_map(|s| s[0].batch.targets.clone())
        .collect();
    assert_eq!(targets, batch(7).targets);
    assert_eq!(all[2][0].batch.shape, [3, 1, 8, 8]);
}

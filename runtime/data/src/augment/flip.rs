//! Horizontal flips.

use crate::random::Key;

/// Mirrors left and right with probability one half.
pub(super) fn horizontal_flip(image: &mut [f32], [_, _, width]: [usize; 3], key: Key) {
    if key.bits(0) >> 63 == 1 {
        for row in image.chunks_exact_mut(width) {
            row.reverse();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_images_are_mirrored() {
        let mut flipped = 0;
        for index in 0..10_000 {
            let mut image = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
            horizontal_flip(&mut image, [1, 2, 3], Key::new(5).at(index));
            match image {
                [1.0, 2.0, 3.0, 4.0, 5.0, 6.0] => {}
                [3.0, 2.0, 1.0, 6.0, 5.0, 4.0] => flipped += 1,
                other => panic!("{other:?}"),
            }
        }
        assert!((4_800..5_200).contains(&flipped), "{flipped}");
    }
}

//! Pictures of an example: stripes that lie, and stripes that stand, as BMP files. Enough to try a training with.

use std::path::PathBuf;

/// Height and width.
const SIDE: usize = 16;
/// Pictures of each class to train on, and to test with.
const COUNTS: [(&str, usize); 2] = [("train", 24), ("test", 6)];

/// Every picture with its path.
pub fn pictures() -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = vec![];
    for (part, count) in COUNTS {
        for class in ["lying", "standing"] {
            for number in 0..count {
                let path = format!("pictures/{part}/{class}/{number:02}.bmp");
                // Those to test with are others.
                let shift = if part == "train" {
                    number
                } else {
                    number + 100
                };
                all.push((
                    path.into(),
                    bitmap(|row, column| {
                        let at = if class == "lying" { row } else { column };
                        shade(at, shift, row * SIDE + column)
                    }),
                ));
            }
        }
    }
    all
}

/// Stripes of some width and phase, a little dirty.
fn shade(at: usize, number: usize, pixel: usize) -> [u8; 3] {
    let width = 2 + number % 3;
    let light = ((at + number) / width).is_multiple_of(2);
    let dirt = (pixel * 37 + number * 101) % 41;
    let base = if light { 190 } else { 30 };
    let [red, green] = [number * 13 % 50, number * 29 % 50];
    [base, base + red, base + green].map(|value| u8::try_from(value + dirt / 4).unwrap_or(u8::MAX))
}

/// A Windows bitmap of 24 bits: a header of 54 bytes, then the rows from the bottom up, blue, green, red.
fn bitmap(pixel: impl Fn(usize, usize) -> [u8; 3]) -> Vec<u8> {
    const HEADER: u32 = 54;
    let side = SIDE as u32;
    let bytes = side * side * 3;
    let mut out = b"BM".to_vec();
    let words = [HEADER + bytes, 0, HEADER, 40, side, side];
    words.iter().for_each(|word| out.extend(word.to_le_bytes()));
    out.extend(1u16.to_le_bytes());
    out.extend(24u16.to_le_bytes());
    let words = [0, bytes, 2835, 2835, 0, 0];
    words.iter().for_each(|word| out.extend(word.to_le_bytes()));
    for row in (0..SIDE).rev() {
        for column in 0..SIDE {
            let [red, green, blue] = pixel(row, column);
            out.extend([blue, green, red]);
        }
    }
    out
}

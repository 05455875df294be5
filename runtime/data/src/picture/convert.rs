//! From what a decoder gives to 8 bits, grey or red-green-blue, of any size. Reads no files.

use image::DynamicImage;

use super::fit::{Fit, centred};
use super::resize::resize;

/// What shows through transparent pixels: white.
const BACKGROUND: u32 = 255;

/// Differences of red, green and blue up to this come from compressing a grey picture.
const GREY_TOLERANCE: u8 = 8;

/// Pixels of 8 bits, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pixels {
    width: usize,
    height: usize,
    values: Values,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Values {
    /// One value a pixel.
    Grey(Vec<u8>),
    /// Red, green and blue of each pixel.
    Rgb(Vec<u8>),
}

impl Pixels {
    /// Of a decoded image.
    pub fn of(image: DynamicImage) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let values = match image {
            DynamicImage::ImageLuma8(image) => Values::Grey(image.into_raw()),
            DynamicImage::ImageLumaA8(image) => Values::Grey(opaque::<2>(&image)),
            DynamicImage::ImageLuma16(image) => Values::Grey(high_bytes(&image)),
            DynamicImage::ImageLumaA16(image) => Values::Grey(opaque::<2>(&high_bytes(&image))),
            DynamicImage::ImageRgb8(image) => Values::Rgb(image.into_raw()),
            DynamicImage::ImageRgba8(image) => Values::Rgb(opaque::<4>(&image)),
            DynamicImage::ImageRgb16(image) => Values::Rgb(high_bytes(&image)),
            DynamicImage::ImageRgba16(image) => Values::Rgb(opaque::<4>(&high_bytes(&image))),
            // Floats, from TIFF files only.
            other => Values::Rgb(opaque::<4>(&other.into_rgba8())),
        };
        Self {
            width,
            height,
            values,
        }
    }

    /// Width and height.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Whether there is any colour to be seen.
    pub fn has_colour(&self) -> bool {
        match &self.values {
            Values::Grey(_) => false,
            Values::Rgb(values) => values.as_chunks::<3>().0.iter().any(|[red, green, blue]| {
                red.abs_diff(*green).max(green.abs_diff(*blue)) > GREY_TOLERANCE
            }),
        }
    }

    /// Fitted to a width and height. Pixels of that size stay as they are.
    pub fn fitted(self, size: (usize, usize), fit: Fit) -> Self {
        let old = self.size();
        if old == size || fit == Fit::Exact {
            return self;
        }
        let between = fit.resized(old, size);
        let kept = (between.0.min(size.0), between.1.min(size.1));
        let values = match self.values {
            Values::Grey(values) => {
                let resized = resize::<1>(&values, old, between, kept);
                Values::Grey(surrounded::<1>(&resized, kept, size))
            }
            Values::Rgb(values) => {
                let resized = resize::<3>(&values, old, between, kept);
                Values::Rgb(surrounded::<3>(&resized, kept, size))
            }
        };
        let (width, height) = size;
        Self {
            width,
            height,
            values,
        }
    }

    /// `[channels, height, width]` for one or three channels, None for other numbers.
    pub fn planes(&self, channels: usize) -> Option<Vec<u8>> {
        match (&self.values, channels) {
            (Values::Grey(values), 1) => Some(values.clone()),
            (Values::Grey(values), 3) => Some(values.repeat(3)),
            (Values::Rgb(values), 1) => {
                let pixels = values.as_chunks::<3>().0;
                Some(pixels.iter().copied().map(luma).collect())
            }
            (Values::Rgb(values), 3) => {
                let plane = |channel| values.iter().skip(channel).step_by(3).copied();
                Some((0..3).flat_map(plane).collect())
            }
            _ => None,
        }
    }
}

/// Pixels with black around them, up to a size.
fn surrounded<const CHANNELS: usize>(
    values: &[u8],
    (width, height): (usize, usize),
    (new_width, new_height): (usize, usize),
) -> Vec<u8> {
    let mut result = vec![0; new_width * new_height * CHANNELS];
    let rows = result
        .chunks_exact_mut(new_width * CHANNELS)
        .skip(centred(height, new_height));
    for (to, from) in rows.zip(values.chunks_exact(width * CHANNELS)) {
        let to = to.iter_mut().skip(centred(width, new_width) * CHANNELS);
        to.zip(from).for_each(|(to, from)| *to = *from);
    }
    result
}

/// Luma of ITU-R 601-2 in whole numbers: 0.299 red, 0.587 green, 0.114 blue, rounded.
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    let [red, green, blue] = [red, green, blue].map(u32::from);
    ((red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000) >> 16) as u8
}

/// Lays pixels of `CHANNELS` values, the last one their opacity, over the background.
fn opaque<const CHANNELS: usize>(values: &[u8]) -> Vec<u8> {
    let pixels = values.as_chunks::<CHANNELS>().0;
    let mut result = Vec::with_capacity(values.len() / CHANNELS * (CHANNELS - 1));
    for pixel in pixels {
        if let Some((&alpha, colours)) = pixel.split_last() {
            let alpha = u32::from(alpha);
            result.extend(colours.iter().map(|&value| {
                let sum = u32::from(value) * alpha + BACKGROUND * (255 - alpha);
                ((sum + 127) / 255) as u8
            }));
        }
    }
    result
}

/// 16 bits to 8.
fn high_bytes(values: &[u16]) -> Vec<u8> {
    values.iter().map(|value| (value >> 8) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greys_stay_what_they_are() {
        for value in 0..=255 {
            assert_eq!(luma([value; 3]), value);
        }
        assert_eq!(luma([255, 0, 0]), 76);
        assert_eq!(luma([0, 255, 0]), 150);
        assert_eq!(luma([0, 0, 255]), 29);
    }

    #[test]
    fn transparency_shows_white() {
        assert_eq!(opaque::<2>(&[10, 255, 10, 0, 100, 128]), [10, 255, 177]);
        assert_eq!(
            opaque::<4>(&[1, 2, 3, 255, 1, 2, 3, 0]),
            [1, 2, 3, 255, 255, 255]
        );
    }
}

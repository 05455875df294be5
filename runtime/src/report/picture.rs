//! Numbers and pixels as PNG pictures inside a page. Knows nothing of networks.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ExtendedColorType, ImageEncoder};

use crate::Error;

/// A plane of numbers, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `height * width` numbers.
    pub values: Vec<f32>,
}

impl Plane {
    /// Smallest and largest number.
    pub fn range(&self) -> (f32, f32) {
        let low = self.values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = self
            .values
            .iter()
            .copied()
            .fold(f32::NEG_INFINITY, f32::max);
        (low, high)
    }

    /// As a heat map, scaled to its own largest magnitude: blue below zero, white at zero, red above.
    ///
    /// # Errors
    /// If the picture cannot be encoded.
    pub fn heat_map(&self) -> Result<String, Error> {
        let top = self.values.iter().fold(0f32, |top, v| top.max(v.abs()));
        let pixels: Vec<u8> = self
            .values
            .iter()
            .flat_map(|v| heat(v / top.max(1e-30)))
            .collect();
        encode(&pixels, self.width, self.height, ExtendedColorType::Rgb8)
    }
}

/// The colour of a number from -1 to 1; grey if it is none.
fn heat(value: f32) -> [u8; 3] {
    if !value.is_finite() {
        return [128, 128, 128];
    }
    let strength = value.abs().min(1.0);
    let end = if value < 0.0 {
        [33.0, 102.0, 172.0]
    } else {
        [178.0, 24.0, 43.0]
    };
    end.map(|channel: f32| (247.0 + (channel - 247.0) * strength) as u8)
}

/// An image of a data set, `[channels, height, width]`: three channels are colours, any other number is averaged.
///
/// # Errors
/// If the picture cannot be encoded.
pub fn photo(image: &[u8], [channels, height, width]: [usize; 3]) -> Result<String, Error> {
    let plane = height * width;
    let at =
        |channel: usize, pixel: usize| image.get(channel * plane + pixel).copied().unwrap_or(0);
    if channels == 3 {
        let pixels: Vec<u8> = (0..plane)
            .flat_map(|p| [at(0, p), at(1, p), at(2, p)])
            .collect();
        return encode(&pixels, width, height, ExtendedColorType::Rgb8);
    }
    let mean = |p: usize| {
        let sum: usize = (0..channels).map(|c| usize::from(at(c, p))).sum();
        u8::try_from(sum / channels.max(1)).unwrap_or(u8::MAX)
    };
    let pixels: Vec<u8> = (0..plane).map(mean).collect();
    encode(&pixels, width, height, ExtendedColorType::L8)
}

/// A `data:` address of a PNG.
fn encode(
    pixels: &[u8],
    width: usize,
    height: usize,
    color: ExtendedColorType,
) -> Result<String, Error> {
    let mut bytes = Cursor::new(Vec::new());
    let side = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    image::codecs::png::PngEncoder::new(&mut bytes)
        .write_image(pixels, side(width), side(height), color)
        .map_err(|e| Error::Input(format!("a picture cannot be encoded: {e}")))?;
    Ok(format!(
        "data:image/png;base64,{}",
        STANDARD.encode(bytes.into_inner())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heat_has_two_ends_and_a_middle() {
        assert_eq!(heat(0.0), [247, 247, 247]);
        assert_eq!(heat(-1.0), [33, 102, 172]);
        assert_eq!(heat(5.0), [178, 24, 43]);
        assert_eq!(heat(f32::NAN), [128, 128, 128]);
    }

    #[test]
    fn pictures_decode_to_what_they_show() {
        let address = photo(&[10, 20, 30, 40, 50, 60], [3, 1, 2]).unwrap();
        let bytes = STANDARD.decode(address.split_once(',').unwrap().1).unwrap();
        let decoded = image::load_from_memory(&bytes).unwrap().to_rgb8();
        assert_eq!(decoded.get_pixel(1, 0).0, [20, 40, 60]);
    }
}

//! From the bytes of a PNG to what the network takes. Knows no network.

use std::fmt;
use std::io::Cursor;

use image::imageops::thumbnail;
use image::{ImageError, ImageFormat, ImageReader, Limits};

/// Width and height the network takes.
pub const SIDE: usize = 8;
/// Pixels the network takes.
pub const PIXELS: usize = SIDE * SIDE;

/// Mean and deviation of the training images' pixels, of which the largest value is 1: those of the data set.
const MEAN: f64 = 0.305855209782;
const DEVIATION: f64 = 0.376279125192;

/// Largest width or height that is decoded: a small file can claim to be a huge picture.
const LARGEST: u32 = 4096;
/// Most memory that decoding may take, in bytes.
const MEMORY: u64 = 64 << 20;

/// A picture of bright ink on dark ground, ready for the network.
#[derive(Clone, Debug)]
pub struct Picture([f32; PIXELS]);

/// Why bytes are no picture.
#[derive(Debug)]
pub struct NoPicture(ImageError);

impl Picture {
    /// Decodes a PNG of any size, in colour or grey; it is made grey and averaged down to [`SIDE`].
    ///
    /// # Errors
    /// If the bytes are not a whole PNG, or a picture larger than 4096 pixels either way.
    pub fn decode(png: &[u8]) -> Result<Self, NoPicture> {
        let mut reader = ImageReader::with_format(Cursor::new(png), ImageFormat::Png);
        let mut limits = Limits::default();
        limits.max_image_width = Some(LARGEST);
        limits.max_image_height = Some(LARGEST);
        limits.max_alloc = Some(MEMORY);
        reader.limits(limits);
        let grey = reader.decode().map_err(NoPicture)?.into_luma8();
        let small = thumbnail(&grey, SIDE as u32, SIDE as u32);
        let mut pixels = [0.0; PIXELS];
        for (pixel, byte) in pixels.iter_mut().zip(small.as_raw()) {
            *pixel = ((f64::from(*byte) / 255.0 - MEAN) / DEVIATION) as f32;
        }
        Ok(Self(pixels))
    }

    /// Normalized values, row by row.
    pub fn pixels(&self) -> [f32; PIXELS] {
        self.0
    }
}

impl fmt::Display for NoPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a usable PNG: {}", self.0)
    }
}

impl std::error::Error for NoPicture {}

#[cfg(test)]
impl Picture {
    /// One of the sample pictures.
    pub(crate) fn sample(name: &str) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/samples");
        Self::decode(&std::fs::read(format!("{folder}/{name}.png")).unwrap()).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_is_refused() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/samples");
        let whole = std::fs::read(format!("{folder}/7.png")).unwrap();
        assert!(Picture::decode(&whole).is_ok());
        assert!(Picture::decode(&whole[..whole.len() / 2]).is_err());
        assert!(Picture::decode(b"GIF89a").is_err());
        assert!(Picture::decode(&[]).is_err());
    }

    #[test]
    fn a_small_file_of_a_huge_picture_is_refused() {
        let mut bytes = vec![];
        let huge = image::GrayImage::new(LARGEST + 1, 1);
        huge.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
            .unwrap();
        assert!(bytes.len() < 1000);
        let error = Picture::decode(&bytes).unwrap_err().to_string();
        assert!(error.starts_with("not a usable PNG"), "{error}");
    }
}

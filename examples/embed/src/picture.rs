//! From the bytes of a PNG to what the network takes. Knows no network.

use std::fmt;
use std::io::Cursor;

use image::imageops::{FilterType, crop_imm, resize};
use image::{DynamicImage, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage};

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
pub enum NoPicture {
    /// They do not begin like a PNG.
    NoHeader,
    /// They are a damaged PNG.
    Image(ImageError),
    /// Its width and height: more than is decoded.
    TooLarge(u32, u32),
}

impl Picture {
    /// Looks at what a PNG says of its size, without decoding it.
    ///
    /// # Errors
    /// If the bytes do not begin like a PNG, or the picture is larger than 4096 pixels either way.
    pub fn check(png: &[u8]) -> Result<(), NoPicture> {
        let (width, height) = match png.split_at_checked(16) {
            Some((begin, rest))
                if begin.starts_with(b"\x89PNG\r\n\x1a\n") && begin.ends_with(b"IHDR") =>
            {
                let number = |at: usize| rest.get(at..).and_then(|rest| rest.first_chunk::<4>());
                match (number(0), number(4)) {
                    (Some(width), Some(height)) => {
                        (u32::from_be_bytes(*width), u32::from_be_bytes(*height))
                    }
                    _ => return Err(NoPicture::NoHeader),
                }
            }
            _ => return Err(NoPicture::NoHeader),
        };
        match width.max(height) > LARGEST {
            true => Err(NoPicture::TooLarge(width, height)),
            false => Ok(()),
        }
    }

    /// Decodes a PNG of any size, in colour or grey; it is fitted as the training fits pictures with `--fit crop`, then
    /// made grey.
    ///
    /// # Errors
    /// If the bytes are not a whole PNG, or a picture larger than 4096 pixels either way.
    pub fn decode(png: &[u8]) -> Result<Self, NoPicture> {
        Self::check(png)?;
        let mut reader = ImageReader::with_format(Cursor::new(png), ImageFormat::Png);
        let mut limits = Limits::default();
        limits.max_image_width = Some(LARGEST);
        limits.max_image_height = Some(LARGEST);
        limits.max_alloc = Some(MEMORY);
        reader.limits(limits);
        let small = fitted(&opaque(&reader.decode().map_err(NoPicture::Image)?));
        let mut pixels = [0.0; PIXELS];
        for (pixel, colour) in pixels.iter_mut().zip(small.pixels()) {
            *pixel = ((f64::from(luma(colour)) / 255.0 - MEAN) / DEVIATION) as f32;
        }
        Ok(Self(pixels))
    }

    /// Normalized values, row by row.
    pub fn pixels(&self) -> [f32; PIXELS] {
        self.0
    }
}

/// Red, green and blue, over white where the picture is transparent.
fn opaque(image: &DynamicImage) -> RgbImage {
    let image = image.to_rgba8();
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0.map(u32::from);
        let over = |value: u32| ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        Rgb([over(red), over(green), over(blue)])
    })
}

/// Resized until the shorter side is [`SIDE`], antialiased, then cut around the centre.
fn fitted(image: &RgbImage) -> RgbImage {
    let side = SIDE as u32;
    let (width, height) = image.dimensions();
    let shorter = width.min(height).max(1);
    let resized = |length: u32| (length * side / shorter).max(side);
    let (wide, high) = (resized(width), resized(height));
    let small = resize(image, wide, high, FilterType::Triangle);
    // Halves are rounded to even, as Python does it.
    let centred = |length: u32| {
        let (half, odd) = ((length - side) / 2, (length - side) % 2);
        half + odd * (half % 2)
    };
    crop_imm(&small, centred(wide), centred(high), side, side).to_image()
}

/// The luma of ITU-R 601-2.
fn luma(Rgb(values): &Rgb<u8>) -> u8 {
    let [red, green, blue] = values.map(u32::from);
    ((red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000) >> 16) as u8
}

impl fmt::Display for NoPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHeader => write!(f, "not a usable PNG: it does not begin like one"),
            Self::Image(error) => write!(f, "not a usable PNG: {error}"),
            Self::TooLarge(width, height) => write!(
                f,
                "not a usable PNG: {width} x {height} pixels, and {LARGEST} either way are the most"
            ),
        }
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

    /// As `termc predict` reads them, which rounds once more on the way.
    #[test]
    fn pictures_are_fitted_as_in_training() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("photo.png");
        for (width, height) in [(8, 8), (100, 67), (67, 100), (9, 41), (5, 6)] {
            let image = image::RgbaImage::from_fn(width, height, |x, y| {
                let value = |factor| (x * factor + y * 3) as u8;
                image::Rgba([value(2), value(5), value(7), 255 - (x % 3) as u8 * 80])
            });
            image.save(&file).unwrap();
            let found = Picture::decode(&std::fs::read(&file).unwrap()).unwrap();
            let shape = [1, SIDE, SIDE];
            let fit = termc_data::Fit::Crop;
            let expected = termc_data::decode_fitted(&file, shape, fit).unwrap();
            for (value, byte) in found.0.iter().zip(expected) {
                let grey = 255.0 * (f64::from(*value) * DEVIATION + MEAN);
                let difference = (grey - f64::from(byte)).abs();
                assert!(difference < 1.5, "{width}x{height}: {grey} against {byte}");
            }
        }
    }

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
        assert!(
            error.starts_with("not a usable PNG: 4097 x 1 pixels"),
            "{error}"
        );
        // Said of its size alone: nothing else of it is there.
        let error = Picture::check(&bytes[..33]).unwrap_err().to_string();
        assert!(error.contains("4097 x 1"), "{error}");
    }
}

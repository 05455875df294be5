//! Image files to pixels of 8 bits, grey or red-green-blue, the right way up, fitted to a size if need be.
//!
//! PNG, JPEG, WebP, BMP, GIF (the first frame) and TIFF are recognised by their content, whatever their names are. EXIF
//! orientation is applied, transparent pixels are laid over white, 16 bits are reduced to their high byte, CMYK becomes
//! red-green-blue. Grey of a coloured picture is its luma of ITU-R 601-2.

mod convert;
mod fit;
mod jpeg;
mod png;
mod resize;

use std::fs::{self, File};
use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::error::Error;
pub(crate) use convert::Pixels;
pub use fit::Fit;

/// The formats that can be read.
const FORMATS: [ImageFormat; 6] = [
    ImageFormat::Png,
    ImageFormat::Jpeg,
    ImageFormat::WebP,
    ImageFormat::Bmp,
    ImageFormat::Gif,
    ImageFormat::Tiff,
];

/// Extensions that promise such a file.
const EXTENSIONS: [&str; 12] = [
    "png", "apng", "jpg", "jpeg", "jpe", "jfif", "webp", "bmp", "dib", "gif", "tif", "tiff",
];

/// Pixels of one file may need this much memory: enough for 178 million of them in colour.
const MAX_BYTES: u64 = 512 << 20;

/// What can be told without decoding the pixels.
pub(crate) struct Header {
    /// Width and height, the right way up.
    pub size: (u32, u32),
    /// Whether the file's pixels have no colours by their type.
    pub grey: bool,
}

/// A decoded picture.
pub(crate) struct Picture {
    /// The right way up.
    pub pixels: Pixels,
    /// A JPEG file without its end marker; all rows are there.
    pub without_end: bool,
}

/// Whether a path leads to an image file, by its extension or else by its first bytes. Fails if it cannot be opened.
pub fn is_image(file: &Path) -> Result<bool, Error> {
    // Pipes and devices are not opened: they may never end.
    if !file.metadata().map_err(Error::read(file))?.is_file() {
        return Ok(false);
    }
    let extension = file.extension().and_then(|e| e.to_str()).unwrap_or("");
    if EXTENSIONS
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
    {
        return Ok(true);
    }
    let mut start = Vec::new();
    File::open(file)
        .and_then(|file| file.take(32).read_to_end(&mut start))
        .map_err(Error::read(file))?;
    // The two letters at the start of a BMP file say too little.
    let format = image::guess_format(&start).ok();
    Ok(format.is_some_and(|format| FORMATS.contains(&format) && format != ImageFormat::Bmp))
}

/// Reads a file's header. Fails on files that are no images of a known format.
pub(crate) fn header(file: &Path) -> Result<Header, Error> {
    let bytes = fs::read(file).map_err(Error::read(file))?;
    guarded(file, || {
        let mut decoder = decoder(file, &bytes)?;
        let orientation = orientation(&mut decoder, &bytes);
        let (width, height) = decoder.dimensions();
        let size = match orientation {
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (height, width),
            Orientation::NoTransforms
            | Orientation::Rotate180
            | Orientation::FlipHorizontal
            | Orientation::FlipVertical => (width, height),
        };
        let grey = matches!(
            decoder.color_type(),
            ColorType::L8 | ColorType::L16 | ColorType::La8 | ColorType::La16
        );
        Ok(Header { size, grey })
    })
}

/// Reads a file. Fails on files that are no images of a known format, are damaged or break off.
pub(crate) fn read(file: &Path) -> Result<Picture, Error> {
    of_bytes(file, fs::read(file).map_err(Error::read(file))?)
}

/// Reads an image from the contents of `file`, likewise.
pub(crate) fn of_bytes(file: &Path, mut bytes: Vec<u8>) -> Result<Picture, Error> {
    guarded(file, || {
        let mut without_end = false;
        if image::guess_format(&bytes).ok() == Some(ImageFormat::Jpeg) {
            let layout = jpeg::JpegLayout::of(&bytes);
            // What cameras append is no part of the picture.
            bytes.truncate(layout.end.unwrap_or(bytes.len()));
            if layout.end.is_none() {
                without_end = true;
                if !rows_are_complete(file, &bytes, layout)? {
                    return Err(Error::malformed(
                        file,
                        "the JPEG image",
                        "all rows and an end marker",
                        "a file that breaks off",
                    ));
                }
                bytes.extend(jpeg::END);
            }
        }
        let pixels = Pixels::of(decode(file, &bytes)?);
        Ok(Picture {
            pixels,
            without_end,
        })
    })
}

/// Decodes an image file to `[C, H, W]` bytes; it must have the height and width of `shape` once it is the right way up.
/// One channel is the grey of the picture (luma of ITU-R 601-2), three are red, green and blue.
///
/// PNG, JPEG, WebP, BMP, GIF (the first frame) and TIFF are recognised by their content. EXIF orientation is applied,
/// transparent pixels are laid over white, 16 bits are reduced to their high byte. Fails on unreadable and damaged files
/// and on other sizes.
pub fn decode_image(file: &Path, shape: [usize; 3]) -> Result<Vec<u8>, Error> {
    decode_fitted(file, shape, Fit::Exact)
}

/// Like [`decode_image`], for files of any size, which are fitted to the height and width of `shape`.
pub fn decode_fitted(file: &Path, shape: [usize; 3], fit: Fit) -> Result<Vec<u8>, Error> {
    read(file)?.planes(file, shape, fit)
}

/// An image file's pixels, fitted to a shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FittedImage {
    /// `[C, H, W]` bytes.
    pub pixels: Vec<u8>,
    /// Whether the file had another size.
    pub resized: bool,
    /// Whether there was colour where one channel is wanted, or none where three are.
    pub recoloured: bool,
}

/// Like [`decode_fitted`], telling whether the file had another size or other colours.
pub fn read_fitted(file: &Path, shape: [usize; 3], fit: Fit) -> Result<FittedImage, Error> {
    let picture = read(file)?;
    let [channels, height, width] = shape;
    Ok(FittedImage {
        resized: picture.pixels.size() != (width, height),
        recoloured: picture.pixels.has_colour() == (channels == 1),
        pixels: picture.planes(file, shape, fit)?,
    })
}

impl Picture {
    /// `[C, H, W]` bytes of the given shape. Fails on other sizes if they have to be exact, and unless there are one or
    /// three channels.
    pub fn planes(self, file: &Path, shape: [usize; 3], fit: Fit) -> Result<Vec<u8>, Error> {
        let [channels, height, width] = shape;
        let pixels = self.pixels.fitted((width, height), fit);
        let found = pixels.size();
        if found != (width, height) {
            return Err(Error::malformed(
                file,
                "the image size (width x height)",
                format!("{width}x{height}"),
                format!("{}x{}", found.0, found.1),
            ));
        }
        pixels.planes(channels).ok_or_else(|| Error::Inconsistent {
            what: "channels of an image file",
            expected: "1 or 3".into(),
            found: channels.to_string(),
        })
    }
}

/// Decodes without applying the rules for JPEG files' ends.
fn decode(file: &Path, bytes: &[u8]) -> Result<DynamicImage, Error> {
    let mut decoder = decoder(file, bytes)?;
    let orientation = orientation(&mut decoder, bytes);
    // A few bytes of a damaged header can ask for more memory than there is.
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_BYTES);
    limits
        .reserve(decoder.total_bytes())
        .and_then(|()| decoder.set_limits(limits))
        .map_err(image_error(file))?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(image_error(file))?;
    image.apply_orientation(orientation);
    Ok(image)
}

fn decoder<'a>(file: &Path, bytes: &'a [u8]) -> Result<impl ImageDecoder + use<'a>, Error> {
    let reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(Error::read(file))?;
    if reader.format().is_none() {
        return Err(Error::malformed(
            file,
            "its content",
            "a PNG, JPEG, WebP, BMP, GIF or TIFF image",
            "something else",
        ));
    }
    reader.into_decoder().map_err(image_error(file))
}

/// How the picture has to be rotated and mirrored: not at all where its EXIF data are missing or cannot be read.
fn orientation(decoder: &mut impl ImageDecoder, bytes: &[u8]) -> Orientation {
    let exif = match png::exif(bytes) {
        Some(exif) => Some(exif.to_vec()),
        None => decoder.exif_metadata().ok().flatten(),
    };
    // Some writers of WebP files put the prefix there that JPEG files have.
    let parse =
        |exif: &[u8]| Orientation::from_exif_chunk(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif));
    // TIFF files have a tag of their own for it.
    let orientation = exif.as_deref().and_then(parse);
    orientation
        .or_else(|| decoder.orientation().ok())
        .unwrap_or(Orientation::NoTransforms)
}

/// Whether the data of a JPEG file without an end marker reach its last row: then what follows them changes nothing. The
/// decoder itself fills with grey what is not there.
fn rows_are_complete(file: &Path, bytes: &[u8], layout: jpeg::JpegLayout) -> Result<bool, Error> {
    // Of a progressive file later scans may be missing as a whole.
    if layout.scans != 1 || layout.progressive {
        return Ok(false);
    }
    let followed_by = |filler: u8| {
        let mut bytes = bytes.to_vec();
        bytes.extend([filler; 64]);
        bytes.extend(jpeg::END);
        decode(file, &bytes)
    };
    let bare = decode(file, &[bytes, &jpeg::END].concat())?;
    Ok(bare == followed_by(0x55)? && bare == followed_by(0xa6)?)
}

/// Runs a decoder; a panic of it is an error like any other.
fn guarded<T>(file: &Path, read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let (expected, found) = ("one that can be decoded", "one that the decoder failed on");
        Err(Error::malformed(file, "the image", expected, found))
    })
}

fn image_error(file: &Path) -> impl FnOnce(image::ImageError) -> Error + use<> {
    let file = file.to_owned();
    |source| Error::Image { file, source }
}

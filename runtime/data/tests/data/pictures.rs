//! Picture files of every kind against what Pillow makes of them: tests/pictures, made by its make.py.

use std::fs;
use std::path::{Path, PathBuf};

use termc_data::random::Key;
use termc_data::{Fit, decode_fitted, decode_image};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures")
}

struct Expected {
    name: String,
    width: usize,
    height: usize,
    /// `[3, H, W]`.
    rgb: Vec<u8>,
    /// `[H, W]`.
    grey: Vec<u8>,
}

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// `[H, W, 3]` to `[3, H, W]`.
fn planar(pixels: &[u8]) -> Vec<u8> {
    let plane = |channel| pixels.iter().skip(channel).step_by(3).copied();
    (0..3).flat_map(plane).collect()
}

fn expected() -> Vec<Expected> {
    let text = fs::read_to_string(folder().join("values.txt")).unwrap();
    text.lines()
        .map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            Expected {
                name: fields[0].to_owned(),
                width: fields[1].parse().unwrap(),
                height: fields[2].parse().unwrap(),
                rgb: planar(&bytes(fields[3])),
                grey: bytes(fields[4]),
            }
        })
        .collect()
}

/// The mean and the largest difference of two pictures in grey levels.
fn differences(found: &[u8], expected: &[u8]) -> (f64, u8) {
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().zip(expected);
    let differences: Vec<u8> = pairs.map(|(a, b)| a.abs_diff(*b)).collect();
    let sum: f64 = differences.iter().map(|&d| f64::from(d)).sum();
    let largest = differences.iter().max().unwrap();
    (sum / differences.len() as f64, *largest)
}

/// One grey level. Of JPEG files decoders round chroma differently, which blue has almost doubled, and they interpolate
/// subsampled chroma differently at the right and lower edge.
fn tolerance(name: &str, channels: usize) -> u8 {
    match channels {
        3 if name.starts_with("subsampled") || name.starts_with("progressive") => 5,
        3 if name.ends_with(".jpg") => 2,
        _ => 1,
    }
}

#[test]
fn every_kind_is_as_pillow_shows_it() {
    let mut wrong = Vec::new();
    for expected in expected() {
        let file = folder().join(&expected.name);
        let (height, width) = (expected.height, expected.width);
        for (channels, expected_pixels) in [(3, &expected.rgb), (1, &expected.grey)] {
            match decode_image(&file, [channels, height, width]) {
                Ok(found) => {
                    let (mean, largest) = differences(&found, expected_pixels);
                    if mean > 1.0 || largest > tolerance(&expected.name, channels) {
                        wrong.push(format!(
                            "{}, {channels} channels: differs by {mean} on average, by {largest} at most",
                            expected.name
                        ));
                    }
                }
                Err(error) => wrong.push(error.to_string()),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_orientations_show_one_picture() {
    let upright = decode_image(&folder().join("exif1.jpg"), [3, 12, 20]).unwrap();
    // Pixel (y, x) of the upright picture is at this place of the file's.
    for orientation in 2..=8 {
        let turned = orientation >= 5;
        let shape = if turned { [3, 20, 12] } else { [3, 12, 20] };
        let found = decode_image(&folder().join(format!("exif{orientation}.jpg")), shape).unwrap();
        for (index, &value) in upright.iter().enumerate() {
            let (channel, y, x) = (index / 240, index / 20 % 12, index % 20);
            let (row, column) = match orientation {
                2 => (y, 19 - x),
                3 => (11 - y, 19 - x),
                4 => (11 - y, x),
                5 => (x, y),
                6 => (x, 11 - y),
                7 => (19 - x, 11 - y),
                _ => (19 - x, y),
            };
            assert_eq!(found[(channel * shape[1] + row) * shape[2] + column], value);
        }
    }
}

#[test]
fn what_breaks_off_is_refused() {
    let dir = tempfile::TempDir::new().unwrap();
    for name in [
        "rgb.png",
        "rgb.jpg",
        "progressive.jpg",
        "subsampled.jpg",
        "lossless.webp",
        "rgb.bmp",
        "palette.gif",
        "rgb.tif",
    ] {
        let whole = fs::read(folder().join(name)).unwrap();
        let file = dir.path().join(name);
        for keep in [0, 1, 10, whole.len() / 2, whole.len() - 30] {
            fs::write(&file, &whole[..keep]).unwrap();
            let decoded = decode_image(&file, [3, 12, 20]);
            assert!(decoded.is_err(), "{name}: {keep} of {} bytes", whole.len());
        }
    }
}

/// Every file with bytes changed at random: an error or a picture, never an end of the process.
#[test]
fn damaged_files_harm_nobody() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("damaged");
    let mut decoded = 0;
    for expected in expected() {
        let whole = fs::read(folder().join(&expected.name)).unwrap();
        for seed in 0..12 {
            let key = Key::new(seed).named(&expected.name);
            let mut bytes = whole.clone();
            for change in 0..1 + key.below(0, 6) as u64 {
                let place = key.below(10 + change, bytes.len());
                bytes[place] = key.bits(100 + change) as u8;
            }
            fs::write(&file, bytes).unwrap();
            decoded += usize::from(decode_fitted(&file, [3, 12, 20], Fit::Crop).is_ok());
        }
    }
    assert!(decoded > 0);
}

#[test]
fn what_asks_for_too_much_memory_is_refused() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("large.bmp");
    let mut bytes = fs::read(folder().join("rgb.bmp")).unwrap();
    // Width and height.
    bytes[18..26].copy_from_slice(&[0, 0x80, 0, 0, 0, 0x80, 0, 0]);
    fs::write(&file, bytes).unwrap();
    let error = decode_fitted(&file, [3, 12, 20], Fit::Crop).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot decode image"),
        "{error}"
    );
}

#[test]
fn what_is_no_picture_is_named() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("page.jpg");
    fs::write(&file, "<html>not found</html>").unwrap();
    assert_eq!(
        decode_image(&file, [3, 12, 20]).unwrap_err().to_string(),
        format!(
            "`{}` is malformed: its content is something else, expected a PNG, JPEG, WebP, BMP, GIF or TIFF image",
            file.display()
        )
    );
    let error = decode_image(&folder().join("rgb.png"), [3, 20, 12]).unwrap_err();
    let message = "the image size (width x height) is 20x12, expected 12x20";
    assert!(error.to_string().ends_with(message), "{error}");
    let error = decode_image(&folder().join("rgb.png"), [2, 12, 20]).unwrap_err();
    assert!(error.to_string().contains("expected 1 or 3"), "{error}");
}

#[test]
fn pictures_are_fitted_as_torchvision_does_it() {
    let text = fs::read_to_string(folder().join("fitted.txt")).unwrap();
    for line in text.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let fit: Fit = fields[0].parse().unwrap();
        let (width, height) = (fields[1].parse().unwrap(), fields[2].parse().unwrap());
        let found = decode_fitted(&folder().join("rgb.png"), [3, height, width], fit).unwrap();
        let (_, largest) = differences(&found, &planar(&bytes(fields[3])));
        assert!(largest <= 1, "{fit} {width} {height}: {largest}");
    }
}

#[test]
fn a_grey_picture_is_fitted_like_a_coloured_one() {
    let file = folder().join("grey.png");
    for fit in [Fit::Crop, Fit::Stretch, Fit::Pad] {
        let grey = decode_fitted(&file, [1, 9, 7], fit).unwrap();
        let coloured = decode_fitted(&file, [3, 9, 7], fit).unwrap();
        assert_eq!(coloured, grey.repeat(3));
    }
    assert!(decode_fitted(&file, [1, 9, 7], Fit::Exact).is_err());
}

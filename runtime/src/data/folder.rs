//! Image folders: `train/CLASS/*.png|jpg` and `test/CLASS/*`, decoded with the `image` crate. Resizes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::{ColorType, ImageDecoder, ImageFormat, ImageReader};
use rayon::prelude::*;

use super::dataset::{Dataset, Part};
use super::error::DataError;
use super::normalize::statistics;

/// Up to this many bytes of pixels are decoded at once and kept; larger parts are decoded image by image when needed.
const KEEP_IN_MEMORY: usize = 2 << 30;

/// Opens a folder. Classes are the subfolders of `train` in the order of their names; the test part may lack some but
/// has no others. All images have one size; if every one is grey the data set has one channel, else three. Alpha is
/// dropped, 16-bit images are reduced to 8.
pub(super) fn open(folder: &Path) -> Result<Dataset, DataError> {
    let train = list(&folder.join("train"))?;
    let test = list(&folder.join("test"))?;
    let classes: Vec<String> = train.keys().cloned().collect();
    if let Some(class) = test.keys().find(|class| !train.contains_key(*class)) {
        return Err(DataError::UnknownClass {
            class: class.clone(),
            folder: folder.join("test"),
        });
    }
    let shape = common_shape(train.values().chain(test.values()).flatten())?;
    let train = part(shape, &classes, &train)?;
    let test = part(shape, &classes, &test)?;
    let name = folder.file_name().unwrap_or(folder.as_os_str());
    Ok(Dataset {
        name: format!("folder:{}", name.to_string_lossy()),
        shape,
        normalize: statistics(&train)?,
        train: Arc::new(train),
        test: Arc::new(test),
        classes,
    })
}

/// The image files of a part by class, both in the order of their names; hidden files are passed over.
fn list(folder: &Path) -> Result<BTreeMap<String, Vec<PathBuf>>, DataError> {
    let mut classes = BTreeMap::new();
    for class in entries(folder)? {
        if class.is_dir() {
            let files: Vec<PathBuf> = entries(&class)?
                .into_iter()
                .filter(|file| is_image(file))
                .collect();
            if files.is_empty() {
                return Err(DataError::NoImages {
                    folder: class,
                    expected: "png or jpg files".into(),
                });
            }
            let name = class.file_name().unwrap_or_default().to_string_lossy();
            classes.insert(name.into_owned(), files);
        }
    }
    if classes.is_empty() {
        return Err(DataError::NoImages {
            folder: folder.to_owned(),
            expected: "a folder with png or jpg files for each class".into(),
        });
    }
    Ok(classes)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let read = fs::read_dir(folder).map_err(DataError::read(folder))?;
    let mut paths = Vec::new();
    for entry in read {
        let entry = entry.map_err(DataError::read(folder))?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn is_image(file: &Path) -> bool {
    let extension = file.extension().and_then(|e| e.to_str()).unwrap_or("");
    ["png", "jpg", "jpeg"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

/// Reads every image's header; their size and the number of channels that holds them all.
fn common_shape<'a>(files: impl Iterator<Item = &'a PathBuf>) -> Result<[usize; 3], DataError> {
    let files: Vec<&PathBuf> = files.collect();
    let headers: Vec<((u32, u32), bool)> = files
        .par_iter()
        .map(|file| header(file))
        .collect::<Result<_, _>>()?;
    let mut shape = [1, 0, 0];
    let first = files.first().zip(headers.first());
    for (file, (size, grey)) in files.iter().zip(&headers) {
        if let Some((first, (first_size, _))) = first
            && size != first_size
        {
            return Err(DataError::ImageSizes {
                first: first.to_path_buf(),
                first_size: *first_size,
                second: file.to_path_buf(),
                second_size: *size,
            });
        }
        let channels = if *grey { shape[0] } else { 3 };
        shape = [channels, size.1 as usize, size.0 as usize];
    }
    Ok(shape)
}

/// Width, height and whether an image file is grey.
fn header(file: &Path) -> Result<((u32, u32), bool), DataError> {
    let decoder = ImageReader::open(file)
        .and_then(ImageReader::with_guessed_format)
        .map_err(DataError::read(file))?
        .into_decoder()
        .map_err(image_error(file))?;
    let grey = matches!(
        decoder.color_type(),
        ColorType::L8 | ColorType::L16 | ColorType::La8 | ColorType::La16
    );
    Ok((decoder.dimensions(), grey))
}

fn part(
    shape: [usize; 3],
    classes: &[String],
    files: &BTreeMap<String, Vec<PathBuf>>,
) -> Result<Part, DataError> {
    let (mut paths, mut labels) = (Vec::new(), Vec::new());
    for (label, class) in classes.iter().enumerate() {
        let label = u16::try_from(label).map_err(|_| DataError::Inconsistent {
            what: "number of classes",
            expected: format!("at most {}", u16::MAX),
            found: classes.len().to_string(),
        })?;
        for path in files.get(class).into_iter().flatten() {
            paths.push(path.clone());
            labels.push(label);
        }
    }
    if shape.iter().product::<usize>() * paths.len() > KEEP_IN_MEMORY {
        return Part::files(shape, classes.len(), paths, labels);
    }
    let images: Vec<Vec<u8>> = paths
        .par_iter()
        .map(|path| decode(path, shape))
        .collect::<Result<_, _>>()?;
    Part::new(shape, classes.len(), images.concat(), labels)
}

/// Whether an end marker follows the last scan of a JPEG file.
fn jpeg_ends(bytes: &[u8]) -> bool {
    let last = |marker: [u8; 2]| bytes.windows(2).rposition(|pair| pair == marker);
    last([0xff, 0xd9]) > last([0xff, 0xda])
}

/// Decodes an image file to `[C, H, W]` bytes; it must have the given height and width. One channel is the image's
/// luma, three are red, green and blue.
pub fn decode(file: &Path, shape: [usize; 3]) -> Result<Vec<u8>, DataError> {
    let bytes = std::fs::read(file).map_err(DataError::read(file))?;
    let reader = ImageReader::new(Cursor::new(&bytes))
        .with_guessed_format()
        .map_err(DataError::read(file))?;
    // The decoder fills with grey what is not there.
    if reader.format() == Some(ImageFormat::Jpeg) && !jpeg_ends(&bytes) {
        let (expected, found) = (
            "an end marker after the last scan",
            "a file that breaks off",
        );
        return Err(DataError::garbled(file, "the JPEG image", expected, found));
    }
    let image = reader.decode().map_err(image_error(file))?;
    let [channels, height, width] = shape;
    let found = (image.width() as usize, image.height() as usize);
    if found != (width, height) {
        return Err(DataError::garbled(
            file,
            "the image size (width x height)",
            format!("{width}x{height}"),
            format!("{}x{}", found.0, found.1),
        ));
    }
    match channels {
        1 => Ok(image.into_luma8().into_raw()),
        3 => {
            let interleaved = image.into_rgb8().into_raw();
            let plane = |c| interleaved.iter().skip(c).step_by(3).copied();
            Ok((0..3).flat_map(plane).collect())
        }
        _ => Err(DataError::Inconsistent {
            what: "channels of an image file",
            expected: "1 or 3".into(),
            found: channels.to_string(),
        }),
    }
}

fn image_error(file: &Path) -> impl FnOnce(image::ImageError) -> DataError + use<> {
    let file = file.to_owned();
    |source| DataError::Image { file, source }
}

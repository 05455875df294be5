//! Image folders: `train/CLASS/` and `test/CLASS/` with image files and subfolders of them. Decodes no format itself.

mod decode;
mod scan;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::dataset::{Dataset, Part, combined_hash};
use super::error::Error;
use super::picture::{self, Fit, Header};
use super::source::DatasetOptions;
use decode::Decoded;
use scan::{Scan, class_name};

/// Up to this many bytes of pixels are kept in memory; images of larger data sets are decoded when needed.
const KEEP_IN_MEMORY: usize = 2 << 30;

/// An image file of a data set.
struct ImageFile {
    path: PathBuf,
    label: u16,
    test: bool,
}

/// Opens a folder. Classes are the subfolders of `train` in the order of their names; the test part may lack some or have
/// them empty, but has no others. All images are fitted to one size as the options say. The number of channels is the options',
/// or else 1 where every file is grey and 3 elsewhere.
///
/// Every file is decoded once. Those that cannot be are all named in one error, or left out if the options say so.
pub(super) fn open(folder: &Path, options: &DatasetOptions) -> Result<Dataset, Error> {
    let folders = [folder.join("train"), folder.join("test")];
    let [train, test] = &folders;
    let training = Scan::of(train, &options.stop)?;
    let classes = training_classes(&training, train)?;
    let testing = Scan::of(test, &options.stop)?;
    check_test_classes(&testing, &classes, test)?;
    let mut scans = [training, testing];
    let mut warnings: Vec<String> = scans
        .iter()
        .zip(&folders)
        .flat_map(|(scan, folder)| scan.warnings(folder))
        .collect();
    warnings.extend(other_parts(folder));
    let mut unreadable: Vec<Error> = scans
        .iter_mut()
        .flat_map(|scan| scan.unreadable.drain(..))
        .collect();
    let files = files(scans, &classes)?;
    let count = files.len() + unreadable.len();

    let (files, headers) = split_errors(files, &mut unreadable, |file| {
        options.stop.check()?;
        picture::header(&file.path)
    })?;
    let Some(shape) = shape(&files, &headers, options)? else {
        return Err(Error::unreadable(unreadable, count));
    };
    let keep = shape.iter().product::<usize>() * files.len() <= KEEP_IN_MEMORY;
    let (files, decoded) = split_errors(files, &mut unreadable, |file| {
        options.stop.check()?;
        Decoded::of(&file.path, shape, options.fit, keep)
    })?;
    if !unreadable.is_empty() {
        if !options.skip_damaged {
            return Err(Error::unreadable(unreadable, count));
        }
        warnings.push(decode::skipped_warning(&unreadable, count));
    }
    warnings.extend(decode::warnings(&files, &decoded, shape, options.fit));
    check_training_classes(&files, &classes, train)?;
    let normalize = decode::statistics(&files, &decoded, shape);
    let (train, test): (Vec<_>, Vec<_>) =
        (files.into_iter().zip(decoded)).partition(|(f, _)| !f.test);
    let name = folder.file_name().unwrap_or(folder.as_os_str());
    Ok(Dataset {
        name: format!("folder:{}", name.to_string_lossy()),
        shape,
        normalize,
        train: Arc::new(part(shape, classes.len(), train, options.fit, keep)?),
        test: Arc::new(part(shape, classes.len(), test, options.fit, keep)?),
        classes: classes.iter().map(|class| class_name(class)).collect(),
        warnings,
    })
}

/// The classes of the training part, which decide the labels. Each has an image.
fn training_classes(scan: &Scan, folder: &Path) -> Result<Vec<OsString>, Error> {
    // Files that cannot be read are reported later, together.
    let complete = scan.unreadable.is_empty();
    if complete && scan.classes.is_empty() {
        return Err(no_class(folder));
    }
    let empty = scan.classes.iter().find(|(_, files)| files.is_empty());
    match empty.filter(|_| complete) {
        Some((class, _)) => Err(Error::NoImages {
            folder: folder.join(class),
            expected: "image files".into(),
        }),
        None => Ok(scan.classes.keys().cloned().collect()),
    }
}

/// The classes of the test part must be among those of the training part; any of them may be empty, but not all.
fn check_test_classes(scan: &Scan, classes: &[OsString], folder: &Path) -> Result<(), Error> {
    if scan.unreadable.is_empty() && scan.classes.values().all(Vec::is_empty) {
        return Err(no_class(folder));
    }
    match (scan.classes.keys()).find(|class| !classes.contains(*class)) {
        Some(class) => Err(Error::UnknownClass {
            class: class_name(class),
            folder: folder.to_owned(),
        }),
        None => Ok(()),
    }
}

fn no_class(folder: &Path) -> Error {
    Error::NoImages {
        folder: folder.to_owned(),
        expected: "a folder with image files for each class".into(),
    }
}

/// Warnings about folders that look like further parts.
fn other_parts(folder: &Path) -> impl Iterator<Item = String> + use<'_> {
    let names = ["val", "valid", "validation"].into_iter();
    names.filter(|name| folder.join(name).is_dir()).map(|name| {
        let folder = folder.display();
        format!(
            "left out of `{folder}`: the folder `{name}`; validation images are taken from `train`"
        )
    })
}

/// All files of both parts, class by class.
fn files(scans: [Scan; 2], classes: &[OsString]) -> Result<Vec<ImageFile>, Error> {
    let mut files = Vec::new();
    for (mut scan, test) in scans.into_iter().zip([false, true]) {
        for (label, class) in classes.iter().enumerate() {
            let label = u16::try_from(label).map_err(|_| Error::Inconsistent {
                what: "number of classes",
                expected: format!("at most {}", usize::from(u16::MAX) + 1),
                found: classes.len().to_string(),
            })?;
            let paths = scan.classes.remove(class).unwrap_or_default();
            files.extend(
                paths
                    .into_iter()
                    .map(|path| ImageFile { path, label, test }),
            );
        }
    }
    Ok(files)
}

/// Calls `read` for all files in parallel; keeps those it succeeds for, with what it returned, and adds the errors of the
/// others to `errors`. A stop request ends it.
fn split_errors<T: Send>(
    files: Vec<ImageFile>,
    errors: &mut Vec<Error>,
    read: impl Fn(&ImageFile) -> Result<T, Error> + Send + Sync,
) -> Result<(Vec<ImageFile>, Vec<T>), Error> {
    let results: Vec<Result<T, Error>> = files.par_iter().map(read).collect();
    let mut good = (Vec::new(), Vec::new());
    for (file, result) in files.into_iter().zip(results) {
        match result {
            Ok(value) => {
                good.0.push(file);
                good.1.push(value);
            }
            Err(error) if error.is_stop() => return Err(error),
            Err(error) => errors.push(error),
        }
    }
    Ok(good)
}

/// The shape that all images get; None if there are none.
fn shape(
    files: &[ImageFile],
    headers: &[Header],
    options: &DatasetOptions,
) -> Result<Option<[usize; 3]>, Error> {
    let (first, size) = match files.first().zip(headers.first()) {
        Some((file, header)) => (file, header.size),
        None => return Ok(None),
    };
    let other = headers.iter().position(|header| header.size != size);
    if options.fit == Fit::Exact
        && let Some((other, header)) = other.and_then(|at| files.get(at).zip(headers.get(at)))
    {
        return Err(Error::ImageSizes {
            first: first.path.clone(),
            first_size: size,
            second: other.path.clone(),
            second_size: header.size,
        });
    }
    let channels = match options.channels {
        Some(channels @ (1 | 3)) => channels,
        // Numbers of channels that no image has are for `require_compatible` to refuse.
        _ if headers.iter().all(|header| header.grey) => 1,
        _ => 3,
    };
    let [height, width] = match options.size {
        // So is another size where it has to be exact.
        Some(size) if options.fit != Fit::Exact => size,
        _ => [size.1 as usize, size.0 as usize],
    };
    Ok(Some([channels, height, width]))
}

/// A class without a single readable image cannot be learnt.
fn check_training_classes(
    files: &[ImageFile],
    classes: &[OsString],
    train: &Path,
) -> Result<(), Error> {
    let mut present = vec![false; classes.len()];
    for file in files.iter().filter(|file| !file.test) {
        if let Some(present) = present.get_mut(usize::from(file.label)) {
            *present = true;
        }
    }
    match classes.iter().zip(present).find(|(_, present)| !present) {
        Some((class, _)) => Err(Error::NoImages {
            folder: train.join(class),
            expected: "image files that can be read".into(),
        }),
        None => Ok(()),
    }
}

fn part(
    shape: [usize; 3],
    classes: usize,
    files: Vec<(ImageFile, Decoded)>,
    fit: Fit,
    keep: bool,
) -> Result<Part, Error> {
    let labels = files.iter().map(|(file, _)| file.label).collect();
    if keep {
        let mut pixels = Vec::with_capacity(files.len() * shape.iter().product::<usize>());
        for (_, decoded) in &files {
            pixels.extend_from_slice(&decoded.pixels);
        }
        Part::new(shape, classes, pixels, labels)
    } else {
        let hash = combined_hash(files.iter().map(|(_, decoded)| &decoded.hash));
        let paths = files.into_iter().map(|(file, _)| file.path).collect();
        Part::files(shape, classes, paths, hash, fit, labels)
    }
}

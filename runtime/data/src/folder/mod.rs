//! Image folders: `train/CLASS/`, `val/CLASS/` and `test/CLASS/`, or `CLASS/` alone, with image files and subfolders of them.
//! Decodes no format itself.

mod decode;
mod draw;
mod layout;
mod scan;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::dataset::{Dataset, Drawn, FileImage, Part};
use super::error::Error;
use super::picture::{self, Fit, Header};
use super::source::DatasetOptions;
use decode::Decoded;
use layout::{Layout, Role};
pub use scan::visible_entries;
use scan::{Scan, class_name};

/// An image file of a data set.
struct ImageFile {
    path: PathBuf,
    label: u16,
    role: Role,
}

/// Opens a folder. Classes are the subfolders of the training part in the order of their names; other parts may lack some or
/// have them empty, but have no others. All images are fitted to one size as the options say. The number of channels is the
/// options', or else 1 where every file is grey and 3 elsewhere.
///
/// Every file is decoded once. Those that cannot be are all named in one error, or left out if the options say so.
pub(super) fn open(folder: &Path, options: &DatasetOptions) -> Result<Dataset, Error> {
    let layout = Layout::of(folder, options)?;
    let mut scans = Vec::new();
    for (role, folder) in &layout.parts {
        scans.push((*role, folder, Scan::of(folder, &options.stop)?));
    }
    let classes = match scans.first() {
        Some((_, folder, scan)) => training_classes(scan, folder)?,
        None => return Err(no_class(folder)),
    };
    for (_, folder, scan) in scans.iter().skip(1) {
        check_classes(scan, &classes, folder)?;
    }
    let told = |(_, folder, scan): &(Role, &PathBuf, Scan)| scan.warnings(folder);
    let mut warnings: Vec<String> = scans.iter().flat_map(told).collect();
    let mut unreadable = Vec::new();
    let mut files = Vec::new();
    for (role, _, mut scan) in scans {
        unreadable.append(&mut scan.unreadable);
        files.extend(class_files(scan, &classes, role)?);
    }
    if let Some(fraction) = layout.drawn {
        draw::test_part(&mut files, classes.len(), fraction, options.seed)?;
    }
    let count = files.len() + unreadable.len();

    let (files, shape) = match known_shape(options) {
        Some(shape) => (files, Some(shape)),
        None => {
            let (files, headers) = split_errors(files, &mut unreadable, |_, file| {
                options.stop.check()?;
                picture::header(&file.path)
            })?;
            let shape = shape(&files, &headers, options)?;
            (files, shape)
        }
    };
    let Some(shape) = shape else {
        return Err(Error::unreadable(unreadable, count));
    };
    let kept = options.cache / shape.iter().product::<usize>().max(1);
    let (files, decoded) = split_errors(files, &mut unreadable, |index, file| {
        options.stop.check()?;
        Decoded::of(&file.path, shape, options.fit, index < kept)
    })?;
    if !unreadable.is_empty() {
        if !options.skip_damaged {
            return Err(Error::unreadable(unreadable, count));
        }
        warnings.push(decode::skipped_warning(&unreadable, count));
    }
    warnings.extend(decode::warnings(&files, &decoded, shape));
    let tests = files.iter().filter(|file| file.role == Role::Test).count();
    let mut notes = layout.notes.clone();
    notes.extend(layout.drawn_note(tests, options));
    notes.extend(decode::resized_note(&files, &decoded, shape, options.fit));
    let training = layout.parts.first().map_or(folder, |(_, path)| path);
    check_training_classes(&files, &classes, training)?;
    let normalize = decode::statistics(&files, &decoded, shape);
    let mut images: [Vec<(ImageFile, Decoded)>; 3] = Default::default();
    for (file, decoded) in files.into_iter().zip(decoded) {
        let [training, validation, test] = &mut images;
        let part = match file.role {
            Role::Training => training,
            Role::Validation => validation,
            Role::Test => test,
        };
        part.push((file, decoded));
    }
    let part = |images| part(shape, classes.len(), images, options.fit).map(Arc::new);
    let [training, validation, test] = images;
    let validates = layout
        .parts
        .iter()
        .any(|(role, _)| *role == Role::Validation);
    let name = folder.file_name().unwrap_or(folder.as_os_str());
    Ok(Dataset {
        name: format!("folder:{}", name.to_string_lossy()),
        shape,
        normalize,
        fit: options.fit,
        drawn: layout.drawn.map(|fraction| Drawn {
            fraction,
            seed: options.seed,
        }),
        train: part(training)?,
        validation: match validates {
            true => Some(part(validation)?),
            false => None,
        },
        test: part(test)?,
        classes: classes.iter().map(|class| class_name(class)).collect(),
        warnings,
        notes,
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

/// The classes of another part must be among those of the training part; any of them may be empty, but not all.
fn check_classes(scan: &Scan, classes: &[OsString], folder: &Path) -> Result<(), Error> {
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

/// The files of a part, class by class.
fn class_files(mut scan: Scan, classes: &[OsString], role: Role) -> Result<Vec<ImageFile>, Error> {
    let mut files = Vec::new();
    for (label, class) in classes.iter().enumerate() {
        let label = u16::try_from(label).map_err(|_| Error::Inconsistent {
            what: "number of classes",
            expected: format!("at most {}", usize::from(u16::MAX) + 1),
            found: classes.len().to_string(),
        })?;
        let paths = scan.classes.remove(class).unwrap_or_default();
        let file = |path| ImageFile { path, label, role };
        files.extend(paths.into_iter().map(file));
    }
    Ok(files)
}

/// Calls `read` for all files and their positions in parallel; keeps those it succeeds for, with what it returned, and adds
/// the errors of the others to `errors`. A stop request ends it.
fn split_errors<T: Send>(
    files: Vec<ImageFile>,
    errors: &mut Vec<Error>,
    read: impl Fn(usize, &ImageFile) -> Result<T, Error> + Send + Sync,
) -> Result<(Vec<ImageFile>, Vec<T>), Error> {
    let all = files.par_iter().enumerate();
    let results: Vec<Result<T, Error>> = all.map(|(index, file)| read(index, file)).collect();
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

/// The shape that all images get, where the options alone tell.
fn known_shape(options: &DatasetOptions) -> Option<[usize; 3]> {
    match (options.channels, options.size, options.fit) {
        (_, _, Fit::Exact) => None,
        (Some(channels @ (1 | 3)), Some([height, width]), _) => Some([channels, height, width]),
        _ => None,
    }
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
    folder: &Path,
) -> Result<(), Error> {
    let mut present = vec![false; classes.len()];
    for file in files.iter().filter(|file| file.role == Role::Training) {
        if let Some(present) = present.get_mut(usize::from(file.label)) {
            *present = true;
        }
    }
    match classes.iter().zip(present).find(|(_, present)| !present) {
        Some((class, _)) => Err(Error::NoImages {
            folder: folder.join(class),
            expected: "training images that can be read".into(),
        }),
        None => Ok(()),
    }
}

fn part(
    shape: [usize; 3],
    classes: usize,
    files: Vec<(ImageFile, Decoded)>,
    fit: Fit,
) -> Result<Part, Error> {
    let labels = files.iter().map(|(file, _)| file.label).collect();
    let image = |(file, decoded): (ImageFile, Decoded)| FileImage {
        path: file.path,
        hash: decoded.hash,
        pixels: decoded.pixels,
    };
    Part::files(
        shape,
        classes,
        files.into_iter().map(image).collect(),
        fit,
        labels,
    )
}

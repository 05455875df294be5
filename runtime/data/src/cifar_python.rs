//! The Python version of CIFAR-10 and CIFAR-100: pickled dicts with labels and a NumPy array of images. Finds no files and
//! runs no Python.

use std::fs;
use std::path::Path;

use super::dataset::Part;
use super::error::Error;
use super::pickle::{Pickle, Ref, Value};
use super::published::{DatasetSpec, PythonFile};
use super::recognise::Mismatches;

/// Reads a part from its files, in order. Each is a dict that has class numbers under `labels` and under `data` an array
/// `[N, C * H * W]` of bytes.
pub(super) fn read(
    spec: &DatasetSpec,
    folder: &Path,
    files: &[PythonFile],
    labels: &str,
    mismatches: &mut Mismatches,
) -> Result<Part, Error> {
    let size: usize = spec.shape.iter().product();
    let (mut images, mut classes) = (Vec::new(), Vec::new());
    for named in files {
        let file = &folder.join(&named.name);
        let bytes = fs::read(file).map_err(Error::read(file))?;
        mismatches.check(file, &bytes, named.md5.as_deref());
        let malformed = |what: &str, expected: String, found: String| {
            Err(Error::malformed(file, what, expected, found))
        };
        let pickle = match Pickle::parse(&bytes) {
            Ok(pickle) => pickle,
            Err(problem) => {
                let found = format!("a file that {problem}");
                return malformed("its content", "a pickled dict".into(), found);
            }
        };
        let numbers = entry(&pickle, labels, file)?;
        let Some(numbers) = pickle.sequence(numbers) else {
            return malformed(labels, "a list".into(), "another object".into());
        };
        let Some(pixels) = array(&pickle, entry(&pickle, "data", file)?) else {
            return malformed(
                "data",
                "a NumPy array of bytes".into(),
                "another object".into(),
            );
        };
        if pixels.len() != numbers.len() * size {
            let expected = format!(
                "{} bytes for {} labels",
                numbers.len() * size,
                numbers.len()
            );
            return malformed("data", expected, format!("{} bytes", pixels.len()));
        }
        for (number, &label) in numbers.iter().enumerate() {
            let label = pickle
                .int(label)
                .and_then(|label| u16::try_from(label).ok());
            match label.filter(|&label| usize::from(label) < spec.classes.len()) {
                Some(label) => classes.push(label),
                None => {
                    let found = label.map_or("none".into(), |label| label.to_string());
                    return Err(Error::label(file, number, spec.classes.len(), found));
                }
            }
        }
        images.extend_from_slice(pixels);
    }
    Part::new(spec.shape, spec.classes.len(), images, classes)
}

fn entry(pickle: &Pickle, name: &str, file: &Path) -> Result<Ref, Error> {
    let mut entries = pickle.entries(pickle.root);
    let found = entries.find(|(key, _)| *key == name);
    found.map(|(_, value)| value).ok_or_else(|| {
        let expected = format!("a dict with `{name}`");
        Error::malformed(file, "its content", expected, "another object")
    })
}

/// The bytes of a NumPy array: of `_reconstruct`, whose state is (version, shape, type, order, bytes), or of `_frombuffer`,
/// whose first argument they are.
fn array(pickle: &Pickle, at: Ref) -> Option<&[u8]> {
    let Value::Call {
        callable,
        args,
        state,
    } = pickle.get(at)
    else {
        return None;
    };
    let function = pickle.text(*callable)?;
    if function.ends_with("._frombuffer") {
        let data = *pickle.sequence(*args)?.first()?;
        return pickle.bytes(data);
    }
    match pickle.sequence((*state)?)? {
        [_, _, _, _, data] if function.ends_with("._reconstruct") => pickle.bytes(*data),
        _ => None,
    }
}

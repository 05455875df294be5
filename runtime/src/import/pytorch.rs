//! The containers that PyTorch writes checkpoints in: zip archives since version 1.6, a chain of pickles and storages before.
//! Says which tensors there are and reads storages. Runs no Python code and makes no object of it.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, Read};

use termc_data::pickle::{Pickle, Ref, Value};
use zip::ZipArchive;
use zip::result::ZipError;

use super::view::{Found, Storage};

/// Deepest nesting of dicts and modules that is followed; a pickle may hold itself.
const DEEPEST: usize = 24;
/// Most objects that are looked at: one that is named in many places counts as often.
const MOST: usize = 1_000_000;

/// The tensors of a checkpoint, by name, and where their storages are.
pub struct PyTorch {
    /// Names are the keys on the way, joined by dots.
    pub tensors: BTreeMap<String, Found>,
    /// The class of an object that was pickled whole, of which only the parameters and buffers are here.
    pub module: Option<String>,
    container: Container,
}

enum Container {
    Zip {
        archive: ZipArchive<BufReader<File>>,
        folder: String,
        /// Bytes of the file; no storage is longer.
        size: u64,
    },
    Legacy {
        bytes: Vec<u8>,
        /// Where each storage begins and ends.
        storages: HashMap<String, (usize, usize)>,
    },
}

/// Opens a zip archive; errors end a sentence that starts with the file's name.
pub fn open_zip(file: File) -> Result<PyTorch, String> {
    let size = file.metadata().map_or(0, |data| data.len());
    let mut archive = ZipArchive::new(BufReader::new(file))
        .map_err(|e| format!("is a damaged zip archive, perhaps not downloaded to its end: {e}"))?;
    let pickle = archive
        .file_names()
        .find(|name| *name == "data.pkl" || name.ends_with("/data.pkl"));
    let Some(pickle) = pickle.map(str::to_owned) else {
        return Err(other_archive(&archive));
    };
    let folder = pickle.trim_end_matches("data.pkl").to_owned();
    if let Ok(order) = entry(&mut archive, &format!("{folder}byteorder"), size)
        && order != b"little"
    {
        return Err(BIG_ENDIAN.into());
    }
    let pickle = Pickle::parse(&entry(&mut archive, &pickle, size)?)?;
    let (tensors, module) = tensors(&pickle)?;
    Ok(PyTorch {
        tensors,
        module,
        container: Container::Zip {
            archive,
            folder,
            size,
        },
    })
}

const BIG_ENDIAN: &str = "was written on a big-endian machine, which is not supported";

/// What a zip archive is that PyTorch did not write.
fn other_archive(archive: &ZipArchive<BufReader<File>>) -> String {
    let names: Vec<&str> = archive.file_names().collect();
    let ends = |ends: &[&str]| {
        names
            .iter()
            .find(|name| ends.iter().any(|end| name.ends_with(end)))
    };
    if let Some(name) = ends(&[".pt", ".pth", ".ckpt", ".safetensors", ".bin"]) {
        return format!("is a zip archive with `{name}` in it: unpack it and name that file");
    }
    if ends(&[".npy"]).is_some() {
        return "is an archive of NumPy arrays (`.npz`): only PyTorch checkpoints and safetensors files are read".into();
    }
    let first = names
        .first()
        .map_or("nothing".into(), |name| format!("`{name}`"));
    format!(
        "is a zip archive of {} files, {first} the first, and not a PyTorch checkpoint: it lacks `data.pkl`",
        names.len()
    )
}

/// Opens a chain of pickles: a magic number, a version, the machine, the object, the storages' keys and the storages.
pub fn open_legacy(bytes: Vec<u8>) -> Result<PyTorch, String> {
    let header =
        |bytes| Pickle::parse_first(bytes).map_err(|problem| format!("{problem} at its beginning"));
    let (magic, rest) = header(&bytes)?;
    if !matches!(magic.get(magic.root), Value::Other) {
        return Err(
            "is a pickle that PyTorch's `torch.save` did not write: save the state dict with `torch.save`, or as safetensors"
                .into(),
        );
    }
    let (version, rest) = header(rest)?;
    if version.int(version.root) != Some(1001) {
        return Err("is in a format of PyTorch that is not known".into());
    }
    let (machine, rest) = header(rest)?;
    let little = machine
        .entries(machine.root)
        .find(|(name, _)| *name == "little_endian");
    if little.is_some_and(|(_, at)| machine.int(at) == Some(0)) {
        return Err(BIG_ENDIAN.into());
    }
    let (object, rest) = Pickle::parse_first(rest)?;
    let (keys, rest) = Pickle::parse_first(rest)?;
    let widths: HashMap<String, Option<usize>> = (object.all())
        .filter_map(|at| Storage::of(&object, at))
        .map(|storage| (storage.key.clone(), storage.width()))
        .collect();
    let mut storages = HashMap::new();
    let mut at = bytes.len() - rest.len();
    for key in keys.sequence(keys.root).unwrap_or_default() {
        let key = keys.text(*key).ok_or("holds storages without names")?;
        let short = || {
            format!(
                "ends before its storage `{key}` does: it was not downloaded or written to its end"
            )
        };
        let count = bytes
            .get(at..)
            .and_then(|rest| rest.first_chunk::<8>())
            .ok_or_else(short)?;
        let count = usize::try_from(u64::from_le_bytes(*count)).map_err(|_| short())?;
        let width = widths.get(key).copied().flatten();
        let width = width
            .ok_or_else(|| format!("holds the storage `{key}` of a type that is not known"))?;
        let start = at + 8;
        let end = count
            .checked_mul(width)
            .and_then(|n| n.checked_add(start))
            .ok_or_else(short)?;
        if end > bytes.len() {
            return Err(short());
        }
        storages.insert(key.to_owned(), (start, end));
        at = end;
    }
    let (tensors, module) = tensors(&object)?;
    Ok(PyTorch {
        tensors,
        module,
        container: Container::Legacy { bytes, storages },
    })
}

impl PyTorch {
    /// Calls `with` with the bytes of a storage.
    pub fn storage<T>(&mut self, key: &str, with: impl FnOnce(&[u8]) -> T) -> Result<T, String> {
        match &mut self.container {
            Container::Zip {
                archive,
                folder,
                size,
            } => Ok(with(&entry(
                archive,
                &format!("{folder}data/{key}"),
                *size,
            )?)),
            Container::Legacy { bytes, storages } => {
                let range = storages
                    .get(key)
                    .and_then(|(start, end)| bytes.get(*start..*end));
                Ok(with(
                    range.ok_or_else(|| format!("lacks the storage `{key}`"))?,
                ))
            }
        }
    }
}

/// The bytes of an entry, which no longer than the archive can be, because PyTorch stores them as they are.
fn entry(
    archive: &mut ZipArchive<BufReader<File>>,
    name: &str,
    size: u64,
) -> Result<Vec<u8>, String> {
    let file = archive.by_name(name).map_err(|e| match e {
        ZipError::UnsupportedArchive(_) => {
            "is a compressed zip archive, which PyTorch's are not: unpack it and pack it with `zip -0 -r`".to_owned()
        }
        ZipError::FileNotFound => format!("lacks `{name}`"),
        e => format!("is damaged at `{name}`: {e}"),
    })?;
    let mut bytes = Vec::with_capacity(file.size().min(size).try_into().unwrap_or(0));
    file.take(size)
        .read_to_end(&mut bytes)
        .map_err(|e| format!("is damaged at `{name}`: {e}"))?;
    Ok(bytes)
}

/// All tensors below the root, and the class of a module on the way.
fn tensors(pickle: &Pickle) -> Result<(BTreeMap<String, Found>, Option<String>), String> {
    let mut walk = Walk {
        pickle,
        tensors: BTreeMap::new(),
        module: None,
        seen: 0,
    };
    walk.object(pickle.root, &mut String::new(), 0)?;
    if walk.tensors.is_empty() {
        let class = class(pickle, pickle.root);
        return Err(match class {
            Some(class) => format!(
                "holds an object of class `{class}` and no state dict: save `model.state_dict()` with PyTorch"
            ),
            None => "holds no tensors: save the `state_dict()` of the PyTorch model".into(),
        });
    }
    Ok((walk.tensors, walk.module))
}

/// The class that an object would be of.
fn class(pickle: &Pickle, at: Ref) -> Option<&str> {
    let Value::Call { callable, args, .. } = pickle.get(at) else {
        return None;
    };
    match pickle.text(*callable)? {
        "copy_reg._reconstructor" | "copyreg._reconstructor" | "copyreg.__newobj__" => {
            pickle.text(*pickle.sequence(*args)?.first()?)
        }
        name => Some(name),
    }
}

struct Walk<'a> {
    pickle: &'a Pickle,
    tensors: BTreeMap<String, Found>,
    module: Option<String>,
    seen: usize,
}

impl Walk<'_> {
    /// Takes in what is at `at`; `name` is the way there, and is the same afterwards.
    fn object(&mut self, at: Ref, name: &mut String, depth: usize) -> Result<(), String> {
        self.seen += 1;
        if self.seen > MOST {
            return Err(format!("holds more than {MOST} objects"));
        }
        if depth > DEEPEST {
            return Ok(());
        }
        if let Some(found) = Found::of(self.pickle, at) {
            self.tensors.insert(name.clone(), found);
            return Ok(());
        }
        match self.pickle.get(at) {
            Value::Dict(_) => self.entries(at, name, depth),
            Value::Call {
                state: Some(state), ..
            } => {
                let parts = ["_parameters", "_buffers", "_modules"];
                let tables: Vec<(bool, Ref)> = (self.pickle.entries(*state))
                    .map(|(key, at)| (parts.contains(&key), at))
                    .collect();
                let class = class(self.pickle, at).unwrap_or_default();
                if tables.iter().any(|(is_table, _)| *is_table) {
                    self.module.get_or_insert_with(|| class.to_owned());
                    let tables = tables.into_iter().filter(|(is_table, _)| *is_table);
                    tables
                        .map(|(_, at)| at)
                        .try_for_each(|at| self.entries(at, name, depth))
                } else if class.starts_with("__torch__.") {
                    // TorchScript's modules have their parameters as plain attributes.
                    self.module.get_or_insert_with(|| class.to_owned());
                    self.entries(*state, name, depth)
                } else {
                    Ok(())
                }
            }
            _ => Ok(()),
        }
    }

    fn entries(&mut self, dict: Ref, name: &mut String, depth: usize) -> Result<(), String> {
        let pickle = self.pickle;
        for (key, at) in pickle.entries(dict) {
            let before = name.len();
            if before > 0 {
                name.push('.');
            }
            name.push_str(key);
            self.object(at, name, depth + 1)?;
            name.truncate(before);
        }
        Ok(())
    }
}

//! A checkpoint of any kind that is opened but not read: names, shapes, and the values of those tensors that are asked for.
//! Every storage is read once, and nothing that is not asked for. Knows no model.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use burn::tensor::{DType, TensorData};

use super::pytorch::{PyTorch, open_legacy, open_zip};
use super::view::Found;
use crate::Error;
use crate::content::Content;
use crate::tensors::{Tensors, burn_type, read_header};

/// An opened checkpoint.
pub struct Checkpoint {
    path: PathBuf,
    kind: Kind,
}

enum Kind {
    Memory(Tensors),
    PyTorch(PyTorch),
    Safetensors {
        file: File,
        entries: BTreeMap<String, Entry>,
    },
}

/// A tensor of a safetensors file.
struct Entry {
    /// None for types of numbers that are never weights.
    dtype: Option<DType>,
    kind: String,
    shape: Vec<usize>,
    start: u64,
    bytes: usize,
}

impl Checkpoint {
    /// Opens a `.safetensors` file or a PyTorch checkpoint of any version from 0.1.10 and any protocol, told apart by
    /// content.
    ///
    /// # Errors
    /// If the file cannot be read, or is neither: then with what it is, where that is known.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let content = |problem: String| Error::Content {
            path: path.to_owned(),
            problem,
        };
        let kind = match Content::of(path)? {
            Content::Safetensors => safetensors(path)?,
            Content::Zip => {
                let file = File::open(path).map_err(Error::file("read", path))?;
                Kind::PyTorch(open_zip(file).map_err(content)?)
            }
            Content::Pickle => {
                let bytes = std::fs::read(path).map_err(Error::file("read", path))?;
                Kind::PyTorch(open_legacy(bytes).map_err(content)?)
            }
            Content::Other(what) => return Err(content(what.to_owned())),
            Content::Unknown if path.metadata().is_ok_and(|data| data.len() == 0) => {
                return Err(content("is empty".into()));
            }
            Content::Unknown => {
                return Err(content(
                    "is no checkpoint: neither a PyTorch file nor a safetensors file".into(),
                ));
            }
        };
        Ok(Self {
            path: path.to_owned(),
            kind,
        })
    }

    /// The names of all tensors; of dicts within dicts the keys, joined by dots.
    pub fn names(&self) -> Vec<String> {
        match &self.kind {
            Kind::Memory(tensors) => tensors.keys().cloned().collect(),
            Kind::PyTorch(file) => file.tensors.keys().cloned().collect(),
            Kind::Safetensors { entries, .. } => entries.keys().cloned().collect(),
        }
    }

    /// The class of an object that was pickled whole, if the checkpoint is one.
    pub fn module(&self) -> Option<&str> {
        match &self.kind {
            Kind::PyTorch(file) => file.module.as_deref(),
            Kind::Memory(_) | Kind::Safetensors { .. } => None,
        }
    }

    /// The shape of a tensor; the error, why it has none that could be read, ends a sentence that starts with the tensor's
    /// name.
    ///
    /// # Errors
    /// If there is no such tensor or it is of a kind that cannot be read.
    pub fn shape(&self, name: &str) -> Result<&[usize], String> {
        let absent = || "is not there".to_owned();
        match &self.kind {
            Kind::Memory(tensors) => Ok(tensors.get(name).ok_or_else(absent)?.shape()),
            Kind::PyTorch(file) => match file.tensors.get(name).ok_or_else(absent)? {
                Found::View(view) => view.dtype().map(|_| view.sizes.as_slice()),
                Found::Other(what) => Err(format!("is {what}, which is not supported")),
            },
            Kind::Safetensors { entries, .. } => {
                let entry = entries.get(name).ok_or_else(absent)?;
                match entry.dtype {
                    Some(_) => Ok(&entry.shape),
                    None => Err(format!(
                        "holds {} numbers, which are not supported",
                        entry.kind
                    )),
                }
            }
        }
    }

    /// Reads tensors by their names, as 32-bit floats whatever they are stored as.
    ///
    /// # Errors
    /// If one is not there, cannot be read, or the file is damaged.
    pub fn read(&mut self, names: &[String]) -> Result<Tensors, Error> {
        let path = self.path.clone();
        let content = |problem: String| Error::Content {
            path: path.clone(),
            problem,
        };
        let mut tensors = Tensors::new();
        match &mut self.kind {
            Kind::Memory(there) => {
                for name in names {
                    let data = there
                        .get(name)
                        .ok_or_else(|| content(format!("lacks `{name}`")))?;
                    tensors.insert(name.clone(), data.clone().convert::<f32>());
                }
            }
            Kind::PyTorch(file) => {
                let mut wanted: HashMap<String, Vec<_>> = HashMap::new();
                for name in names {
                    match file.tensors.get(name) {
                        Some(Found::View(view)) => {
                            let of_storage = wanted.entry(view.storage.key.clone()).or_default();
                            of_storage.push((name, view.clone()));
                        }
                        Some(Found::Other(what)) => {
                            return Err(content(format!("holds `{name}`, which is {what}")));
                        }
                        None => return Err(content(format!("lacks `{name}`"))),
                    }
                }
                for (key, views) in wanted {
                    let gathered = file.storage(&key, |bytes| {
                        views.into_iter().try_for_each(|(name, view)| {
                            let data = view.gather(bytes);
                            let data =
                                data.map_err(|what| format!("holds `{name}`, which {what}"))?;
                            tensors.insert(name.clone(), data.convert::<f32>());
                            Ok(())
                        })
                    });
                    gathered.and_then(|done| done).map_err(content)?;
                }
            }
            Kind::Safetensors { file, entries } => {
                for name in names {
                    let entry = entries
                        .get(name)
                        .ok_or_else(|| content(format!("lacks `{name}`")))?;
                    let Some(dtype) = entry.dtype else {
                        return Err(content(format!("holds `{name}` of {} numbers", entry.kind)));
                    };
                    let mut bytes = vec![0; entry.bytes];
                    let read = file
                        .seek(SeekFrom::Start(entry.start))
                        .and_then(|_| file.read_exact(&mut bytes));
                    read.map_err(Error::file("read", &path))?;
                    let data = TensorData::from_bytes_vec(bytes, entry.shape.clone(), dtype);
                    tensors.insert(name.clone(), data.convert::<f32>());
                }
            }
        }
        Ok(tensors)
    }
}

/// Tensors that are in memory already, as a checkpoint without a file.
impl From<Tensors> for Checkpoint {
    fn from(tensors: Tensors) -> Self {
        Self {
            path: PathBuf::new(),
            kind: Kind::Memory(tensors),
        }
    }
}

/// Reads the header of a safetensors file.
fn safetensors(path: &Path) -> Result<Kind, Error> {
    let (metadata, start) = read_header(path)?;
    let entries = metadata.tensors().into_iter().map(|(name, info)| {
        let (from, to) = info.data_offsets;
        let entry = Entry {
            dtype: burn_type(info.dtype),
            kind: format!("{:?}", info.dtype),
            shape: info.shape.clone(),
            start: start + from as u64,
            bytes: to - from,
        };
        (name, entry)
    });
    Ok(Kind::Safetensors {
        entries: entries.collect(),
        file: File::open(path).map_err(Error::file("read", path))?,
    })
}

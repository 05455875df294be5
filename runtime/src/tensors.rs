//! Named tensors outside any device, and the `.safetensors` files that hold them. Knows nothing of models.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use burn::tensor::{DType, Shape, TensorData};
use safetensors::tensor::Metadata;
use safetensors::{Dtype, SafeTensors};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::Error;
use crate::content::Content;

/// Tensors by name, in the names' order.
pub type Tensors = BTreeMap<String, TensorData>;

/// SHA-256 of names and values, in hexadecimal.
pub(crate) fn digest(tensors: &Tensors) -> String {
    let mut hash = Sha256::new();
    for (name, data) in tensors {
        hash.update(name);
        hash.update(data.as_bytes());
    }
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The contents of a `.safetensors` file.
#[derive(Clone, Debug, Default)]
pub struct TensorFile {
    /// The tensors.
    pub tensors: Tensors,
    /// Free text by key.
    pub metadata: BTreeMap<String, String>,
}

impl TensorFile {
    /// Reads a `.safetensors` file.
    ///
    /// # Errors
    /// If it cannot be read, is not a whole `.safetensors` file, or holds a type of number other than 16, 32, 64-bit
    /// floats and 8, 16, 32, 64-bit integers.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(Error::file("read", path))?;
        Self::parse_file(path, &bytes)
    }

    /// Reads the bytes of a file that was read from `path`.
    ///
    /// # Errors
    /// As [`TensorFile::read`].
    pub fn parse_file(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        Self::parse(bytes).map_err(|problem| Error::Content {
            path: path.to_owned(),
            problem: match Content::of_bytes(bytes) {
                Content::Zip | Content::Pickle => {
                    "is no weight file; if it is a checkpoint of PyTorch, `termc import` makes one of it".into()
                }
                Content::Other(what) => what.to_owned(),
                Content::Safetensors | Content::Unknown => problem,
            },
        })
    }

    /// Reads the bytes of a `.safetensors` file; the error ends a sentence that starts with the file's name.
    ///
    /// # Errors
    /// As [`TensorFile::read`].
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let broken = |e| format!("is not a readable safetensors file: {e}");
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(broken)?;
        let metadata: HashMap<_, _> = header.metadata().clone().unwrap_or_default();
        let mut tensors = Tensors::new();
        for (name, view) in SafeTensors::deserialize(bytes).map_err(broken)?.tensors() {
            let dtype = burn_type(view.dtype()).ok_or_else(|| {
                format!(
                    "holds `{name}` as {:?}, which is not supported",
                    view.dtype()
                )
            })?;
            let data =
                TensorData::from_bytes_vec(view.data().to_vec(), view.shape().to_vec(), dtype);
            tensors.insert(name, data);
        }
        Ok(Self {
            tensors,
            metadata: metadata.into_iter().collect(),
        })
    }

    /// The file's bytes; equal contents give equal bytes.
    ///
    /// # Errors
    /// If a tensor holds a type of number the format cannot.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let header = self.header()?;
        let numbers = self.tensors.values().map(|data| data.as_bytes().len());
        let mut bytes = Vec::with_capacity(header.len() + numbers.sum::<usize>());
        bytes.extend(header);
        for data in self.tensors.values() {
            bytes.extend(data.as_bytes());
        }
        Ok(bytes)
    }

    /// What the tensors' numbers follow.
    fn header(&self) -> Result<Vec<u8>, Error> {
        let mut header = serde_json::Map::new();
        if !self.metadata.is_empty() {
            header.insert("__metadata__".into(), json!(self.metadata));
        }
        let mut end = 0;
        for (name, data) in &self.tensors {
            let dtype = safetensors_type(data.dtype()).ok_or_else(|| {
                Error::Input(format!(
                    "`{name}` cannot be stored: it holds {:?}",
                    data.dtype()
                ))
            })?;
            let start = end;
            end += data.as_bytes().len();
            let sizes: &[usize] = data.shape();
            let entry = json!({"dtype": format!("{dtype:?}"), "shape": sizes, "data_offsets": [start, end]});
            header.insert(name.clone(), entry);
        }
        let mut text = serde_json::Value::Object(header).to_string();
        text.push_str(&" ".repeat(text.len().next_multiple_of(8) - text.len()));
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text.as_bytes());
        Ok(bytes)
    }

    /// Writes the file so that a crash leaves either the old or the new one, whole.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let header = self.header()?;
        write_atomic_with(path, |file| {
            file.write_all(&header)?;
            let mut numbers = self.tensors.values();
            numbers.try_for_each(|data| file.write_all(data.as_bytes()))
        })
    }
}

/// The header of a `.safetensors` file without its tensors, and where they begin.
///
/// # Errors
/// If it cannot be read or is no whole header.
pub(crate) fn read_header(path: &Path) -> Result<(Metadata, u64), Error> {
    let damaged = |problem: &dyn Display| Error::Content {
        path: path.to_owned(),
        problem: format!("is not a readable safetensors file: {problem}"),
    };
    let mut file = File::open(path).map_err(Error::file("read", path))?;
    let size = file.metadata().map_err(Error::file("read", path))?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|e| damaged(&e))?;
    let length = u64::from_le_bytes(length);
    if length > size.saturating_sub(8) {
        return Err(damaged(&"its header is not whole"));
    }
    let mut header = Vec::new();
    let read = file.take(length).read_to_end(&mut header);
    read.map_err(Error::file("read", path))?;
    let metadata: Metadata = serde_json::from_slice(&header).map_err(|e| damaged(&e))?;
    if metadata.data_len() as u64 > size - 8 - length {
        return Err(damaged(
            &"it ends before its tensors do; it was not written or downloaded to its end",
        ));
    }
    Ok((metadata, 8 + length))
}

/// Writes a file through a temporary one in the same folder, synced to the disk before it takes the name. A file that was
/// there keeps its permissions, a link goes on pointing at it; a pipe or device is written to as it is.
///
/// # Errors
/// If the folder or disk does not allow it; a file that was at `path` is then untouched.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_atomic_with(path, |file| file.write_all(bytes))
}

/// The same with whatever `write` writes.
fn write_atomic_with(
    path: &Path,
    write: impl Fn(&mut File) -> std::io::Result<()>,
) -> Result<(), Error> {
    let attempt = || {
        let there = match std::fs::metadata(path) {
            Ok(there) => Some(there),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => return Err(e),
        };
        if there
            .as_ref()
            .is_some_and(|it| !it.is_file() && !it.is_dir())
        {
            let mut stream = std::fs::OpenOptions::new().write(true).open(path)?;
            return write(&mut stream);
        }
        let target = match there.is_some() {
            true => path.canonicalize()?,
            false => path.to_owned(),
        };
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(UNFINISHED);
        usual_permissions(&mut builder);
        let mut file = builder.tempfile_in(folder).map_err(without_path)?;
        write(file.as_file_mut())?;
        if let Some(there) = there {
            file.as_file().set_permissions(there.permissions())?;
        }
        file.as_file().sync_all()?;
        file.persist(&target).map_err(|e| e.error)?;
        // The rename itself lasts only once the folder is on the disk; not every system can sync a folder.
        if let Ok(folder) = std::fs::File::open(folder) {
            let _ = folder.sync_all();
        }
        Ok(())
    };
    attempt().map_err(Error::file("write", path))
}

/// What the system says, without the temporary file's name, which the user does not know.
fn without_path(error: std::io::Error) -> std::io::Error {
    let system = error.get_ref().and_then(|inner| inner.source());
    let system = system.and_then(|inner| inner.downcast_ref::<std::io::Error>());
    match system.and_then(std::io::Error::raw_os_error) {
        Some(code) => std::io::Error::from_raw_os_error(code),
        None => error,
    }
}

/// How the names of files begin that are being written.
const UNFINISHED: &str = ".termc-unfinished-";

/// Removes what killed writers have left in a folder. Nobody else may be writing into it.
///
/// # Errors
/// If the folder does not allow it.
pub(crate) fn sweep(folder: &Path) -> Result<(), Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Error::file("read", folder)(e)),
    };
    for entry in entries {
        let entry = entry.map_err(Error::file("read", folder))?;
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(UNFINISHED.as_bytes())
        {
            let path = entry.path();
            std::fs::remove_file(&path).map_err(Error::file("remove", &path))?;
        }
    }
    Ok(())
}

/// Temporary files are private; results are as readable as any other new file of this user.
#[cfg(unix)]
fn usual_permissions(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(std::fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn usual_permissions(_: &mut tempfile::Builder<'_, '_>) {}

/// Data in another shape of as many scalars.
pub(crate) fn reshaped(data: TensorData, shape: impl Into<Shape>) -> TensorData {
    let (bytes, _, dtype) = data.into_parts();
    TensorData::from_bytes(bytes, shape, dtype)
}

/// The two names of each type of number that both sides know.
const TYPES: [(Dtype, DType); 11] = [
    (Dtype::F32, DType::F32),
    (Dtype::F64, DType::F64),
    (Dtype::F16, DType::F16),
    (Dtype::BF16, DType::BF16),
    (Dtype::I64, DType::I64),
    (Dtype::I32, DType::I32),
    (Dtype::I16, DType::I16),
    (Dtype::I8, DType::I8),
    (Dtype::U8, DType::U8),
    (Dtype::U32, DType::U32),
    (Dtype::U64, DType::U64),
];

pub(crate) fn burn_type(dtype: Dtype) -> Option<DType> {
    TYPES.iter().find(|(s, _)| *s == dtype).map(|(_, b)| *b)
}

fn safetensors_type(dtype: DType) -> Option<Dtype> {
    TYPES.iter().find(|(_, b)| *b == dtype).map(|(s, _)| *s)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> TensorFile {
        TensorFile {
            tensors: [
                (
                    "b".to_owned(),
                    TensorData::new(vec![1f32, -2.5, 3.0, 4.0, 5.0, 6.0], [2, 3]),
                ),
                ("a".to_owned(), TensorData::new(vec![7i64], [1])),
                ("empty".to_owned(), TensorData::new(Vec::<f32>::new(), [0])),
            ]
            .into(),
            metadata: [
                ("k".to_owned(), "\"v\"\n".to_owned()),
                ("z".to_owned(), String::new()),
            ]
            .into(),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        std::fs::write(&path, "old").unwrap();
        sample().write(&path).unwrap();
        let back = TensorFile::read(&path).unwrap();
        assert_eq!(back.tensors, sample().tensors);
        assert_eq!(back.metadata, sample().metadata);
        assert_eq!(back.to_bytes().unwrap(), sample().to_bytes().unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn broken_files_are_refused() {
        let bytes = sample().to_bytes().unwrap();
        assert!(TensorFile::parse(&bytes[..bytes.len() - 1]).is_err());
        assert!(TensorFile::parse(&[]).is_err());
        assert!(TensorFile::parse(&[255; 64]).is_err());
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = sample().write(&folder.path().join("no/x")).unwrap_err();
        assert_eq!(error.fault(), crate::Fault::Machine);
    }
}

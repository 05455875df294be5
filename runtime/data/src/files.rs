//! Reads whole files whose size is known beforehand, plain or gzipped. Does not interpret them.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::error::Error;
use super::published::DataFile;

/// Where a file is in a folder: under its name or, for MNIST's, under the name with a dot that some archives have
/// (`train-images.idx3-ubyte`); each also with `.gz`.
pub(super) fn find(folder: &Path, file: &DataFile) -> Option<PathBuf> {
    let dotted = file.name.replace("-idx", ".idx");
    [&file.name, &dotted]
        .into_iter()
        .flat_map(|name| [name.clone(), format!("{name}.gz")])
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}

/// Its path and contents, exactly as many bytes as the format says.
pub(super) fn read(folder: &Path, file: &DataFile) -> Result<(PathBuf, Vec<u8>), Error> {
    let path = find(folder, file).unwrap_or_else(|| folder.join(&file.name));
    let mut bytes = Vec::new();
    let found = if path.extension().is_some_and(|e| e == "gz") {
        let source = fs::File::open(&path).map_err(Error::read(&path))?;
        // One byte more than expected is enough to see that a file is too long.
        GzDecoder::new(source)
            .take(file.bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(Error::read(&path))?;
        bytes.len() as u64
    } else {
        let size = fs::metadata(&path).map_err(Error::read(&path))?.len();
        if size == file.bytes {
            bytes = fs::read(&path).map_err(Error::read(&path))?;
            bytes.len() as u64
        } else {
            size
        }
    };
    if found == file.bytes {
        Ok((path, bytes))
    } else {
        Err(Error::WrongSize {
            file: path,
            expected: file.bytes,
            found,
        })
    }
}

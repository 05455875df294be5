//! Reads whole files whose size is known beforehand, plain or gzipped. Does not interpret them.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::error::DataError;
use super::named::File;

/// Where a file is in a folder: under its name, or under its name with `.gz`.
pub(super) fn find(folder: &Path, file: &File) -> Option<PathBuf> {
    [file.name.clone(), format!("{}.gz", file.name)]
        .into_iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}

/// Its path and contents, exactly as many bytes as the format says.
pub(super) fn read(folder: &Path, file: &File) -> Result<(PathBuf, Vec<u8>), DataError> {
    let path = find(folder, file).unwrap_or_else(|| folder.join(&file.name));
    let mut bytes = Vec::new();
    let found = if path.extension().is_some_and(|e| e == "gz") {
        let source = fs::File::open(&path).map_err(DataError::read(&path))?;
        // One byte more than expected is enough to see that a file is too long.
        GzDecoder::new(source)
            .take(file.bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(DataError::read(&path))?;
        bytes.len() as u64
    } else {
        let size = fs::metadata(&path).map_err(DataError::read(&path))?.len();
        if size == file.bytes {
            bytes = fs::read(&path).map_err(DataError::read(&path))?;
            bytes.len() as u64
        } else {
            size
        }
    };
    if found == file.bytes {
        Ok((path, bytes))
    } else {
        Err(DataError::WrongSize {
            file: path,
            expected: file.bytes,
            found,
        })
    }
}

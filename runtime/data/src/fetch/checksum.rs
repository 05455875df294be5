//! Published checksums and the hashing of files.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use md5::Md5;
use sha2::Sha256;

/// A checksum in lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-256.
    Sha256(String),
    /// MD5, where a data set's authors published no other: it finds accidents, not forgeries.
    Md5(String),
}

impl Checksum {
    /// The algorithm's name.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "SHA-256",
            Self::Md5(_) => "MD5",
        }
    }

    /// The checksum itself.
    pub fn expected(&self) -> &str {
        match self {
            Self::Sha256(hex) | Self::Md5(hex) => hex,
        }
    }

    /// The same kind of checksum of a file; None if `cancelled`, which is looked at now and then.
    pub(super) fn of(
        &self,
        path: &Path,
        cancelled: impl Fn() -> bool,
    ) -> io::Result<Option<String>> {
        match self {
            Self::Sha256(_) => hash::<Sha256>(path, cancelled),
            Self::Md5(_) => hash::<Md5>(path, cancelled),
        }
    }
}

fn hash<H: sha2::Digest>(path: &Path, cancelled: impl Fn() -> bool) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let mut hasher = H::new();
    let mut buffer = vec![0; 1 << 16];
    while !cancelled() {
        let count = file.read(&mut buffer)?;
        match buffer.get(..count) {
            Some([]) | None => {
                let hex = |byte: &u8| format!("{byte:02x}");
                return Ok(Some(hasher.finalize().iter().map(hex).collect()));
            }
            Some(bytes) => hasher.update(bytes),
        }
    }
    Ok(None)
}

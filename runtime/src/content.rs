//! What a file is, by its first bytes: tells weights from what people have in their place, such as a pointer of Git LFS or
//! a web page. Reads no file whole.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::Error;

/// Bytes that are looked at.
const START: u64 = 512;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A `.safetensors` file, or one that begins like one.
    Safetensors,
    /// A zip archive: a PyTorch checkpoint, or anything else.
    Zip,
    /// A pickle: a PyTorch checkpoint of before version 1.6, or anything else.
    Pickle,
    /// Something that is neither a model nor weights: what it is and what to do, as the end of a sentence that starts with
    /// the file's name.
    Other(&'static str),
    /// None of these; perhaps text.
    Unknown,
}

impl Content {
    /// Looks at a file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of(path: &Path) -> Result<Self, Error> {
        let mut file = File::open(path).map_err(Error::file("read", path))?;
        let mut start = Vec::with_capacity(START as usize);
        match file.by_ref().take(START).read_to_end(&mut start) {
            Ok(_) => Ok(Self::of_bytes(&start)),
            Err(e) if e.kind() == ErrorKind::IsADirectory => Ok(Self::Unknown),
            Err(e) => Err(Error::file("read", path)(e)),
        }
    }

    /// Looks at the first bytes of a file, all of it if it is shorter than 512.
    pub fn of_bytes(start: &[u8]) -> Self {
        let begins = |magic: &[u8]| start.starts_with(magic);
        if let (Some(size), Some(b'{')) = (start.first_chunk::<8>(), start.get(8))
            && u64::from_le_bytes(*size) < 1 << 32
        {
            return Self::Safetensors;
        }
        if begins(b"PK\x03\x04") || begins(b"PK\x05\x06") {
            return Self::Zip;
        }
        if is_pickle(start) {
            return Self::Pickle;
        }
        if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| begins(magic)) {
            return Self::Other(what);
        }
        if start.get(257..262) == Some(b"ustar") {
            return Self::Other(
                "is a tar archive: unpack it; PyTorch's own files of before version 0.1.10, which are tar archives, too, \
                 have to be loaded and saved with a newer PyTorch",
            );
        }
        if is_onnx(start) {
            return Self::Other(
                "is an ONNX model: it holds a graph, not a state dict; save the `state_dict()` of the PyTorch model instead",
            );
        }
        match is_web_page(start) {
            true => Self::Other(
                "is a web page (HTML), as servers send it in place of a file that one may not have: open the address in a \
                 browser, or log in, and download it again",
            ),
            false => Self::Unknown,
        }
    }
}

/// First bytes of files that are often taken for weights.
const MAGIC: &[(&[u8], &str)] = &[
    (
        b"version https://git-lfs.github.com/spec/",
        "is a pointer of Git LFS, not the file itself: run `git lfs pull` in its repository, or download the file",
    ),
    (
        b"\x1f\x8b",
        "is compressed with gzip: unpack it first, for example with `gunzip` or `tar xzf`",
    ),
    (
        b"\x89HDF\r\n",
        "is an HDF5 file, as Keras writes them: only PyTorch checkpoints and safetensors files are read",
    ),
    (
        b"\x93NUMPY",
        "is a NumPy array: only PyTorch checkpoints and safetensors files are read",
    ),
    (
        b"GGUF",
        "is a GGUF file: only PyTorch checkpoints and safetensors files are read",
    ),
    (b"\x89PNG", "is a PNG picture"),
    (b"\xff\xd8\xff", "is a JPEG picture"),
    (b"%PDF", "is a PDF document"),
];

/// Protocols from 2 on say so. Of the older ones, PyTorch's files begin with its magic number; others are not recognised.
fn is_pickle(start: &[u8]) -> bool {
    match start {
        [0x80, 2..=5, ..] => true,
        // 0x1950a86a20f9469cfc6c
        _ => start.starts_with(b"L119547037146038801333356L"),
    }
}

/// `ir_version`, then `producer_name`, `producer_version`, `domain` or the graph, as protocol buffers write them.
fn is_onnx(start: &[u8]) -> bool {
    matches!(start, [0x08, 1..=32, 0x12 | 0x1a | 0x22 | 0x3a, ..])
}

fn is_web_page(start: &[u8]) -> bool {
    let text = start
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(start)
        .trim_ascii_start();
    let begins = |tag: &[u8]| {
        text.get(..tag.len())
            .is_some_and(|t| t.eq_ignore_ascii_case(tag))
    };
    begins(b"<!doctype html") || begins(b"<html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_their_first_bytes() {
        let says = |start: &[u8]| match Content::of_bytes(start) {
            Content::Other(what) => what.split([':', ',']).next().unwrap_or("").to_owned(),
            other => format!("{other:?}"),
        };
        for (start, expected) in [
            (
                &b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n"[..],
                "is a pointer of Git LFS",
            ),
            (b"\n <!DOCTYPE html><html>", "is a web page (HTML)"),
            (b"<HTML lang=en>", "is a web page (HTML)"),
            (b"\x08\x08\x12\x07pytorch\x1a\x05", "is an ONNX model"),
            (b"\x1f\x8b\x08", "is compressed with gzip"),
            (b"PK\x03\x04....", "Zip"),
            (b"\x80\x02\x8a\nl\xfc", "Pickle"),
            (b"L119547037146038801333356L\n.", "Pickle"),
            (b"\x40\0\0\0\0\0\0\0{\"a\"", "Safetensors"),
            // A header of 640 bytes: its length begins like a pickle of protocol 2.
            (b"\x80\x02\0\0\0\0\0\0{\"a\"", "Safetensors"),
            (b"model Mine {", "Unknown"),
            (b"", "Unknown"),
        ] {
            assert_eq!(says(start), expected, "{start:?}");
        }
    }
}

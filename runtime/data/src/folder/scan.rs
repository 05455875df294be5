//! Which image files a part of an image folder has, class by class. Opens files only to see whether they are images.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::picture;
use crate::stop::StopRequest;

/// What operating systems leave in folders, in lower case; names that start with a dot are passed over as well.
const SYSTEM_NAMES: [&str; 3] = ["thumbs.db", "desktop.ini", "__macosx"];

/// A part of an image folder as it was found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Image files by class, both in the order of their names. Classes are told apart by the bytes of their names.
    pub classes: BTreeMap<OsString, Vec<PathBuf>>,
    /// Entries that cannot be looked at, such as links that lead nowhere.
    pub unreadable: Vec<Error>,
    /// How many files of unknown formats there are, by extension in lower case.
    pub unknown: BTreeMap<String, usize>,
    /// How many images lie outside the class folders.
    pub outside: usize,
    /// Links to folders that contain them.
    pub loops: Vec<PathBuf>,
}

impl Scan {
    /// Lists the class folders of `folder` and the images in them and in their subfolders. Fails if the folder cannot be
    /// read, or on a stop request.
    pub fn of(folder: &Path, stop: &StopRequest) -> Result<Self, Error> {
        let mut scan = Self::default();
        let mut parents = vec![folder.canonicalize().map_err(Error::read(folder))?];
        for path in visible_entries(folder)? {
            match Kind::of(&path) {
                Ok(Kind::Folder) => {
                    let mut images = Vec::new();
                    if scan.walk(&path, &mut parents, &mut images, stop)? {
                        images.sort();
                        let name = path.file_name().unwrap_or_default().to_owned();
                        scan.classes.insert(name, images);
                    }
                }
                Ok(Kind::Image) => scan.outside += 1,
                Ok(Kind::Other) => {}
                Err(error) => scan.unreadable.push(error),
            }
        }
        Ok(scan)
    }

    /// Adds the images of a folder and its subfolders. Returns false, adding nothing, where the folder is a link to one
    /// of its own parents.
    fn walk(
        &mut self,
        folder: &Path,
        parents: &mut Vec<PathBuf>,
        images: &mut Vec<PathBuf>,
        stop: &StopRequest,
    ) -> Result<bool, Error> {
        let canonical = folder.canonicalize().map_err(Error::read(folder))?;
        if parents.contains(&canonical) {
            self.loops.push(folder.to_owned());
            return Ok(false);
        }
        parents.push(canonical);
        for path in visible_entries(folder)? {
            stop.check()?;
            match Kind::of(&path) {
                Ok(Kind::Folder) => {
                    self.walk(&path, parents, images, stop)?;
                }
                Ok(Kind::Image) => images.push(path),
                Ok(Kind::Other) => *self.unknown.entry(extension(&path)).or_default() += 1,
                Err(error) => self.unreadable.push(error),
            }
        }
        parents.pop();
        Ok(true)
    }

    /// What its user should know of `folder`, a sentence each.
    pub fn warnings(&self, folder: &Path) -> Vec<String> {
        let mut warnings = Vec::new();
        let folder = folder.display();
        let unknown: usize = self.unknown.values().sum();
        if unknown > 0 {
            let kinds = self.unknown.iter().map(|(extension, count)| {
                let name = if extension.is_empty() {
                    "without extension".to_owned()
                } else {
                    format!(".{extension}")
                };
                format!("{count} {name}")
            });
            let kinds = kinds.collect::<Vec<_>>().join(", ");
            let files = plural(unknown, "file");
            warnings.push(format!(
                "left out of `{folder}`: {files} of unknown format ({kinds})"
            ));
        }
        if self.outside > 0 {
            let images = plural(self.outside, "image");
            warnings.push(format!(
                "left out of `{folder}`: {images} outside of the class folders"
            ));
        }
        warnings.extend(self.loops.iter().map(|link| {
            let link = link.display();
            format!("left out of `{folder}`: `{link}`, a link to a folder that contains it")
        }));
        warnings
    }
}

/// `1 file`, `2 files`.
pub(super) fn plural(count: usize, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{s}")
}

/// A class's name for people: bytes that are no UTF-8 are written `\xNN`.
pub(super) fn class_name(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

enum Kind {
    Folder,
    Image,
    Other,
}

impl Kind {
    /// Of an entry or of what it links to.
    fn of(path: &Path) -> Result<Self, Error> {
        let metadata = fs::metadata(path).map_err(Error::read(path))?;
        Ok(match metadata.is_dir() {
            true => Self::Folder,
            false if picture::is_image(path)? => Self::Image,
            false => Self::Other,
        })
    }
}

/// The entries of a folder in the order of their names, without hidden ones and those of operating systems. Fails if it
/// cannot be read.
pub fn visible_entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::read(folder))? {
        let entry = entry.map_err(Error::read(folder))?;
        let name = entry.file_name();
        let hidden = name.as_encoded_bytes().starts_with(b".");
        if !hidden
            && !SYSTEM_NAMES
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known))
        {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    class_name(extension).to_lowercase()
}

//! The graph of a model as a page, for editors to show.

use std::io::Write;
use std::path::PathBuf;

use termc_compiler::model::Model;
use termc_compiler::source::Sources;
use termc_graph::{Options, graph};

/// More pages of one model are not written by one server.
const MOST_PAGES: usize = 1000;

/// A page that stands alone; `sources` are the texts that the model was made of.
///
/// # Errors
/// What the drawing refuses, in its words.
pub fn page(model: &Model, sources: &Sources) -> Result<String, String> {
    graph(model, sources, &Options::default()).map_err(|error| error.to_string())
}

/// Writes a page into the folder for temporary files, under a name that nobody else has.
///
/// # Errors
/// If that fails.
pub fn written(title: &str, html: &str) -> std::io::Result<PathBuf> {
    let plain: String = title
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let folder = std::env::temp_dir();
    for number in 0..MOST_PAGES {
        let path = folder.join(format!(
            "termc-{}-{plain}-{number}.html",
            std::process::id()
        ));
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path);
        match file {
            Ok(mut file) => return file.write_all(html.as_bytes()).map(|()| path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(std::io::Error::other("there are too many pages already"))
}

//! Pictures of a model for people: an interactive page, a drawing for a paper, text for Graphviz and Mermaid. Computes no
//! values and does no I/O.

mod arrange;
pub mod diff;
mod dot;
mod ids;
mod mermaid;
mod page;
mod style;
mod svg;
pub mod tree;

use std::fmt;

use termc_compiler::model::Model;
use termc_compiler::source::Sources;

pub use tree::{Item, Role, Tree};

/// What to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One page that needs no network: blocks open and close, everything can be searched.
    #[default]
    Html,
    /// A drawing for a paper.
    Svg,
    /// For Graphviz.
    Dot,
    /// For Mermaid, which GitHub shows.
    Mermaid,
}

impl Format {
    /// All of them, the default first.
    pub const ALL: [Self; 4] = [Self::Html, Self::Svg, Self::Dot, Self::Mermaid];
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Html => "html",
            Self::Svg => "svg",
            Self::Dot => "dot",
            Self::Mermaid => "mermaid",
        })
    }
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL
            .into_iter()
            .find(|format| format.to_string() == text);
        known.ok_or_else(|| format!("`{text}` is no format: html, svg, dot or mermaid"))
    }
}

/// What of a model is shown, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What to write.
    pub format: Format,
    /// The block call that is drawn, by its path; None is the whole model.
    pub at: Option<String>,
    /// How many levels of block calls are open. The page opens and closes them itself and only starts so.
    pub depth: usize,
    /// The width of a drawing for a paper in centimetres; None is a column, 8.5 cm.
    pub width: Option<f64>,
}

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// [`Options::at`] names nothing: the path, and the nearest ones that there are.
    NoSuchPath(String, Vec<String>),
    /// The width is no width.
    Width,
    /// Too much would be open in a drawing: how many boxes, and how many there may be.
    TooLarge(usize, usize),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchPath(path, _) => write!(f, "the model has no `{path}`"),
            Self::Width => f.write_str("a drawing is 1 to 200 cm wide"),
            Self::TooLarge(boxes, most) => {
                write!(f, "a drawing of {boxes} boxes, of {most} at most")
            }
        }
    }
}

impl std::error::Error for Error {}

/// Shows a model. `sources` are the texts of its compilation, for the lines that its parts come from.
///
/// # Errors
/// If the options name what there is not, or ask for more than can be drawn.
pub fn graph(model: &Model, sources: &Sources, options: &Options) -> Result<String, Error> {
    show(&tree::tree(model), sources, options)
}

/// Shows a tree, as [`tree::tree`] or a comparison made it.
///
/// # Errors
/// If the options name what there is not, or ask for more than can be drawn.
pub fn show(tree: &Tree, sources: &Sources, options: &Options) -> Result<String, Error> {
    let at = match &options.at {
        None => tree::ROOT,
        Some(path) => tree.find(path).ok_or_else(|| {
            let nearest = tree.nearest(path);
            Error::NoSuchPath(path.clone(), nearest)
        })?,
    };
    match options.format {
        Format::Html => Ok(page::page(tree, sources, at, options.depth)),
        Format::Svg => svg::svg(tree, at, options),
        Format::Dot => Ok(dot::dot(tree, at, options.depth)),
        Format::Mermaid => Ok(mermaid::mermaid(tree, at, options.depth)),
    }
}

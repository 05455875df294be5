//! The page: the tree and the places of its boxes as data, and a script that shows them. What is equal is stored once, so
//! that a network of many equal blocks is a small page.

mod data;

use crate::style::escape;
use crate::tree::Tree;
use termc_compiler::source::Sources;

const FRAME: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
/// The script's parts, in order: what is shown, drawing, looking around, and what is said of a box.
const SCRIPT: [&str; 4] = [
    include_str!("scene.js"),
    include_str!("draw.js"),
    include_str!("look.js"),
    include_str!("tell.js"),
];

/// The page, with `at` and `depth` levels below it open.
pub fn page(tree: &Tree, sources: &Sources, at: usize, depth: usize) -> String {
    let data = data::data(tree, sources, at, depth);
    FRAME
        .replace("%TITLE%", &escape(&tree.model))
        .replace("%STYLE%", STYLE)
        .replace("%SCRIPT%", &SCRIPT.concat())
        // Last: names of the user's stand in it.
        .replace("%DATA%", &data)
}

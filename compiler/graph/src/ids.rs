//! What boxes and the tags of values are called in texts for Graphviz and Mermaid: numbers, never the user's words.

use termc_compiler::bug::fault;

use crate::tree::{End, Tree};

/// The tag of something that a box is given.
pub fn input(number: usize, place: usize) -> String {
    format!("{number}i{place}")
}

/// The tag of something that a box gives.
pub fn output(number: usize, place: usize) -> String {
    format!("{number}o{place}")
}

/// The end of an arrow inside a box of which `depth` levels are open: a closed box, or the tag inside an open one. `port` is the
/// place of the value there, and `from` says that the arrow starts here.
pub fn end(
    tree: &Tree,
    at: usize,
    depth: usize,
    end: End,
    port: Option<usize>,
    from: bool,
) -> String {
    match end {
        End::Input(place) => input(at, place),
        End::Output(place) => output(at, place),
        End::Child(place) => {
            let Some(number) = tree.item(at).children.get(place) else {
                fault("an arrow leads nowhere");
            };
            match port.filter(|_| tree.item(*number).is_open(depth)) {
                Some(port) if from => output(*number, port),
                Some(port) => input(*number, port),
                None => number.to_string(),
            }
        }
    }
}

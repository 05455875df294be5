//! Comments of emitted source: texts of the `.term` file, wrapped, and shapes.

use crate::model::{Graph, InstanceId, Shape};
use crate::source::Sources;

/// A text in lines of at most this width; empty lines part paragraphs.
pub(super) fn comment(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    let mut open = false;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            lines.push(String::new());
            open = false;
            continue;
        }
        // What is set off (lists, tables) keeps its lines.
        let set_off = line.starts_with([' ', '-', '*', '|', '#', '\t']);
        for (at, word) in words.into_iter().enumerate() {
            let last = lines.last_mut().filter(|_| open && !(set_off && at == 0));
            match last {
                Some(last) if last.chars().count() + 1 + word.chars().count() <= width => {
                    last.push(' ');
                    last.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
            open = true;
        }
    }
    lines
}

/// What the instance turns into what: "In `b[0]`: `[N, 3, 32, 32]` to `[N, 12, 32, 32]`."
pub(super) fn shapes(graph: &Graph, id: InstanceId) -> Option<String> {
    let instance = &graph[id];
    let first = instance.inputs.iter().find(|input| input.index.is_none());
    let result = graph[instance.result].shape;
    let path = &instance.path;
    Some(match first.map(|input| graph[input.node].shape) {
        Some(from) if from == result => format!("In `{path}`: `{}`, as its input.", axes(&result)),
        Some(from) => format!("In `{path}`: `{}` to `{}`.", axes(&from), axes(&result)),
        None => format!("In `{path}`: `{}`.", axes(&result)),
    })
}

/// A shape as emitted source computes with it.
fn axes(shape: &Shape) -> String {
    let [_, channels, height, width] = shape.dims(1);
    let batch = if shape.batched { "N" } else { "1" };
    format!("[{batch}, {channels}, {height}, {width}]")
}

/// How a batch of inputs is laid out. A sequence is an image that is one pixel wide.
pub(super) fn layout(graph: &Graph) -> &'static str {
    match graph.input.sizes.rank() {
        1 => "[N, channels, length, 1]",
        _ => "[N, channels, height, width]",
    }
}

/// The name of the compiled file, without its folder.
pub(super) fn file_name(sources: &Sources) -> &str {
    let name = sources.list().first().map_or("-", |s| s.name.as_str());
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_wrapped_and_paragraphs_kept() {
        let text = "one two three\nfour\n\nfive";
        assert_eq!(comment(text, 9), ["one two", "three", "four", "", "five"]);
        assert_eq!(comment(text, 14), ["one two three", "four", "", "five"]);
    }
}

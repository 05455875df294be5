//! The grammar reads all `.term` files of the project, and the queries colour every word of them.

use std::path::{Path, PathBuf};

use tree_sitter::{Node, Parser, Query, QueryCursor, StreamingIterator, Tree};
use tree_sitter_term::{FOLDS, HIGHLIGHTS, LANGUAGE};

fn read(text: &str) -> Tree {
    let mut parser = Parser::new();
    parser.set_language(&LANGUAGE.into()).unwrap();
    parser.parse(text, None).unwrap()
}

/// All `.term` files of the project but those whose syntax is wrong: the compiler says so beside them.
fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = [
        "build/tests",
        "compiler",
        "examples",
        "grammar/tests/cases",
        "tests",
    ];
    let mut open: Vec<PathBuf> = folders.map(|folder| root.join(folder)).to_vec();
    let mut all = vec![];
    while let Some(folder) = open.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        {
            let path = entry.unwrap().path();
            let said = std::fs::read_to_string(path.with_extension("snap")).unwrap_or_default();
            // Used by a file whose error it is.
            let broken = path.ends_with("parts/broken.term");
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "term")
                && !broken
                && !["E001", "E002"].iter().any(|code| said.contains(code))
            {
                all.push(path);
            }
        }
    }
    assert!(all.len() > 150, "{}", all.len());
    all
}

fn first_error(node: Node<'_>) -> Option<Node<'_>> {
    if node.is_error() || node.is_missing() {
        return Some(node);
    }
    let mut cursor = node.walk();
    node.children(&mut cursor)
        .filter(|child| child.has_error())
        .find_map(first_error)
}

/// The last capture of each word: what an editor colours it by.
fn colours(text: &str) -> Vec<(String, String)> {
    let tree = read(text);
    let query = Query::new(&LANGUAGE.into(), HIGHLIGHTS).unwrap();
    let mut colours: Vec<(std::ops::Range<usize>, String)> = vec![];
    let mut cursor = QueryCursor::new();
    let mut matches = cursor.matches(&query, tree.root_node(), text.as_bytes());
    while let Some(found) = matches.next() {
        for capture in found.captures {
            colours.push((
                capture.node.byte_range(),
                format!(
                    "{:04} {}",
                    found.pattern_index,
                    query.capture_names()[capture.index as usize]
                ),
            ));
        }
    }
    // Of several for one place the pattern that stands last.
    colours.sort_by(|a, b| (a.0.start, a.0.end, &a.1).cmp(&(b.0.start, b.0.end, &b.1)));
    let mut last: Vec<(std::ops::Range<usize>, String)> = vec![];
    for (range, colour) in colours {
        if last.last().is_some_and(|(known, _)| *known == range) {
            last.pop();
        }
        last.push((range, colour[5..].to_owned()));
    }
    last.into_iter()
        .map(|(range, colour)| (text[range].to_owned(), colour))
        .collect()
}

#[test]
fn all_files_are_read_without_an_error() {
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let tree = read(&text);
        if let Some(node) = first_error(tree.root_node()) {
            let line = node.start_position().row;
            let shown = text.lines().nth(line).unwrap_or_default();
            panic!(
                "{}:{}: {shown}\n{}",
                path.display(),
                line + 1,
                node.to_sexp()
            );
        }
    }
}

#[test]
fn every_name_is_coloured() {
    let mut words = 0;
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let coloured = colours(&text);
        let tree = read(&text);
        let mut stack = vec![tree.root_node()];
        while let Some(node) = stack.pop() {
            if node.kind() == "identifier" {
                let word = &text[node.byte_range()];
                assert!(
                    coloured.iter().any(|(own, _)| own == word),
                    "{}: `{word}`",
                    path.display()
                );
                words += 1;
            }
            let mut cursor = node.walk();
            stack.extend(node.children(&mut cursor));
        }
    }
    assert!(words > 5000, "{words}");
}

#[test]
fn words_have_the_colours_of_what_they_are() {
    let text = "/// About it.\nconst w = magnet(hidden=8) // why\n\nblock a(x, net: block = w) {\n    k = hyper(x, net)\n    x |> rgu |> local(size=3)\n        |> gelu\n}\n\n\
                model M {\n    input image[1, 8, 8]\n    output y = head(image, -1)\n    loss {\n        cross_entropy(y)\n    }\n}\n\nvariant V of M {\n    without loss.cross_entropy\n    loss.a.b = if 1 == 2 { 3 } else { 4.5e-1 }\n}\n";
    let coloured = colours(text);
    for (word, colour) in [
        ("/// About it.", "comment.documentation"),
        ("// why", "comment"),
        ("const", "keyword"),
        ("w", "constant"),
        ("magnet", "function"),
        ("hidden", "variable.parameter"),
        ("block", "keyword"),
        ("net", "variable.parameter"),
        ("rgu", "function"),
        ("gelu", "function"),
        ("image", "variable"),
        ("M", "type"),
        ("V", "type"),
        ("without", "keyword"),
        ("cross_entropy", "property"),
        ("==", "operator"),
        ("4.5e-1", "number"),
    ] {
        let own: Vec<&str> = coloured
            .iter()
            .filter(|(text, _)| text == word)
            .map(|(_, c)| c.as_str())
            .collect();
        assert!(own.contains(&colour), "{word}: {own:?}");
    }
    Query::new(&LANGUAGE.into(), FOLDS).unwrap();
}

#[test]
fn a_half_written_line_leaves_the_rest() {
    let text = "block a(x) {\n    y = local(x, \n    y\n}\n\nblock b(x) {\n    gelu(x)\n}\n";
    let tree = read(text);
    let root = tree.root_node();
    let mut cursor = root.walk();
    let blocks: Vec<Node<'_>> = root
        .children(&mut cursor)
        .filter(|node| node.kind() == "block")
        .collect();
    assert!(
        blocks
            .iter()
            .any(|block| text[block.byte_range()].starts_with("block b")),
        "{}",
        root.to_sexp()
    );
}

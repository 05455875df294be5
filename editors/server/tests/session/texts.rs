//! What is shown of a whole text: formatting, folds, outline, hints, colours, costs.

use serde_json::{Value, json};

use crate::client::applied;
use crate::{MODEL, PARTS, labels, session};

#[test]
fn texts_are_formatted_folded_and_outlined() {
    let (_folder, mut client) = session();
    let crooked = MODEL.replace("    Z = x * K", "  Z   =  x*K");
    client.open("mine.term", &crooked);
    let document = json!({ "textDocument": { "uri": client.uri("mine.term") }, "options": { "tabSize": 4, "insertSpaces": true } });
    let edits = client.request("textDocument/formatting", document.clone());
    assert_eq!(edits.as_array().unwrap().len(), 1);
    assert_eq!(applied(&crooked, &edits), MODEL);
    client.change("mine.term", "block a( {");
    assert_eq!(
        client.request("textDocument/formatting", document.clone()),
        Value::Null
    );
    client.change("mine.term", MODEL);
    assert_eq!(
        client.request("textDocument/formatting", document.clone()),
        json!([])
    );
    let folds = client.request("textDocument/foldingRange", document.clone());
    let line = |marker: &str| MODEL[..MODEL.find(marker).unwrap()].matches('\n').count() as u64;
    let starts: Vec<u64> = folds
        .as_array()
        .unwrap()
        .iter()
        .map(|fold| fold["startLine"].as_u64().unwrap())
        .collect();
    for marker in [
        "block sfne",
        "model Mine",
        "    loss {",
        "train {",
        "variant Wide",
    ] {
        assert!(starts.contains(&line(marker)), "{marker}: {folds}");
    }
    let outline = client.request("textDocument/documentSymbol", document);
    let names: Vec<&str> = outline
        .as_array()
        .unwrap()
        .iter()
        .map(|symbol| symbol["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["sfne", "Mine", "Wide"]);
    assert!(
        outline[0]["children"]
            .as_array()
            .unwrap()
            .iter()
            .any(|child| child["name"] == "fast")
    );
}

#[test]
fn shapes_stand_beside_names_also_where_the_text_is_half_written() {
    let (_folder, mut client) = session();
    client.open("mine.term", MODEL);
    let mut hints = |text: &str| -> Vec<(u64, String)> {
        client.change("mine.term", text);
        let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
        let hints = client.request(
            "textDocument/inlayHint",
            json!({ "textDocument": { "uri": client.uri("mine.term") }, "range": range }),
        );
        let read = hints.as_array().unwrap().iter().map(|hint| {
            (
                hint["position"]["line"].as_u64().unwrap(),
                hint["label"].as_str().unwrap().to_owned(),
            )
        });
        read.collect()
    };
    let line =
        |text: &str, marker: &str| text[..text.find(marker).unwrap()].matches('\n').count() as u64;
    let all = hints(MODEL);
    for (marker, shape) in [
        ("    fast", ": [N, 1..12, 8, 8]"),
        ("    K", ": [1, 1..12, 8, 8]"),
        ("    b[1]", ": [N, 24, 8, 8]"),
        ("    output", ": [N, 10]"),
    ] {
        assert!(
            all.contains(&(line(MODEL, marker), shape.into())),
            "{marker}: {all:?}"
        );
    }
    let half = MODEL.replace("    Z = x * K\n", "    Z = x *\n\n");
    assert!(hints(&half).contains(&(line(&half, "    b[1]"), ": [N, 24, 8, 8]".into())));
    // The used file's blocks have the shapes that the file which uses it gives them.
    client.open("parts.term", PARTS);
    let range =
        json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
    let hints = client.request(
        "textDocument/inlayHint",
        json!({ "textDocument": { "uri": client.uri("parts.term") }, "range": range }),
    );
    assert_eq!(hints[0]["label"], ": [N, 1..12, 8, 8]", "{hints}");
}

#[test]
fn every_word_has_its_colour() {
    let (_folder, mut client) = session();
    client.open("mine.term", MODEL);
    let tokens = client.request(
        "textDocument/semanticTokens/full",
        json!({ "textDocument": { "uri": client.uri("mine.term") } }),
    );
    let data: Vec<u64> = tokens["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_u64().unwrap())
        .collect();
    let lines: Vec<&str> = MODEL.lines().collect();
    let (mut line, mut start) = (0, 0);
    let mut kinds = vec![];
    for token in data.chunks(5) {
        start = if token[0] == 0 {
            start + token[1]
        } else {
            token[1]
        };
        line += token[0];
        let text = &lines[line as usize][start as usize..(start + token[2]) as usize];
        kinds.push((text.to_owned(), token[3], token[4]));
    }
    for expected in [
        ("block", 0, 0),
        ("sfne", 5, 1),
        ("x", 7, 1),
        ("K", 8, 1),
        ("rgu", 5, 4),
        ("4", 2, 0),
        ("Mine", 6, 1),
        ("wave", 8, 2),
        ("positions", 11, 4),
        ("|>", 4, 0),
        ("without", 0, 0),
        ("int", 10, 4),
    ] {
        assert!(
            kinds.contains(&(expected.0.to_owned(), expected.1, expected.2)),
            "{expected:?}: {kinds:?}"
        );
    }
}

#[test]
fn models_have_a_line_with_their_cost_that_shows_the_graph() {
    let (_folder, mut client) = session();
    client.open("mine.term", MODEL);
    let uri = client.uri("mine.term");
    let lenses = client.request(
        "textDocument/codeLens",
        json!({ "textDocument": { "uri": uri } }),
    );
    assert_eq!(lenses.as_array().unwrap().len(), 2);
    let command = &lenses[1]["command"];
    assert!(
        command["title"]
            .as_str()
            .unwrap()
            .starts_with("show graph: "),
        "{command}"
    );
    assert_eq!(
        (command["command"].as_str(), &command["arguments"]),
        (Some("termc.showGraph"), &json!([uri, "Wide"]))
    );
    let page = client.request(
        "workspace/executeCommand",
        json!({ "command": "termc.graph", "arguments": [uri, "Wide"] }),
    );
    assert_eq!(page["title"], "Wide");
    assert!(page["html"].as_str().unwrap().contains("<html"), "{page}");
    let answer = client.ask(
        "workspace/executeCommand",
        json!({ "command": "termc.graph", "arguments": [uri, "None"] }),
    );
    assert_eq!(
        answer["error"]["message"],
        "there is no model without an error to show"
    );
}

#[test]
fn models_of_a_used_file_are_not_the_file_s_own() {
    let (folder, mut client) = session();
    let used = MODEL.replace("Mine", "Theirs").replace("sfne", "unit");
    std::fs::write(folder.path().join("theirs.term"), used).unwrap();
    let text = format!("use \"theirs.term\"\n{MODEL}");
    client.open("mine.term", &text);
    let uri = client.uri("mine.term");
    let lenses = client.request(
        "textDocument/codeLens",
        json!({ "textDocument": { "uri": uri } }),
    );
    let lines: Vec<&Value> = lenses
        .as_array()
        .unwrap()
        .iter()
        .map(|lens| &lens["range"]["start"]["line"])
        .collect();
    let line = |marker: &str| json!(text[..text.find(marker).unwrap()].matches('\n').count());
    assert_eq!(lines, [&line("model Mine"), &line("variant Wide")]);
    let page = client.request(
        "workspace/executeCommand",
        json!({ "command": "termc.graph", "arguments": [uri] }),
    );
    assert_eq!(page["title"], "Mine");
    let offered = client.at(
        "textDocument/completion",
        "mine.term",
        &text,
        "of Mine",
        "of ".len(),
    );
    let offered = labels(&offered);
    assert!(
        offered.contains(&"Mine") && !offered.contains(&"Theirs"),
        "{offered:?}"
    );
}

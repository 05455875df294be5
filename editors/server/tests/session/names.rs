//! Hovering, definitions, references and new names.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::client::{Client, applied, position};
use crate::{MODEL, PARTS, session};

#[test]
fn hover_tells_shapes_costs_and_documentation() {
    let (_folder, mut client) = session();
    client.open("mine.term", MODEL);
    let mut hover = |marker: &str, after: usize| -> String {
        let shown = client.at("textDocument/hover", "mine.term", MODEL, marker, after);
        shown["contents"]["value"]
            .as_str()
            .unwrap_or_else(|| panic!("{marker}: {shown}"))
            .to_owned()
    };
    let fast = hover("fast = ", 1);
    for part in [
        "fast = instance_std(rgu(Z) + rgu(x))",
        "`b[0].fast`: `[N, 1, 8, 8]`",
        "`b[1].fast`: `[N, 12, 8, 8]`",
        "parameters",
        "multiply-adds",
    ] {
        assert!(fast.contains(part), "{part}\n{fast}");
    }
    let rgu = hover("rgu(Z)", 1);
    assert!(
        rgu.contains("block rgu(")
            && rgu.contains("block of the prelude")
            && rgu.contains("parameters"),
        "{rgu}"
    );
    let own = hover("sfne(image", 1);
    assert!(
        own.contains("A block of the test.") && own.contains("`[N, 12, 8, 8]`: "),
        "{own}"
    );
    assert!(hover("wave)", 1).contains("The slow net of all blocks."));
    assert!(hover("shared=", 1).contains("argument of `dropout`"));
    assert!(hover("positions)", 1).contains("word of `axes`"));
    assert!(hover("smoothing", 1).contains("`cross_entropy`"));
    assert!(hover("epochs", 1).contains("Passes over the training part"));
    assert!(hover("expand: int", 1).contains("`b[0]`: `12`"));
    assert!(hover("Mine(", 1).contains("parameters, "));
    assert!(hover("gate\n}", 1).contains("A gate."));
}

#[test]
fn definitions_are_found_in_used_files_and_in_the_prelude() {
    let (_folder, mut client) = session();
    client.open("mine.term", MODEL);
    let found = client.at("textDocument/definition", "mine.term", MODEL, "gate(Z)", 1);
    assert_eq!(found["uri"], json!(client.uri("parts.term")));
    assert_eq!(
        found["range"]["start"],
        position(PARTS, PARTS.find("gate(").unwrap())
    );
    let found = client.at("textDocument/definition", "mine.term", MODEL, "rgu(Z)", 1);
    let path = PathBuf::from(found["uri"].as_str().unwrap().trim_start_matches("file://"));
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        found["range"]["start"],
        position(&text, text.find("block rgu(").unwrap() + 6)
    );
    // The file of the prelude is a document like others: from there one goes on.
    let name = path.display().to_string();
    let document = json!({ "uri": found["uri"], "languageId": "term", "version": 0, "text": text });
    client.notify("textDocument/didOpen", json!({ "textDocument": document }));
    let at =
        json!({ "textDocument": { "uri": found["uri"] }, "position": found["range"]["start"] });
    let hover = client.request("textDocument/hover", at);
    assert!(
        hover["contents"]["value"]
            .as_str()
            .unwrap()
            .contains("block rgu("),
        "{name}: {hover}"
    );
    let found = client.at(
        "textDocument/definition",
        "mine.term",
        MODEL,
        "parts.term",
        1,
    );
    assert_eq!(found["uri"], json!(client.uri("parts.term")));
    let found = client.at(
        "textDocument/definition",
        "mine.term",
        MODEL,
        "expand = 16",
        1,
    );
    assert_eq!(
        found["range"]["start"],
        position(MODEL, MODEL.find("expand: int").unwrap())
    );
}

#[test]
fn references_and_new_names_reach_all_files_and_paths() {
    let (_folder, mut client) = session();
    client.open("mine.term", MODEL);
    let mut params = client.position("mine.term", MODEL, "gate(Z)", 1);
    params["context"] = json!({ "includeDeclaration": true });
    let found = client.request("textDocument/references", params);
    let files: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["uri"].as_str().unwrap().rsplit('/').next().unwrap())
        .collect();
    assert_eq!(files, ["mine.term", "mine.term", "parts.term"]);
    let mut rename = |marker: &str, to: &str| -> Value {
        let mut params = client.position("mine.term", MODEL, marker, 1);
        params["newName"] = json!(to);
        client.ask("textDocument/rename", params)
    };
    let edits = rename("gate(Z)", "valve");
    let changes = &edits["result"]["changes"];
    let (_, of_parts) = changes
        .as_object()
        .unwrap()
        .iter()
        .find(|(uri, _)| uri.ends_with("parts.term"))
        .unwrap();
    let (_, of_mine) = changes
        .as_object()
        .unwrap()
        .iter()
        .find(|(uri, _)| uri.ends_with("mine.term"))
        .unwrap();
    assert_eq!(
        applied(PARTS, of_parts),
        PARTS.replace("block gate(", "block valve(")
    );
    assert_eq!(
        applied(MODEL, of_mine),
        MODEL
            .replace("gate(Z)", "valve(Z)")
            .replace("wide.gate", "wide.valve")
    );
    let edits = rename("K = hyper", "kernel");
    let of_mine = first_changes(&edits);
    assert_eq!(
        applied(MODEL, of_mine),
        MODEL
            .replace("K = hyper", "kernel = hyper")
            .replace("x * K", "x * kernel")
            .replace("b.K", "b.kernel")
    );
    for (marker, to, why) in [
        ("K = hyper", "Z", "mean the same"),
        ("K = hyper", "if", "cannot be a name"),
        ("rgu(Z)", "new", "built in"),
        ("concat(", "join", "built in"),
    ] {
        let refused = rename(marker, to);
        let message = refused["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(why), "{marker}: {refused}");
    }
    let place = client.position("mine.term", MODEL, "rgu(Z)", 1);
    assert_eq!(
        client.request("textDocument/prepareRename", place),
        Value::Null
    );
    let place = client.position("mine.term", MODEL, "fast = ", 1);
    assert_eq!(
        client
            .request("textDocument/documentHighlight", place)
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_file_of_definitions_keeps_its_meaning_under_a_new_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::new(folder.path());
    client.open("parts.term", PARTS);
    let mut rename = |to: &str| -> Value {
        let mut params = client.position("parts.term", PARTS, "inner", 1);
        params["newName"] = json!(to);
        client.ask("textDocument/rename", params)
    };
    let changes = rename("linear_part")["result"]["changes"].clone();
    assert_eq!(changes.as_object().unwrap().len(), 1, "{changes}");
    // The block has a parameter `x`.
    let refused = rename("x");
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("mean the same"), "{refused}");
}

#[test]
fn references_and_new_names_reach_files_that_are_not_open() {
    let (folder, mut client) = session();
    let other = MODEL.replace("gate(Z)", "gate(x)");
    std::fs::write(folder.path().join("other.term"), &other).unwrap();
    client.open("mine.term", MODEL);
    let mut params = client.position("mine.term", MODEL, "gate(Z)", 1);
    params["context"] = json!({ "includeDeclaration": true });
    params["newName"] = json!("valve");
    let found = client.request("textDocument/references", params.clone());
    assert_eq!(found.as_array().unwrap().len(), 5, "{found}");
    let renamed = client.request("textDocument/rename", params.clone());
    assert_eq!(
        applied(&other, &renamed["changes"][client.uri("other.term")]),
        other
            .replace("gate(x)", "valve(x)")
            .replace("wide.gate", "wide.valve")
    );
    // What it would break there is looked at as well, as the file is now.
    std::fs::write(
        folder.path().join("other.term"),
        format!("{other}\nblock valve(x) {{\n    x\n}}\n"),
    )
    .unwrap();
    let refused = client.ask("textDocument/rename", params);
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("mean the same"), "{refused}");
}

#[test]
fn a_new_name_is_refused_where_it_would_be_taken_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::new(folder.path());
    let text = "const k = 3\n\nblock a(x, n: int) {\n    mixer(x, k * n)\n}\n";
    client.open("parts.term", text);
    let mut rename = |text: &str, marker: &str, to: &str| -> Value {
        client.change("parts.term", text);
        let mut params = client.position("parts.term", text, marker, 0);
        params["newName"] = json!(to);
        client.ask("textDocument/rename", params)
    };
    for (marker, to) in [("k = 3", "n"), ("n: int", "k"), ("k * n", "n")] {
        let refused = rename(text, marker, to);
        let message = refused["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("mean the same"), "{marker}: {refused}");
    }
    let renamed = rename(text, "k * n", "factor");
    let edits = first_changes(&renamed);
    assert_eq!(
        applied(text, edits),
        text.replace("k = 3", "factor = 3")
            .replace("k *", "factor *")
    );
    // A line that cannot be read may hold the name.
    let half = text.replace("}\n", "    y = k +\n}\n");
    let refused = rename(&half, "k = 3", "factor");
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("cannot be read"), "{refused}");
}

/// The edits of the first file that an answer changes.
fn first_changes(renamed: &Value) -> &Value {
    let changes = renamed["result"]["changes"].as_object().unwrap();
    changes.values().next().unwrap()
}

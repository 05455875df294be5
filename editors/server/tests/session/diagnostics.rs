//! What is wrong is told while one types.

use serde_json::json;

use crate::client::{Client, position};
use crate::{MODEL, PARTS, codes, session};

#[test]
fn mistakes_are_told_while_one_types_also_in_files_that_use_the_file() {
    let (_folder, mut client) = session();
    assert_eq!(client.open("mine.term", MODEL), json!([]));
    let wrong = client.change("mine.term", &MODEL.replace("g_ibs(4)", "g_ibs(7)"));
    assert_eq!(codes(&wrong), ["E314"]);
    assert_eq!(
        wrong[0]["range"]["start"],
        position(MODEL, MODEL.find("g_ibs(4)").unwrap() + 6)
    );
    assert!(
        wrong[0]["message"]
            .as_str()
            .unwrap()
            .contains("through `g_ibs`"),
        "{wrong}"
    );
    assert_eq!(client.change("mine.term", MODEL), json!([]));
    // What the used file breaks is told at the one that uses it, which is open with an unsaved text.
    assert_eq!(client.open("parts.term", PARTS), json!([]));
    client.change("parts.term", &PARTS.replace("block gate", "block gaze"));
    assert_eq!(codes(&client.diagnostics("mine.term")), ["E103"]);
    client.change("parts.term", PARTS);
    assert_eq!(client.diagnostics("mine.term"), json!([]));
    // A variant is checked as well, a moment later, without being asked.
    let text = MODEL.replace("sfne.wide.gate", "sfne.wide.gat");
    assert_eq!(client.change("mine.term", &text), json!([]));
    assert_eq!(codes(&client.diagnostics("mine.term")), ["E107"]);
    client.change("mine.term", MODEL);
    // And what is wrong in the used file is told there, once.
    assert_eq!(
        codes(&client.change("parts.term", &PARTS.replace("inner)", "iner)"))).len(),
        1
    );
}

#[test]
fn what_is_wrong_in_a_used_file_is_told_also_where_its_user_cannot_tell() {
    let (_folder, mut client) = session();
    client.open("mine.term", MODEL);
    client.open("parts.term", PARTS);
    // The user cannot be read: it says nothing of the used file.
    let unread = client.change("mine.term", &MODEL.replace("Z = x * K", "Z = x *"));
    assert_eq!(codes(&unread), ["E001"]);
    let wrong = PARTS.replace("inner)", "iner)");
    assert_eq!(codes(&client.change("parts.term", &wrong)), ["E101"]);
    client.change("parts.term", PARTS);
    client.change("mine.term", MODEL);
    // The user is closed: what it told stays wrong.
    let told = client.change("parts.term", &wrong);
    assert_eq!(codes(&told), ["E101"]);
    let document = json!({ "uri": client.uri("mine.term") });
    client.notify("textDocument/didClose", json!({ "textDocument": document }));
    assert_eq!(codes(&client.all("parts.term", told)), ["E101"]);
}

#[test]
fn files_that_change_on_disk_matter_where_they_are_used() {
    let (folder, mut client) = session();
    client.open("mine.term", MODEL);
    let write = |client: &mut Client, name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        let changes = json!([{ "uri": client.uri(name), "type": 2 }]);
        client.notify(
            "workspace/didChangeWatchedFiles",
            json!({ "changes": changes }),
        );
    };
    write(&mut client, "other.term", "block other(x) {\n    y\n}\n");
    let broken = PARTS.replace("block gate", "block gaze");
    write(&mut client, "parts.term", &broken);
    assert_eq!(codes(&client.diagnostics("mine.term")), ["E103"]);
    assert!(!client.was_told("other.term"));
    // A file that was missing is there.
    let text = format!("use \"late.term\"\n{MODEL}");
    assert_eq!(codes(&client.change("mine.term", &text)), ["E111"]);
    write(&mut client, "parts.term", PARTS);
    write(&mut client, "late.term", "const late = 1\n");
    let found = client.diagnostics("mine.term");
    assert!(!codes(&found).contains(&"E111"), "{found}");
}

#[test]
fn a_file_of_definitions_is_checked_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::new(folder.path());
    assert_eq!(client.open("parts.term", PARTS), json!([]));
    let wrong = client.change(
        "parts.term",
        &PARTS.replace("sigmoid(inner)", "sigmoit(inner)"),
    );
    assert_eq!(codes(&wrong), ["E103"]);
    assert_eq!(
        codes(&client.change("parts.term", "block gate(x) {\n    x +\n}\n")),
        ["E001"]
    );
    // What is not there yet is no mistake, nor is a definition that nobody uses here.
    assert_eq!(client.change("parts.term", ""), json!([]));
    assert_eq!(client.change("parts.term", "const c = 1\n"), json!([]));
    let unused = client.change("parts.term", "block gate(x) {\n    y = x\n    x\n}\n");
    assert_eq!(codes(&unused), ["W502"]);
    assert_eq!(unused[0]["tags"], json!([1]));
}

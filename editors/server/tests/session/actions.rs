//! The changes that helps describe.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::client::{Client, applied};
use crate::{MODEL, codes, session};

/// All the actions for a text, each with its title and the text after it.
pub fn actions(client: &mut Client, name: &str, text: &str) -> Vec<(String, String)> {
    let lines = text.matches('\n').count() + 1;
    let range =
        json!({ "start": { "line": 0, "character": 0 }, "end": { "line": lines, "character": 0 } });
    let uri = client.uri(name);
    let params =
        json!({ "textDocument": { "uri": uri }, "range": range, "context": { "diagnostics": [] } });
    let found = client.request("textDocument/codeAction", params);
    let found = found.as_array().unwrap().iter().map(|action| {
        let edits = &action["edit"]["changes"][&uri];
        (
            action["title"].as_str().unwrap().to_owned(),
            applied(text, edits),
        )
    });
    found.collect()
}

#[test]
fn a_help_that_can_be_applied_is_an_action() {
    let (_folder, mut client) = session();
    client.open("mine.term", MODEL);
    for (from, to, title) in [
        ("rgu(Z)", "rgy(Z)", "write `rgu`"),
        ("shared=positions", "sharde=positions", "write `shared`"),
        ("shared=positions", "shared=postions", "write `positions`"),
        ("epochs", "epohcs", "write `epochs`"),
        ("drop: float", "drop: flaot", "write `float`"),
        ("sfne.wide.gate", "sfne.wide.gat", "write `gate`"),
        ("b[1] = ", "b[2] = ", "write `b[1]`"),
        ("expand=2)", "expand=2, expand=3)", "leave out `expand`"),
        (
            "    cross_entropy(logits, smoothing=0.1)\n    ",
            "",
            "add `cross_entropy(logits)`",
        ),
        (
            "    input image[1, 8, 8]\n",
            "",
            "add `input image[3, 32, 32]`",
        ),
        (
            "b[1] = sfne(b[0], expand=2)",
            "b[1] = sfne(b[0])",
            "add `expand=`",
        ),
        (
            "    wide |>",
            "    more = gelu(x)\n    wide |>",
            "leave out `more`",
        ),
        (
            "\nmodel",
            "\nconst unread = 3\n\nmodel",
            "leave out `unread`",
        ),
        ("of Mine", "of Mien", "write `Mine`"),
        ("train {", "trian {", "write `train`"),
        (
            "Z = x * K\n    fast = instance_std(rgu(Z) + rgu(x))\n",
            "fast = instance_std(rgu(Z) + rgu(x))\n    Z = x * K\n",
            "move the binding up",
        ),
    ] {
        let text = MODEL.replacen(from, to, 1);
        assert_ne!(text, MODEL, "{from}");
        let before = client.change("mine.term", &text);
        let before = client.all("mine.term", before);
        let offered = actions(&mut client, "mine.term", &text);
        let found = offered.iter().find(|(own, _)| own == title);
        let (_, mended) = found.unwrap_or_else(|| panic!("{title}: {offered:?}\n{before}\n{text}"));
        if !title.ends_with("=`") && !title.contains("input") {
            let left = client.change("mine.term", mended);
            let left = client.all("mine.term", left);
            assert!(
                codes(&left).len() < codes(&before).len(),
                "{title}: {left}\n{mended}"
            );
        } else {
            assert!(
                mended.contains("sfne(b[0], expand=)")
                    || mended.contains("{\n    input image[3, 32, 32]\n"),
                "{mended}"
            );
        }
    }
}

#[test]
fn what_is_left_out_leaves_its_neighbours_on_the_line() {
    let (_folder, mut client) = session();
    client.open("mine.term", MODEL);
    for (from, to, title, mended) in [
        (
            "    Z = x * K\n",
            "    Z = x * K; unused = gelu(x)\n",
            "leave out `unused`",
            "    Z = x * K\n",
        ),
        (
            "    Z = x * K\n",
            "    unused = gelu(x); Z = x * K // kept\n",
            "leave out `unused`",
            "    Z = x * K // kept\n",
        ),
        (
            "train {\n    epochs = 5\n}",
            "train { epochs = 5; batch = 32; epochs = 6 }",
            "leave out `epochs`",
            "train { epochs = 5; batch = 32 }",
        ),
    ] {
        let text = MODEL.replacen(from, to, 1);
        client.change("mine.term", &text);
        let offered = actions(&mut client, "mine.term", &text);
        let found = offered.iter().find(|(own, _)| own == title);
        let expected = MODEL.replacen(from, mended, 1);
        assert_eq!(found.map(|(_, text)| text), Some(&expected), "{offered:?}");
    }
}

#[test]
fn no_action_for_any_known_mistake_brings_a_new_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/check");
    let mut client = Client::new(&folder);
    let mut offered = 0;
    for kind in ["err", "warn"] {
        let mut cases: Vec<PathBuf> = std::fs::read_dir(folder.join(kind))
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        cases.retain(|path| path.extension().is_some_and(|e| e == "term"));
        cases.sort();
        for path in cases {
            let name = format!("{kind}/{}", path.file_name().unwrap().to_str().unwrap());
            let text = std::fs::read_to_string(&path).unwrap();
            let before = client.open(&name, &text);
            let before = client.all(&name, before);
            for (title, mended) in actions(&mut client, &name, &text) {
                offered += 1;
                let after = client.change(&name, &mended);
                let after = client.all(&name, after);
                let sound = title.ends_with("=`") || codes(&after).len() <= codes(&before).len();
                assert!(sound, "{name}, {title}: {after}\n{mended}");
                client.change(&name, &text);
            }
            client.notify(
                "textDocument/didClose",
                json!({ "textDocument": { "uri": client.uri(&name) } }),
            );
        }
    }
    assert!(offered > 30, "{offered}");
}

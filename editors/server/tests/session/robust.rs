//! No text makes the server fail.

use serde_json::json;

use crate::actions::actions;
use crate::client::position;
use crate::{MODEL, session};

#[test]
fn no_text_is_a_fault() {
    let (_folder, mut client) = session();
    client.open("mine.term", MODEL);
    let mut random = 1u64;
    let mut next = |below: usize| {
        random = random
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (random >> 33) as usize % below
    };
    let pieces = [
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        "\"",
        ".",
        "=",
        "é𝄞",
        "\n",
        "x",
        "block ",
        "|>",
        "//",
        ",",
        "variant V of ",
        "\u{0}",
        "0",
        "choose(",
    ];
    let mut text = MODEL.to_owned();
    for round in 0..150 {
        let mut at = next(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        if next(3) == 0 {
            let mut end = (at + next(12)).min(text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.replace_range(at..end, "");
        } else {
            text.insert_str(at, pieces[next(pieces.len())]);
        }
        client.change("mine.term", &text);
        let mut at = next(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let place = json!({ "textDocument": { "uri": client.uri("mine.term") }, "position": position(&text, at) });
        for method in [
            "hover",
            "completion",
            "definition",
            "signatureHelp",
            "documentHighlight",
            "prepareRename",
        ] {
            client.request(&format!("textDocument/{method}"), place.clone());
        }
        for method in [
            "semanticTokens/full",
            "foldingRange",
            "documentSymbol",
            "codeLens",
        ] {
            client.request(&format!("textDocument/{method}"), place.clone());
        }
        if round % 10 == 0 {
            actions(&mut client, "mine.term", &text);
            text = MODEL.to_owned();
        }
    }
}

//! How long a keystroke on examples/cifar10.term takes until its diagnostics are there, over the protocol: 500 of them, each
//! a change of one character. `cargo bench -p termc-lsp` prints the median and the 99th of 100, and fails above 30 and 60 ms.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "../tests/session/client.rs"]
#[allow(dead_code, reason = "the sessions use all of it")]
mod client;

use std::path::Path;
use std::time::Instant;

use client::Client;
use serde_json::json;

const KEYSTROKES: usize = 500;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let text = std::fs::read_to_string(folder.join("cifar10.term")).unwrap();
    let mut client = Client::new(&folder);
    client.open("cifar10.term", &text);
    // Types and deletes words in places all over the text: names, numbers, arguments, operators, half of which do not parse.
    let places: Vec<usize> = [
        "Z = x",
        "hidden=64",
        "rgu(Z)",
        "size=9",
        "expand=3",
        "from=hci",
        "0.09",
        "wide.l3",
        "32, 32",
    ]
    .iter()
    .map(|marker| text.find(marker).unwrap() + marker.len())
    .collect();
    let typed = [" ", "+", " ", "g", "e", "l", "u", "(", "x", ")"];
    let mut times = vec![];
    let mut place = 0;
    'all: loop {
        let at = client::position(&text, places[place % places.len()]);
        let (line, start) = (
            at["line"].as_u64().unwrap(),
            at["character"].as_u64().unwrap(),
        );
        place += 1;
        let insert = typed
            .iter()
            .enumerate()
            .map(|(i, key)| (start + i as u64, start + i as u64, *key));
        let delete = (0..typed.len())
            .rev()
            .map(|i| (start + i as u64, start + i as u64 + 1, ""));
        for (from, to, key) in insert.chain(delete) {
            let range = json!({ "start": { "line": line, "character": from }, "end": { "line": line, "character": to } });
            let began = Instant::now();
            client.edit("cifar10.term", json!({ "range": range, "text": key }));
            times.push(began.elapsed().as_secs_f64() * 1e3);
            if times.len() == KEYSTROKES {
                break 'all;
            }
        }
    }
    times.sort_by(f64::total_cmp);
    let (median, late) = (times[KEYSTROKES / 2], times[KEYSTROKES * 99 / 100]);
    println!(
        "{KEYSTROKES} keystrokes: median {median:.1} ms, 99 of 100 within {late:.1} ms, longest {:.1} ms",
        times[KEYSTROKES - 1]
    );
    assert!(median < 30.0 && late < 60.0, "slower than 30 and 60 ms");
}

//! Sessions over the protocol: a test for each capability of the server.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod actions;
mod client;
mod completion;
mod diagnostics;
mod names;
mod robust;
mod texts;

use client::Client;
use serde_json::Value;

const MODEL: &str = "\
use \"parts.term\"

/// A block of the test.
block sfne(x, expand: int, drop: float = 0.1) {
    K = hyper(x, wave)
    Z = x * K
    fast = instance_std(rgu(Z) + rgu(x))
    wide = concat(fast, gate(Z))
    wide |> mixer(expand * x.channels) |> g_ibs(4) |> gelu |> dropout(drop, shared=positions)
}

model Mine(classes: int = 10) {
    input image[1, 8, 8]
    b[0] = sfne(image, expand=12)
    b[1] = sfne(b[0], expand=2)
    output logits = head(b[1], classes)

    loss {
        cross_entropy(logits, smoothing=0.1)
        slow_neural(b.K)
    }
}

train {
    epochs = 5
}

variant Wide of Mine {
    b[0].expand = 16
    without sfne.wide.gate
}
";

const PARTS: &str = "\
/// The slow net of all blocks.
const wave = magnet(hidden=16, omega=30)

/// A gate.
block gate(x) {
    inner = linear(x, x.channels)
    x * sigmoid(inner)
}
";

fn session() -> (tempfile::TempDir, Client) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("parts.term"), PARTS).unwrap();
    std::fs::write(folder.path().join("mine.term"), MODEL).unwrap();
    let client = Client::new(folder.path());
    (folder, client)
}

fn labels(items: &Value) -> Vec<&str> {
    items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["label"].as_str().unwrap())
        .collect()
}

fn codes(diagnostics: &Value) -> Vec<&str> {
    diagnostics
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["code"].as_str().unwrap())
        .collect()
}

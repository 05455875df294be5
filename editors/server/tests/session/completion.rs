//! What could be written.

use crate::{MODEL, labels, session};

#[test]
fn completion_offers_names_arguments_words_and_paths() {
    let (_folder, mut client) = session();
    client.open("mine.term", MODEL);
    // Each half-typed line stands in place of a whole one; the text around it stays good.
    let mut offers = |line: &str, typed: &str| -> Vec<String> {
        let text = MODEL.replacen(line, typed, 1);
        assert_ne!(text, MODEL, "{line}");
        client.change("mine.term", &text);
        let items = client.at(
            "textDocument/completion",
            "mine.term",
            &text,
            typed,
            typed.len(),
        );
        labels(&items).into_iter().map(str::to_owned).collect()
    };
    let names = offers("Z = x * K", "Z = x * ");
    for name in [
        "x", "K", "expand", "sfne", "gate", "wave", "rgu", "linear", "sqrt",
    ] {
        assert!(names.contains(&name.into()), "{name}: {names:?}");
    }
    assert_eq!(offers("gate(Z)", "local(Z, ")[0], "size=");
    assert!(
        offers("dropout(drop, shared=positions)", "dropout(drop, shared=")
            .starts_with(&["batch".into(), "channels".into()])
    );
    assert!(offers("x.channels) |>", "x.").contains(&"channels".into()));
    let steps = offers("sfne.wide.gate", "sfne.wide.");
    assert!(
        steps.contains(&"gate".into()) && steps.contains(&"concat".into()),
        "{steps:?}"
    );
    assert!(offers("b[0].expand = 16", "b[0].K.net.").contains(&"hidden".into()));
    assert!(offers("slow_neural(b.K)", "slow_neural(b.").contains(&"K".into()));
    assert!(offers("epochs = 5", "optimizer = ").contains(&"kar3".into()));
    assert!(offers("epochs = 5", "sched").contains(&"schedule".into()));
    assert!(offers("slow_neural(b.K)", "weig").contains(&"weight_norm".into()));
    assert!(offers("drop: float = 0.1", "drop: ").contains(&"float".into()));
    assert!(offers("use \"parts.term\"", "blo").contains(&"block".into()));
    let text = MODEL.replacen("sfne(b[0], expand=2)", "sfne(b[0], ", 1);
    client.change("mine.term", &text);
    let help = client.at(
        "textDocument/signatureHelp",
        "mine.term",
        &text,
        "sfne(b[0], ",
        11,
    );
    assert_eq!(
        help["signatures"][0]["label"],
        "sfne(x, expand: int, drop: float = 0.1)"
    );
    assert_eq!(help["activeParameter"], 1);
    let hover = client.at("textDocument/hover", "mine.term", &text, "fast = ", 1);
    assert!(
        hover["contents"]["value"]
            .as_str()
            .unwrap()
            .contains("`b[0].fast`: `[N, 1, 8, 8]`"),
        "{hover}"
    );
}

//! The page in a browser: opening, hovering, searching and keys, sizes and times.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod browser;

use std::path::{Path, PathBuf};

use browser::Browser;
use termc_compiler::{Compiled, Options as Compile, compile};
use termc_files::Folder;
use termc_graph::{Format, Options, graph};

fn example(name: &str) -> Compiled {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../examples/{name}.term"));
    let text = std::fs::read_to_string(&path).unwrap();
    compile(
        &format!("{name}.term"),
        &text,
        &Compile::default(),
        &Folder::of(&path),
    )
}

/// Writes the page of a compilation into a folder.
fn page(compiled: &Compiled, folder: &Path, name: &str) -> PathBuf {
    let model = compiled.model.as_ref().unwrap();
    let text = graph(model, &compiled.sources, &Options::default()).unwrap();
    let file = folder.join(format!("{name}.html"));
    std::fs::write(&file, text).unwrap();
    file
}

/// How many boxes are drawn.
fn boxes(browser: &mut Browser) -> u64 {
    let count = browser.eval("document.querySelectorAll('.box').length");
    count.as_u64().unwrap()
}

fn is_open(browser: &mut Browser, path: &str) -> bool {
    let selector =
        format!("document.querySelector('[data-path=\"{path}\"]').getAttribute('aria-expanded')");
    browser.eval(&selector) == "true"
}

#[test]
fn pages_are_looked_at_opened_and_searched_as_people_do() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for name in ["tiny", "digits", "cifar10", "paper"] {
        let compiled = example(name);
        let file = page(&compiled, folder.path(), name);
        for (width, height, dark) in [
            (1280, 860, false),
            (1280, 860, true),
            (390, 780, false),
            (390, 780, true),
        ] {
            browser.open(&file, width, height, dark);
            let shade = if dark { "dark" } else { "light" };
            browser.settle();
            browser.picture(&format!("{name}-{width}-{shade}"));
            let closed = boxes(&mut browser);
            // The pointer over a box says what it is.
            browser.hover("[data-path='b[1]']");
            let told = browser.text("#tell");
            for part in [
                "sfne",
                "shape",
                "parameters",
                "multiply-adds",
                "depends on",
                &format!("{name}.term:"),
            ] {
                assert!(told.contains(part), "{name}: `{part}` is not in `{told}`");
            }
            assert!(
                browser
                    .eval("document.querySelectorAll('.arrow.in').length")
                    .as_u64()
                    >= Some(1)
            );
            // Two clicks open it, the key closes and opens it.
            browser.click("[data-path='b[1]']", 2);
            assert!(is_open(&mut browser, "b[1]"), "{name}");
            let opened = boxes(&mut browser);
            assert!(opened > closed + 8, "{name}: {closed} and then {opened}");
            browser.picture(&format!("{name}-{width}-{shade}-open"));
            browser.key("Enter");
            assert_eq!(boxes(&mut browser), closed, "{name}");
            // All of them at once.
            browser.key("e");
            assert!(is_open(&mut browser, "b[0]") && is_open(&mut browser, "b[1]"));
            browser.picture(&format!("{name}-{width}-{shade}-all"));
            browser.key("c");
            assert_eq!(boxes(&mut browser), closed, "{name}");
            // Down along the arrows from the input, and into a block.
            browser.key("Escape");
            browser.key("ArrowDown");
            assert_eq!(browser.text("#tell h2"), "image");
            browser.key("ArrowDown");
            assert_eq!(browser.text("#tell h2"), "b[0]");
            browser.key("Enter");
            browser.key("ArrowDown");
            assert!(browser.text("#tell h2").starts_with("b[0]."));
            browser.key("Escape");
            assert_eq!(browser.text("#tell h2"), "b[0]");
            browser.key("c");
            // Search opens what holds the box that is found.
            browser.key("/");
            browser.write("b[1] rgu");
            assert!(browser.text("#found").contains("b[1].fast.rgu[0]"));
            browser.key("Enter");
            browser.settle();
            let found = browser.text("#tell h2");
            assert!(found.starts_with("b[1].fast.rgu"), "{name}: {found}");
            assert!(is_open(&mut browser, "b[1]") && is_open(&mut browser, "b[1].fast"));
            browser.picture(&format!("{name}-{width}-{shade}-found"));
        }
    }
}

#[test]
fn the_page_of_cifar10_is_small_and_there_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = page(&example("cifar10"), folder.path(), "cifar10");
    let size = std::fs::metadata(&file).unwrap().len();
    assert!(size < 400_000, "{size} bytes");
    let Some(mut browser) = Browser::start() else {
        return;
    };
    browser.open(&file, 1280, 860, false);
    let mut ready: Vec<u64> = vec![];
    for _ in 0..5 {
        browser.open(&file, 1280, 860, false);
        let time = browser.eval("+document.documentElement.dataset.ready");
        ready.push(time.as_u64().unwrap());
    }
    ready.sort_unstable();
    eprintln!("cifar10: {size} bytes, interactive after {ready:?} ms");
    assert!(ready[2] < 300, "interactive after {ready:?} ms");
}

#[test]
fn a_chain_of_200_blocks_can_be_used() {
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/cifar10.term"),
    )
    .unwrap();
    let (head, rest) = text.split_once("model Cifar10").unwrap();
    let loss = rest
        .split_once("    loss {")
        .unwrap()
        .1
        .split_once("variant")
        .unwrap()
        .0;
    let loss = loss.split_once("    normalize").unwrap().0.to_owned() + "}\n";
    let text = format!(
        "{head}model Chain(classes: int = 10) {{\n    input image[12, 32, 32]\n    b[0] = sfne(image, expand=1)\n    for i in 1..200 {{\n        \
         b[i] = sfne(b[i - 1], expand=1)\n    }}\n    output logits = head(b[-1], classes)\n\n    loss {{{loss}"
    );
    let compiled = compile("chain.term", &text, &Compile::default(), &Folder::none());
    assert!(
        compiled.model.is_some(),
        "{:?} {text}",
        compiled.diagnostics
    );
    let folder = tempfile::tempdir().unwrap();
    let began = std::time::Instant::now();
    let file = page(&compiled, folder.path(), "chain");
    let size = std::fs::metadata(&file).unwrap().len();
    eprintln!("200 blocks: {size} bytes in {:?}", began.elapsed());
    assert!(size < 400_000, "{size} bytes");
    let Some(mut browser) = Browser::start() else {
        return;
    };
    browser.open(&file, 1280, 860, false);
    let ready = browser
        .eval("+document.documentElement.dataset.ready")
        .as_u64()
        .unwrap();
    assert!(ready < 1000, "interactive after {ready} ms");
    browser.picture("chain");
    browser.key("/");
    browser.write("b[137]");
    browser.key("Enter");
    assert_eq!(browser.text("#tell h2"), "b[137]");
    browser.key("Escape");
    browser.picture("chain-found");
    let time = browser.eval(
        "(async () => { const start = performance.now(); document.getElementById('open').click(); \
         await new Promise((done) => requestAnimationFrame(done)); return Math.round(performance.now() - start); })()",
    );
    eprintln!("200 blocks, all open after {time} ms");
    assert!(time.as_u64() < Some(2000), "{time} ms");
    // What is far out of sight is not drawn.
    assert!(boxes(&mut browser) < 3000);
    browser.picture("chain-all");
}

#[test]
fn what_users_write_cannot_end_the_script() {
    let text = "/// </script><script>alert(1)</script> %DATA% %SCRIPT%\nmodel A(classes: int = 2) {\n    input image[1, 4, 4]\n    \
                output logits = head(image, classes)\n    loss {\n        cross_entropy(logits)\n    }\n}\n";
    let compiled = compile("a.term", text, &Compile::default(), &Folder::none());
    let model = compiled.model.as_ref().unwrap();
    let page = graph(
        model,
        &compiled.sources,
        &Options {
            format: Format::Html,
            ..Options::default()
        },
    )
    .unwrap();
    assert!(!page.contains("<script>alert"));
    assert_eq!(page.matches("</script>").count(), 2);
}

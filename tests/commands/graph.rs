//! Commands that show and compare models, and the one that begins them: `graph`, `diff`, `summary`, `new`; completions and
//! manual pages.

use std::path::Path;

use crate::support::{SMALL, example, names, termc, train_on, training};

#[test]
fn a_graph_is_written_in_every_format() {
    let model = example("cifar10.term");
    let page = termc(&["graph", &model]).expect(0).out;
    assert!(
        page.starts_with("<!doctype html>") && page.len() < 400_000,
        "{}",
        page.len()
    );
    for foreign in ["http://", "https://", "src=", "<link", "@import", "fetch("] {
        // The namespace of SVG is a name, not an address.
        let text = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains(foreign), "there is `{foreign}`");
    }
    let svg = termc(&["graph", &model, "--format", "svg", "--at", "b[0]"])
        .expect(0)
        .out;
    assert!(svg.starts_with("<svg") && svg.contains("width=\"8.5cm\"") && svg.contains(">inter<"));
    let wide = termc(&["graph", &model, "--format", "svg", "--width", "17"])
        .expect(0)
        .out;
    assert!(wide.contains("width=\"17cm\""));
    // With every box opened some are too narrow to be met anywhere but in their middle.
    for name in ["digits.term", "paper.term", "cifar100.term"] {
        for width in ["1", "8.5", "33"] {
            let model = example(name);
            let call = ["graph", &model, "--format", "svg", "--depth", "2"];
            termc(&[&call[..], &["--width", width]].concat()).expect(0);
        }
    }
    let dot = termc(&["graph", &model, "--format", "dot", "--depth", "1"])
        .expect(0)
        .out;
    assert!(dot.starts_with("digraph") && dot.contains("subgraph"));
    let mermaid = termc(&[
        "graph",
        &model,
        "--format",
        "mermaid",
        "--model",
        "ThreeLocal",
    ])
    .expect(0)
    .out;
    assert!(mermaid.starts_with("flowchart TB"));
}

#[test]
fn a_graph_that_cannot_be_drawn_is_refused() {
    let model = example("tiny.term");
    termc(&["graph", &model, "--at", "b[3].K"])
        .expect(2)
        .says("the model has no `b[3].K`")
        .says("`b[0]`");
    termc(&["graph", &model, "--width", "9"])
        .expect(2)
        .says("has no width in centimetres");
    termc(&["graph", &model, "--format", "svg", "--width", "0"])
        .expect(2)
        .says("1 to 200 cm");
    let all = [
        "graph",
        &example("cifar10.term"),
        "--format",
        "svg",
        "--depth",
        "9",
    ];
    termc(&all).expect(2).says("boxes").says("--depth");
    termc(&["graph", &model, "--format", "png"])
        .expect(2)
        .says("mermaid");
}

#[test]
fn a_variant_is_compared_with_its_model() {
    let model = example("cifar10.term");
    let said = termc(&["diff", &model, &model, "--variant", "ThreeLocal"]).expect(0);
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[0], "Cifar10 -> ThreeLocal");
    assert!(
        lines[1].starts_with("- sfne.l3: local(size=3"),
        "{}",
        said.out
    );
    assert!(
        lines[1].ends_with("in b[0], b[1], b[2], b[3], b[4]"),
        "{}",
        said.out
    );
    assert!(
        lines[2].contains("parameters") && lines[2].contains("multiply-adds"),
        "{}",
        said.out
    );
    assert!(
        lines[3..].iter().all(|line| line.starts_with("all ")),
        "{}",
        said.out
    );
    // The same, shorter.
    let shorter = termc(&["diff", &model, "--model", "ThreeLocal"]).expect(0);
    assert_eq!(shorter.out, said.out);
    let json = termc(&["diff", &model, "--model", "ThreeLocal", "--format", "json"]).expect(0);
    let value: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(value["removed"][0]["path"], "sfne.l3");
    assert_eq!(value["removed"][0]["calls"].as_array().unwrap().len(), 5);
    assert_eq!(
        (&value["added"], &value["changed"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
    // Two of its variants with one another.
    let two = termc(&[
        "diff",
        &model,
        "--from",
        "ThreeLocal",
        "--model",
        "FiveLocal",
    ])
    .expect(0);
    assert!(
        two.out.contains("+ sfne.l3") && two.out.contains("+ sfne.l11"),
        "{}",
        two.out
    );
    let page = termc(&["diff", &model, "--model", "ThreeLocal", "--format", "html"]).expect(0);
    assert!(page.out.contains("\"e\":2"));
    termc(&["diff", &model, "--from", "Nope"])
        .expect(1)
        .says("--from:1:1");
    termc(&["diff", &model])
        .expect(2)
        .says("compared with itself");
    termc(&["diff", &model, "--model", "ThreeLocal", "--at", "b[0]"])
        .expect(2)
        .says("--format html");
}

#[test]
fn trainings_are_compared_with_their_settings() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, more: &[&str]| {
        let path = folder.path().join(name).to_str().unwrap().to_owned();
        termc(&training(&path, &[&["--stop-after", "2"], more].concat())).expect(0);
        path
    };
    let (a, b) = (run("a", &[]), run("b", &["--seed", "7", "--epochs", "9"]));
    let said = termc(&["diff", &a, &b]).expect(0);
    for text in ["~ run.seed: 0 -> 7", "~ run.epochs: "] {
        assert!(said.out.contains(text), "no `{text}` in\n{}", said.out);
    }
    assert!(
        !said.out.contains("\n- ") && !said.out.contains("\n+ "),
        "{}",
        said.out
    );
    let same = termc(&["diff", &a, &a]).expect(0);
    assert!(same.out.contains("no difference"), "{}", same.out);
}

#[test]
fn the_page_of_a_training_tells_the_statistics_of_each_value() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run").to_str().unwrap().to_owned();
    termc(&training(&run, &["--stop-after", "2"])).expect(0);
    let plain = termc(&["graph", &run])
        .expect(0)
        .says("`--statistics` adds means and deviations");
    assert!(!plain.out.contains("\"gradient\""));
    let told = termc(&["graph", &run, "--statistics", "--device", "cpu"]).expect(0);
    let data = told.out.split("id=\"data\"").nth(1).unwrap();
    let data = data
        .split_once('>')
        .unwrap()
        .1
        .split_once("</script>")
        .unwrap()
        .0;
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    let notes = |item: &serde_json::Value| item["x"].as_array().cloned().unwrap_or_default();
    let items = data["items"].as_array().unwrap();
    // Of every value, also of what a call gives; not of a term of the loss, nor of the whole.
    for item in items {
        let told = notes(item).len();
        let has_value = !item["s"].is_null() && item["w"] != "model";
        if item["c"].is_null() {
            assert_eq!(told, if has_value { 2 } else { 0 }, "{item}");
        }
    }
    let told_of = items.iter().filter(|item| notes(item).len() == 2).count();
    assert!(told_of > 30, "{told_of}");
    // The input is normalized: of mean near 0 and deviation near 1; the digits have dark corners.
    let input = items.iter().find(|item| item["n"] == "image").unwrap();
    let words = notes(input)[0][1].as_str().unwrap().to_owned();
    let numbers: Vec<f64> = words.split(" ± ").map(|n| n.parse().unwrap()).collect();
    assert!(
        numbers[0].abs() < 0.2 && (0.8..1.2).contains(&numbers[1]),
        "{words}"
    );
    // The same again, and other images otherwise.
    let again = termc(&["graph", &run, "--statistics", "--device", "cpu"]).expect(0);
    assert_eq!(again.out, told.out);
    let more = [
        "graph",
        &run,
        "--statistics",
        "--images",
        "3",
        "--device",
        "cpu",
    ];
    assert_ne!(termc(&more).expect(0).out, told.out);
    termc(&["graph", SMALL, "--statistics"])
        .expect(2)
        .says("name a RUN folder");
    termc(&["graph", &run, "--statistics", "--format", "dot"])
        .expect(2)
        .says("has no place for statistics");
    termc(&["graph", &run, "--images", "3"])
        .expect(2)
        .says("--statistics");
}

#[test]
fn a_summary_is_written_for_other_programs() {
    let csv = termc(&["summary", SMALL, "--format", "csv", "--depth", "0"])
        .expect(0)
        .out;
    assert!(csv.starts_with("path,what,shape,parameters,"), "{csv}");
    let markdown = termc(&["summary", SMALL, "--format", "markdown"])
        .expect(0)
        .out;
    assert!(markdown.starts_with("| name |"), "{markdown}");
    termc(&["summary", SMALL, "--format", "csv", "--memory", "1GiB"])
        .expect(2)
        .says("--format json");
}

#[test]
fn a_new_folder_checks_trains_and_emits_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for template in ["digits", "cifar10", "folder", "sequence"] {
        let path = folder.path().join(format!("my-{template}"));
        let name = path.to_str().unwrap();
        termc(&["new", name, "--template", template]).expect(0);
        let all = names(&path);
        for file in [".gitignore", "Cargo.toml", "README.md", "model.term", "src"] {
            assert!(all.contains(&file.to_owned()), "{template}: {all:?}");
        }
        let read = |file: &str| std::fs::read_to_string(path.join(file)).unwrap();
        for file in ["Cargo.toml", "README.md", "src/main.rs"] {
            let text = read(file);
            for word in ["NAME", "NETWORK", "DATA", "SIZES", "DIMS", "RANK"] {
                assert!(!text.contains(word), "{template}: `{word}` in {file}");
            }
        }
        let model = path.join("model.term");
        let model = model.to_str().unwrap();
        termc(&["check", model, "--deny", "warnings"]).expect(0);
        termc(&["fmt", "--check", model]).expect(0);
        // What is emitted is what is there.
        let emitted = termc(&["emit", model, "--fresh"]).expect(0).out;
        let there = read("src/network.rs");
        let (_, emitted) = emitted.split_once('\n').unwrap();
        let (_, there) = there.split_once('\n').unwrap();
        assert!(emitted == there, "{template}");
        termc(&["new", name]).expect(2).says("is not empty");
    }
    termc(&["new", "1st"]).expect(2).says("names no package");
    termc(&["new", "build"]).expect(2).says("`build`");
    assert!(!Path::new("1st").exists());
}

#[test]
fn new_folders_train() {
    let folder = tempfile::tempdir().unwrap();
    for (template, dataset) in [("folder", "folder:"), ("sequence", "digits")] {
        let path = folder.path().join(template);
        let name = path.to_str().unwrap();
        termc(&["new", name, "--template", template]).expect(0);
        let dataset = match dataset {
            "folder:" => format!("folder:{name}/pictures"),
            other => other.to_owned(),
        };
        let model = format!("{name}/model.term");
        let out = format!("{name}/runs/first");
        let more = match template {
            "folder" => vec!["--epochs", "12"],
            _ => vec!["--epochs", "1", "--limit", "320"],
        };
        termc(&train_on(&model, &dataset, &out, &more)).expect(0);
        let weights = format!("{out}/best.safetensors");
        let network = format!("{name}/src/network.rs");
        termc(&["emit", &out, "--weights", &weights, "-o", &network]).expect(0);
        if template == "folder" {
            // Lying and standing stripes are told apart.
            let test: serde_json::Value =
                serde_json::from_str(&std::fs::read_to_string(format!("{out}/test.json")).unwrap())
                    .unwrap();
            assert!(test["top1"].as_f64().unwrap() > 0.9, "{test}");
        }
    }
}

#[test]
fn shells_and_man_know_all_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = termc(&["completions", shell]).expect(0).out;
        assert!(
            script.contains("summary") && script.contains("batch"),
            "{shell}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("man");
    termc(&["man", "-o", path.to_str().unwrap()]).expect(0);
    let pages = names(&path);
    assert!(
        pages.contains(&"termc.1".into()) && pages.contains(&"termc-graph.1".into()),
        "{pages:?}"
    );
    assert!(pages.len() > 18, "{pages:?}");
    assert!(termc(&["man"]).expect(0).out.contains(".TH"));
}

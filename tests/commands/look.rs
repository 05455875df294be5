//! Commands that look at a finished training: `report` and `predict`; and `bench`, which needs none.

use crate::support::{SMALL, termc, trained, training};

/// Requires a page to need neither a network nor another file.
#[track_caller]
fn stands_alone(page: &str) {
    for foreign in ["http://", "https://", "src=\"/", "<script", "<link", "NaN"] {
        assert!(!page.contains(foreign), "there is `{foreign}`");
    }
}

#[test]
fn a_report_is_one_page_that_needs_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path(), "2");
    let name = run.to_str().unwrap();
    let said = termc(&["report", name, "--device", "cpu", "--images", "3,358"]).expect(0);
    let page = std::fs::read_to_string(said.out.trim_end()).unwrap();
    let parts = [
        "<title>Small on digits</title>",
        "Accuracy",
        "Learning rate",
        "Worst answers",
        "b[0].K",
        "b[1].l3",
        "data:image/png;base64,",
        "block<th>channels<th>mean<th>variance",
        "model Small(",
    ];
    for part in parts {
        assert!(page.contains(part), "no `{part}`");
    }
    stands_alone(&page);
    termc(&["report", name, "--images", "359"])
        .expect(2)
        .says("no test image 359");
    termc(&["report", folder.path().to_str().unwrap()])
        .expect(1)
        .says("is not a RUN folder");
}

/// Results, curves and what differs; a training that is not over is told as such.
#[test]
fn trainings_are_compared_on_one_page() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (first, second, page) = (at("first"), at("second"), at("page.html"));
    termc(&training(&first, &["--epochs", "2"])).expect(0);
    let other = [
        "--stop-after",
        "12",
        "--batch",
        "16",
        "--set",
        "sfne.l3.size=5",
    ];
    termc(&training(&second, &other)).expect(0);
    termc(&["report", &first, &second, "-o", &page]).expect(0);
    let text = std::fs::read_to_string(&page).unwrap();
    let parts = [
        "<title>2 trainings</title>",
        "Validation accuracy",
        "run.batch: 32 -&gt; 16",
        "sfne.l3.size: 3 -&gt; 5",
        "<td>not over",
    ];
    for part in parts {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    stands_alone(&text);
    termc(&["report", &first, &second, "--images", "1"])
        .expect(2)
        .says("`--images` chooses what the report of one training shows");
    termc(&["report", &first, &at("none")]).expect(3);
}

#[test]
fn a_report_can_be_made_while_the_training_is_not_over() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let name = run.to_str().unwrap();
    termc(&training(name, &["--stop-after", "5"])).expect(0);
    let out = folder.path().join("page.html");
    termc(&[
        "report",
        name,
        "--device",
        "cpu",
        "-o",
        out.to_str().unwrap(),
    ])
    .expect(0);
    let page = std::fs::read_to_string(out).unwrap();
    assert!(page.contains("the training is not over"));
}

#[test]
fn pictures_are_named_with_probabilities() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path(), "2");
    let a = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/eight.png");
    let b = folder.path().join("b.png");
    std::fs::copy(a, &b).unwrap();
    let names = [run.to_str().unwrap(), a, b.to_str().unwrap()];
    let predict =
        |more: &[&str]| termc(&[&["predict"][..], &names, &["--device", "cpu"], more].concat());
    let said = predict(&["--json", "--top", "10"]).expect(0);
    let lines: Vec<serde_json::Value> = said
        .out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[0]["classes"], lines[1]["classes"],
        "the same picture twice"
    );
    let classes = lines[0]["classes"].as_array().unwrap();
    let chances: Vec<f64> = classes
        .iter()
        .map(|c| c["probability"].as_f64().unwrap())
        .collect();
    assert_eq!(chances.len(), 10);
    assert!((chances.iter().sum::<f64>() - 1.0).abs() < 1e-6);
    assert!(chances.is_sorted_by(|a, b| a >= b));
    assert!(predict(&[]).expect(0).out.starts_with(a));

    let nine = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/nine.png");
    std::fs::copy(nine, &b).unwrap();
    predict(&["--fit", "exact"]).expect(1).says("b.png");
    std::fs::write(&b, "no picture").unwrap();
    predict(&[]).expect(1).says("b.png");
}

#[test]
fn a_training_is_asked_without_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let image = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/eight.png");
    for part in ["train", "test"] {
        for class in 0..10 {
            let class = data.join(part).join(format!("kind {class}"));
            std::fs::create_dir_all(&class).unwrap();
            for number in 0..4 {
                std::fs::copy(image, class.join(format!("{number}.png"))).unwrap();
            }
        }
    }
    let run = folder.path().join("run");
    let run = run.to_str().unwrap();
    let source = format!("folder:{}", data.display());
    let train = ["train", SMALL, "--dataset", &source, "--device", "cpu"];
    let short = ["--batch", "10", "--stop-after", "2", "--out", run];
    termc(&[&train[..], &short].concat()).expect(0);
    std::fs::remove_dir_all(data).unwrap();
    let said = termc(&["predict", run, image, "--device", "cpu"]).expect(0);
    assert!(said.out.contains("kind "), "{}", said.out);
}

#[test]
fn what_is_named_without_a_training_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path(), "2");
    let image = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/eight.png");
    let best = run.join("best.safetensors");
    // A weight file does not tell what its classes are called.
    for file in [best.to_str().unwrap(), SMALL] {
        termc(&["predict", file, image])
            .expect(2)
            .says("tells neither the names of the classes")
            .says("give the RUN folder of its training");
    }
    let bf16 = ["--device", "cpu", "--precision", "bf16"];
    termc(&[&["predict", run.to_str().unwrap(), image][..], &bf16].concat())
        .expect(2)
        .says("bf16");
}

#[test]
fn benchmarks_say_what_they_measured() {
    let base = [
        "bench", SMALL, "--device", "cpu", "--batch", "4", "--repeat", "2", "--warmup", "1",
    ];
    let said = termc(&[&base[..], &["--format", "json"]].concat()).expect(0);
    let object: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    for key in ["train_step_s", "inference_s", "images_per_second"] {
        assert!(object[key].as_f64().unwrap() > 0.0, "{key}");
    }
    assert_eq!(object["batch"], 4);
    assert_eq!(object["device"], "cpu");
    let said = termc(&[&base[..], &["--format", "json", "--only", "inference"]].concat()).expect(0);
    let object: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!(object["train_step_s"].is_null());
    assert_eq!(object["frozen"], false);
    let said = termc(&[&base[..], &["--format", "json", "--frozen"]].concat()).expect(0);
    let object: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!(object["train_step_s"].is_null());
    assert_eq!(object["frozen"], true);
    assert!(termc(&base).expect(0).out.contains("training step"));
}

//! Files that commands write: never what they read, never after work that was in vain, in the format that their names say.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{SMALL, termc, trained, write_bmp};

/// Every file below a folder with its content.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(contents(&path)),
            false => {
                all.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    all
}

#[test]
fn nothing_that_is_read_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (run, model, used) = (path("run"), path("own.term"), path("used.term"));
    trained(folder.path(), "1");
    let text = fs::read_to_string(SMALL).unwrap();
    fs::write(&used, "const WIDTH = 4\n").unwrap();
    let text = text.replace("language 2\n", "language 2\n\nuse \"used.term\"\n");
    fs::write(&model, text).unwrap();
    let best = path("run/best.safetensors");
    let checkpoint = fs::read_dir(path("run/checkpoints")).unwrap().next();
    let checkpoint = checkpoint.unwrap().unwrap().path();
    let (checkpoint, record) = (checkpoint.to_str().unwrap(), path("run/metrics.jsonl"));
    let config = path("run/config.json");
    fs::hard_link(&model, path("link.term")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&best, path("best.safetensors")).unwrap();
    let before = contents(folder.path());
    let cpu = ["--device", "cpu"];
    let digits = ["--dataset", "digits"];
    let calls: [&[&str]; 14] = [
        &["emit", &model, "-o", &model],
        &["emit", &model, "-o", &used],
        // Its parameters would go to `best.safetensors` beside it.
        &["emit", &run, "--weights", &best, "-o", &path("run/best.rs")],
        &["graph", &run, "-o", &path("run/model.term")],
        &["diff", &run, &model, "-o", &model],
        &["import", &best, SMALL, "-o", &best],
        &["import", &best, &model, "-o", &model],
        &["export", &run, "-o", &best],
        &["freeze", &run, "-o", &best, "--device", "cpu"],
        &["freeze", &run, "-o", checkpoint, "--device", "cpu"],
        &["eval", &run, "--per-image", &record, "--device", "cpu"],
        &["report", &run, "-o", &config, "--device", "cpu"],
        &["report", &run, &run, "-o", &record],
        &[
            "run",
            SMALL,
            "--weights",
            &best,
            "--input",
            &best,
            "--output",
            &best,
        ],
    ];
    for call in calls {
        let refused = termc(call).expect(2);
        refused
            .says("is what this command reads and would be overwritten")
            .says("name another file");
        assert!(contents(folder.path()) == before, "{call:?}");
    }
    #[cfg(unix)]
    {
        let linked = path("best.safetensors");
        let call = [
            &["eval", SMALL, "--weights", &best, "--per-image", &linked],
            &digits[..],
            &cpu,
        ]
        .concat();
        termc(&call).expect(2).says("would be overwritten");
        assert!(contents(folder.path()) == before);
    }
    // What they wrote themselves may be written again.
    let picture = path("run/model.svg");
    for _ in 0..2 {
        termc(&["graph", &run, "-o", &picture]).expect(0);
        termc(&["report", &run, "--device", "cpu"]).expect(0);
    }
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let run = path("run");
    trained(folder.path(), "1");
    let nowhere = path("nowhere/file");
    let calls: [&[&str]; 4] = [
        &["eval", &run, "--per-image", &nowhere, "--device", "cpu"],
        &["freeze", &run, "-o", &nowhere, "--device", "cpu"],
        &["report", &run, "-o", &nowhere, "--device", "cpu"],
        &["emit", &run, "-o", &nowhere],
    ];
    for call in calls {
        let refused = termc(call).expect(3);
        let refused = refused.says(&format!("cannot write `{nowhere}`"));
        let refused = refused.says(&format!("make the folder `{}` first", path("nowhere")));
        assert!(
            !refused.err.contains("images") && refused.out.is_empty(),
            "{}",
            refused.err
        );
    }
    termc(&["freeze", &run, "-o", &run])
        .expect(3)
        .says("is a directory");
    for call in [
        &["freeze", &run, "-o", "-"][..],
        &["export", &run, "-o", "-"],
    ] {
        termc(call).expect(2).says("`-` is standard output");
    }
}

#[test]
fn names_of_files_say_what_is_written_and_a_dash_is_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (name, begins) in [
        ("net.svg", "<svg"),
        ("net.SVG", "<svg"),
        ("net.html", "<!doctype html>"),
        ("net.dot", "digraph"),
        ("net.mmd", "flowchart"),
        ("net", "<!doctype html>"),
    ] {
        let file = path(name);
        termc(&["graph", SMALL, "-o", &file]).expect(0);
        let text = fs::read_to_string(&file).unwrap().to_lowercase();
        assert!(text.contains(begins), "{name}: {}", &text[..80]);
    }
    let (file, set) = (path("net.svg"), ["--set", "sfne.K.net.hidden=9"]);
    let asked = [&["graph", SMALL, "--format", "dot", "-o", &file][..]].concat();
    termc(&asked).expect(0);
    assert!(fs::read_to_string(&file).unwrap().starts_with("digraph"));
    let json = path("changes.json");
    termc(&[&["diff", SMALL, "-o", &json], &set[..]].concat()).expect(0);
    let object: serde_json::Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert!(object.is_object());
    let printed = termc(&["emit", SMALL]).expect(0).out;
    assert_eq!(termc(&["emit", SMALL, "-o", "-"]).expect(0).out, printed);
}

#[test]
fn predict_tells_of_colours_that_it_converts_and_of_files_that_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let run = path("run");
    trained(folder.path(), "1");
    let pictures = folder.path().join("pictures");
    fs::create_dir(&pictures).unwrap();
    let red = image::RgbImage::from_pixel(8, 8, image::Rgb([200, 10, 10]));
    red.save(pictures.join("red.png")).unwrap();
    write_bmp(&pictures.join("grey.bmp"), 8, &[7; 64]);
    let named = pictures.to_str().unwrap();
    let predict =
        |more: &[&str]| termc(&[&["predict", &run, named, "--device", "cpu"], more].concat());
    let answered = predict(&[]).expect(0);
    answered.says("1 of 2 images are coloured, turned to grey as the model has one channel");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(path("gone.png"), pictures.join("link.png")).unwrap();
        predict(&[])
            .expect(1)
            .says("1 of 3 image files cannot be read")
            .says("link.png");
        let skipped = predict(&["--skip-damaged"]).expect(0);
        assert_eq!(skipped.out.lines().count(), 2);
    }
    // The heading is there even if no image is.
    let damaged = path("damaged.png");
    fs::write(&damaged, "no picture").unwrap();
    let call = [
        "predict",
        &run,
        &damaged,
        "--format=csv",
        "--top=1",
        "--skip-damaged",
        "--device=cpu",
    ];
    assert_eq!(termc(&call).expect(0).out, "image,class_1,probability_1\n");
    let refused = termc(&["predict", SMALL, named]).expect(2);
    let refused =
        refused.says("tells neither the names of the classes nor how pixels are normalized");
    assert!(!refused.err.contains("--dataset"), "{}", refused.err);
}

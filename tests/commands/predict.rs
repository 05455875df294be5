//! `termc predict` on folders, and how it writes.

use std::path::Path;

use crate::support::{digits_folder, termc, training, write_bmp};

fn frozen(folder: &Path) -> String {
    let path = |name: &str| folder.join(name).display().to_string();
    let (run, frozen) = (path("run"), path("frozen"));
    termc(&training(&run, &["--epochs", "1"])).expect(0);
    termc(&["freeze", &run, "-o", &frozen, "--device", "cpu"]).expect(0);
    frozen
}

#[test]
fn folders_are_asked_in_batches_and_written_as_table_csv_and_json_lines() {
    let folder = tempfile::tempdir().unwrap();
    let frozen = frozen(folder.path());
    let pictures = folder.path().join("pictures");
    digits_folder(&pictures, 0..3, 5);
    std::fs::write(pictures.join("notes.txt"), "thirty digits").unwrap();
    std::fs::write(pictures.join(".DS_Store"), "x").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&pictures, pictures.join("loop")).unwrap();
    let pictures = pictures.to_str().unwrap();
    let predict = |more: &[&str]| {
        let base = ["predict", &frozen, pictures, "--device", "cpu"];
        termc(&[&base[..], more].concat())
    };
    let json = predict(&["--format", "jsonl", "--top", "99"]).expect(0);
    let json = json.says("1 other file in the folders left out: no images");
    let rows: Vec<serde_json::Value> = json
        .out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(rows.len(), 30);
    // All classes there are, and no more.
    assert!(
        rows.iter()
            .all(|row| row["classes"].as_array().unwrap().len() == 10)
    );
    let paths: Vec<&str> = rows
        .iter()
        .map(|row| row["image"].as_str().unwrap())
        .collect();
    assert!(paths.is_sorted());
    for batch in ["1", "7", "29", "1000"] {
        let again = predict(&["--json", "--top", "99", "--batch", batch]).expect(0);
        assert_eq!(
            again.out, json.out,
            "a frozen model's answers do not depend on the batch"
        );
    }
    let csv = predict(&["--format", "csv", "--top", "2"]).expect(0).out;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "image,class_1,probability_1,class_2,probability_2"
    );
    assert_eq!(lines.len(), 31);
    let first: Vec<&str> = lines[1].split(',').collect();
    assert_eq!(first[1], rows[0]["classes"][0]["class"].as_str().unwrap());
    assert_eq!(
        first[2].parse::<f64>().ok(),
        rows[0]["classes"][0]["probability"].as_f64()
    );
    let table = predict(&[]).expect(0).out;
    let ends: Vec<usize> = table.lines().map(str::len).collect();
    assert_eq!(ends.len(), 30);
    assert!(ends.iter().all(|end| *end == ends[0]), "{table}");
}

#[test]
fn pictures_that_cannot_be_read_are_all_named_and_the_others_answered() {
    let folder = tempfile::tempdir().unwrap();
    let frozen = frozen(folder.path());
    let pictures = folder.path().join("pictures");
    std::fs::create_dir(&pictures).unwrap();
    for i in 0..30 {
        write_bmp(&pictures.join(format!("{i:02}.bmp")), 8, &[i; 64]);
    }
    for i in [0, 13, 29] {
        let path = pictures.join(format!("{i:02}.bmp"));
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..60]).unwrap();
    }
    let predict = |more: &[&str]| {
        let base = ["predict", &frozen, pictures.to_str().unwrap(), "--json"];
        termc(&[&base[..], &["--batch", "4", "--device", "cpu"], more].concat())
    };
    let refused = predict(&[])
        .expect(1)
        .says("3 of 30 image files cannot be read");
    assert_eq!(refused.out.lines().count(), 27);
    let refused = refused.says("00.bmp").says("13.bmp").says("29.bmp");
    refused.says("--skip-damaged");
    let said = predict(&["--skip-damaged"])
        .expect(0)
        .says("3 of 30 image files");
    assert_eq!(said.out.lines().count(), 27);
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    termc(&["predict", &frozen, empty.to_str().unwrap()])
        .expect(1)
        .says("no image files");
}

#[test]
fn answers_that_are_no_numbers_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    termc(&training(run.to_str().unwrap(), &["--epochs", "1"])).expect(0);
    // As a file that the record knows: nothing else would be taken.
    let weights = run.join("best.safetensors");
    let content = std::fs::read(&weights).unwrap();
    let mut changed = content.clone();
    let end = changed.len();
    changed[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&weights, changed).unwrap();
    std::fs::remove_dir_all(run.join("checkpoints")).unwrap();
    let eight = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/eight.png");
    let said = termc(&["predict", run.to_str().unwrap(), eight, "--device", "cpu"]);
    said.expect(1)
        .says("the model's answer for image 0 of the batch is not finite");
}

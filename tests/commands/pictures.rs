//! Folders of image files as people have them: damaged files, other files, `~`.

use std::fs;
use std::path::Path;

use crate::support::{SMALL, command, said, termc};

/// A folder of ten classes with three images of digits in each part.
fn digits(folder: &Path) {
    let image = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/eight.png");
    for part in ["train", "test"] {
        for class in "abcdefghij".chars() {
            let class = folder.join(part).join(class.to_string());
            fs::create_dir_all(&class).unwrap();
            for number in 0..3 {
                fs::copy(image, class.join(format!("{number}.png"))).unwrap();
            }
        }
    }
}

#[test]
fn damaged_files_are_named_or_left_out_and_a_tilde_is_home() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("pictures");
    digits(&data);
    let train = |more: &[&str]| {
        let options = [
            "train",
            SMALL,
            "--dataset",
            "folder:~/pictures",
            "--out=~/run",
        ];
        let limits = ["--device", "cpu", "--epochs", "1", "--batch", "10"];
        let mut command = command(&[&options[..], &limits, more].concat());
        said(command.env("HOME", home.path()).output().unwrap())
    };
    fs::write(data.join("train/a/0.png"), "no image").unwrap();
    fs::write(data.join("test/b/1.png"), "").unwrap();
    fs::write(data.join("train/a/notes.txt"), "three eights").unwrap();
    let refused = train(&[]).expect(1);
    let refused = refused.says("2 of 60 image files cannot be read");
    let refused = refused.says("train/a/0.png").says("test/b/1.png");
    refused.says("help: ").says("--skip-damaged");
    let run = home.path().join("run");
    assert!(!run.exists());
    let trained = train(&["--skip-damaged"]).expect(0);
    let trained = trained.says("2 image files of 60 left out as unreadable");
    trained.says("1 file of unknown format (1 .txt)");
    let run = run.to_str().unwrap();
    termc(&["eval", run, "--device", "cpu"]).expect(1);
    termc(&["eval", run, "--device", "cpu", "--skip-damaged"]).expect(0);
}

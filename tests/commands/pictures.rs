//! Pictures as people have them: folders with damaged files and other files, `~`, photographs of any size.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::codecs::png::PngEncoder;
use image::{ImageEncoder, Rgb, RgbImage};

use crate::support::{SMALL, command, said, termc, train_on};

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
    let eval = || termc(&["eval", run, "--device", "cpu", "--skip-damaged"]).expect(0);
    let same = eval();
    assert!(
        !same.err.contains("when the training began"),
        "{}",
        same.err
    );
    // Of such a folder, too, whose test part is its own.
    fs::copy(data.join("train/a/1.png"), data.join("train/a/more.png")).unwrap();
    eval().says("when the training began and is");
    // What a call says about such files holds for all trainings of a sweep, also when they go on.
    let (model, swept) = (home.path().join("two.term"), home.path().join("swept"));
    let other = "\nvariant Other of Small {\n    sfne.l3.size = 5\n}\n";
    fs::write(&model, fs::read_to_string(SMALL).unwrap() + other).unwrap();
    let [model, swept, folder] = [&model, &swept, &data].map(|path| path.to_str().unwrap());
    let folder = format!("folder:{folder}");
    let which = [
        "sweep",
        model,
        "--models",
        "Small,Other",
        "--dataset",
        &folder,
    ];
    let how = [
        "--skip-damaged",
        "--device",
        "cpu",
        "--batch",
        "10",
        "--out",
        swept,
    ];
    let until = ["--epochs", "2", "--halving", "1", "--seeds", "0"];
    let swept = termc(&[&which[..], &how, &until].concat()).expect(0);
    assert!(!swept.err.contains("failed"), "{}", swept.err);
    for (option, more) in [
        ("--test", &["--test", "0.3"][..]),
        ("--skip-damaged", &["--skip-damaged"]),
    ] {
        let whole = [
            &["train", SMALL, "--dataset", "digits", "--device", "cpu"],
            more,
        ]
        .concat();
        termc(&whole)
            .expect(2)
            .says(option)
            .says("for folders of pictures");
    }
}

/// Two classes of photographs, reddish and bluish, of 40 sizes; by a formula, so that they are always the same.
fn photographs(folder: &Path) {
    for (class, colour) in [("sky", [60, 90, 200]), ("soil", [180, 90, 40])] {
        let folder = folder.join(class);
        fs::create_dir_all(&folder).unwrap();
        for number in 0..20u32 {
            let (width, height) = (20 + 13 * number, 300 - 11 * number);
            photograph(width, height, colour, number)
                .save(folder.join(format!("{number:02}.jpg")))
                .unwrap();
        }
    }
}

fn photograph(width: u32, height: u32, colour: [u32; 3], number: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let grain = (x * 7 + y * 13 + number * 31) % 50;
        Rgb(colour.map(|value| (value + grain) as u8))
    })
}

/// A model of small coloured pictures.
const COLOURED: [&str; 4] = ["--set", "image=[3,8,8]", "--set", "classes=2"];

/// What `predict --json` says, without the files' names.
fn answers(arguments: &[&str]) -> Vec<String> {
    let said = termc(&[&["predict"], arguments, &["--json", "--device", "cpu"]].concat()).expect(0);
    let classes = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["classes"].to_string()
    };
    said.out.lines().map(classes).collect()
}

#[test]
fn photographs_of_any_size_are_trained_on_and_answered() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (pictures, run, frozen) = (path("pictures"), path("run"), path("frozen.safetensors"));
    photographs(Path::new(&pictures));
    let dataset = format!("folder:{pictures}");
    let train = |more: &[&str]| {
        let options = ["train", SMALL, "--dataset", &dataset, "--device", "cpu"];
        termc(
            &[
                &options,
                &COLOURED[..],
                &["--epochs", "2", "--batch", "8"],
                more,
            ]
            .concat(),
        )
    };
    let resized = "another size than 8x8, fitted to it by";
    let trained = train(&["--out", &run, "--fit", "pad", "--test", "0.3"]).expect(0);
    let trained = trained.says(&format!(
        "40 images of 40 (the first is `{pictures}/sky/00.jpg`): {resized} `pad`"
    ));
    trained.says("12 images, 30 % of each class of");
    // The same images test, fitted the same way.
    let evaluated = termc(&["eval", &run, "--device", "cpu"]).expect(0);
    assert!(
        evaluated.out.contains("12 test images"),
        "{}",
        evaluated.out
    );
    evaluated.says(&format!("{resized} `pad`"));
    let froze = termc(&["freeze", &run, "-o", &frozen, "--device", "cpu"]).expect(0);
    froze
        .says(&format!("{resized} `pad`"))
        .says("12 images, 30 %");
    let evaluated = termc(&["eval", &frozen, "--device", "cpu"]).expect(0);
    evaluated
        .says("12 images, 30 %")
        .says(&format!("{resized} `pad`"));

    // A frozen file needs nothing else.
    fs::rename(&pictures, path("elsewhere")).unwrap();
    let photo = path("elsewhere/sky/03.jpg");
    let predicted = termc(&["predict", &frozen, &photo, "--device", "cpu"]).expect(0);
    predicted.says("1 of 1 images have another size than 8x8, fitted to it by `pad`");
    let padded = answers(&[&frozen, &photo]);
    assert_eq!(padded, answers(&[&frozen, &photo, "--fit", "pad"]));
    assert_ne!(padded, answers(&[&frozen, &photo, "--fit", "crop"]));
    let refused = termc(&[
        "predict", &frozen, &photo, "--fit", "exact", "--device", "cpu",
    ])
    .expect(1);
    refused.says("59x267, expected 8x8");
    let refused = termc(&["predict", &frozen, &photo, "--fit", "zoom"]).expect(2);
    refused.says("crop, stretch, pad, exact");

    // In whichever way the camera was held.
    let mut turned = vec![];
    for (orientation, rotate) in [(1u8, 0), (6, 270), (3, 180), (8, 90)] {
        let upright = photograph(60, 40, [60, 90, 200], 3);
        let stored = match rotate {
            90 => image::imageops::rotate90(&upright),
            180 => image::imageops::rotate180(&upright),
            270 => image::imageops::rotate270(&upright),
            _ => upright,
        };
        let file = path(&format!("held{orientation}.png"));
        save_turned(Path::new(&file), &stored, orientation);
        turned.extend(answers(&[&frozen, &file]));
    }
    assert!(
        turned.iter().all(|answer| *answer == turned[0]),
        "{turned:?}"
    );

    // A resumed training fits as it began.
    fs::rename(path("elsewhere"), &pictures).unwrap();
    let unfinished = path("unfinished");
    train(&["--out", &unfinished, "--stop-after", "2"])
        .expect(0)
        .says("`crop`");
    let resume = |more: &[&str]| {
        termc(&[&["train", "--resume", &unfinished, "--device", "cpu"], more].concat())
    };
    resume(&["--fit", "pad"])
        .expect(1)
        .says("`--fit` was crop, now it is pad");
    resume(&["--test", "0.5"])
        .expect(1)
        .says("`--test` was 0.2, now it is 0.5");
    resume(&[]).expect(0).says("`crop`");
}

/// Writes a PNG file with an EXIF orientation.
fn save_turned(file: &Path, image: &RgbImage, orientation: u8) {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = PngEncoder::new(&mut bytes);
    let exif = [
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(),
        &[orientation, 0, 0, 0],
        &[0; 4],
    ];
    encoder.set_exif_metadata(exif.concat()).unwrap();
    let (width, height) = image.dimensions();
    let kind = image::ExtendedColorType::Rgb8;
    encoder.write_image(image, width, height, kind).unwrap();
    fs::write(file, bytes.into_inner()).unwrap();
}

#[test]
fn validation_images_of_ones_own_validate() {
    let dir = tempfile::tempdir().unwrap();
    for part in ["train", "val", "test"] {
        photographs(&dir.path().join(part));
    }
    let dataset = format!("folder:{}", dir.path().display());
    let run = dir.path().join("run");
    let train = |more: &[&str]| {
        let more = [&COLOURED[..], &["--epochs", "1"], more].concat();
        termc(&train_on(SMALL, &dataset, run.to_str().unwrap(), &more))
    };
    train(&["--val", "0.2"])
        .expect(2)
        .says("has validation images of its own");
    train(&["--test", "0.2"])
        .expect(1)
        .says("a test part is to be drawn, and `");
    train(&["--test", "1.5"])
        .expect(2)
        .says("not a fraction between 0 and 1");
    train(&[])
        .expect(0)
        .says("40 images train, 40 validate, 40 test");
}

#[test]
fn pictures_that_changed_or_moved_since_the_training_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (pictures, run, moved) = (path("pictures"), path("run"), path("moved"));
    photographs(Path::new(&pictures));
    let dataset = format!("folder:{pictures}");
    let more = [&COLOURED[..], &["--epochs", "1", "--batch", "8"]].concat();
    termc(&train_on(SMALL, &dataset, &run, &more)).expect(0);
    let eval = |more: &[&str]| termc(&[&["eval", &run, "--device", "cpu"], more].concat());
    let same = eval(&[]).expect(0);
    assert!(!same.err.contains("warning"), "{}", same.err);
    // One image more: other images test now.
    photograph(31, 30, [90, 90, 90], 3)
        .save(format!("{pictures}/sky/more.jpg"))
        .unwrap();
    let changed = "when the training began and is";
    let leaked = "drawn from all images, so some of it may have been trained on";
    eval(&[]).expect(0).says(changed).says(leaked);
    let frozen = path("frozen.safetensors");
    let freeze = ["freeze", &run, "-o", &frozen, "--device", "cpu"];
    termc(&freeze).expect(0).says(changed).says(leaked);
    // The same images elsewhere are the same data set.
    fs::remove_file(format!("{pictures}/sky/more.jpg")).unwrap();
    fs::rename(&pictures, &moved).unwrap();
    let advice = "name the folder they lie in now with `--dataset`";
    eval(&[]).expect(3).says("cannot read").says(advice);
    termc(&freeze).expect(3).says(advice);
    let found = format!("folder:{moved}");
    let found = eval(&["--dataset", &found]).expect(0);
    assert!(!found.err.contains("warning"), "{}", found.err);
    // A place of data sets means nothing for a folder.
    let refused = eval(&["--data-dir", &moved]).expect(2);
    refused
        .says("says itself where it is")
        .says("`--dataset folder:DIR`");
    let resume = [
        "train",
        "--resume",
        &run,
        "--epochs",
        "2",
        "--data-dir",
        &moved,
    ];
    termc(&resume).expect(2).says("says itself where it is");
}

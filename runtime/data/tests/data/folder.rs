//! Folders of images as people have them: what is read, what is left out, and what is said of it. Long because each is a
//! case with a folder of its own.

use std::fs;
use std::path::Path;

use image::{GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use tempfile::TempDir;
use termc_data::{
    Dataset, DatasetOptions, DatasetSource, Error, Fit, Loader, Subset, decode_fitted, expand_home,
    open,
};

fn save_grey(path: &Path, value: u8, width: u32, height: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    GrayImage::from_fn(width, height, |x, y| Luma([value + (y * width + x) as u8]))
        .save(path)
        .unwrap();
}

fn save_rgb(path: &Path, value: u8) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let pixel = |x, y| Rgb([value, value + (3 * y + x) as u8, 200]);
    RgbImage::from_fn(3, 2, pixel).save(path).unwrap();
}

fn open_folder(dir: &TempDir) -> Result<Dataset, Error> {
    open_with(dir, &DatasetOptions::default())
}

fn open_with(dir: &TempDir, options: &DatasetOptions) -> Result<Dataset, Error> {
    open(&DatasetSource::Folder(dir.path().to_owned()), options)
}

#[test]
fn grey_folders_have_one_channel() {
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    save_grey(&at("train/b/2.png"), 20, 3, 2);
    save_grey(&at("train/b/1.png"), 10, 3, 2);
    save_grey(&at("train/a/x.png"), 30, 3, 2);
    save_grey(&at("test/b/y.png"), 40, 3, 2);
    fs::write(at("train/a/notes.txt"), "no image").unwrap();
    fs::write(at("train/a/.hidden.png"), "no image").unwrap();
    let data = open_folder(&dir).unwrap();
    assert_eq!(data.classes, ["a", "b"]);
    assert_eq!(data.shape, [1, 2, 3]);
    assert_eq!(data.train.labels(), [0, 1, 1]);
    assert_eq!(data.test.labels(), [1]);
    assert_eq!(*data.train.image(0).unwrap(), [30, 31, 32, 33, 34, 35]);
    assert_eq!(*data.train.image(1).unwrap(), [10, 11, 12, 13, 14, 15]);
    assert!((data.normalize.mean[0] - 22.5 / 255.0).abs() < 1e-12);
    let loader = Loader::evaluation(Subset::all(data.train), 2, &data.normalize).unwrap();
    assert_eq!(loader.epoch(0, 0).unwrap().count(), 1);
}

#[test]
fn one_coloured_image_makes_three_channels() {
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    save_grey(&at("train/a/1.png"), 10, 3, 2);
    save_rgb(&at("train/b/1.png"), 50);
    fs::create_dir_all(at("test/a")).unwrap();
    RgbaImage::from_pixel(3, 2, Rgba([1, 2, 3, 100]))
        .save(at("test/a/1.png"))
        .unwrap();
    let data = open_folder(&dir).unwrap();
    assert_eq!(data.shape, [3, 2, 3]);
    let grey = [10, 11, 12, 13, 14, 15];
    assert_eq!(*data.train.image(0).unwrap(), [grey, grey, grey].concat());
    let green = [50, 51, 52, 53, 54, 55];
    assert_eq!(
        *data.train.image(1).unwrap(),
        [[50; 6], green, [200; 6]].concat()
    );
    assert_eq!(
        *data.test.image(0).unwrap(),
        // A little red, green and blue over white.
        [[155; 6], [156; 6], [156; 6]].concat()
    );
}

#[test]
fn the_model_decides_the_channels() {
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    save_grey(&at("train/a/1.png"), 10, 3, 2);
    save_rgb(&at("train/b/1.png"), 50);
    save_grey(&at("test/a/1.png"), 10, 3, 2);
    let open = |channels| {
        let options = DatasetOptions {
            channels: Some(channels),
            ..DatasetOptions::default()
        };
        open_with(&dir, &options).unwrap()
    };
    let grey = open(1);
    assert_eq!(grey.shape, [1, 2, 3]);
    // 0.299 * 50 + 0.587 * (50 to 55) + 0.114 * 200
    assert_eq!(*grey.train.image(1).unwrap(), [67, 68, 68, 69, 69, 70]);
    let file = at("train/b/1.png");
    assert_eq!(
        grey.warnings,
        [format!(
            "1 image of 3 (the first is `{}`): coloured, turned to grey as the model has one channel",
            file.display()
        )]
    );
    let coloured = open(3);
    assert_eq!(coloured.shape, [3, 2, 3]);
    let file = at("train/a/1.png");
    assert_eq!(
        coloured.warnings,
        [format!(
            "2 images of 3 (the first is `{}`): grey, the same in all three channels",
            file.display()
        )]
    );
    // No image has five channels: that is refused by comparing with the model.
    assert_eq!(open(5).shape, [3, 2, 3]);
}

#[test]
fn files_of_other_kinds_are_counted_and_those_of_systems_are_not() {
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    save_grey(&at("train/a/1.png"), 10, 3, 2);
    save_grey(&at("test/a/1.PNG"), 10, 3, 2);
    for name in [
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        "a/THUMBS.DB",
        "a/.hidden.png",
    ] {
        fs::write(at("train").join(name), "BM whatever").unwrap();
    }
    fs::create_dir(at("train/__MACOSX")).unwrap();
    assert_eq!(open_folder(&dir).unwrap().warnings, [""; 0]);
    for name in [
        "a/list.TXT",
        "a/more.txt",
        "a/README",
        "a/photo.heic",
        "BM.txt",
    ] {
        fs::write(at("train").join(name), "BM whatever").unwrap();
    }
    fs::copy(at("train/a/1.png"), at("train/a/without")).unwrap();
    fs::copy(at("train/a/1.png"), at("train/loose.png")).unwrap();
    let data = open_folder(&dir).unwrap();
    assert_eq!(data.train.len(), 2);
    let train = at("train");
    let train = train.display();
    assert_eq!(
        data.warnings,
        [
            format!(
                "left out of `{train}`: 4 files of unknown format (1 without extension, 1 .heic, 2 .txt)"
            ),
            format!("left out of `{train}`: 1 image outside of the class folders"),
        ]
    );
}

#[test]
fn subfolders_belong_to_their_class() {
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    save_grey(&at("train/a/deep/er/1.png"), 30, 3, 2);
    save_grey(&at("train/a/0.png"), 20, 3, 2);
    save_grey(&at("train/b/1.png"), 10, 3, 2);
    save_grey(&at("test/b/1.png"), 10, 3, 2);
    let data = open_folder(&dir).unwrap();
    assert_eq!(data.train.labels(), [0, 0, 1]);
    assert_eq!(data.train.image(0).unwrap()[0], 20);
    assert_eq!(data.train.image(1).unwrap()[0], 30);
}

#[test]
fn test_classes_may_be_empty_and_labels_stay() {
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    for class in ["a", "b", "c"] {
        save_grey(&at("train").join(class).join("1.png"), 10, 3, 2);
    }
    fs::create_dir_all(at("test/a")).unwrap();
    save_grey(&at("test/c/1.png"), 10, 3, 2);
    let data = open_folder(&dir).unwrap();
    assert_eq!(data.classes, ["a", "b", "c"]);
    assert_eq!(data.test.labels(), [2]);
    assert_eq!(data.test.classes(), 3);
    fs::remove_file(at("train/b/1.png")).unwrap();
    assert_eq!(
        open_folder(&dir).unwrap_err().to_string(),
        format!(
            "no image files in `{}`, expected image files",
            at("train/b").display()
        )
    );
}

#[test]
fn all_damaged_files_are_named_or_left_out() {
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    save_grey(&at("train/a/1.png"), 10, 3, 2);
    save_grey(&at("train/b/1.png"), 10, 3, 2);
    save_grey(&at("test/a/1.png"), 10, 3, 2);
    // One without a header, one whose pixels break off, one that is something else.
    fs::write(at("train/a/2.png"), "").unwrap();
    let whole = fs::read(at("train/a/1.png")).unwrap();
    fs::write(at("test/a/3.png"), &whole[..whole.len() - 20]).unwrap();
    fs::write(at("train/b/page.jpg"), "<html>").unwrap();
    let error = open_folder(&dir).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("3 of 6 image files cannot be read:\n  "),
        "{message}"
    );
    for file in ["train/a/2.png", "test/a/3.png", "train/b/page.jpg"] {
        let name = format!("`{}`", at(file).display());
        assert_eq!(message.matches(&name).count(), 1, "{message}");
    }
    assert!(error.help().unwrap().contains("--skip-damaged"));
    let options = DatasetOptions {
        skip_damaged: true,
        ..DatasetOptions::default()
    };
    let data = open_with(&dir, &options).unwrap();
    assert_eq!((data.train.len(), data.test.len()), (2, 1));
    assert_eq!(data.warnings.len(), 1);
    let warning = &data.warnings[0];
    assert!(
        warning.starts_with("3 image files of 6 left out as unreadable, the first: "),
        "{warning}"
    );
    // A class of which nothing is left cannot be learnt.
    fs::remove_file(at("train/b/1.png")).unwrap();
    let message = open_with(&dir, &options).unwrap_err().to_string();
    let class = at("train/b");
    let expected = format!(
        "no image files in `{}`, expected training images that can be read",
        class.display()
    );
    assert_eq!(message, expected);
}

#[cfg(unix)]
#[test]
fn links_that_loop_or_lead_nowhere_end() {
    use std::os::unix::fs::symlink;
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    save_grey(&at("train/a/1.png"), 10, 3, 2);
    save_grey(&at("test/a/1.png"), 10, 3, 2);
    save_grey(&at("elsewhere/2.png"), 20, 3, 2);
    symlink(at("elsewhere"), at("train/a/linked")).unwrap();
    symlink(at("train"), at("train/a/up")).unwrap();
    symlink(at("train/a"), at("train/a/self")).unwrap();
    symlink(at("train"), at("train/again")).unwrap();
    let data = open_folder(&dir).unwrap();
    assert_eq!(data.classes, ["a"]);
    assert_eq!(data.train.len(), 2);
    let link = |path: &str| {
        let (folder, link) = (at("train"), at(path));
        format!(
            "left out of `{}`: `{}`, a link to a folder that contains it",
            folder.display(),
            link.display()
        )
    };
    let links = [
        link("train/a/self"),
        link("train/a/up"),
        link("train/again"),
    ];
    assert_eq!(data.warnings, links);
    symlink(at("nowhere"), at("train/a/3.png")).unwrap();
    symlink(at("train/a/4.png"), at("train/a/4.png")).unwrap();
    let message = open_folder(&dir).unwrap_err().to_string();
    assert!(
        message.starts_with("2 of 5 image files cannot be read:\n  cannot read `"),
        "{message}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn class_names_that_are_no_utf8_are_kept_apart() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let dir = TempDir::new().unwrap();
    for part in ["train", "test"] {
        for (name, value) in [(&b"caf\xe9"[..], 10), (&b"caf\xe8"[..], 20), (b"z", 30)] {
            let class = dir.path().join(part).join(OsStr::from_bytes(name));
            save_grey(&class.join("1.png"), value, 3, 2);
        }
    }
    let data = open_folder(&dir).unwrap();
    assert_eq!(data.classes, ["caf\\xe8", "caf\\xe9", "z"]);
    assert_eq!(data.train.image(0).unwrap()[0], 20);
    assert_eq!(data.train.image(1).unwrap()[0], 10);
}

#[test]
fn a_stop_request_ends_opening() {
    let dir = TempDir::new().unwrap();
    for path in ["train/a/1.png", "test/a/1.png"] {
        save_grey(&dir.path().join(path), 10, 3, 2);
    }
    let options = DatasetOptions::default();
    options.stop.request();
    assert!(open_with(&dir, &options).unwrap_err().is_stop());
}

#[test]
fn a_tilde_is_the_home_folder() {
    let home = expand_home(Path::new("~"));
    assert!(home.is_absolute());
    assert_eq!(expand_home(Path::new("~/pictures")), home.join("pictures"));
    for other in ["~other/x", "./~/x", "/a/~", "a"] {
        assert_eq!(expand_home(Path::new(other)), Path::new(other));
    }
    let missing: DatasetSource = "folder:~/no such folder".parse().unwrap();
    let message = open(&missing, &DatasetOptions::default()).unwrap_err();
    let folder = home.join("no such folder");
    let expected = format!("cannot read `{}`", folder.display());
    assert!(message.to_string().starts_with(&expected), "{message}");
}

#[test]
fn jpegs_are_decoded() {
    let dir = TempDir::new().unwrap();
    for part in ["train", "test"] {
        let path = dir.path().join(part).join("a/1.JPG");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        RgbImage::from_pixel(8, 8, Rgb([200, 100, 50]))
            .save_with_format(path, image::ImageFormat::Jpeg)
            .unwrap();
    }
    let data = open_folder(&dir).unwrap();
    assert_eq!(data.shape, [3, 8, 8]);
    for (plane, value) in data
        .train
        .image(0)
        .unwrap()
        .chunks(64)
        .zip([200i32, 100, 50])
    {
        assert!(plane.iter().all(|&v| (i32::from(v) - value).abs() < 4));
    }
}

/// The decoder would fill the rest with grey.
#[test]
fn a_jpeg_that_breaks_off_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = |part: &str| dir.path().join(part).join("a/1.jpg");
    for part in ["train", "test"] {
        fs::create_dir_all(path(part).parent().unwrap()).unwrap();
        RgbImage::from_fn(16, 16, |x, y| {
            Rgb([(x * 16) as u8, (y * 16) as u8, (x * y) as u8])
        })
        .save_with_format(path(part), image::ImageFormat::Jpeg)
        .unwrap();
    }
    assert!(open_folder(&dir).is_ok());
    let whole = fs::read(path("test")).unwrap();
    // Only the end marker is missing: everything is there.
    fs::write(path("test"), &whole[..whole.len() - 2]).unwrap();
    let data = open_folder(&dir).unwrap();
    let file = path("test");
    let warning = format!(
        "1 image of 2 (the first is `{}`): JPEG without an end marker, though all rows are there",
        file.display()
    );
    assert_eq!(data.warnings, [warning]);
    fs::write(path("test"), &whole).unwrap();
    let unbroken = open_folder(&dir).unwrap().test;
    assert_eq!(data.test.image(0).unwrap(), unbroken.image(0).unwrap());
    for cut in [3, 20, 60] {
        fs::write(path("test"), &whole[..whole.len() - cut]).unwrap();
        assert!(open_folder(&dir).is_err(), "{cut} bytes less");
    }
}

#[test]
fn sizes_that_differ_name_both_files_where_they_have_to_be_exact() {
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    save_grey(&at("train/a/1.png"), 10, 3, 2);
    save_grey(&at("train/b/1.png"), 10, 3, 2);
    save_grey(&at("test/a/1.png"), 10, 4, 2);
    let exact = DatasetOptions {
        fit: Fit::Exact,
        ..DatasetOptions::default()
    };
    assert_eq!(
        open_with(&dir, &exact).unwrap_err().to_string(),
        format!(
            "images differ in size: `{}` is 3x2, `{}` is 4x2 (width x height)",
            at("train/a/1.png").display(),
            at("test/a/1.png").display()
        )
    );
}

#[test]
fn images_of_any_size_are_fitted() {
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    save_grey(&at("train/a/1.png"), 10, 4, 4);
    save_grey(&at("train/a/2.png"), 10, 3, 9);
    save_grey(&at("train/b/1.png"), 10, 8, 5);
    save_grey(&at("test/a/1.png"), 10, 4, 4);
    assert_eq!(open_folder(&dir).unwrap().shape, [1, 4, 4]);
    // With the channels known as well, files are read only once; with a small cache they are decoded when needed.
    let fits = [Fit::Crop, Fit::Stretch, Fit::Pad].into_iter();
    let ways = [(None, 1 << 20), (Some(1), 1 << 20), (Some(1), 20)];
    for (fit, (channels, cache)) in fits.flat_map(|fit| ways.map(|way| (fit, way))) {
        let options = DatasetOptions {
            size: Some([4, 4]),
            fit,
            channels,
            cache,
            ..DatasetOptions::default()
        };
        let data = open_with(&dir, &options).unwrap();
        assert_eq!(data.shape, [1, 4, 4]);
        let file = at("train/a/2.png");
        assert_eq!(
            *data.train.image(1).unwrap(),
            decode_fitted(&file, [1, 4, 4], fit).unwrap()
        );
        // The one that has the size is as it is.
        let first: Vec<u8> = (10..26).collect();
        assert_eq!(*data.train.image(0).unwrap(), first);
        let file = file.display();
        let note = format!(
            "2 images of 4 (the first is `{file}`): another size than 4x4, fitted to it by `{fit}`"
        );
        assert_eq!((data.warnings, data.notes), (vec![], vec![note]));
    }
}

#[test]
fn faulty_folders_are_refused() {
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    let message = || open_folder(&dir).unwrap_err().to_string();
    assert_eq!(
        message(),
        format!(
            "no image files in `{}`, expected a folder with image files for each class",
            dir.path().display()
        )
    );
    fs::create_dir_all(at("train/a")).unwrap();
    assert_eq!(
        message(),
        format!(
            "no image files in `{}`, expected image files",
            at("train/a").display()
        )
    );
    save_grey(&at("train/a/1.png"), 10, 3, 2);
    fs::create_dir_all(at("test")).unwrap();
    assert_eq!(
        message(),
        format!(
            "no image files in `{}`, expected a folder with image files for each class",
            at("test").display()
        )
    );
    save_grey(&at("test/c/1.png"), 10, 3, 2);
    assert_eq!(
        message(),
        format!(
            "class `c` of `{}` is not among the training classes",
            at("test").display()
        )
    );
    fs::rename(at("test/c"), at("test/a")).unwrap();
    open_folder(&dir).unwrap();
    fs::write(at("train/a/2.png"), "no image at all").unwrap();
    assert!(
        message().starts_with(&format!(
            "1 of 3 image files cannot be read:\n  `{}` is malformed: its content is something else",
            at("train/a/2.png").display()
        )),
        "{}",
        message()
    );
    let whole = fs::read(at("train/a/1.png")).unwrap();
    fs::write(at("train/a/2.png"), &whole[..whole.len() - 20]).unwrap();
    assert!(
        message().starts_with(&format!(
            "1 of 3 image files cannot be read:\n  cannot decode image `{}`: ",
            at("train/a/2.png").display()
        )),
        "{}",
        message()
    );
}

use std::fs;
use std::path::Path;

use image::{GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use tempfile::TempDir;
use termc_runtime::data::{DataError, Dataset, Loader, Options, Source, Subset, open};

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

fn open_folder(dir: &TempDir) -> Result<Dataset, DataError> {
    open(&Source::Folder(dir.path().to_owned()), &Options::default())
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
        [[1; 6], [2; 6], [3; 6]].concat()
    );
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
    for cut in [2, 20, 60] {
        fs::write(path("test"), &whole[..whole.len() - cut]).unwrap();
        assert!(open_folder(&dir).is_err(), "{cut} bytes less");
    }
}

#[test]
fn sizes_that_differ_name_both_files() {
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    save_grey(&at("train/a/1.png"), 10, 3, 2);
    save_grey(&at("train/b/1.png"), 10, 3, 2);
    save_grey(&at("test/a/1.png"), 10, 4, 2);
    assert_eq!(
        open_folder(&dir).unwrap_err().to_string(),
        format!(
            "images differ in size: `{}` is 3x2, `{}` is 4x2 (width x height)",
            at("train/a/1.png").display(),
            at("test/a/1.png").display()
        )
    );
}

#[test]
fn faulty_folders_are_refused() {
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    let message = || open_folder(&dir).unwrap_err().to_string();
    assert!(message().starts_with(&format!("cannot read `{}`: ", at("train").display())));
    fs::create_dir_all(at("train/a")).unwrap();
    assert_eq!(
        message(),
        format!(
            "no image files in `{}`, expected png or jpg files",
            at("train/a").display()
        )
    );
    save_grey(&at("train/a/1.png"), 10, 3, 2);
    fs::create_dir_all(at("test")).unwrap();
    assert_eq!(
        message(),
        format!(
            "no image files in `{}`, expected a folder with png or jpg files for each class",
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
            "cannot decode image `{}`: ",
            at("train/a/2.png").display()
        )),
        "{}",
        message()
    );
    let whole = fs::read(at("train/a/1.png")).unwrap();
    fs::write(at("train/a/2.png"), &whole[..whole.len() - 20]).unwrap();
    assert!(
        message().starts_with(&format!(
            "cannot decode image `{}`: ",
            at("train/a/2.png").display()
        )),
        "{}",
        message()
    );
}

//! Checkpoints as people have them: PyTorch's of all ages and layouts (`make.py` made the files), and what is none.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets something unforeseen has failed"
)]

mod untrusted;

use std::path::{Path, PathBuf};

use termc_compiler::Options;
use termc_compiler::model::Model;
use termc_runtime::import::{self, Checkpoint, Imported, NameMap};
use termc_runtime::model::{ModelError, ModelSource};
use termc_runtime::{Error, Fault};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/import")
        .join(name)
}

/// A model of one linear map `[4, channels]`, which the published code calls `out_layer`.
fn model(channels: usize, classes: usize) -> Model {
    let text = format!(
        "language 2\nmodel Line(classes: int = {classes}) {{\n input image[{channels}, 1, 1]\n \
         output logits = head(image, classes)\n loss {{ cross_entropy(logits) }}\n}}\n"
    );
    let source = ModelSource::from_text("line.term", text);
    source.check(&Options::default()).unwrap().model
}

fn import_from(path: &Path, take: Option<&str>) -> Result<Imported, Error> {
    let mut checkpoint = Checkpoint::open(path)?;
    import::import(&model(6, 4), &mut checkpoint, &NameMap::default(), take)
}

fn import(name: &str, take: Option<&str>) -> Imported {
    import_from(&file(name), take).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn numbers(imported: &Imported, path: &str) -> Vec<f32> {
    imported.tensors[path].clone().try_to_vec::<f32>().unwrap()
}

/// What all files hold, times `scale`.
#[track_caller]
fn assert_holds(imported: &Imported, scale: f32, name: &str) {
    let weight: Vec<f32> = (0..24).map(|i| scale * i as f32 / 8.0).collect();
    assert_eq!(numbers(imported, "logits.linear.weight"), weight, "{name}");
    assert_eq!(
        imported.tensors["logits.linear.weight"].shape()[..],
        [4, 6],
        "{name}"
    );
    let bias: Vec<f32> = (0..4).map(|i| scale * (1.0 - i as f32 / 4.0)).collect();
    assert_eq!(numbers(imported, "logits.linear.bias"), bias, "{name}");
}

#[test]
fn every_protocol_and_age_is_read() {
    for protocol in 0..6 {
        for age in ["legacy", "protocol"] {
            let name = format!("{age}{protocol}.pt");
            let imported = import(&name, None);
            assert_holds(&imported, 1.0, &name);
            assert_eq!(
                (imported.ignored.len(), &imported.taken),
                (0, &None),
                "{name}"
            );
        }
    }
}

#[test]
fn every_layout_and_type_of_number_is_read() {
    for name in [
        "shared.pt",
        "channels_last.pt",
        "half.pt",
        "double.pt",
        "untyped.pt",
    ] {
        assert_holds(&import(name, None), 1.0, name);
    }
    let imported = import("expanded.pt", None);
    let row = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    assert_eq!(numbers(&imported, "logits.linear.weight"), row.repeat(4));
    assert_eq!(numbers(&imported, "logits.linear.bias"), [0.5; 4]);
}

#[test]
fn wrappers_and_containers_are_taken_off() {
    for name in ["wrapped.pt", "wrapped_often.pt"] {
        let imported = import(name, None);
        assert_holds(&imported, 1.0, name);
        assert_eq!(
            (imported.ignored.len(), &imported.taken),
            (0, &None),
            "{name}"
        );
    }
}

#[test]
fn averaged_weights_are_taken_only_when_they_are_asked_for() {
    for (name, trained, averaged) in [
        ("choice.pt", "`state_dict`", "`state_dict_ema`"),
        (
            "lightning.ckpt",
            "`state_dict.model`",
            "`state_dict.model_ema`",
        ),
    ] {
        let imported = import(name, None);
        assert_holds(&imported, 1.0, name);
        let taken = imported.taken.unwrap();
        assert_eq!(
            (taken.told().as_str(), &taken.others[..]),
            (trained, &[averaged.to_owned()][..])
        );

        let imported = import(name, Some("ema"));
        assert_holds(&imported, 0.5, name);
        assert_eq!(imported.taken.unwrap().told(), averaged);

        let error = import_from(&file(name), Some("teacher")).unwrap_err();
        assert!(matches!(error, Error::Model(ModelError::Take(_))));
        let message = error.to_string();
        assert!(
            message.contains("`teacher`") && message.contains(averaged),
            "{message}"
        );
    }
}

#[test]
fn what_is_no_parameter_is_listed_and_ignored_whatever_it_is() {
    let imported = import("unused.pt", None);
    assert_holds(&imported, 1.0, "unused.pt");
    assert_eq!(imported.ignored.len(), 13);
    for name in [
        "model.total_ops",
        "model.angles",
        "model.table",
        "model.small",
        "model.later",
    ] {
        assert!(
            imported.ignored.iter().any(|n| n == name),
            "{name}: {:?}",
            imported.ignored
        );
    }
    // Were one of them a parameter, it would say what it is.
    for (name, what) in [
        ("angles", "`ComplexFloatStorage`"),
        ("table", "a sparse tensor"),
        ("small", "`float8_e4m3fn`"),
        ("later", "without values"),
    ] {
        let map = [
            (name, "logits.linear.bias"),
            ("out_layer.bias", "elsewhere"),
        ];
        let map: NameMap = map
            .map(|(from, to)| (from.to_owned(), to.to_owned()))
            .into_iter()
            .collect();
        let mut checkpoint = Checkpoint::open(&file("unused.pt")).unwrap();
        let error = import::import(&model(6, 4), &mut checkpoint, &map, None).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn parameters_of_whole_objects_are_read_and_objects_without_any_are_explained() {
    for (name, class) in [("module.pt", "Net"), ("script.pt", "Net")] {
        let imported = import(name, None);
        assert_holds(&imported, 1.0, name);
        assert!(imported.module.unwrap().ends_with(class), "{name}");
    }
    for (name, says) in [
        ("settings.pt", "holds no tensors: save the `state_dict()`"),
        (
            "object.pt",
            "holds an object of class `argparse.Namespace` and no state dict",
        ),
    ] {
        let error = import_from(&file(name), None).unwrap_err();
        assert_eq!(error.fault(), Fault::Input);
        assert!(error.to_string().contains(says), "{error}");
    }
}

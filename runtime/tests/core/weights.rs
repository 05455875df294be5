//! Initial values, weight files, import and export.

use burn::tensor::{Device, TensorData};
use termc_runtime::Error;
use termc_runtime::import::{self, Checkpoint, NameMap};
use termc_runtime::model::ModelError;
use termc_runtime::params::Params;
use termc_runtime::tensors::Tensors;
use termc_runtime::weights;

use super::{model, numbers, params};

#[test]
fn initial_values_depend_on_seed_and_path_alone() {
    let (plain, more) = (model(&[]), model(&["classes=7"]));
    let [a, b] = [&plain, &more].map(|m| params(m).to_tensors());
    assert_eq!(params(&plain).to_tensors(), a);
    assert_eq!(
        a["b[1].K.net.filters[0].weight"],
        b["b[1].K.net.filters[0].weight"]
    );
    assert_ne!(
        a["b[0].K.net.filters[0].weight"],
        Params::init(&plain, 2, &Device::flex()).to_tensors()["b[0].K.net.filters[0].weight"]
    );
    assert!(
        numbers(&params(&plain).flat())
            .iter()
            .all(|v| v.is_finite())
    );
}

#[test]
fn weights_survive_a_file_and_name_what_differs() {
    let (model, folder) = (model(&[]), tempfile::tempdir().unwrap());
    let path = folder.path().join("w.safetensors");
    weights::write(&path, &model, &params(&model)).unwrap();
    let read = weights::read(&path).unwrap();
    assert_eq!(read.source.as_deref(), Some(model.source()));
    let back = Params::from_tensors(&model, &read.tensors, &Device::flex()).unwrap();
    assert_eq!(numbers(&back.flat()), numbers(&params(&model).flat()));

    let mut changed = read.tensors;
    let bias = changed.remove("b[0].bias.value").unwrap();
    changed.insert("b[0].bias.other".into(), bias);
    changed.insert(
        "logits.linear.bias".into(),
        TensorData::new(vec![0f32; 3], [3]),
    );
    let mismatch = Params::from_tensors(&model, &changed, &Device::flex()).unwrap_err();
    assert_eq!(mismatch.missing, ["b[0].bias.value"]);
    assert_eq!(mismatch.unknown, ["b[0].bias.other"]);
    assert_eq!(
        mismatch.shapes,
        [("logits.linear.bias".to_owned(), vec![4], vec![3])]
    );
}

#[test]
fn other_weight_formats_are_refused() {
    let (model, folder) = (model(&[]), tempfile::tempdir().unwrap());
    let path = folder.path().join("w.safetensors");
    for (version, told) in [
        ("3", "has weight format `3`; this version reads `2`"),
        ("1", "was written for language 1"),
    ] {
        let mut file = weights::file(&model, &params(&model));
        let key = weights::key::FORMAT.to_owned();
        file.metadata.insert(key, version.to_owned());
        file.write(&path).unwrap();
        let error = weights::read(&path).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn an_import_lists_what_is_left_over_on_both_sides() {
    let model = model(&[]);
    let mut foreign = Tensors::new();
    foreign.insert("blocks.0.bias".into(), TensorData::new(vec![0.5f32], [1]));
    foreign.insert(
        "network.blocks.7.bias".into(),
        TensorData::new(vec![0.5f32], [1]),
    );
    foreign.insert("mine.5".into(), TensorData::new(vec![0.5f32], [1]));
    foreign.insert(
        "network.train_length".into(),
        TensorData::new(vec![1i64], [1]),
    );
    foreign.insert("out_layer.bias".into(), TensorData::new(vec![0f32; 3], [3]));
    let refused = |map: &NameMap| {
        let mut checkpoint = Checkpoint::from(foreign.clone());
        match import::import(&model, &mut checkpoint, map, None) {
            Err(Error::Model(ModelError::Import(error))) => error,
            other => panic!("{other:?}"),
        }
    };
    let error = refused(&NameMap::default());
    assert_eq!(error.missing.len(), model.params.len() - 2);
    let of_another = ("network.blocks.7.bias", "b[7].bias.value");
    let of_another = (of_another.0.to_owned(), of_another.1.to_owned());
    assert_eq!(error.unmatched, [of_another]);
    assert_eq!(error.ignored, ["mine.5", "network.train_length"]);
    // Ten of the missing ones, then how many there are besides.
    assert_eq!(
        error
            .to_string()
            .matches("nothing in the checkpoint is for")
            .count(),
        10
    );
    let more = format!("... and {} more like these", error.missing.len() - 10);
    assert!(error.to_string().contains(&more), "{error}");
    assert_eq!(error.shapes.len(), 1);
    assert!(
        error
            .to_string()
            .contains("`out_layer.bias` has shape [3], but `logits.linear.bias` needs [4]")
    );

    let map: NameMap = [("mine.{N}".to_owned(), "b[0].bias.value".to_owned())]
        .into_iter()
        .collect();
    assert_eq!(refused(&map).repeated.len(), 1);
}

#[test]
fn an_exported_model_imports_again() {
    let model = model(&[]);
    let own = params(&model).to_tensors();
    let map: NameMap = [("{*}".to_owned(), "{*}".to_owned())].into_iter().collect();
    let mut checkpoint = Checkpoint::from(own.clone());
    let imported = import::import(&model, &mut checkpoint, &map, None).unwrap();
    assert_eq!(imported.tensors, own);
}

//! Reading checkpoints as PyTorch writes them (`import/make.py` made the files).

use std::path::{Path, PathBuf};

use termc_runtime::import;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/import")
        .join(name)
}

#[test]
fn views_parameters_and_number_types_are_read() {
    for name in ["lightning.ckpt", "plain.pt"] {
        let tensors = import::read(&file(name)).unwrap();
        let numbers = |name: &str| {
            let data = tensors[name].clone().convert::<f32>();
            (data.shape().to_vec(), data.try_to_vec::<f32>().unwrap())
        };
        assert_eq!(numbers("network.blocks.0.bias"), (vec![1], vec![0.5]));
        assert_eq!(
            numbers("network.out_layer.bias"),
            (vec![2, 2], vec![8.0, 9.0, 14.0, 15.0])
        );
        assert_eq!(numbers("network.half"), (vec![2], vec![1.0, -2.0]));
        let (shape, transposed) = numbers("network.out_layer.weight");
        assert_eq!(shape, [6, 4]);
        assert_eq!(transposed[..5], [0.0, 6.0, 12.0, 18.0, 1.0]);
        assert_eq!(
            tensors.contains_key("network.train_length"),
            name == "lightning.ckpt"
        );
    }
}

#[test]
fn damaged_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.ckpt");
    let whole = std::fs::read(file("plain.pt")).unwrap();
    let mut changed = whole.clone();
    // The pickle starts after the first entry's header: wreck its instructions.
    changed[90..130].fill(b'R');
    for bytes in [
        &whole[..whole.len() / 2],
        &whole[..3],
        &[],
        &changed,
        b"\x80\x02garbage",
    ] {
        std::fs::write(&path, bytes).unwrap();
        let error = import::read(&path).unwrap_err();
        assert_eq!(error.fault(), termc_runtime::Fault::Input, "{error}");
    }
    assert_eq!(
        import::read(&folder.path().join("none"))
            .unwrap_err()
            .fault(),
        termc_runtime::Fault::Machine
    );
}

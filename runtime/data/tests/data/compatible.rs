use termc_compiler::model::Model;
use termc_compiler::{NoFiles, Options, compile};
use termc_data::{DatasetSource, open, require_compatible};

use crate::dataset;

fn model(sets: &[&str]) -> Model {
    let options = Options {
        sets: sets.iter().map(|set| (*set).to_owned()).collect(),
        ..Options::default()
    };
    let source = include_str!("../../../../examples/digits.term");
    compile("digits.term", source, &options, &NoFiles)
        .model
        .unwrap()
}

#[test]
fn a_model_fits_its_own_data_only() {
    let digits = open(&DatasetSource::Digits, &Default::default()).unwrap();
    require_compatible(&model(&[]), &digits).unwrap();
    let name = &model(&[]).name;
    for (data, differences) in [
        (dataset(9, 9, [1, 8, 8], 9), "classes 10 against 9"),
        (dataset(9, 9, [3, 8, 8], 10), "channels 1 against 3"),
        (
            dataset(9, 9, [1, 28, 28], 10),
            "rows 8 against 28, columns 8 against 28",
        ),
    ] {
        let message = require_compatible(&model(&[]), &data)
            .unwrap_err()
            .to_string();
        assert!(message.starts_with(&format!(
            "model `{name}` takes images [1, 8, 8] of 10 classes, data set `made up`"
        )));
        assert!(message.ends_with(&format!(": {differences}")), "{message}");
    }
    let message = require_compatible(&model(&["classes=7"]), &digits)
        .unwrap_err()
        .to_string();
    assert!(message.ends_with(": classes 7 against 10"), "{message}");
}

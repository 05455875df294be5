//! Generated models, whose names other languages keep for themselves: each is right, and is printed so that it is read again
//! as the same. Emission is tested in `emit.rs` and by `termc-emitted`.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{compile, generate, shown};
use termc_compiler::{Options, dump};

const SEEDS: u64 = 200;

#[test]
fn generated_models_are_right_and_their_canonical_source_stands_alone() {
    for seed in 0..SEEDS {
        let text = generate::model(seed);
        let compiled = compile(&text, &Options::default());
        let Some(model) = &compiled.model else {
            panic!("seed {seed}: {}\n{text}", shown(&compiled));
        };
        let again = compile(model.source(), &Options::default());
        let again = again
            .model
            .as_ref()
            .unwrap_or_else(|| panic!("seed {seed}: {}\n{}", shown(&again), model.source()));
        assert_eq!(
            dump(model),
            dump(again),
            "seed {seed}: the canonical source is another model\n{text}"
        );
        assert_eq!(
            again.source(),
            model.source(),
            "seed {seed}: printing is not stable"
        );
    }
}

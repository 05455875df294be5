//! Names the parameters of everything that can be called in a file.

use termc_grammar::ast::{File, Item};

use crate::check::{loss, signature, train};
use crate::ops;

/// Parameter names of everything that can be called.
pub(super) struct Slots(Vec<(String, Vec<String>)>);

impl Slots {
    /// What the file defines.
    pub fn of(file: &File) -> Self {
        let mut all: Vec<(String, Vec<String>)> = vec![];
        for item in &file.items {
            let (name, params) = match item {
                Item::Slow(def) => (&def.name, &def.params),
                Item::Block(def) => (&def.name, &def.params),
                _ => continue,
            };
            all.push((
                name.text.clone(),
                params.iter().map(|p| p.name.text.clone()).collect(),
            ));
        }
        Self(all)
    }

    /// The parameters of a definition, an operation or a term; None if nothing has the name.
    pub fn of_callee(&self, name: &str) -> Option<Vec<String>> {
        if let Some((_, params)) = self.0.iter().find(|(n, _)| n == name) {
            return Some(params.clone());
        }
        let names = |slots: &[signature::Slot]| slots.iter().map(|s| s.name.to_owned()).collect();
        if name == "magnet" {
            return Some(names(ops::MAGNET));
        }
        if let Some(op) = ops::find(name) {
            return Some(names(op.slots));
        }
        let settings = train::SETTINGS
            .iter()
            .filter_map(|s| train::choices(s))
            .flatten();
        settings
            .chain(loss::TERMS)
            .find(|(n, _)| *n == name)
            .map(|(_, slots)| names(slots))
    }
}

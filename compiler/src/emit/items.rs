//! The names of structures, functions and fields in one target: one namespace for the file, one for each structure.

use std::collections::HashSet;

use super::form::{Form, Structure};
use super::names::{Names, Words, camel, snake};

/// What constructors call the device, the number of a round, and what tensors come from.
const MADE_OF: [&str; 4] = ["device", "i", "w", "from"];

/// The names of a file.
#[derive(Debug)]
pub(super) struct Items {
    /// One for each structure, in the order of [`Form::structures`].
    pub structures: Vec<Named>,
}

/// The names of a structure.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// Its type, or the function.
    pub name: String,
    pub fields: Vec<String>,
    /// Its parameters.
    pub parameters: Vec<String>,
    /// Its parameters that the forward pass needs, as fields.
    pub kept: Vec<String>,
}

/// Names everything. `functions` are those of the support code that the file needs.
pub(super) fn items(form: &Form, words: Words, functions: HashSet<String>) -> Items {
    let taken = words.kept.iter().chain(words.types).chain(words.values);
    let taken = taken.map(|word| (*word).to_owned());
    let mut global = Names::reserving(taken.chain(functions));
    let mut structures = vec![];
    for structure in &form.structures {
        let name = match structure.is_function() {
            true => global.give(&snake(&structure.block)),
            false => global.give_with(&camel(&structure.block), "Block"),
        };
        structures.push(named(name, structure, words));
    }
    Items { structures }
}

fn named(name: String, structure: &Structure, words: Words) -> Named {
    let mut fields = Names::reserving(words.kept.iter().chain(words.fields).copied());
    let mut parameters = Names::reserving(words.kept.iter().copied().chain(MADE_OF));
    Named {
        name,
        fields: structure
            .fields
            .iter()
            .map(|field| match words.by_name {
                true => fields.give(&snake(&field.name)),
                false => fields.give(&snake(&field.short)),
            })
            .collect(),
        parameters: structure
            .parameters
            .iter()
            .map(|p| parameters.give(&p.name))
            .collect(),
        kept: structure
            .parameters
            .iter()
            .map(|p| fields.give(&p.name))
            .collect(),
    }
}

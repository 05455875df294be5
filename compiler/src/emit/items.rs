//! The names of structures, functions and fields in one target: one namespace for the file, one for each structure.

use std::collections::HashSet;

use super::form::{Form, Structure};
use super::names::{Names, Words, camel, snake};
use super::target::Target;
use super::used::called;

/// What constructors and functions call the device, the number of a round, what tensors come from, and whether they train.
const MADE_OF: [&str; 5] = ["device", "i", "w", "from", "training"];

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
pub(super) fn items(form: &Form, target: &dyn Target, functions: HashSet<String>) -> Items {
    let words = target.words();
    let taken = words.kept.iter().chain(words.types).chain(words.values);
    let taken = taken.map(|word| (*word).to_owned());
    let mut global = Names::reserving(taken.chain(functions));
    let names = form
        .structures
        .iter()
        .map(|structure| match structure.is_function() {
            true => global.give(&snake(&structure.block)),
            false => global.give_with(&camel(&structure.block), "Block"),
        });
    let names: Vec<String> = names.collect();
    let name_of = |number| names.get(form.place(number)).cloned().unwrap_or_default();
    let structures = form.structures.iter().zip(&names).map(|(structure, name)| {
        // What a function is given must not hide what it calls.
        let called = match structure.is_function() {
            true => called(structure, form, target, &name_of),
            false => HashSet::new(),
        };
        named(name.clone(), structure, words, called)
    });
    let structures = structures.collect();
    Items { structures }
}

fn named(name: String, structure: &Structure, words: Words, called: HashSet<String>) -> Named {
    let mut fields = Names::reserving(words.kept.iter().chain(words.fields).copied());
    let mut parameters = {
        let taken = words
            .kept
            .iter()
            .chain(words.values)
            .copied()
            .chain(MADE_OF);
        Names::reserving(taken.map(str::to_owned).chain(called))
    };
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

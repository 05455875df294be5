//! Paths of stored tensors in files and in emitted modules: alike but for their writing, except where names had to change.

use std::collections::{HashMap, HashSet};

use super::form::{Form, Location};
use super::items::Items;
use super::names::key;
use crate::bug::bug;
use crate::model::Graph;

/// The path of the field that holds a tensor: `b.2.fast_rgu.0.k.weight`.
pub(super) fn field_path(location: &Location, form: &Form, items: &Items) -> String {
    let mut steps = vec![];
    for (structure, field, index) in &location.steps {
        let named = items.structures.get(form.place(*structure));
        match named.and_then(|named| named.fields.get(*field)) {
            Some(name) => steps.push(name.clone()),
            None => bug!("a stored tensor is in no field"),
        }
        steps.extend(index.map(|index| index.to_string()));
    }
    if !location.tensor.is_empty() {
        steps.push(location.tensor.to_owned());
    }
    steps.join(".")
}

/// Makes sure that structures which take their tensors by paths take all of them by the paths of files.
pub(super) fn as_stored(graph: &Graph, form: &Form) {
    for location in &form.locations {
        let mut steps: Vec<String> = vec![];
        for (structure, field, index) in &location.steps {
            let field = form.structure(*structure).fields.get(*field);
            let Some([before, after]) = field.map(|field| &field.path) else {
                bug!("a stored tensor is in no field")
            };
            steps.push(index.map_or(before.clone(), |index| format!("{before}[{index}]")));
            steps.push(after.clone());
        }
        steps.push(location.tensor.to_owned());
        steps.retain(|step| !step.is_empty());
        let (path, stored) = (steps.join("."), &graph[location.param].path);
        if path != *stored {
            bug!("`{stored}` would be looked for as `{path}`");
        }
    }
}

/// Paths in files and in modules that are not [`key`]ed alike, or like others.
pub(super) fn renamed(graph: &Graph, form: &Form, items: &Items) -> Vec<[String; 2]> {
    let pairs: Vec<[String; 2]> = form
        .locations
        .iter()
        .map(|location| {
            let path = graph[location.param].path.clone();
            [path, field_path(location, form, items)]
        })
        .collect();
    let mut counts: HashMap<(Vec<String>, Vec<String>), usize> = HashMap::new();
    for [path, field] in &pairs {
        let keys: HashSet<_> = [key(path), key(field)].into_iter().collect();
        for key in keys {
            *counts.entry(key).or_default() += 1;
        }
    }
    let alike =
        |[path, field]: &[String; 2]| key(path) == key(field) && counts.get(&key(path)) == Some(&1);
    pairs.into_iter().filter(|pair| !alike(pair)).collect()
}

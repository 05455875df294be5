//! The way back: a model's weights under the published names and in the published shapes. The tables are the import's.

use std::collections::HashSet;
use std::fmt;

use termc_compiler::model::Model;

use super::{names, pattern, published};
use crate::tensors::{Tensors, reshaped};

/// Parameters without a published name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportError(pub Vec<String>);

/// Gives a model's parameters, which `tensors` holds by path, the names and shapes of the published PyTorch code.
///
/// # Errors
/// Every parameter that the published code has no place for.
pub fn export(model: &Model, tensors: &Tensors) -> Result<Tensors, ExportError> {
    let lines = line_nets(model);
    let known: HashSet<&str> = model.params.iter().map(|p| p.path.as_str()).collect();
    let mut exported = Tensors::new();
    let mut problems = ExportError::default();
    for param in &model.params {
        let named = foreign(&param.path, &known).zip(tensors.get(&param.path));
        // Two parameters for one name would be one too many.
        let Some((name, data)) = named.filter(|(name, _)| !exported.contains_key(name)) else {
            problems.0.push(param.path.clone());
            continue;
        };
        let on_line = lines.iter().any(|net| param.path.starts_with(net));
        let shape = published_shape(&name, &param.shape, on_line);
        exported.insert(name, reshaped(data.clone().convert::<f32>(), shape));
    }
    match problems.0.is_empty() {
        true => Ok(exported),
        false => Err(problems),
    }
}

/// The published name that the import would give back this path for.
fn foreign(path: &str, known: &HashSet<&str>) -> Option<String> {
    let (shift, of_context) = names::SHIFT;
    let net = path.strip_suffix(shift);
    let has_context = net.is_some_and(|net| known.contains(format!("{net}{of_context}").as_str()));
    let whole = [("", "")];
    let tables = [
        (names::TENSORS, &whole[..]),
        (names::UNITS, names::UNIT_PARTS),
        (names::NETS, names::NET_PARTS),
    ];
    let mut candidates = tables
        .into_iter()
        .flat_map(|(table, parts)| candidates(table, parts, path));
    candidates.find(|name| {
        let found = published(name)
            .into_iter()
            .find(|p| known.contains(p.as_str()));
        let of_context = name.ends_with(names::CONTEXT_BIAS);
        found.as_deref() == Some(path) && of_context == has_context
    })
}

/// Every name that a table could have made this path of, in the table's order; `("", "")` is a part left as it is.
fn candidates(
    table: &'static [(&str, &[&str])],
    parts: &[(&str, &str)],
    path: &str,
) -> Vec<String> {
    let mut found = vec![];
    for (from, targets) in table {
        let from = from.replace("{R}", names::ROOT);
        for holes in targets.iter().filter_map(|to| pattern::matches(to, path)) {
            let rest = holes.fill("{*}");
            for (part_from, part_to) in parts {
                let part = match *part_to {
                    "" => Some(rest.clone()),
                    to => pattern::matches(to, &rest).map(|holes| holes.fill(part_from)),
                };
                found.extend(part.map(|part| holes.fill(&from.replace("{*}", &part))));
            }
        }
    }
    found
}

/// The paths, with a dot after them, of the slow nets over a line, which the published code writes with convolutions of one
/// dimension.
fn line_nets(model: &Model) -> Vec<String> {
    let graph = model.primitives();
    let nets = graph.instances.iter().filter(|instance| {
        let mut inputs = instance.inputs.iter().map(|input| graph[input.node].shape);
        instance.slow && inputs.any(|shape| shape.sizes.rank() == 1)
    });
    nets.map(|net| format!("{}.", net.path)).collect()
}

/// Linear maps are convolutions of size 1, but for the last; what is added at each position has an axis more.
fn published_shape(name: &str, shape: &[usize], on_line: bool) -> Vec<usize> {
    let ones = if on_line { 1 } else { 2 };
    let is_weight = name.ends_with(".weight");
    match shape {
        [outputs, inputs] if is_weight && !name.starts_with(names::LINEAR) => {
            [&[*outputs, *inputs][..], &vec![1; ones]].concat()
        }
        [1, _, ..] if !is_weight => [&[1], shape].concat(),
        shape => shape.to_vec(),
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the published code has no place for all of the model")?;
        self.0
            .iter()
            .try_for_each(|path| write!(f, "\n  no published name for `{path}`"))
    }
}

impl std::error::Error for ExportError {}

//! Weights of the published PyTorch code for a given model, and back: a table of names, nothing guessed. Computes nothing.

mod checkpoint;
mod export;
mod names;
mod pattern;
mod prefixes;
mod pytorch;
mod view;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use termc_compiler::model::{Model, list};

pub use checkpoint::Checkpoint;
pub use export::{ExportError, export};
pub use prefixes::{NotThere, Taken};
use prefixes::{choose, split};
pub use termc_compiler::model::MOST_NAMES;

use crate::Error;
use crate::model::ModelError;
use crate::tensors::{Tensors, reshaped};

/// A user's own renamings: foreign name patterns to parameter paths, with the holes `{NAME}` (digits) and `{*}` (any text).
#[derive(Clone, Debug, Default)]
pub struct NameMap(BTreeMap<String, String>);

impl NameMap {
    /// Reads a JSON object of strings.
    ///
    /// # Errors
    /// If the file cannot be read or is something else.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(Error::file("read", path))?;
        let map = serde_json::from_str(&text).map_err(|e| Error::Content {
            path: path.to_owned(),
            problem: format!("is not a JSON object of names: {e}"),
        })?;
        Ok(Self(map))
    }
}

impl FromIterator<(String, String)> for NameMap {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(names: T) -> Self {
        Self(names.into_iter().collect())
    }
}

/// Weights under the model's paths, in its shapes: every parameter is there and nothing else.
#[derive(Clone, Debug)]
pub struct Imported {
    /// By parameter path.
    pub tensors: Tensors,
    /// Foreign name of each path.
    pub origins: BTreeMap<String, String>,
    /// Foreign tensors beside the weights that no parameter is for: counters, and whatever else.
    pub ignored: Vec<String>,
    /// Which of several sets of weights was taken; None where there was no choice.
    pub taken: Option<Taken>,
    /// The class of an object that was pickled whole, of which the parameters alone were read.
    pub module: Option<String>,
}

/// Why weights cannot be imported, name by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportError {
    /// Foreign tensors of published names whose path the model does not have, and that path.
    pub unmatched: Vec<(String, String)>,
    /// Foreign tensors of other names; no reason by themselves, but one of them may be a parameter that is missing.
    pub ignored: Vec<String>,
    /// Parameters that no foreign tensor is for.
    pub missing: Vec<String>,
    /// Pairs of foreign tensors for one parameter, and the parameter.
    pub repeated: Vec<(String, String, String)>,
    /// Foreign name, parameter, its shape, the foreign shape.
    pub shapes: Vec<(String, String, Vec<usize>, Vec<usize>)>,
    /// Foreign tensors of a kind that cannot be read, and why.
    pub unreadable: Vec<(String, String)>,
}

/// Finds the model's parameters in a checkpoint and reads them; `take` names one of several sets of weights, such as `ema`.
///
/// # Errors
/// Everything that keeps a parameter from being there: names that are left over on the model's side, published names that the
/// model has no place for, and shapes that differ. If there is no such set of weights, or a tensor cannot be read.
pub fn import(
    model: &Model,
    checkpoint: &mut Checkpoint,
    map: &NameMap,
    take: Option<&str>,
) -> Result<Imported, Error> {
    let shapes: BTreeMap<&str, &[usize]> = (model.params.iter())
        .map(|p| (p.path.as_str(), p.shape.as_slice()))
        .collect();
    let place = |full: &str, bare: &str| {
        let mapped = map.paths(full).or_else(|| map.paths(bare));
        let paths = mapped.unwrap_or_else(|| published(bare));
        let known = paths
            .iter()
            .find_map(|path| shapes.get_key_value(path.as_str()));
        match known {
            Some((path, shape)) => Place::Parameter(path, shape),
            None => Place::Nowhere(paths.into_iter().next()),
        }
    };
    let names = checkpoint.names();
    let fits = |full: &str, bare: &str| matches!(place(full, bare), Place::Parameter(..));
    let taken = choose(names.iter().map(String::as_str), take, fits).map_err(ModelError::from)?;
    let mut problems = ImportError::default();
    let mut origins: BTreeMap<String, String> = BTreeMap::new();
    let mut ignored = Vec::new();
    for full in names {
        let (group, bare) = split(&full);
        if group != taken.group {
            continue;
        }
        match place(&full, bare) {
            Place::Nowhere(None) => ignored.push(full),
            Place::Nowhere(Some(path)) => problems.unmatched.push((full, path)),
            Place::Parameter(path, shape) => {
                if let Some(earlier) = origins.get(path) {
                    problems
                        .repeated
                        .push((earlier.clone(), full, path.to_owned()));
                    continue;
                }
                match checkpoint.shape(&full) {
                    Ok(found) if squeezed(found).eq(squeezed(shape)) => {}
                    Ok(found) => {
                        let (shape, found) = (shape.to_vec(), found.to_vec());
                        problems
                            .shapes
                            .push((full.clone(), path.to_owned(), shape, found));
                    }
                    Err(problem) => problems.unreadable.push((full.clone(), problem)),
                }
                origins.insert(path.to_owned(), full);
            }
        }
    }
    let params = model.params.iter().map(|p| &p.path);
    problems.missing = params
        .filter(|path| !origins.contains_key(*path))
        .cloned()
        .collect();
    if problems != ImportError::default() {
        problems.ignored = ignored;
        return Err(ModelError::from(problems).into());
    }
    let wanted: Vec<String> = origins.values().cloned().collect();
    let mut read = checkpoint.read(&wanted)?;
    let tensors = origins.iter().filter_map(|(path, full)| {
        let shape = shapes.get(path.as_str())?;
        Some((path.clone(), reshaped(read.remove(full)?, shape.to_vec())))
    });
    Ok(Imported {
        tensors: tensors.collect(),
        origins,
        ignored,
        taken: (take.is_some() || !taken.others.is_empty()).then_some(taken),
        module: checkpoint.module().map(str::to_owned),
    })
}

/// Where a foreign tensor belongs.
enum Place<'a> {
    /// A parameter's path and shape.
    Parameter(&'a str, &'a [usize]),
    /// Nowhere; with the path that a tensor of this name would have.
    Nowhere(Option<String>),
}

impl NameMap {
    fn paths(&self, name: &str) -> Option<Vec<String>> {
        self.0
            .iter()
            .find_map(|(from, to)| Some(vec![pattern::matches(from, name)?.fill(to)]))
    }
}

/// The paths a published name may have, best first; none if it is not one.
fn published(name: &str) -> Vec<String> {
    let whole = first(names::TENSORS, |to, _| Some(to.to_owned()), name);
    let part_of = |table, parts: &[(&str, &str)]| {
        first(
            table,
            |to, part| {
                parts.iter().find_map(|(from, part_to)| {
                    let part = pattern::matches(from, part)?.fill(part_to);
                    Some(to.replace("{*}", &part))
                })
            },
            name,
        )
    };
    whole
        .or_else(|| part_of(names::UNITS, names::UNIT_PARTS))
        .or_else(|| part_of(names::NETS, names::NET_PARTS))
        .unwrap_or_default()
}

/// The first row of a table that matches; `complete` gets each target and what `{*}` stood for.
fn first(
    table: &[(&str, &[&str])],
    complete: impl Fn(&str, &str) -> Option<String>,
    name: &str,
) -> Option<Vec<String>> {
    table.iter().find_map(|(from, targets)| {
        let from = from.replace("{R}", names::ROOT);
        let holes = pattern::matches(&from, name)?;
        let part = holes.fill("{*}");
        targets
            .iter()
            .map(|to| Some(holes.fill(&complete(to, &part)?)))
            .collect()
    })
}

/// Sizes without the ones: `[out, in, 1, 1]` and `[out, in]` hold the same numbers in the same order.
fn squeezed(sizes: &[usize]) -> impl Iterator<Item = &usize> {
    sizes.iter().filter(|size| **size != 1)
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the checkpoint does not fit the model")?;
        let unmatched = self.unmatched.iter().map(|(name, path)| {
            format!("`{name}` would be `{path}`, which the model does not have")
        });
        let missing =
            (self.missing.iter()).map(|path| format!("nothing in the checkpoint is for `{path}`"));
        let ignored = (self.ignored.iter()).map(|name| format!("`{name}` is not a published name"));
        let repeated = (self.repeated.iter())
            .map(|(first, second, path)| format!("`{first}` and `{second}` are both for `{path}`"));
        let shapes = self.shapes.iter().map(|(name, path, expected, found)| {
            format!("`{name}` has shape {found:?}, but `{path}` needs {expected:?}")
        });
        let unreadable =
            (self.unreadable.iter()).map(|(name, problem)| format!("`{name}` {problem}"));
        list(f, unmatched)?;
        list(f, missing)?;
        list(f, ignored)?;
        list(f, repeated)?;
        list(f, shapes)?;
        list(f, unreadable)
    }
}

impl std::error::Error for ImportError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_names_have_paths() {
        let root = "blocks.3.fast_multi_branch";
        let cases = [
            ("blocks.3.bias".to_owned(), "b[3].bias.value"),
            ("out_layer.weight".to_owned(), "logits.linear.weight"),
            (format!("{root}.bias2"), "b[3].l2.bias.value"),
            (
                format!("{root}.local_interact_conv_4.channel_mixer.bias"),
                "b[3].l4.mixed.linear.bias",
            ),
            (
                format!("{root}.Fast_Kernel_rgu_2.fast_linear_k.weight"),
                "b[3].fast.rgu[0].k.weight",
            ),
            (
                format!("{root}.Fast_Kernel_rgu.fast_bias_p"),
                "b[3].fast.rgu[1].gate.spatial_bias.value",
            ),
            (
                format!("{root}.slow_net_g.Kernel.filters.2.linear.weight"),
                "b[3].K.net.filters[2].weight",
            ),
            (
                format!("{root}.slow_net_l3.Kernel.fast_linears_x.1.bias"),
                "b[3].l5.kernel.net.contexts[1].bias",
            ),
            (
                format!("{root}.slow_net_l1.Kernel.bias_pk"),
                "b[3].l1.kernel.net.shift",
            ),
            (
                format!("{root}.hyper_interact.slow_net_gs_hi.Kernel.output_linear.bias"),
                "b[3].inter.spatial_score.kernel.net.out.bias",
            ),
        ];
        for (name, path) in cases {
            assert_eq!(
                published(&name).first().map(String::as_str),
                Some(path),
                "{name}"
            );
        }
        assert!(published("blocks.3.fast_multi_branch.fast_bias").is_empty());
        assert!(published("blocks.x.bias").is_empty());
    }
}

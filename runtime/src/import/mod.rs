//! Weights of the published PyTorch code for a given model, and back: a table of names, nothing guessed. Computes nothing.

mod export;
mod names;
mod pattern;
mod pytorch;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use termc_compiler::model::Model;

pub use export::{ExportError, export};

use crate::Error;
use crate::tensors::{TensorFile, Tensors, reshaped};

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
    /// Foreign tensors that are known to be no parameters.
    pub ignored: Vec<String>,
}

/// Why weights cannot be imported, name by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportError {
    /// Foreign tensors that no pattern knows, or whose path the model does not have (then with that path).
    pub unmatched: Vec<(String, Option<String>)>,
    /// Parameters that no foreign tensor is for.
    pub missing: Vec<String>,
    /// Pairs of foreign tensors for one parameter, and the parameter.
    pub repeated: Vec<(String, String, String)>,
    /// Foreign name, parameter, its shape, the foreign shape.
    pub shapes: Vec<(String, String, Vec<usize>, Vec<usize>)>,
}

/// Reads the tensors of a checkpoint: `.safetensors`, or a PyTorch archive (`.pt`, `.pth`, `.ckpt`), told apart by content.
///
/// # Errors
/// If the file cannot be read or is of no known kind.
pub fn read(path: &Path) -> Result<Tensors, Error> {
    let mut file = File::open(path).map_err(Error::file("read", path))?;
    let mut start = [0; 4];
    let filled = file.read(&mut start).map_err(Error::file("read", path))?;
    let content = |problem: String| Error::Content {
        path: path.to_owned(),
        problem,
    };
    match start.get(..filled) {
        Some(b"PK\x03\x04") => pytorch::read(BufReader::new(file)).map_err(content),
        Some([0x80, 2, ..]) => Err(content(
            "is in PyTorch's format from before version 1.6; load and save it with a newer PyTorch first".into(),
        )),
        _ => Ok(TensorFile::read(path)?.tensors),
    }
}

/// Gives the tensors of a published checkpoint the model's paths and shapes.
///
/// # Errors
/// Every name that is left over on either side, and every shape that differs.
pub fn import(model: &Model, foreign: Tensors, map: &NameMap) -> Result<Imported, ImportError> {
    let shapes: BTreeMap<&str, &[usize]> = model
        .params
        .iter()
        .map(|p| (p.path.as_str(), p.shape.as_slice()))
        .collect();
    let mut problems = ImportError::default();
    let mut imported = Imported {
        tensors: Tensors::new(),
        origins: BTreeMap::new(),
        ignored: Vec::new(),
    };
    for (full, data) in foreign {
        let name = unwrapped(&full);
        let paths = map
            .paths(&full)
            .or_else(|| map.paths(name))
            .unwrap_or_else(|| published(name));
        let known = paths
            .iter()
            .find_map(|path| shapes.get_key_value(path.as_str()));
        let Some((path, shape)) = known else {
            if paths.is_empty()
                && names::IGNORED
                    .iter()
                    .any(|p| pattern::matches(p, name).is_some())
            {
                imported.ignored.push(full);
            } else {
                problems.unmatched.push((full, paths.into_iter().next()));
            }
            continue;
        };
        if let Some(earlier) = imported.origins.insert((*path).to_owned(), full.clone()) {
            problems.repeated.push((earlier, full, (*path).to_owned()));
            continue;
        }
        let found: Vec<usize> = data.shape().to_vec();
        if squeezed(&found).eq(squeezed(shape)) {
            let data = reshaped(data.convert::<f32>(), shape.to_vec());
            imported.tensors.insert((*path).to_owned(), data);
        } else {
            problems
                .shapes
                .push((full, (*path).to_owned(), shape.to_vec(), found));
        }
    }
    problems.missing = model
        .params
        .iter()
        .map(|p| p.path.clone())
        .filter(|path| !imported.origins.contains_key(path))
        .collect();
    if problems == ImportError::default() {
        Ok(imported)
    } else {
        Err(problems)
    }
}

impl NameMap {
    fn paths(&self, name: &str) -> Option<Vec<String>> {
        self.0
            .iter()
            .find_map(|(from, to)| Some(vec![pattern::matches(from, name)?.fill(to)]))
    }
}

/// A name without the prefixes of training frameworks.
fn unwrapped(name: &str) -> &str {
    names::WRAPPERS.iter().fold(name, |name, prefix| {
        name.strip_prefix(prefix).unwrap_or(name)
    })
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

impl From<ImportError> for Error {
    fn from(error: ImportError) -> Self {
        Self::Input(error.to_string())
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the checkpoint does not fit the model")?;
        for (name, path) in &self.unmatched {
            match path {
                Some(path) => write!(
                    f,
                    "\n  `{name}` would be `{path}`, which the model does not have"
                )?,
                None => write!(f, "\n  `{name}` is not a published name")?,
            }
        }
        for path in &self.missing {
            write!(f, "\n  nothing in the checkpoint is for `{path}`")?;
        }
        for (first, second, path) in &self.repeated {
            write!(f, "\n  `{first}` and `{second}` are both for `{path}`")?;
        }
        for (name, path, expected, found) in &self.shapes {
            write!(
                f,
                "\n  `{name}` has shape {found:?}, but `{path}` needs {expected:?}"
            )?;
        }
        Ok(())
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

    #[test]
    fn wrappers_are_taken_off() {
        assert_eq!(unwrapped("network.module.blocks.0.bias"), "blocks.0.bias");
        assert!(
            names::IGNORED
                .iter()
                .any(|p| pattern::matches(p, "a.b.train_length").is_some())
        );
    }
}

//! What wrappers and training programs put before the names of weights, and which of several sets of weights in one
//! checkpoint is meant. Reads no values.

use std::collections::BTreeMap;

/// Put before every name by whatever one network is wrapped in: no choice.
const WRAPPERS: &[&str] = &["module", "_orig_mod", "network"];

/// Keys under which training programs keep weights, the usual ones first; `model` and `net` are names of wrappers, too.
const CONTAINERS: &[&str] = &[
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "params",
    "ema",
    "state_dict_ema",
    "ema_state_dict",
    "model_ema",
    "ema_model",
    "params_ema",
];

/// A name without what was put before it, and the containers among that.
pub fn split(name: &str) -> (String, &str) {
    let (mut group, mut rest) = (Vec::new(), name);
    while let Some((first, after)) = rest.split_once('.') {
        if CONTAINERS.contains(&first) {
            group.push(first);
        } else if !WRAPPERS.contains(&first) {
            break;
        }
        rest = after;
    }
    (group.join("."), rest)
}

/// Which of several sets of weights was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Where it lies, such as `state_dict`; empty for weights that are in nothing.
    pub group: String,
    /// Where others that fit lie.
    pub others: Vec<String>,
}

/// No set of weights of the name that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the checkpoint has no weights under `{asked}`; it has {}", .there.join(", "))]
pub struct NotThere {
    /// What was asked for.
    pub asked: String,
    /// What there is.
    pub there: Vec<String>,
}

/// Chooses the set of weights: the one that is asked for, else the one with most of the model's parameters, of equals the one
/// that is no average, then the usual one. `fits` says of a name without prefixes whether it is a parameter's.
pub fn choose<'a>(
    names: impl IntoIterator<Item = &'a str>,
    asked: Option<&str>,
    fits: impl Fn(&str, &str) -> bool,
) -> Result<Taken, NotThere> {
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    for name in names {
        let (group, bare) = split(name);
        *groups.entry(group).or_default() += usize::from(fits(name, bare));
    }
    // Tensors of optimizers and the like are no choice, unless nothing fits at all.
    if groups.values().any(|count| *count > 0) {
        groups.retain(|_, count| *count > 0);
    }
    let there = || groups.keys().map(|group| told(group)).collect();
    let mut candidates: Vec<(&String, usize)> = groups.iter().map(|(g, n)| (g, *n)).collect();
    if let Some(asked) = asked {
        let whole = candidates.iter().any(|(group, _)| has(group, asked));
        candidates.retain(|(group, _)| match whole {
            true => has(group, asked),
            false => asked == "ema" && is_average(group),
        });
        if candidates.is_empty() {
            return Err(NotThere {
                asked: asked.to_owned(),
                there: there(),
            });
        }
    }
    candidates
        .sort_by_key(|(group, count)| (std::cmp::Reverse(*count), is_average(group), order(group)));
    let taken = candidates
        .first()
        .map_or_else(String::new, |(group, _)| (*group).clone());
    let others = groups.keys().filter(|group| **group != taken);
    Ok(Taken {
        others: others.map(|group| told(group)).collect(),
        group: taken,
    })
}

impl Taken {
    /// The set in words.
    pub fn told(&self) -> String {
        told(&self.group)
    }
}

fn told(group: &str) -> String {
    match group {
        "" => "the checkpoint's own names".to_owned(),
        group => format!("`{group}`"),
    }
}

fn has(group: &str, part: &str) -> bool {
    group == part || group.split('.').any(|p| p == part)
}

fn is_average(group: &str) -> bool {
    group
        .split('.')
        .any(|part| part.split('_').any(|word| word == "ema"))
}

/// Position of the innermost container among the usual ones.
fn order(group: &str) -> usize {
    let last = group.split('.').next_back().unwrap_or(group);
    CONTAINERS
        .iter()
        .position(|name| *name == last)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(name: &str) -> &str {
        split(name).1
    }

    #[test]
    fn wrappers_come_off_in_any_order_and_number() {
        for name in [
            "w",
            "module.w",
            "_orig_mod.module.w",
            "module._orig_mod.module.w",
            "model.network.net.w",
            "state_dict.net.module.model.w",
        ] {
            assert_eq!(bare(name), "w", "{name}");
        }
        assert_eq!(bare("modules.w"), "modules.w");
        assert_eq!(bare("blocks.0.model.w"), "blocks.0.model.w");
        assert_eq!(bare("model"), "model");
        assert_eq!(
            split("state_dict.module.model.w"),
            ("state_dict.model".into(), "w")
        );
    }

    fn taken(names: &[&str], asked: Option<&str>) -> Result<(String, usize), NotThere> {
        let names = names.iter().copied();
        let taken = choose(names, asked, |_, bare| bare == "w" || bare == "v")?;
        Ok((taken.group.clone(), taken.others.len()))
    }

    #[test]
    fn the_set_that_fits_best_is_taken_and_averages_only_when_asked_for() {
        let both = [
            "ema.w",
            "ema.v",
            "state_dict.w",
            "state_dict.v",
            "optimizer.0.w",
        ];
        assert_eq!(taken(&both, None), Ok(("state_dict".into(), 1)));
        assert_eq!(taken(&both, Some("ema")), Ok(("ema".into(), 1)));
        let inner = [
            "state_dict.model.w",
            "state_dict.model_ema.module.w",
            "state_dict.criterion.u",
        ];
        assert_eq!(taken(&inner, None), Ok(("state_dict.model".into(), 1)));
        assert_eq!(
            taken(&inner, Some("ema")),
            Ok(("state_dict.model_ema".into(), 1))
        );
        assert_eq!(
            taken(&["module.w", "module.v"], None),
            Ok((String::new(), 0))
        );
        // Half of the parameters are no network.
        assert_eq!(
            taken(&["model.w", "params.w", "params.v"], None),
            Ok(("params".into(), 1))
        );
        assert_eq!(taken(&["model.u"], None), Ok(("model".into(), 0)));
        let absent = taken(&both, Some("model")).unwrap_err();
        assert_eq!(absent.there, ["`ema`", "`state_dict`"]);
    }
}

//! Differences of settings: of the recipe, and of anything that is JSON.

use serde_json::Value;
use termc_compiler::model::Train;

use super::Change;

/// The settings of two recipes.
pub(super) fn recipe(first: &Train, second: &Train) -> Vec<Change> {
    match (serde_json::to_value(first), serde_json::to_value(second)) {
        (Ok(first), Ok(second)) => settings("train", &first, &second),
        (a, b) => termc_compiler::bug::fault(&format!("a recipe is no JSON: {a:?}, {b:?}")),
    }
}

/// What two JSON objects differ in, by path below `path`.
pub fn settings(path: &str, first: &Value, second: &Value) -> Vec<Change> {
    let mut found = vec![];
    compare(path, Some(first), Some(second), &mut found);
    found
}

fn compare(path: &str, first: Option<&Value>, second: Option<&Value>, found: &mut Vec<Change>) {
    if first == second {
        return;
    }
    if let (Some(Value::Object(a)), Some(Value::Object(b))) = (first, second) {
        let shared = a.keys().any(|key| b.contains_key(key));
        if shared {
            let only_second = b.keys().filter(|key| !a.contains_key(*key));
            for key in a.keys().chain(only_second) {
                let path = format!("{path}.{}", lower(key));
                compare(&path, a.get(key), b.get(key), found);
            }
            return;
        }
    }
    let text = |value: Option<&Value>| value.filter(|value| !value.is_null()).map(written);
    found.push(Change {
        path: path.to_owned(),
        calls: vec![],
        from: text(first),
        to: text(second),
    });
}

/// A value as a file would write it: `kar3(lr=0.001, betas=[0.5, 0.95])`.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => lower(text),
        Value::Array(list) => {
            let list: Vec<String> = list.iter().map(written).collect();
            format!("[{}]", list.join(", "))
        }
        Value::Object(map) => {
            let fields = |map: &serde_json::Map<String, Value>| -> String {
                let fields = map
                    .iter()
                    .map(|(name, value)| format!("{name}={}", written(value)));
                fields.collect::<Vec<_>>().join(", ")
            };
            let mut entries = map.iter();
            match (entries.next(), entries.next()) {
                (Some((name, Value::Object(inner))), None) => {
                    format!("{}({})", lower(name), fields(inner))
                }
                _ => format!("({})", fields(map)),
            }
        }
        value => value.to_string(),
    }
}

/// `WarmupCosine` as `warmup_cosine`.
fn lower(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && name.chars().all(|c| c.is_ascii_alphanumeric()) {
            if i > 0 {
                out.push('_');
            }
            out.push(c.to_ascii_lowercase());
        } else {
            out.push(c);
        }
    }
    out
}

//! A comparison as text for a terminal.

use std::fmt::{self, Display, Formatter};

use termc_compiler::summary::grouped;

use super::{Change, Diff, Part};

/// How a line is set off, if it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something is new.
    Added,
    /// Something is gone.
    Removed,
    /// Something differs.
    Changed,
    /// A heading or a figure.
    Plain,
}

impl Diff {
    /// The lines of the comparison, each with what it tells.
    pub fn lines(&self) -> Vec<(Kind, String)> {
        let mut lines = vec![(Kind::Plain, format!("{} -> {}", self.from, self.to))];
        if self.is_empty() {
            lines.push((Kind::Plain, "no difference".into()));
            return lines;
        }
        for (kind, sign, parts) in [
            (Kind::Removed, '-', &self.removed),
            (Kind::Added, '+', &self.added),
        ] {
            for part in parts.iter().filter(|part| !part.follows) {
                lines.push((kind, format!("{sign} {part}")));
                lines.push((Kind::Plain, format!("    {}", figures(part))));
            }
            for part in parts.iter().filter(|part| part.follows) {
                lines.push((kind, format!("{sign} {part}, which nothing else reads")));
                lines.push((Kind::Plain, format!("    {}", figures(part))));
            }
        }
        let changes = self.changed.iter().chain(&self.settings);
        lines.extend(changes.map(|change| (Kind::Changed, format!("~ {change}"))));
        let rows = [
            ("parameters", self.parameters),
            ("multiply-adds per image", self.multiply_adds),
            ("multiply-adds per pass", self.fixed_multiply_adds),
        ];
        for (name, [a, b]) in rows.into_iter().filter(|(_, [a, b])| a != b) {
            let difference = match b >= a {
                true => format!("+{}", grouped(b - a)),
                false => format!("-{}", grouped(a - b)),
            };
            let text = format!(
                "all {name}: {} -> {} ({difference})",
                grouped(a),
                grouped(b)
            );
            lines.push((Kind::Plain, text));
        }
        lines
    }
}

fn figures(part: &Part) -> String {
    let mut figures = vec![
        format!("{} parameters", grouped(part.parameters)),
        format!("{} multiply-adds per image", grouped(part.multiply_adds)),
    ];
    if part.fixed_multiply_adds > 0 {
        figures.push(format!("{} per pass", grouped(part.fixed_multiply_adds)));
    }
    figures.join(", ")
}

fn in_calls(calls: &[String], f: &mut Formatter<'_>) -> fmt::Result {
    match calls {
        [] => Ok(()),
        [first, .., last] if calls.len() > 6 => {
            write!(f, " in {} calls, {first} to {last}", calls.len())
        }
        calls => write!(f, " in {}", calls.join(", ")),
    }
}

impl Display for Part {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)?;
        in_calls(&self.calls, f)
    }
}

impl Display for Change {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".into());
        write!(
            f,
            "{}: {} -> {}",
            self.path,
            text(&self.from),
            text(&self.to)
        )?;
        in_calls(&self.calls, f)
    }
}

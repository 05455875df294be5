//! The summary as rows, for a terminal, as comma-separated values or in Markdown: block calls down to some depth, the
//! prelude's as one row each.

use super::{Call, Row, Summary, bytes, csv, grouped};
use crate::analysis::Dependence;
use crate::cost::Cost;

/// Columns of a row: name, what it is, shape, parameters, multiply-adds per image and per pass, bytes.
type Cells = [String; 7];

const HEADER: [&str; 7] = [
    "",
    "",
    "shape",
    "parameters",
    "per image",
    "per pass",
    "bytes",
];

/// How many of the columns are texts; the others are numbers.
const TEXTS: usize = 3;

/// Columns that are left out where there is no room for all, the first first.
const SPARED: [usize; 2] = [6, 5];

/// Names and words are not cut below so many letters.
const SHORTEST: usize = 12;

/// A value or a call, before it is written.
struct Line<'a> {
    level: usize,
    /// Its name as seen from the call that it stands in.
    name: &'a str,
    path: &'a str,
    what: String,
    shape: &'a str,
    parameters: u64,
    cost: Cost,
    bytes: u64,
}

impl Summary {
    /// The summary as an aligned table, totals below. Block calls are opened down to `depth`: 0 shows only the model's own
    /// values and calls, one row each. Calls of the prelude's blocks stay one row. Work is in multiply-adds.
    pub fn table(&self, depth: usize) -> String {
        self.table_of_width(depth, usize::MAX)
    }

    /// The same for a terminal of so many columns and rows: what is too wide is cut, and block calls are open only if all
    /// rows are seen at once.
    pub fn table_within(&self, width: usize, height: usize) -> String {
        let totals = self.totals();
        let around = totals.lines().count() + 2;
        let open = self.lines(1);
        let lines = if open.len() + around <= height {
            open
        } else {
            self.lines(0)
        };
        self.aligned(&lines, width) + &totals
    }

    /// The same rows as in `table`, each cut to so many columns.
    pub fn table_of_width(&self, depth: usize, width: usize) -> String {
        self.aligned(&self.lines(depth), width) + &self.totals()
    }

    /// The rows as comma-separated values, with whole paths and exact numbers.
    pub fn csv(&self, depth: usize) -> String {
        let mut out = String::from(
            "path,what,shape,parameters,multiply_adds_per_image,multiply_adds_per_pass,bytes\n",
        );
        for line in self.lines(depth) {
            let texts = [line.path, line.what.as_str(), line.shape].into_iter();
            let numbers = [
                line.parameters,
                line.cost.multiply_adds,
                line.cost.fixed_multiply_adds,
                line.bytes,
            ];
            let numbers = numbers.map(|n| n.to_string());
            out += &csv::line(texts.chain(numbers.iter().map(String::as_str)));
        }
        out
    }

    /// The rows as a table in Markdown, totals below.
    pub fn markdown(&self, depth: usize) -> String {
        let mut out = String::from(
            "| name | what | shape | parameters | multiply-adds per image | per pass | bytes |\n|---|---|---|--:|--:|--:|--:|\n",
        );
        for line in self.lines(depth) {
            let [_, what, shape, numbers @ ..] = line.cells();
            let path = format!("`{}`", line.path);
            let cells: Vec<String> = [path, what, shape]
                .into_iter()
                .chain(numbers)
                .map(|cell| cell.replace('|', "\\|"))
                .collect();
            out += &format!("| {} |\n", cells.join(" | "));
        }
        out + &self.totals()
    }

    fn aligned(&self, lines: &[Line<'_>], most: usize) -> String {
        let mut rows = vec![HEADER.map(str::to_owned)];
        rows.extend(lines.iter().map(Line::cells));
        let widths = |rows: &[Cells]| -> [usize; 7] {
            let mut widths = [0; 7];
            for row in rows {
                for (width, cell) in widths.iter_mut().zip(row) {
                    *width = cell.chars().count().max(*width);
                }
            }
            widths
        };
        let total = |widths: &[usize; 7]| {
            let columns = widths.iter().filter(|width| **width > 0).count();
            widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1)
        };
        for spared in SPARED {
            if total(&widths(&rows)) > most {
                let cells = rows.iter_mut().filter_map(|row| row.get_mut(spared));
                cells.for_each(String::clear);
            }
        }
        // What it is can be cut best, then the name.
        for column in [1, 0] {
            let all = widths(&rows);
            let surplus = total(&all).saturating_sub(most);
            let width = all.get(column).copied().unwrap_or_default();
            if surplus > 0 {
                let kept = width.saturating_sub(surplus).max(SHORTEST);
                let cells = rows.iter_mut().filter_map(|row| row.get_mut(column));
                cells.for_each(|cell| cut(cell, kept));
            }
        }
        let all = widths(&rows);
        let mut out = String::new();
        for row in &rows {
            let cells = row.iter().zip(all).enumerate();
            let cells = cells.filter(|(i, (_, width))| *width > 0 || *i < TEXTS);
            let cells = cells.map(|(i, (cell, width))| match i < TEXTS {
                true => format!("{cell:<width$}"),
                false => format!("{cell:>width$}"),
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    fn lines(&self, depth: usize) -> Vec<Line<'_>> {
        let mut lines = vec![];
        self.inside(&self.root, 0, depth, &mut lines);
        lines
    }

    /// The values and calls of a call, in order.
    fn inside<'a>(&'a self, call: &'a Call, level: usize, depth: usize, lines: &mut Vec<Line<'a>>) {
        let mut at = call.first;
        for inner in &call.calls {
            self.values(call, at..inner.first, level, lines);
            lines.push(of_call(call, inner, level));
            if level < depth && !inner.prelude {
                self.inside(inner, level + 1, depth, lines);
            }
            at = inner.end;
        }
        self.values(call, at..call.end, level, lines);
    }

    fn values<'a>(
        &'a self,
        call: &'a Call,
        range: std::ops::Range<usize>,
        level: usize,
        lines: &mut Vec<Line<'a>>,
    ) {
        let values = self.nodes.get(range).unwrap_or_default();
        lines.extend(values.iter().map(|row| of_value(call, row, level)));
    }

    fn totals(&self) -> String {
        let fast = self.parameters.saturating_sub(self.slow_parameters);
        let cost = self.cost;
        let mut rows = self.nodes.iter();
        let coupled = rows.any(|row| row.depends_on == Dependence::Batch);
        let answers = match coupled {
            true => "on its batch",
            false => "on that image alone",
        };
        format!(
            "\n{}: {} block calls, {} parameters ({} slow, {} fast), {}\n\
             per image {} multiply-adds, {} FLOPs forward, {} backward\n\
             per pass, whatever the batch, {} multiply-adds, {} FLOPs forward, {} backward\n\
             all values of a forward pass at batch {}: {}\n\
             the answer for an image depends {answers}\n",
            self.model,
            self.blocks,
            grouped(self.parameters),
            grouped(self.slow_parameters),
            grouped(fast),
            bytes(self.parameter_bytes),
            grouped(cost.multiply_adds),
            grouped(cost.flops),
            grouped(cost.flops_backward),
            grouped(cost.fixed_multiply_adds),
            grouped(cost.fixed_flops),
            grouped(cost.fixed_flops_backward),
            self.batch,
            bytes(self.activation_bytes),
        )
    }
}

fn of_call<'a>(parent: &Call, call: &'a Call, level: usize) -> Line<'a> {
    let runs = match call.fused {
        None => "",
        Some(true) => ", fused",
        Some(false) => ", by primitives",
    };
    Line {
        level,
        name: name(parent, &call.path),
        path: &call.path,
        what: format!("{}{runs}", call.block),
        shape: &call.shape,
        parameters: call.slow_parameters.saturating_add(call.fast_parameters),
        cost: call.cost,
        bytes: call.bytes,
    }
}

fn of_value<'a>(parent: &Call, row: &'a Row, level: usize) -> Line<'a> {
    Line {
        level,
        name: name(parent, &row.path),
        path: &row.path,
        what: row.operation.clone(),
        shape: &row.shape,
        parameters: row.slow_parameters.saturating_add(row.fast_parameters),
        cost: row.cost,
        bytes: row.bytes,
    }
}

impl Line<'_> {
    fn cells(&self) -> Cells {
        let some = |n: u64, write: fn(u64) -> String| if n == 0 { String::new() } else { write(n) };
        [
            format!("{}{}", "  ".repeat(self.level), self.name),
            self.what.clone(),
            self.shape.to_owned(),
            some(self.parameters, grouped),
            some(self.cost.multiply_adds, short),
            some(self.cost.fixed_multiply_adds, short),
            bytes(self.bytes),
        ]
    }
}

/// Cuts a text to so many letters.
fn cut(text: &mut String, most: usize) {
    if text.chars().count() > most {
        let kept: String = text.chars().take(most.saturating_sub(1)).collect();
        *text = format!("{}…", kept.trim_end());
    }
}

/// A large number with three digits: `23.0 M`.
fn short(n: u64) -> String {
    const UNITS: [&str; 6] = ["", " k", " M", " G", " T", " P"];
    let mut value = n as f64;
    let mut units = UNITS.iter().peekable();
    while let Some(unit) = units.next() {
        let decimals = match value {
            _ if unit.is_empty() => 0,
            ..9.995 => 2,
            ..99.95 => 1,
            _ => 0,
        };
        if value < 999.5 || units.peek().is_none() {
            return format!("{value:.decimals$}{unit}");
        }
        value /= 1000.0;
    }
    grouped(n)
}

/// A path as seen from the call it stands in.
fn name<'a>(parent: &Call, path: &'a str) -> &'a str {
    let below = path.strip_prefix(parent.path.as_str());
    let below = below.and_then(|rest| rest.strip_prefix('.'));
    below.unwrap_or(path)
}

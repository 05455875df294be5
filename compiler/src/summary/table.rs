//! The summary as a table for a terminal: block calls down to some depth, the prelude's as one row each.

use super::{Call, Row, Summary, bytes, grouped};
use crate::analysis::Dependence;
use crate::cost::Cost;

/// Columns of a row: name, what it is, shape, parameters, multiply-adds per image and per pass, bytes.
type Cells = [String; 7];

/// How many of the columns are texts; the others are numbers.
const TEXTS: usize = 3;

impl Summary {
    /// The summary as an aligned table, totals below. Block calls are opened down to `depth`: 0 shows only the model's own
    /// values and calls, one row each. Calls of the prelude's blocks stay one row. Work is in multiply-adds.
    pub fn table(&self, depth: usize) -> String {
        let header = [
            "",
            "",
            "shape",
            "parameters",
            "per image",
            "per pass",
            "bytes",
        ];
        let mut rows = vec![header.map(str::to_owned)];
        self.inside(&self.root, 0, depth, &mut rows);
        let width = |i: usize| {
            let cells = rows.iter().filter_map(|row| row.get(i));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..header.len()).map(width).collect();
        let mut out = String::new();
        for row in &rows {
            let cells = row.iter().zip(&widths).enumerate();
            let cells = cells.map(|(i, (cell, width))| match i < TEXTS {
                true => format!("{cell:<width$}"),
                false => format!("{cell:>width$}"),
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out + &self.totals()
    }

    /// The values and calls of a call, in order.
    fn inside(&self, call: &Call, level: usize, depth: usize, rows: &mut Vec<Cells>) {
        let mut at = call.first;
        for inner in &call.calls {
            self.values(call, at..inner.first, level, rows);
            rows.push(of_call(call, inner, level));
            if level < depth && !inner.prelude {
                self.inside(inner, level + 1, depth, rows);
            }
            at = inner.end;
        }
        self.values(call, at..call.end, level, rows);
    }

    fn values(
        &self,
        call: &Call,
        range: std::ops::Range<usize>,
        level: usize,
        rows: &mut Vec<Cells>,
    ) {
        let values = self.nodes.get(range).unwrap_or_default();
        rows.extend(values.iter().map(|row| of_value(call, row, level)));
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

fn of_call(parent: &Call, call: &Call, level: usize) -> Cells {
    let runs = match call.fused {
        None => "",
        Some(true) => ", fused",
        Some(false) => ", by primitives",
    };
    cells(
        name(parent, &call.path, level),
        format!("{}{runs}", call.block),
        &call.shape,
        [call.slow_parameters, call.fast_parameters],
        call.cost,
        call.bytes,
    )
}

fn of_value(parent: &Call, row: &Row, level: usize) -> Cells {
    cells(
        name(parent, &row.path, level),
        row.operation.clone(),
        &row.shape,
        [row.slow_parameters, row.fast_parameters],
        row.cost,
        row.bytes,
    )
}

fn cells(
    name: String,
    what: String,
    shape: &str,
    parameters: [u64; 2],
    cost: Cost,
    size: u64,
) -> Cells {
    let number = |n: u64| if n == 0 { String::new() } else { grouped(n) };
    let parameters = number(parameters.iter().sum());
    let work = [cost.multiply_adds, cost.fixed_multiply_adds];
    let [per_image, per_pass] = work.map(|n| if n == 0 { String::new() } else { short(n) });
    let shape = shape.to_owned();
    [
        name,
        what,
        shape,
        parameters,
        per_image,
        per_pass,
        bytes(size),
    ]
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

/// A path as seen from the call it stands in, indented.
fn name(parent: &Call, path: &str, level: usize) -> String {
    let below = path.strip_prefix(parent.path.as_str());
    let below = below.and_then(|rest| rest.strip_prefix('.'));
    format!("{}{}", "  ".repeat(level), below.unwrap_or(path))
}

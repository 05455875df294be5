//! Operations and numbers in words, for listings.

use crate::model::{Op, Over};
use crate::primitives::{
    Concat, ContextKernel, Dropout, Fill, Kernel, Mean, Normalize, Offset, Part, ScaleBy,
    Standardize, Tile,
};

/// An operation in words.
pub fn operation(op: &Op) -> String {
    match op {
        Op::Kernel(Kernel { net }) | Op::ContextKernel(ContextKernel { net, .. }) => format!(
            "{}, hidden {}, layers {}",
            op.name(),
            net.hidden,
            net.layers()
        ),
        Op::Standardize(Standardize { over, eps, .. }) => {
            let over = match over {
                Over::Axes(axes) => format!("over {axes}"),
                Over::Groups(n) => format!("by {n} groups"),
                Over::OddGroups(n) => format!("of the odd of {n} groups"),
            };
            format!("standardize {over}, eps {eps:e}")
        }
        Op::Mean(Mean { over, .. }) => format!("mean over {over}"),
        Op::Normalize(Normalize { over, .. }) => format!("normalize over {over}"),
        Op::Concat(Concat { parts }) => format!("concat of {}", parts.len()),
        Op::Tile(Tile { times, .. }) => format!("tile {times} times"),
        Op::Part(Part { start, .. }) => format!("split from channel {start}"),
        Op::Fill(Fill { value }) => format!("fill {value}"),
        Op::ScaleBy(ScaleBy { by, .. }) => format!("scale by {by}"),
        Op::Offset(Offset { by, .. }) => format!("offset by {by}"),
        Op::Dropout(Dropout { rate, shared, .. }) => match shared.to_string().as_str() {
            "" => format!("dropout {rate}"),
            axes => format!("dropout {rate}, shared by {axes}"),
        },
        op => op.name().to_owned(),
    }
}

/// `1336855` as `1,336,855`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A number of bytes in the largest unit that keeps it above 1.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("B");
    if unit == 0 {
        format!("{n} B")
    } else {
        format!("{value:.1} {name}")
    }
}

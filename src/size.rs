//! Amounts of memory as people write them.

use std::str::FromStr;

/// Bytes, written `800MB`, `4GiB` or `1000000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

const UNITS: [(&str, u64); 7] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit = UNITS.iter().find(|(unit, _)| text.ends_with(unit));
        let (unit, factor) = unit.copied().unwrap_or(("", 1));
        let number = text.strip_suffix(unit).unwrap_or(text).trim_end();
        let number: Option<f64> = number.parse().ok().filter(|n| *n > 0.0);
        let bytes = number.map(|n| n * factor as f64).filter(|b| *b < 1e18);
        match bytes {
            Some(bytes) => Ok(Self(bytes as u64)),
            None => Err(format!(
                "`{text}` is not an amount of memory; write for example `4GiB` or `800MB`"
            )),
        }
    }
}

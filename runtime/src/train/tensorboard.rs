//! The record as a TensorBoard event file: one event per row, in the file format TensorFlow defines (length-prefixed
//! records with masked CRC-32C around `Event` messages). Reads back no more than where records end.

use std::path::Path;

use super::metrics::{Row, Span};
use crate::Error;
use crate::tensors::write_atomic;

/// Name of the file in a RUN folder; TensorBoard looks for `tfevents` in it.
pub const FILE: &str = "events.out.tfevents.0.termc";

/// Makes the file consist of its version and the events of the first `rows` rows. A file that has fewer of them is left
/// with what it has: the record itself is `metrics.jsonl`.
///
/// # Errors
/// If it cannot be read or written.
pub fn keep(path: &Path, rows: usize, wall_time: f64) -> Result<(), Error> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(Error::file("read", path)(e)),
    };
    let ends: Vec<usize> = record_ends(&bytes).collect();
    let kept = match ends.as_slice() {
        [] => record(&version(wall_time)),
        ends => {
            let last = ends.get(rows).or(ends.last()).copied().unwrap_or(0);
            bytes.get(..last).unwrap_or_default().to_vec()
        }
    };
    write_atomic(path, &kept)
}

/// Where whole records end.
fn record_ends(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let mut at = 0usize;
    std::iter::from_fn(move || {
        let head: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
        let length = usize::try_from(u64::from_le_bytes(head)).ok()?;
        at = at.checked_add(length)?.checked_add(16)?;
        (at <= bytes.len()).then_some(at)
    })
}

/// The record of a row, made at `wall_time` seconds since 1970.
pub fn event(row: &Row, wall_time: f64) -> Vec<u8> {
    let group = match row.span {
        Span::Step => "step",
        Span::Epoch => row.split.name(),
    };
    let terms = row
        .terms
        .iter()
        .map(|(name, value)| (name.as_str(), *value));
    let others = [
        ("top1", row.top1),
        ("top5", row.top5),
        ("lr", row.lr),
        ("images_per_second", row.images_per_second),
    ];
    let mut summary = Vec::new();
    for (name, value) in [("loss", row.loss)].into_iter().chain(terms).chain(others) {
        let Some(value) = value else { continue };
        let mut scalar = Vec::new();
        field_bytes(&mut scalar, 1, format!("{group}/{name}").as_bytes());
        scalar.push(2 << 3 | 5);
        scalar.extend((value as f32).to_le_bytes());
        field_bytes(&mut summary, 1, &scalar);
    }
    let mut message = time(wall_time);
    message.push(2 << 3);
    varint(&mut message, row.step as u64);
    field_bytes(&mut message, 5, &summary);
    record(&message)
}

fn version(wall_time: f64) -> Vec<u8> {
    let mut message = time(wall_time);
    field_bytes(&mut message, 3, b"brain.Event:2");
    message
}

fn time(wall_time: f64) -> Vec<u8> {
    let mut message = vec![1 << 3 | 1];
    message.extend(wall_time.to_le_bytes());
    message
}

fn field_bytes(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn record(message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u64).to_le_bytes();
    let mut out = Vec::with_capacity(message.len() + 16);
    out.extend(length);
    out.extend(masked(&length).to_le_bytes());
    out.extend(message);
    out.extend(masked(message).to_le_bytes());
    out
}

fn masked(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), bit by bit: records are short.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    !bytes.iter().fold(!0, byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::{TermValue, TermValues};
    use crate::train::metrics::Split;

    fn row(step: usize) -> Row {
        let term = TermValue {
            name: "main".into(),
            classifies: true,
            value: 0.25,
        };
        let terms = TermValues {
            total: 0.5,
            terms: vec![term],
        };
        Row::new(Span::Epoch, Split::Val, 1, step, &terms)
    }

    #[test]
    fn the_checksum_is_the_castagnoli_one() {
        // RFC 3720, B.4.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn an_event_is_the_message_that_tensorboard_reads() {
        let bytes = event(&row(300), 2.0);
        let message = &bytes[12..bytes.len() - 4];
        #[rustfmt::skip]
        let mut expected = vec![
            0x09, 0, 0, 0, 0, 0, 0, 0, 0x40, // wall_time = 2.0
            0x10, 0xac, 0x02, // step = 300
            0x2a, 35, // summary
            0x0a, 15, 0x0a, 8,
        ];
        expected.extend(b"val/loss");
        expected.extend([0x15, 0, 0, 0, 0x3f]); // simple_value = 0.5
        expected.extend([0x0a, 20, 0x0a, 13]);
        expected.extend(b"val/loss.main");
        expected.extend([0x15, 0, 0, 0x80, 0x3e]);
        expected[13] = (expected.len() - 14) as u8;
        assert_eq!(message, expected);
    }

    #[test]
    fn later_events_are_dropped_on_resuming() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        keep(&path, 0, 1.0).unwrap();
        let start = std::fs::read(&path).unwrap();
        let mut bytes = start.clone();
        (1..=3).for_each(|step| bytes.extend(event(&row(step), 1.0)));
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        keep(&path, 2, 9.0).unwrap();
        let kept = std::fs::read(&path).unwrap();
        assert_eq!(
            kept,
            [start, event(&row(1), 1.0), event(&row(2), 1.0)].concat()
        );
    }
}

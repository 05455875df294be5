//! The records of a file: length, checksum and body. Does no input or output.

/// Length and checksum.
pub(crate) const HEAD: usize = 8;

/// Bodies longer than this are damage.
pub(crate) const LONGEST: usize = 1 << 30;

/// One change to the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// An entry; its value is the last `value` bytes of the record.
    Put {
        namespace: String,
        key: Vec<u8>,
        imported: bool,
        value: usize,
    },
    /// An entry that is gone.
    Remove { namespace: String, key: Vec<u8> },
    /// All entries are gone.
    Clear,
    /// A row of the table beside the entries.
    Meta { key: String, value: String },
}

/// The bytes of a record. The value of a `Put` is passed, since the record knows only its length.
pub(crate) fn encode(record: &Record, value: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    match record {
        Record::Put {
            namespace,
            key,
            imported,
            ..
        } => {
            body.extend([0, u8::from(*imported)]);
            part(&mut body, namespace.as_bytes());
            part(&mut body, key);
            body.extend_from_slice(value);
        }
        Record::Remove { namespace, key } => {
            body.push(1);
            part(&mut body, namespace.as_bytes());
            part(&mut body, key);
        }
        Record::Clear => body.push(2),
        Record::Meta { key, value } => {
            body.push(3);
            part(&mut body, key.as_bytes());
            part(&mut body, value.as_bytes());
        }
    }
    let mut bytes = Vec::with_capacity(HEAD + body.len());
    bytes.extend(length(body.len()));
    bytes.extend(checksum(&body).to_le_bytes());
    bytes.extend(body);
    bytes
}

/// The record of a body, or nothing where it is damaged.
pub(crate) fn decode(body: &[u8]) -> Option<Record> {
    let (kind, mut rest) = body.split_first()?;
    match kind {
        0 => {
            let (imported, tail) = rest.split_first()?;
            rest = tail;
            let namespace = String::from_utf8(take(&mut rest)?).ok()?;
            let key = take(&mut rest)?;
            Some(Record::Put {
                namespace,
                key,
                imported: *imported != 0,
                value: rest.len(),
            })
        }
        1 => Some(Record::Remove {
            namespace: String::from_utf8(take(&mut rest)?).ok()?,
            key: take(&mut rest)?,
        }),
        2 => Some(Record::Clear),
        3 => Some(Record::Meta {
            key: String::from_utf8(take(&mut rest)?).ok()?,
            value: String::from_utf8(take(&mut rest)?).ok()?,
        }),
        _ => None,
    }
}

/// Length of the body and its checksum.
pub(crate) fn head(bytes: [u8; HEAD]) -> (usize, u32) {
    let [a, b, c, d, e, f, g, h] = bytes;
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    (length, u32::from_le_bytes([e, f, g, h]))
}

/// FNV-1a, folded to 32 bits: it finds torn writes, not forgeries.
pub(crate) fn checksum(body: &[u8]) -> u32 {
    let hash = body.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let [a, b, c, d, e, f, g, h] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d]) ^ u32::from_le_bytes([e, f, g, h])
}

/// Too long a part becomes one that no reader accepts.
fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}

fn part(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend(length(bytes.len()));
    body.extend_from_slice(bytes);
}

fn take(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let (length, tail) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (bytes, tail) = tail.split_at_checked(length)?;
    *rest = tail;
    Some(bytes.to_vec())
}

//! Finds the EXIF chunk of a PNG file wherever it is; the decoder sees only those before the pixels.

/// What a PNG file starts with.
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// The contents of the EXIF chunk of a PNG file that has one.
pub(super) fn exif(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(&SIGNATURE)?;
    loop {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let contents = after.get(..length)?;
        match kind {
            b"eXIf" => return Some(contents),
            b"IEND" => return None,
            // Four bytes of checksum follow.
            _ => rest = after.get(length.checked_add(4)?..)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chunk_is_found_after_others() {
        let chunk = |kind: &[u8], data: &[u8]| {
            let length = (data.len() as u32).to_be_bytes();
            [&length[..], kind, data, b"crc!"].concat()
        };
        let start = SIGNATURE.to_vec();
        let file = [
            start.clone(),
            chunk(b"IDAT", b"abc"),
            chunk(b"eXIf", b"exif"),
        ]
        .concat();
        assert_eq!(exif(&file), Some(&b"exif"[..]));
        let file = [start.clone(), chunk(b"IEND", b""), chunk(b"eXIf", b"exif")].concat();
        assert_eq!(exif(&file), None);
        let endless = [start, vec![0xff; 12]].concat();
        assert_eq!(exif(&endless), None);
        assert_eq!(exif(b"GIF89a"), None);
    }
}

//! The marker structure of JPEG files: where the image ends. Decodes nothing.

/// The end-of-image marker.
pub(super) const END: [u8; 2] = [0xff, 0xd9];

/// What a file is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JpegLayout {
    /// Where the image ends, just after its end marker; None if there is none.
    pub end: Option<usize>,
    /// Number of scans that have begun.
    pub scans: usize,
    /// Whether the scans refine each other.
    pub progressive: bool,
}

impl JpegLayout {
    /// Walks through the markers of a file's first image. Thumbnails lie inside segments and are passed over with them.
    pub fn of(bytes: &[u8]) -> Self {
        let mut layout = Self {
            end: None,
            scans: 0,
            progressive: false,
        };
        let mut at = 2;
        while let Some((marker, after)) = next_marker(bytes, at) {
            at = after;
            match marker {
                0xd9 => {
                    layout.end = Some(after);
                    break;
                }
                // Markers without a segment: restarts, start of image, a reserved one.
                0x01 | 0xd0..=0xd8 => continue,
                0xc2 | 0xc6 | 0xca | 0xce => layout.progressive = true,
                0xda => layout.scans += 1,
                _ => {}
            }
            match bytes.get(at..at + 2) {
                Some(&[high, low]) => at += usize::from(u16::from_be_bytes([high, low])).max(2),
                _ => break,
            }
        }
        layout
    }
}

/// The next marker at or after a place, and where it ends. In compressed data `ff 00` is no marker.
fn next_marker(bytes: &[u8], from: usize) -> Option<(u8, usize)> {
    let pairs = bytes.get(from..)?.windows(2);
    let place = pairs
        .enumerate()
        .find(|(_, pair)| matches!(pair, [0xff, marker] if *marker != 0 && *marker != 0xff));
    let (offset, pair) = place?;
    pair.last().map(|&marker| (marker, from + offset + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Start, a segment with a whole thumbnail in it, a frame header and a scan with an escaped byte and a restart.
    fn file(frame: u8, end: &[u8]) -> Vec<u8> {
        let parts: [&[u8]; 6] = [
            &[0xff, 0xd8],
            &[0xff, 0xe1, 0, 8, 0xff, 0xd8, 0xff, 0xda, 0xff, 0xd9],
            &[0xff, frame, 0, 4, 1, 2],
            &[0xff, 0xda, 0, 3, 7],
            &[1, 2, 0xff, 0x00, 0xff, 0xd0, 3, 0xff],
            end,
        ];
        parts.concat()
    }

    #[test]
    fn the_end_is_that_of_the_image() {
        let whole = file(0xc0, &[0xff, 0xd9]);
        let layout = JpegLayout {
            end: Some(whole.len()),
            scans: 1,
            progressive: false,
        };
        assert_eq!(JpegLayout::of(&whole), layout);
        let trailing = [whole, vec![0xff, 0xda, 0, 9, 0xff, 0xd9]].concat();
        assert_eq!(JpegLayout::of(&trailing), layout);
    }

    #[test]
    fn a_missing_end_is_noticed() {
        let layout = JpegLayout::of(&file(0xc2, &[]));
        assert_eq!(
            (layout.end, layout.scans, layout.progressive),
            (None, 1, true)
        );
        assert_eq!(JpegLayout::of(&[0xff, 0xd8, 0xff, 0xe1, 0xff]).end, None);
        assert_eq!(JpegLayout::of(&[0xff]).end, None);
    }
}

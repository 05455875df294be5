//! What is there before any file: the prelude's texts and trees, parsed when the compiler is built. Knows nothing of what
//! they mean.

use std::sync::OnceLock;

use termc_grammar::ast::{File, Span};

use crate::bug::bug;

// `BASE` and `TEXTS`, as `build.rs` wrote them.
include!(concat!(env!("OUT_DIR"), "/prelude.rs"));

/// The prelude's trees as `build.rs` wrote them.
static TREES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/prelude.trees"));

/// The number of a file of the prelude among the units, which begin with it: what the defaults of primitives see.
pub(crate) const UNIT: usize = 0;

/// Whether a place is in the prelude, or in the default of a primitive.
pub(crate) fn is_prelude(span: Span) -> bool {
    span.start >= BASE
}

/// The file of the prelude that a place is in: its name, its text, and the offset in it. None for all other places.
pub(crate) fn locate(span: Span) -> Option<(&'static str, &'static str, usize)> {
    let found = TEXTS.iter().zip(files()).rev();
    let mut found = found.filter(|(_, (base, _))| *base <= span.start);
    let ((name, text), (base, _)) = found.next()?;
    let start = (span.start - base) as usize;
    (start <= text.len()).then_some((*name, *text, start))
}

/// The prelude's trees, with the base of each.
pub(crate) fn files() -> &'static [(u32, File)] {
    static FILES: OnceLock<Vec<(u32, File)>> = OnceLock::new();
    FILES.get_or_init(|| match postcard::from_bytes(TREES) {
        Ok(files) => files,
        Err(error) => bug!("the trees of the prelude cannot be read: {error}"),
    })
}

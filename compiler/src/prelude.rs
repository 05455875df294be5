//! What is there before any file: the prelude's texts, parsed once. Knows nothing of what they mean.

use std::sync::OnceLock;

use termc_grammar::ast::{File, Span};

use crate::bug::bug;

/// The prelude's files: name and text.
pub(crate) const TEXTS: &[(&str, &str)] = &[
    (
        "prelude/statistics.term",
        include_str!("../prelude/statistics.term"),
    ),
    (
        "prelude/channels.term",
        include_str!("../prelude/channels.term"),
    ),
    (
        "prelude/slow_nets.term",
        include_str!("../prelude/slow_nets.term"),
    ),
    (
        "prelude/kernels.term",
        include_str!("../prelude/kernels.term"),
    ),
    ("prelude/gates.term", include_str!("../prelude/gates.term")),
];

/// The number of a file of the prelude among the units, which begin with it: what the defaults of primitives see.
pub(crate) const UNIT: usize = 0;

/// Where the places of the prelude begin; those of a compilation's own texts are below.
pub(crate) const BASE: u32 = 1 << 31;

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
    FILES.get_or_init(|| {
        let mut base = BASE;
        let files = TEXTS.iter().map(|(name, text)| {
            let here = base;
            base += text.len() as u32 + 1;
            match termc_grammar::parse(text, here) {
                Ok(file) => (here, file),
                Err(errors) => bug!("{name} cannot be read: {errors:?}"),
            }
        });
        files.collect()
    })
}

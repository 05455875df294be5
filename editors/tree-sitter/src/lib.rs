//! The tree-sitter grammar of the .term language, generated and compiled by the build script.

use tree_sitter_language::LanguageFn;

unsafe extern "C" {
    fn tree_sitter_term() -> *const ();
}

/// The language, for `tree_sitter::Parser::set_language`.
// SAFETY: the function is generated, takes nothing, and returns a table that lives as long as the program.
pub const LANGUAGE: LanguageFn = unsafe { LanguageFn::from_raw(tree_sitter_term) };

/// What is coloured how.
pub const HIGHLIGHTS: &str = include_str!("../queries/highlights.scm");

/// What can be folded.
pub const FOLDS: &str = include_str!("../queries/folds.scm");

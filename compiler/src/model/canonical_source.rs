//! The canonical source of a model: a tree that is printed once somebody asks for the text.

use std::sync::{Arc, OnceLock};

use termc_grammar::ast::File;

/// The canonical source of a model. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct CanonicalSource(Arc<Printed>);

#[derive(Debug)]
struct Printed {
    tree: File,
    text: OnceLock<String>,
}

impl CanonicalSource {
    pub fn new(tree: File) -> Self {
        let text = OnceLock::new();
        Self(Arc::new(Printed { tree, text }))
    }

    pub fn text(&self) -> &str {
        let text = &self.0.text;
        text.get_or_init(|| termc_grammar::print(&self.0.tree))
    }
}

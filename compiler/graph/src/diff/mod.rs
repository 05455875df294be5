//! What two models differ in: parts that are new or gone, settings that were written differently, and what that costs. What
//! only follows from another difference, such as a map that reads fewer channels, is no difference of its own.

mod merge;
mod operations;
mod parts;
mod places;
mod recipe;
mod text;
mod values;

use serde::Serialize;
use termc_compiler::cost;
use termc_compiler::model::Model;
use termc_compiler::source::Sources;

use crate::tree::{Tree, tree};

pub use recipe::settings;
pub use text::Kind;

/// One of the two models.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// What it is called in the comparison.
    pub name: &'a str,
    /// The model.
    pub model: &'a Model,
    /// The texts of its compilation.
    pub sources: &'a Sources,
}

/// What differs.
#[derive(Clone, Debug, Serialize)]
pub struct Diff {
    /// What the first model is called.
    pub from: String,
    /// What the second is called.
    pub to: String,
    /// Parts that only the second has.
    pub added: Vec<Part>,
    /// Parts that only the first has.
    pub removed: Vec<Part>,
    /// Parts that both have, with other settings, of another kind, or reading something else.
    pub changed: Vec<Change>,
    /// The recipe, and what whoever compares adds, such as the settings of trainings.
    pub settings: Vec<Change>,
    /// Stored scalars of the first and the second.
    pub parameters: [u64; 2],
    /// Multiply-adds per image.
    pub multiply_adds: [u64; 2],
    /// Multiply-adds per pass, whatever the batch.
    pub fixed_multiply_adds: [u64; 2],
    /// Both models in one, marked.
    #[serde(skip)]
    pub tree: Tree,
}

/// Parts that only one of the models has: one, or the same one in several calls of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its path; from the block on, `sfne.l3`, where it is in several of its calls.
    pub path: String,
    /// The calls of the block; empty where it is one part.
    pub calls: Vec<String>,
    /// Which block it calls, or which operation it is.
    pub what: String,
    /// Whether it is only there, or gone, because of another part: nothing else reads it.
    pub follows: bool,
    /// Its stored scalars, of all calls together.
    pub parameters: u64,
    /// Its multiply-adds per image.
    pub multiply_adds: u64,
    /// Its multiply-adds per pass.
    pub fixed_multiply_adds: u64,
}

/// Something that both have, differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its path; from the block on where it is in several of its calls.
    pub path: String,
    /// The calls of the block; empty where it is one.
    pub calls: Vec<String>,
    /// How it is in the first; None where it is not stated.
    pub from: Option<String>,
    /// How it is in the second.
    pub to: Option<String>,
}

impl Diff {
    /// Whether there is no difference.
    pub fn is_empty(&self) -> bool {
        let parts = self.added.is_empty() && self.removed.is_empty();
        let figures = [
            self.parameters,
            self.multiply_adds,
            self.fixed_multiply_adds,
        ];
        let costs = figures.iter().all(|[a, b]| a == b);
        parts && costs && self.changed.is_empty() && self.settings.is_empty()
    }
}

/// Compares two models.
pub fn diff(from: Side<'_>, to: Side<'_>) -> Diff {
    let (first, second) = (tree(from.model), tree(to.model));
    let mut merged = merge::merge(&first, second);
    let mut changed = values::values(from, to, &mut merged);
    changed.extend(operations::operations(from, to, &mut merged));
    changed.extend(merged.changes());
    let [added, removed] = merged.parts();
    merged.mark_holders();
    let (a, b) = (cost::total(from.model), cost::total(to.model));
    let mut found = Diff {
        from: from.name.to_owned(),
        to: to.name.to_owned(),
        added,
        removed,
        changed,
        settings: recipe::recipe(&from.model.train, &to.model.train),
        parameters: [from.model.parameter_count(), to.model.parameter_count()],
        multiply_adds: [a.multiply_adds, b.multiply_adds],
        fixed_multiply_adds: [a.fixed_multiply_adds, b.fixed_multiply_adds],
        tree: merged.tree,
    };
    found.tree.model = format!("{} \u{2192} {}", from.name, to.name);
    let lines = found.lines().into_iter().skip(1).map(|(_, line)| line);
    found.tree.doc = lines.collect::<Vec<_>>().join("\n");
    found
}

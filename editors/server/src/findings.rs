//! The compiler's findings as diagnostics of the protocol, by the file they lie in.

use std::collections::HashMap;
use std::path::PathBuf;

use termc_compiler::diagnostics::{Code, Diagnostic, Severity};
use tower_lsp_server::ls_types as lsp;

use crate::analysis::Analysis;
use crate::world::World;

/// Diagnostics by file.
pub type Findings = HashMap<PathBuf, Vec<lsp::Diagnostic>>;

/// What a main file's analysis found. The file itself is always there, if only to say that nothing is wrong with it.
pub fn of(analysis: &Analysis, world: &World) -> Findings {
    let mut all = Findings::from([(analysis.path.clone(), vec![])]);
    for found in &analysis.found {
        if let Some((path, diagnostic)) = one(analysis, world, found) {
            all.entry(path).or_default().push(diagnostic);
        }
    }
    all
}

/// A finding, and the file that it lies in.
pub fn one(
    analysis: &Analysis,
    world: &World,
    found: &Diagnostic,
) -> Option<(PathBuf, lsp::Diagnostic)> {
    let location = |span| {
        let place = analysis.place(&analysis.sources, span, &world.prelude)?;
        let range = world.text(&place.path)?.range(place.range());
        Some((place.path, range))
    };
    let (path, range) = location(found.span)?;
    let related = found.related.iter().filter_map(|(span, message)| {
        let (path, range) = location(*span)?;
        let location = lsp::Location::new(world.uri(&path)?, range);
        Some(lsp::DiagnosticRelatedInformation {
            location,
            message: message.clone(),
        })
    });
    let related: Vec<_> = related.collect();
    let mut message = found.message.clone();
    for more in found
        .notes
        .iter()
        .cloned()
        .chain(found.help.iter().map(|help| format!("help: {help}")))
    {
        message.push('\n');
        message.push_str(&more);
    }
    let diagnostic = lsp::Diagnostic {
        range,
        severity: Some(match found.code.severity() {
            Severity::Error => lsp::DiagnosticSeverity::ERROR,
            Severity::Warning => lsp::DiagnosticSeverity::WARNING,
        }),
        code: Some(lsp::NumberOrString::String(found.code.name().to_owned())),
        source: Some("termc".into()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        tags: matches!(found.code, Code::Unused | Code::UnusedBinding)
            .then(|| vec![lsp::DiagnosticTag::UNNECESSARY]),
        ..lsp::Diagnostic::default()
    };
    Some((path, diagnostic))
}

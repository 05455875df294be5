//! The lines above models and variants: their size and cost, and the command that shows their graph.

use serde_json::json;
use termc_compiler::model::Model;
use termc_compiler::{Files, cost};
use tower_lsp_server::ls_types as lsp;

use crate::analysis::Analysis;
use crate::figures::told;
use crate::text::Text;

/// A line for each model and variant that has no error; of a family it tells its first member.
pub fn lenses(
    view: &Analysis,
    files: &dyn Files,
    text: &Text,
    uri: &lsp::Uri,
    command: &str,
) -> Vec<lsp::CodeLens> {
    let made = view.index.own_models().filter_map(|symbol| {
        let single = view.model(&symbol.name, files);
        let (name, title) = match single {
            Some((model, _)) => (
                symbol.name.clone(),
                format!("show graph: {}", figures(&model)),
            ),
            None => {
                let first = format!("{}[0]", symbol.name);
                let (model, _) = view.model(&first, files)?;
                let title = format!("show graph of the family's first: {}", figures(&model));
                (first, title)
            }
        };
        let command = lsp::Command {
            title,
            command: command.to_owned(),
            arguments: Some(vec![json!(uri), json!(name)]),
        };
        Some(lsp::CodeLens {
            range: text.range(symbol.span.start as usize..symbol.span.end as usize),
            command: Some(command),
            data: None,
        })
    });
    made.collect()
}

fn figures(model: &Model) -> String {
    told(model.parameter_count(), &cost::total(model))
}

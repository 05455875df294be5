//! The reference of the language as Markdown: what is built in, from the tables that define it, and what the prelude adds.

use termc_grammar::ast::{Item, ItemKind};

use crate::diagnostics::one_of;
use crate::explain::signature;
use crate::language::losses::LOSSES;
use crate::language::settings::{Row, Setting, Takes, settings};
use crate::language::{FUNCTIONS, Function, FunctionBody, Parameter, Ty};
use crate::prelude;
use crate::primitives::signatures;

/// Primitives, functions, the prelude's blocks, loss terms and settings: each with its signature, defaults and
/// documentation, in the order of their tables. Headings start at the second level.
pub fn reference() -> String {
    let mut page = Page::default();
    page.heading("## Reference");
    page.heading("### Primitives");
    for row in signatures() {
        page.called(row.name, row.doc, &(row.parameters)());
    }
    page.heading("### Functions of numbers");
    page.functions(|body| matches!(body, FunctionBody::Number(_) | FunctionBody::Select(_)));
    page.heading("### Starts of trained tensors");
    page.functions(|body| matches!(body, FunctionBody::Start(_) | FunctionBody::Fixed));
    page.heading("### Blocks of the prelude");
    page.line("`termc explain NAME` prints the definition.\n");
    for (_, file) in prelude::files() {
        file.items.iter().for_each(|item| page.block(item));
    }
    page.heading("### Loss terms");
    for row in LOSSES {
        page.called(row.name, row.doc, &(row.parameters)());
    }
    page.heading("### Settings of `train`");
    settings().iter().for_each(|setting| page.setting(setting));
    page.0
}

/// The text so far.
#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn heading(&mut self, text: &str) {
        if !self.0.is_empty() && !self.0.ends_with("\n\n") {
            self.0.push('\n');
        }
        self.line(text);
        self.0.push('\n');
    }

    /// Something that is called, with a line for each parameter.
    fn called(&mut self, name: &str, doc: &str, parameters: &[Parameter]) {
        self.heading(&format!("#### `{}`", signature(name, parameters)));
        self.line(doc);
        if !parameters.is_empty() {
            self.0.push('\n');
        }
        for parameter in parameters {
            self.line(&format!("- {}", described(parameter)));
        }
    }

    fn functions(&mut self, which: impl Fn(&FunctionBody) -> bool) {
        for Function {
            name,
            doc,
            arguments,
            more,
            bare,
            body,
        } in FUNCTIONS
        {
            if which(body) {
                let more = if *more { ", ..." } else { "" };
                let short = if *bare {
                    format!("`{name}`, ")
                } else {
                    String::new()
                };
                let arguments = arguments.join(", ");
                self.line(&format!("- {short}`{name}({arguments}{more})`: {doc}"));
            }
        }
    }

    fn block(&mut self, item: &Item) {
        let ItemKind::Block(block) = &item.kind else {
            return;
        };
        // Printed without its body and documentation, a block is `block name(parameters) {` and a bracket.
        let mut bare = block.clone();
        bare.body.clear();
        let printed = termc_grammar::print_item(&Item {
            doc: String::new(),
            kind: ItemKind::Block(bare),
            span: item.span,
        });
        let words: Vec<&str> = printed.split_whitespace().collect();
        let text = words.join(" ").replace("( ", "(").replace(", )", ")");
        let text = text
            .trim_start_matches("block ")
            .trim_end_matches(['{', '}', ' ']);
        let doc: Vec<&str> = item.doc.split_whitespace().collect();
        self.line(&format!("- `{text}`: {}", doc.join(" ")));
    }

    fn setting(&mut self, setting: &Setting) {
        self.heading(&format!("#### `{}`", setting.name));
        let default = match setting.default.strip_prefix('(') {
            Some(words) => words.trim_end_matches(')').to_owned(),
            None => format!("`{}`", setting.default),
        };
        let (takes, rows): (String, &[Row]) = match &setting.takes {
            Takes::Value(ty, _) => (ty.described(), &[]),
            Takes::One(rows) => ("one of these".into(), rows),
            Takes::Many(rows) => ("a list of these".into(), rows),
        };
        self.line(&format!(
            "{} It takes {takes}; default: {default}.",
            setting.doc
        ));
        if !rows.is_empty() {
            self.0.push('\n');
        }
        for row in rows {
            let parameters = (row.parameters)();
            let name = match parameters.is_empty() {
                true => row.name.to_owned(),
                false => signature(row.name, &parameters),
            };
            self.line(&format!("- `{name}`: {}", row.doc));
            for parameter in &parameters {
                self.line(&format!("  - {}", described(parameter)));
            }
        }
    }
}

/// A parameter with the words it takes, if it takes words.
fn described(parameter: &Parameter) -> String {
    let words = match &parameter.ty {
        Ty::Word(words) => format!(", {}", one_of(words.words.iter().copied())),
        _ => String::new(),
    };
    format!("`{}`{words}: {}", parameter.name, parameter.doc.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_built_in_has_its_line() {
        let page = reference();
        let mut lines = vec![
            "#### `depthwise(x, kernel)`",
            "- `x`: The value.",
            "- `max(a, b, ...)`: The largest argument.",
            "- `si_glu(x)`: Self-gated linear unit, elsewhere called SiLU or swish.",
            "- `compare`, `channel_sum` or `tile`: How values of different channel counts are compared.",
            "#### `weight_norm(fast: float = 0, slow: float = 0)`",
            "Passes over the training part. It takes a whole number; default: `100`.",
            "  - `padding`: Pixels added to each side.",
            "- `horizontal_flip`: Mirrors left and right with probability one half.",
        ];
        for line in page.lines() {
            if lines.first() == Some(&line) {
                lines.remove(0);
            }
        }
        assert!(
            lines.is_empty(),
            "not there, or not in this order: {lines:?}\n{page}"
        );
        for name in signatures().iter().map(|row| row.name) {
            assert!(page.contains(&format!("#### `{name}(")), "{name}");
        }
        for name in settings().iter().map(|row| row.name) {
            assert!(page.contains(&format!("#### `{name}`")), "{name}");
        }
    }

    #[test]
    fn a_long_signature_is_one_line() {
        let page = reference();
        let magnet = page
            .lines()
            .find(|line| line.starts_with("- `magnet("))
            .unwrap();
        assert!(
            magnet
                .starts_with("- `magnet(grid: grid, channels: int, hidden: int, layers: int = 2,"),
            "{magnet}"
        );
        assert!(
            magnet.contains("= if grid.rank == 2 { slow } else { none })`: A multiplicative"),
            "{magnet}"
        );
    }
}

//! What could be written at the cursor: names, arguments, words, steps of paths, settings.

use termc_compiler::index::{Argument, Index, Offer};
use tower_lsp_server::ls_types as lsp;

use crate::context::{Cursor, cursor};
use crate::text::Text;

/// The candidates at a byte of a text.
pub fn completion(index: &Index, text: &Text, at: usize) -> Vec<lsp::CompletionItem> {
    let here = cursor(&text.text, at);
    if here.quiet {
        return vec![];
    }
    let start = at.saturating_sub(here.prefix.len());
    let range = text.range(start..at);
    let candidates = candidates(index, &here);
    let items = candidates
        .into_iter()
        .enumerate()
        .map(|(rank, candidate)| lsp::CompletionItem {
            text_edit: Some(lsp::CompletionTextEdit::Edit(lsp::TextEdit::new(
                range,
                candidate.insert,
            ))),
            insert_text_format: candidate.snippet.then_some(lsp::InsertTextFormat::SNIPPET),
            // In the order of the list: what is nearest first.
            sort_text: Some(format!("{rank:04}")),
            label: candidate.label,
            kind: Some(candidate.kind),
            detail: (!candidate.detail.is_empty()).then_some(candidate.detail),
            documentation: (!candidate.doc.is_empty()).then(|| {
                let content = lsp::MarkupContent {
                    kind: lsp::MarkupKind::Markdown,
                    value: candidate.doc,
                };
                lsp::Documentation::MarkupContent(content)
            }),
            ..lsp::CompletionItem::default()
        });
    items.collect()
}

struct Candidate {
    label: String,
    insert: String,
    snippet: bool,
    kind: lsp::CompletionItemKind,
    detail: String,
    doc: String,
}

impl Candidate {
    fn word(word: &str, doc: &str) -> Self {
        Self {
            label: word.into(),
            insert: word.into(),
            snippet: false,
            kind: lsp::CompletionItemKind::KEYWORD,
            detail: String::new(),
            doc: doc.into(),
        }
    }

    fn snippet(word: &str, insert: &str, doc: &str) -> Self {
        Self {
            insert: insert.into(),
            snippet: true,
            kind: lsp::CompletionItemKind::SNIPPET,
            ..Self::word(word, doc)
        }
    }
}

impl From<Offer> for Candidate {
    fn from(offer: Offer) -> Self {
        use lsp::CompletionItemKind as K;
        let kind = match offer.kind {
            "block"
            | "block of the prelude"
            | "primitive"
            | "function of numbers"
            | "start of a trained tensor"
            | "loss term" => K::FUNCTION,
            "constant" => K::CONSTANT,
            "model" | "variant" => K::CLASS,
            "attribute" | "setting of `train`" | "argument" => K::PROPERTY,
            "type" => K::TYPE_PARAMETER,
            "parameter" | "binding" | "input" | "variable of a loop" => K::VARIABLE,
            _ => K::VALUE,
        };
        let detail = match offer.detail.is_empty() {
            true => offer.kind.to_owned(),
            false => offer.detail,
        };
        Self {
            insert: offer.name.clone(),
            label: offer.name,
            snippet: false,
            kind,
            detail,
            doc: offer.doc,
        }
    }
}

fn from(offers: Vec<Offer>) -> Vec<Candidate> {
    offers.into_iter().map(Candidate::from).collect()
}

fn candidates(index: &Index, here: &Cursor) -> Vec<Candidate> {
    let (keyword, name, base) = match &here.item {
        Some(item) => (
            item.keyword.as_str(),
            item.name.as_str(),
            item.base.as_str(),
        ),
        None => ("", "", ""),
    };
    let inside = here.inside();
    if let Some(path) = &here.path {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        return match (keyword, here.in_loss) {
            ("variant", _) => from(index.steps(base, &path, false)),
            ("model", true) => from(index.steps(name, &path, true)),
            _ => from(Offer::attributes()),
        };
    }
    if keyword.is_empty() && here.begins {
        return snippets(DEFINITIONS);
    }
    if here.in_parameters && here.before == ":" {
        return from(Offer::types());
    }
    if let Some(call) = &here.call {
        let arguments = index.arguments(inside, &call.callee);
        if let Some(name) = &call.name {
            let argument = arguments.iter().find(|argument| argument.name == *name);
            return values(index, argument, here);
        }
        if here.before == "(" || here.before == "," {
            let given = |argument: &&Argument| !call.given.contains(&argument.name);
            let first = call.position + usize::from(call.piped);
            let named = arguments
                .iter()
                .skip(first)
                .filter(given)
                .map(|argument| Candidate {
                    label: format!("{}=", argument.name),
                    insert: format!("{}=", argument.name),
                    snippet: false,
                    kind: lsp::CompletionItemKind::PROPERTY,
                    detail: format!("{}{}", argument.name, argument.detail),
                    doc: argument.doc.clone(),
                });
            let mut all: Vec<Candidate> = named.collect();
            all.extend(values(index, arguments.get(first), here));
            return all;
        }
    }
    match keyword {
        "train" if here.begins => from(Offer::settings()).into_iter().map(setting).collect(),
        "train" => from(Offer::values_of(&here.first)),
        "variant" if here.begins => {
            let words = [
                (
                    "without",
                    "leaves out a branch, a call, a loss term or a setting",
                ),
                ("add", "adds a branch, a binding or a loss term"),
            ];
            let words = words.iter().map(|(word, doc)| Candidate::word(word, doc));
            words.chain(from(index.steps(base, &[], false))).collect()
        }
        "variant" if here.before == "of" || !here.in_body => models(index),
        "variant" if matches!(here.before.as_str(), "without" | "add") => {
            from(index.steps(base, &[], false))
        }
        "model" if here.in_loss && here.begins => from(Offer::loss_terms()),
        "model" if here.begins => {
            let mut all = snippets(LINES_OF_MODELS);
            all.extend(snippets(LINES));
            all.extend(from(index.names(inside)));
            all
        }
        "block" if here.begins => {
            let mut all = snippets(LINES);
            all.extend(from(index.names(inside)));
            all
        }
        _ => from(index.names(inside)),
    }
}

/// Values of an argument: the words of its type first.
fn values(index: &Index, argument: Option<&Argument>, here: &Cursor) -> Vec<Candidate> {
    let names = index.names(here.inside());
    let words = argument.map_or(&[][..], |argument| argument.words);
    let mut all: Vec<Candidate> = words
        .iter()
        .map(|word| Candidate {
            kind: lsp::CompletionItemKind::ENUM_MEMBER,
            ..Candidate::word(word, "")
        })
        .collect();
    let in_train = here
        .item
        .as_ref()
        .is_some_and(|item| item.keyword == "train");
    if here.in_loss || in_train {
        let is_value =
            |offer: &Offer| matches!(offer.kind, "binding" | "input" | "parameter" | "constant");
        all.extend(from(names.into_iter().filter(is_value).collect()));
        return all;
    }
    let mut names = names;
    if argument.is_some_and(|argument| argument.takes_block) {
        // Stable: blocks and constants move up, everything else stays in its order.
        names.sort_by_key(|offer| {
            !matches!(offer.kind, "constant" | "block" | "block of the prelude")
        });
    }
    all.extend(from(names));
    all
}

fn setting(candidate: Candidate) -> Candidate {
    Candidate {
        insert: format!("{} = ", candidate.label),
        ..candidate
    }
}

fn models(index: &Index) -> Vec<Candidate> {
    let offers = index.own_models().map(|symbol| Offer {
        name: symbol.name.clone(),
        kind: symbol.kind.words(),
        detail: String::new(),
        doc: symbol.doc.clone(),
    });
    offers.map(Candidate::from).collect()
}

/// A word, what is inserted for it, and what it means.
type Snippet = (&'static str, &'static str, &'static str);

const DEFINITIONS: &[Snippet] = &[
    (
        "block",
        "block ${1:name}(${2:x}) {\n    $0\n}",
        "a function of tensors and values that yields a tensor",
    ),
    (
        "model",
        "model ${1:Name}(classes: int = ${2:10}) {\n    input image[${3:3, 32, 32}]\n    $0\n    output logits = head(${4:image}, classes)\n\n    loss {\n        cross_entropy(logits)\n    }\n}",
        "an input, bindings, an output and a loss",
    ),
    (
        "variant",
        "variant ${1:Name} of ${2:Base} {\n    $0\n}",
        "changes a model, a variant or a member of a family",
    ),
    (
        "train",
        "train {\n    $0\n}",
        "how the models of the file are trained",
    ),
    ("const", "const ${1:name} = $0", "names a value"),
    (
        "use",
        "use \"$0\"",
        "brings the blocks and constants that another file defines",
    ),
];

/// What begins a line of a model alone.
const LINES_OF_MODELS: &[Snippet] = &[
    (
        "input",
        "input ${1:image}[${2:3, 32, 32}]",
        "what the network reads",
    ),
    (
        "output",
        "output ${1:logits} = $0",
        "what the network yields",
    ),
    (
        "loss",
        "loss {\n    cross_entropy(${1:logits})$0\n}",
        "the sum of its terms",
    ),
];

/// What begins a line of a block or model.
const LINES: &[Snippet] = &[
    (
        "for",
        "for ${1:i} in 0..${2:n} {\n    $0\n}",
        "binds the elements of lists",
    ),
    (
        "require",
        "require ${1:condition}, \"$0\"",
        "refuses what a block was not made for",
    ),
];

fn snippets(rows: &[Snippet]) -> Vec<Candidate> {
    rows.iter()
        .map(|(word, insert, doc)| Candidate::snippet(word, insert, doc))
        .collect()
}

/// The parameters of the call around the cursor, and which of them is being written.
pub fn signature(index: &Index, text: &Text, at: usize) -> Option<lsp::SignatureHelp> {
    let here = cursor(&text.text, at);
    let call = here.call.as_ref()?;
    let arguments = index.arguments(here.inside(), &call.callee);
    if arguments.is_empty() {
        return None;
    }
    let labels: Vec<String> = arguments
        .iter()
        .map(|argument| format!("{}{}", argument.name, argument.detail))
        .collect();
    let active = match &call.name {
        Some(name) => arguments.iter().position(|argument| argument.name == *name),
        None => Some(call.position + usize::from(call.piped)),
    };
    let parameters =
        arguments
            .iter()
            .zip(&labels)
            .map(|(argument, label)| lsp::ParameterInformation {
                label: lsp::ParameterLabel::Simple(label.clone()),
                documentation: (!argument.doc.is_empty())
                    .then(|| lsp::Documentation::String(argument.doc.clone())),
            });
    let signature = lsp::SignatureInformation {
        label: format!("{}({})", call.callee, labels.join(", ")),
        documentation: None,
        parameters: Some(parameters.collect()),
        active_parameter: active.map(|at| at as u32),
    };
    Some(lsp::SignatureHelp {
        signatures: vec![signature],
        active_signature: Some(0),
        active_parameter: active.map(|at| at as u32),
    })
}

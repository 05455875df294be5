//! The index of names: renaming whatever a file names, everywhere the index says, must give the same models.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::{Path, PathBuf};

use termc_compiler::index::{Index, Meaning, SymbolKind, in_prelude};
use termc_compiler::source::Sources;
use termc_compiler::{Files, NoFiles, Options, compile, model_names, structure};
use termc_files::Folder;

fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut all = vec![];
    for folder in [root.clone(), root.join("ablations")] {
        let entries = std::fs::read_dir(&folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        all.extend(paths.filter(|path| path.extension().is_some_and(|e| e == "term")));
    }
    all.sort();
    assert!(all.len() >= 10, "{all:?}");
    all
}

/// Files with some texts changed.
struct Changed(Vec<(String, String)>);

impl Files for Changed {
    fn read(&self, path: &str) -> Result<String, String> {
        let found = self.0.iter().find(|(name, _)| name == path);
        found
            .map(|(_, text)| text.clone())
            .ok_or("no such file".into())
    }
}

/// All texts with every name of theirs exchanged for another, wherever it is mentioned.
fn renamed(index: &Index, name: impl Fn(usize) -> String) -> Vec<(String, String)> {
    let sources: &Sources = index.sources();
    let texts = sources.list().iter().map(|source| {
        let mut text = source.text.clone();
        for mention in index.mentions.iter().rev() {
            let Meaning::Symbol(number) = mention.meaning else {
                continue;
            };
            let at = sources.locate(mention.span).unwrap();
            let own = at.source.name == source.name && in_prelude(mention.span).is_none();
            if own && !index.symbols[number].prelude {
                text.replace_range(at.start..at.end, &name(number));
            }
        }
        (source.name.clone(), text)
    });
    texts.collect()
}

fn structures(name: &str, text: &str, files: &dyn Files) -> Vec<u64> {
    let models = model_names(text);
    let models = models.iter().map(|model| {
        let options = Options {
            model: Some(model.clone()),
            sets: vec![],
        };
        let compiled = compile(name, text, &options, files);
        let model = compiled
            .model
            .unwrap_or_else(|| panic!("{:?}\n{text}", compiled.diagnostics));
        structure(&model)
    });
    models.collect()
}

/// Renames everything in a text and in those it uses; its index.
fn means_the_same_renamed(name: &str, text: &str, files: &dyn Files) -> Index {
    let index = Index::new(name, text, files);
    let before = structures(name, text, files);
    let mut texts = renamed(&index, |number| format!("name_{number}"));
    let (_, main) = texts.remove(0);
    let after = structures(name, &main, &Changed(texts));
    assert_eq!(before, after, "{name}\n{main}");
    index
}

/// Names that mean one thing in one place and another in the next.
const SHARED_NAMES: &str = "\
const wave = magnet(hidden=8)

const size = 3

block unit(x, wide: int = size, size: int = wide) {
    K = hyper(x, wave)
    wave = x * K
    mixer(wave, size)
}

model M(n: int = 2, penalty: float = 0.1) {
    input image[1, 8, 8]
    b[0] = unit(image)
    for size in 1..size {
        b[size] = unit(b[size - 1])
    }
    output logits = head(b[n], size)
    loss {
        cross_entropy(logits)
        penalty = confidence_penalty(weight=penalty)
        slow_neural(b[n - 1..].K)
    }
}

variant V of M {
    loss.penalty.weight = 0.2
}
";

#[test]
fn names_that_stand_for_two_things_are_told_apart() {
    let index = means_the_same_renamed("main.term", SHARED_NAMES, &NoFiles);
    let line_of = |at: u32| SHARED_NAMES[..at as usize].matches('\n').count() + 1;
    let home = |before: &str, marker: &str| -> (SymbolKind, usize) {
        let at = SHARED_NAMES.find(before).unwrap() + before.len();
        assert!(SHARED_NAMES[at..].starts_with(marker));
        match index.at(at as u32).map(|mention| &mention.meaning) {
            Some(Meaning::Symbol(number)) => {
                let symbol = &index.symbols[*number];
                (symbol.kind, line_of(symbol.span.start))
            }
            other => panic!("{before}: {other:?}"),
        }
    };
    for (before, marker, kind, line) in [
        ("hyper(x, ", "wave", SymbolKind::Constant, 1),
        ("mixer(", "wave", SymbolKind::Binding, 7),
        ("wide: int = ", "size", SymbolKind::Constant, 3),
        ("size: int = ", "wide", SymbolKind::Parameter, 5),
        ("1..", "size", SymbolKind::Constant, 3),
        ("unit(b[", "size", SymbolKind::Loop, 14),
        ("head(b[n], ", "size", SymbolKind::Constant, 3),
        ("slow_neural(b[", "n", SymbolKind::Parameter, 11),
        ("weight=", "penalty", SymbolKind::Parameter, 11),
        ("loss.", "penalty", SymbolKind::Term, 20),
    ] {
        assert_eq!(home(before, marker), (kind, line), "{before}{marker}");
    }
    // Of elements the number is a value as well.
    let mentions = |text: &str| Index::new("main.term", text, &NoFiles).mentions.len();
    let element = SHARED_NAMES.replace("b[n - 1..]", "b[n - 1]");
    assert_eq!(mentions(&element), index.mentions.len());
}

#[test]
fn whatever_is_renamed_everywhere_means_the_same() {
    let mut kinds = vec![];
    for path in examples() {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let index = means_the_same_renamed(name, &text, &Folder::of(&path));
        let own = index.symbols.iter().filter(|symbol| !symbol.prelude);
        kinds.extend(own.map(|symbol| symbol.kind));
    }
    use SymbolKind as K;
    for kind in [
        K::Block,
        K::Constant,
        K::Model,
        K::Variant,
        K::Parameter,
        K::Binding,
        K::Loop,
        K::Input,
    ] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
}

#[test]
fn every_word_of_the_examples_means_something() {
    for path in examples() {
        let text = std::fs::read_to_string(&path).unwrap();
        let index = Index::new("main.term", &text, &Folder::of(&path));
        let lexemes: Vec<_> = termc_grammar::lexemes(&text, 0).collect();
        for (i, lexeme) in lexemes.iter().enumerate() {
            let keyword = [
                "use", "const", "block", "model", "variant", "train", "input", "output", "loss",
                "for", "in", "of", "if", "else", "require", "without", "choose", "add", "after",
                "before", "and", "or", "not", "true", "false", "language",
            ];
            let is_word =
                lexeme.kind == termc_grammar::LexemeKind::Word && !keyword.contains(&lexeme.text);
            let known = index.at(lexeme.start as u32);
            assert!(
                !is_word || known.is_some(),
                "{}: `{}` after {:?}",
                path.display(),
                lexeme.text,
                lexemes[i.saturating_sub(3)..i]
                    .iter()
                    .map(|l| l.text)
                    .collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn half_written_texts_have_names_and_offers() {
    let text = "block a(x, width: int = 3, net: block = magnet(hidden=8)) {\n    K = hyper(x, net)\n    y = local(K, \n    gelu(y)\n}\n\n\
                model M {\n    input image[1, 8, 8]\n    b[0] = a(image)\n    output logits = head(b[0], 2)\n    loss {\n        cross_entropy(logits)\n    }\n}\n\n\
                variant V of M {\n    a.width = 4\n    a.\n}\n";
    let index = Index::new("a.term", text, &NoFiles);
    let names = index.names(Some("a"));
    for expected in ["x", "width", "K", "a", "rgu", "linear", "uniform"] {
        assert!(
            names.iter().any(|offer| offer.name == expected),
            "{expected}"
        );
    }
    let arguments = index.arguments(Some("a"), "net");
    assert!(
        arguments
            .iter()
            .any(|argument| argument.name == "hidden" && argument.detail == ": int")
    );
    let steps = |path: &[&str]| -> Vec<String> {
        index
            .steps("V", path, false)
            .into_iter()
            .map(|offer| offer.name)
            .collect()
    };
    assert!(steps(&[]).contains(&"b".into()) && steps(&[]).contains(&"train".into()));
    assert!(steps(&["a"]).contains(&"K".into()));
    for name in ["hidden", "layers", "omega"] {
        assert!(steps(&["a", "K", "net"]).contains(&name.into()));
    }
    assert!(steps(&["b[0]", "K", "net"]).contains(&"hidden".into()));
    assert!(steps(&["train", "optimizer"]).contains(&"lr".into()));
    assert!(steps(&["loss", "cross_entropy"]).contains(&"smoothing".into()));
    let of_loss: Vec<String> = index
        .steps("M", &["b"], true)
        .into_iter()
        .map(|offer| offer.name)
        .collect();
    assert!(of_loss.contains(&"K".into()));
    // No text makes it fail.
    for end in (0..text.len()).step_by(7) {
        let _ = Index::new("a.term", &text[..end], &NoFiles);
    }
}

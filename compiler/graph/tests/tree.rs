//! Trees of models: figures that agree with the summary, names that can be found, drawings that are the same every time.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::path::{Path, PathBuf};

use termc_compiler::{Compiled, Options as Compile, compile, cost};
use termc_files::Folder;
use termc_graph::tree::tree;
use termc_graph::{Error, Format, Options, Role, graph};

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut all = vec![];
    for folder in [folder.clone(), folder.join("ablations")] {
        let files = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path());
        all.extend(files.filter(|path| path.extension().is_some_and(|end| end == "term")));
    }
    all.sort();
    assert!(all.len() > 8, "{all:?}");
    all
}

fn read(path: &Path) -> Compiled {
    let text = std::fs::read_to_string(path).unwrap();
    compile("case.term", &text, &Compile::default(), &Folder::of(path))
}

fn example(name: &str) -> Compiled {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../examples/{name}.term")))
}

#[test]
fn a_tree_adds_up_to_its_model() {
    for path in examples() {
        let compiled = read(&path);
        let model = compiled.model.unwrap();
        let tree = tree(&model);
        let root = tree.item(termc_graph::tree::ROOT);
        let parameters = root.fast_parameters + root.slow_parameters;
        assert_eq!(parameters, model.parameter_count(), "{}", path.display());
        assert_eq!(
            root.cost,
            cost::total(model.primitives()),
            "{}",
            path.display()
        );
        // Every call of the user's blocks is found by its path.
        for instance in model
            .primitives()
            .instances
            .iter()
            .filter(|call| !call.prelude)
        {
            assert!(tree.find(&instance.path).is_some(), "`{}`", instance.path);
        }
    }
}

#[test]
fn the_block_of_figure_3_has_its_nine_branches() {
    let tree = tree(&example("paper").model.unwrap());
    let block = tree.find("b[0]").unwrap();
    let names: Vec<&str> = tree
        .children(block)
        .map(|(_, item)| item.name.as_str())
        .collect();
    let item = tree.item(block);
    let wide = names.iter().position(|name| *name == "wide").unwrap();
    let branches: Vec<&str> = (item.arrows.iter())
        .filter(|arrow| arrow.to == termc_graph::tree::End::Child(wide))
        .map(|arrow| match arrow.from {
            termc_graph::tree::End::Child(place) => names[place],
            _ => "?",
        })
        .collect();
    let expected = [
        "fast", "glu", "out", "out_mix", "out_hci", "l5", "l7", "l9", "inter",
    ];
    assert_eq!(branches, expected);
    let role = |name: &str| tree.item(tree.find(&format!("b[0].{name}")).unwrap()).role;
    assert_eq!(role("K"), Role::Slow);
    assert_eq!(role("l5.kernel.net"), Role::Slow);
    assert_eq!(role("l5"), Role::Fast);
    assert_eq!(
        tree.item(tree.find("loss.slow_neural").unwrap()).role,
        Role::Loss
    );
}

#[test]
fn every_format_is_the_same_every_time() {
    for name in ["tiny", "paper"] {
        let compiled = example(name);
        let model = compiled.model.as_ref().unwrap();
        for format in Format::ALL {
            let options = Options {
                format,
                depth: 1,
                ..Options::default()
            };
            let first = graph(model, &compiled.sources, &options).unwrap();
            for _ in 0..3 {
                assert!(first == graph(model, &compiled.sources, &options).unwrap());
            }
        }
    }
}

#[test]
fn a_drawing_fits_a_column_and_can_be_read_there() {
    let compiled = example("paper");
    let model = compiled.model.as_ref().unwrap();
    for at in [None, Some("b[0]".to_owned())] {
        let options = Options {
            format: Format::Svg,
            at,
            ..Options::default()
        };
        let text = graph(model, &compiled.sources, &options).unwrap();
        assert!(text.contains("width=\"8.5cm\""));
        let view = text.split("viewBox=\"0 0 ").nth(1).unwrap();
        let width: f64 = view.split(' ').next().unwrap().parse().unwrap();
        // Names have 12 units.
        let points = 12.0 * 8.5 * 72.0 / 2.54 / width;
        assert!(points >= 6.0, "names of {points:.1} points");
    }
}

#[test]
fn the_picture_of_readme_is_what_is_drawn() {
    let compiled = example("paper");
    let model = compiled.model.as_ref().unwrap();
    let options = Options {
        format: Format::Svg,
        at: Some("b[1]".into()),
        width: Some(17.0),
        ..Options::default()
    };
    let drawn = graph(model, &compiled.sources, &options).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/pictures/graph.svg");
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(drawn == kept, "write it anew as README says");
}

#[test]
fn what_there_is_not_is_refused() {
    let compiled = example("tiny");
    let model = compiled.model.as_ref().unwrap();
    let refused = |options: Options| graph(model, &compiled.sources, &options).unwrap_err();
    let at = Options {
        at: Some("b[7]".into()),
        ..Options::default()
    };
    let Error::NoSuchPath(path, nearest) = refused(at) else {
        panic!()
    };
    assert_eq!(path, "b[7]");
    assert!(nearest.contains(&"b[0]".to_owned()), "{nearest:?}");
    let svg = |depth, width| Options {
        format: Format::Svg,
        depth,
        width,
        ..Options::default()
    };
    assert_eq!(refused(svg(0, Some(0.0))), Error::Width);
    let compiled = example("cifar10");
    let model = compiled.model.as_ref().unwrap();
    let error = graph(model, &compiled.sources, &svg(9, None)).unwrap_err();
    assert!(matches!(error, Error::TooLarge(..)), "{error}");
}

/// Where there is no Graphviz this part is skipped, unless the variable `TERMC_REQUIRE` names `graphviz`.
#[test]
fn dot_is_read_by_graphviz() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let compiled = example("tiny");
    let model = compiled.model.as_ref().unwrap();
    let options = Options {
        format: Format::Dot,
        depth: 2,
        ..Options::default()
    };
    let text = graph(model, &compiled.sources, &options).unwrap();
    assert_eq!(text.matches('{').count(), text.matches('}').count());
    let program = Command::new("dot")
        .arg("-Tsvg")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut program) = program else {
        let required = std::env::var("TERMC_REQUIRE").is_ok_and(|list| list.contains("graphviz"));
        assert!(!required, "there is no Graphviz");
        eprintln!("skipped: there is no Graphviz here");
        return;
    };
    program
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = program.wait_with_output().unwrap();
    assert!(output.status.success() && output.stdout.starts_with(b"<?xml"));
}

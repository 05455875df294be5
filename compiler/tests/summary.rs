//! Summaries: the tree of calls adds up, the table shows as much of it as is asked for.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use support::{compile, compile_file, root, shown};
use termc_compiler::Options;
use termc_compiler::cost::Cost;
use termc_compiler::freeze::freeze;
use termc_compiler::model::Model;
use termc_compiler::summary::{Call, Row, Summary, bytes, grouped, summary};

fn example(name: &str, model: Option<&str>) -> Model {
    let path = root().join(format!("examples/{name}.term"));
    let compiled = compile_file(&path, model.map(str::to_owned));
    let found = shown(&compiled);
    compiled.model.unwrap_or_else(|| panic!("{found}"))
}

fn calls<'a>(call: &'a Call, all: &mut Vec<&'a Call>) {
    all.push(call);
    call.calls.iter().for_each(|inner| calls(inner, all));
}

/// The names in the first column.
fn names(table: &str) -> Vec<&str> {
    let rows = table.lines().skip(1).take_while(|line| !line.is_empty());
    rows.map(|row| row.trim_start().split("  ").next().unwrap())
        .collect()
}

#[test]
fn a_call_is_the_sum_of_its_values() {
    let model = example("cifar10", None);
    for model in [&model, &freeze(&model).model, &model.as_primitives()] {
        let Summary {
            root,
            nodes,
            blocks,
            parameters,
            slow_parameters,
            cost,
            activation_bytes,
            ..
        } = summary(model, 8);
        assert_eq!(root.fast_parameters + root.slow_parameters, parameters);
        assert_eq!(
            (root.cost, root.bytes, root.slow_parameters),
            (cost, activation_bytes, slow_parameters)
        );
        assert_eq!((root.first, root.end), (0, nodes.len()));
        let mut all = vec![];
        calls(&root, &mut all);
        assert_eq!(all.len(), blocks + 1);
        for call in all {
            let inside: &[Row] = nodes.get(call.first..call.end).unwrap();
            let sum = inside
                .iter()
                .fold(Cost::default(), |sum, row| sum.plus(row.cost));
            assert_eq!(sum, call.cost, "{}", call.path);
            let inner: u64 = call.calls.iter().map(|c| c.slow_parameters).sum();
            assert!(inner <= call.slow_parameters, "{}", call.path);
        }
    }
}

#[test]
fn the_table_opens_calls_as_deep_as_is_asked() {
    let all = summary(&example("cifar10", None), 64);
    assert_eq!(
        names(&all.table(0)),
        ["image", "b[0]", "b[1]", "b[2]", "b[3]", "b[4]", "logits"]
    );
    let open = all.table(1);
    assert_eq!(names(&open).iter().filter(|name| **name == "K").count(), 5);
    // The prelude's calls stay closed however deep.
    assert_eq!(all.table(9), open);
    let mut rows = open.lines().take_while(|line| !line.is_empty());
    assert!(rows.all(|row| row.chars().count() <= 120), "{open}");
    // Every value of what is written in the file itself.
    let own = "block f(x) {\n g(x) |> tanh\n}\nblock g(x) {\n exp(x)\n}\nmodel M {\n input image[1, 4, 4]\n \
               y = f(image)\n output logits = head(y, 2)\n loss {\n cross_entropy(logits)\n }\n}\n";
    let model = compile(own, &Options::default()).model.unwrap();
    let all = summary(&model, 1);
    assert_eq!(names(&all.table(1)), ["image", "y", "g", "y", "logits"]);
    assert_eq!(
        names(&all.table(2)),
        ["image", "y", "g", "exp", "y", "logits"]
    );
}

#[test]
fn the_table_fits_the_terminal() {
    for name in ["cifar10", "variants", "paper"] {
        let all = summary(&example(name, None), 64);
        let rows = |text: &str| names(text).len();
        let open = rows(&all.table(1));
        for width in [72, 80, 100, 200] {
            let table = all.table_within(width, 1000);
            assert_eq!(rows(&table), open, "{name}");
            let mut lines = table.lines().take_while(|line| !line.is_empty());
            assert!(lines.all(|line| line.chars().count() <= width), "{table}");
        }
        // Where not all rows are seen at once, blocks stay closed.
        assert_eq!(all.table_within(200, 24), all.table(0), "{name}");
        assert_eq!(all.table_of_width(1, usize::MAX), all.table(1));
    }
    // What is most needed stays.
    let narrow = summary(&example("cifar10", None), 64).table_within(72, 20);
    assert!(
        narrow.contains("b[4]") && narrow.contains("parameters"),
        "{narrow}"
    );
}

#[test]
fn the_rows_are_written_for_other_programs() {
    let all = summary(&example("cifar10", None), 64);
    let csv = all.csv(1);
    let rows: Vec<&str> = csv.lines().skip(1).collect();
    assert_eq!(rows.len(), names(&all.table(1)).len());
    let row = rows.iter().find(|row| row.starts_with("b[4],")).unwrap();
    assert!(row.starts_with("b[4],sfne,\"[N, 288, 32, 32]\","), "{row}");
    let top: u64 = (all.csv(0).lines().skip(1))
        .map(|row| row.rsplit(',').nth(3).unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(top, all.parameters);
    let markdown = all.markdown(0);
    assert!(markdown.starts_with("| name |"), "{markdown}");
    assert_eq!(
        markdown
            .lines()
            .filter(|line| line.starts_with('|'))
            .count(),
        9
    );
    assert!(
        markdown.contains("| `b[0]` | sfne | [N, 12, 32, 32] |"),
        "{markdown}"
    );
}

#[test]
fn the_table_of_the_tiny_model_is_pinned() {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    let table = summary(&example("tiny", None), 8).table(0);
    settings.bind(|| insta::assert_snapshot!("tiny", table));
}

#[test]
fn what_runs_by_primitives_is_told() {
    let fused = |model: Option<&str>| {
        let all = summary(&example("variants", model), 1);
        let mut found = vec![];
        calls(&all.root, &mut found);
        let net = found.into_iter().find(|call| call.path == "b[0].K.net");
        net.unwrap().fused
    };
    assert_eq!(fused(None), Some(true));
    assert_eq!(fused(Some("Nets[0]")), Some(true));
    assert_eq!(fused(Some("Nets[1]")), Some(false));
}

#[test]
fn numbers_are_written_for_people() {
    assert_eq!(grouped(1_336_855), "1,336,855");
    assert_eq!(grouped(999), "999");
    assert_eq!(bytes(1023), "1023 B");
    assert_eq!(bytes(5_347_420), "5.1 MiB");
}

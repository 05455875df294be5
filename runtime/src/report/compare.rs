//! Several trainings on one page: their results, their curves on one axis, and what they differ in.

use std::fmt::Write;

use termc_compiler::model::Model;
use termc_compiler::summary::grouped;

use super::chart::{Series, chart};
use super::html::{document, escape, section};
use super::page::{classification, percent, short};
use crate::train::Ended;
use crate::train::metrics::{Row, Span, Split};

/// One of the trainings.
pub struct Compared<'a> {
    /// What it is called.
    pub name: String,
    /// Its model.
    pub model: &'a Model,
    /// Its record.
    pub rows: Vec<Row>,
    /// What came of it; None while it is not over.
    pub ended: Option<Ended>,
    /// What its settings differ in from the first one's, in lines.
    pub settings: Vec<String>,
    /// The same of its model.
    pub changes: Vec<String>,
}

/// The page as text; `written` says by what it was written.
pub fn compare(trainings: &[Compared<'_>], written: &str) -> String {
    let title = format!("{} trainings", trainings.len());
    let body = [
        section("Results", &results(trainings)),
        section("Curves", &curves(trainings)),
        section(
            "Settings that differ",
            &differing(trainings, |one| &one.settings),
        ),
        section("Models", &differing(trainings, |one| &one.changes)),
    ];
    document(&title, &body.concat(), written)
}

fn results(trainings: &[Compared<'_>]) -> String {
    let mut out = String::from(
        "<div class=wide><table><tr><th>training<th>model<th>parameters<th>epochs<th>validation accuracy<th>test accuracy<th>seconds",
    );
    for one in trainings {
        let epochs = one.rows.iter().map(|row| row.epoch).max().unwrap_or(0);
        let cell = |value: Option<f64>| value.map_or_else(|| "–".into(), percent);
        let ended = one.ended.as_ref();
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "<tr><th>{}<td>{}<td>{}<td>{epochs}<td>{}<td>{}<td>{}",
            escape(&one.name),
            escape(&one.model.name),
            grouped(one.model.parameter_count()),
            cell(ended.and_then(|ended| ended.val_accuracy)),
            cell(ended.map(|ended| ended.test_accuracy)),
            ended.map_or_else(
                || "not over".into(),
                |ended| format!("{:.1}", ended.seconds)
            ),
        );
    }
    out + "</table></div>"
}

fn curves(trainings: &[Compared<'_>]) -> String {
    let series = |split: Split, value: &dyn Fn(&Model, &Row) -> Option<f64>| -> Vec<Series<'_>> {
        let of = |one: &Compared<'_>| {
            let rows = one.rows.iter();
            let rows = rows.filter(|row| row.span == Span::Epoch && row.split == split);
            rows.filter_map(|row| Some((row.epoch as f64, value(one.model, row)?)))
                .collect()
        };
        let named = trainings.iter().map(|one| Series {
            name: &one.name,
            points: of(one),
        });
        named.collect()
    };
    let accuracy = |_: &Model, row: &Row| row.top1;
    let loss = |model: &Model, row: &Row| classification(model, row);
    let rate = |_: &Model, row: &Row| row.lr;
    [
        chart(
            "Validation accuracy",
            "epoch",
            &series(Split::Val, &accuracy),
            percent,
        ),
        chart(
            "Training accuracy",
            "epoch",
            &series(Split::Train, &accuracy),
            percent,
        ),
        chart(
            "Validation cross entropy",
            "epoch",
            &series(Split::Val, &loss),
            short,
        ),
        chart(
            "Training cross entropy",
            "epoch",
            &series(Split::Train, &loss),
            short,
        ),
        chart(
            "Learning rate",
            "epoch",
            &series(Split::Train, &rate),
            short,
        ),
    ]
    .concat()
}

/// Lines of each training but the first, under its name.
fn differing<'a>(
    trainings: &'a [Compared<'_>],
    lines: fn(&'a Compared<'_>) -> &'a Vec<String>,
) -> String {
    let first = trainings.first().map_or("", |one| one.name.as_str());
    let mut out = String::new();
    for one in trainings.iter().skip(1) {
        let text = match lines(one).as_slice() {
            [] => format!("as {first}"),
            lines => lines.join("\n"),
        };
        let _ = write!(
            out,
            "<h3>{}</h3><pre>{}</pre>",
            escape(&one.name),
            escape(&text)
        );
    }
    out
}

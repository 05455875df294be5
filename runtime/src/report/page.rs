//! The page itself: which sections there are and what each says.

use std::fmt::Write;

use termc_compiler::model::Model;
use termc_data::Dataset;

use super::chart::{Series, chart};
use super::gather::{Features, Kernel, NetworkStatistics, PixelScores};
use super::html::{document, escape, facts, figure, section};
use super::picture::photo;
use crate::Error;
use crate::loss::classifies;
use crate::train::metrics::{Row, Span, Split};
use crate::train::scores::Scores;
use crate::train::{Protocol, Settings};

/// Everything the page is made of.
pub struct Report<'a> {
    /// The model.
    pub model: &'a Model,
    /// The settings of its training.
    pub settings: &'a Settings,
    /// The record.
    pub rows: &'a [Row],
    /// The account of the test part; None while the training is not over.
    pub test: Option<&'a Scores>,
    /// The data set.
    pub data: &'a Dataset,
    /// A look into the network.
    pub statistics: &'a NetworkStatistics,
    /// Time of writing, in words.
    pub written: &'a str,
}

/// The page as text.
///
/// # Errors
/// If images of the data set cannot be read.
pub fn page(report: &Report<'_>) -> Result<String, Error> {
    let title = format!("{} on {}", report.model.name, report.data.name);
    let sections = [
        section("Result", &result(report)),
        section("Curves", &curves(report)),
        section("Settings", &settings(report)),
        match report.test {
            Some(test) => section("Classes", &classes(test, report.data)),
            None => String::new(),
        },
        match report.test {
            Some(test) => section("Worst answers", &worst(test, report.data)?),
            None => String::new(),
        },
        section("Kernels", &kernels(&report.statistics.kernels)?),
        section(
            "Pixel scores",
            &pixel_scores(&report.statistics.scores, report.data)?,
        ),
        section("Features", &features(&report.statistics.features)),
        section(
            "Model",
            &format!("<pre>{}</pre>", escape(report.model.source())),
        ),
    ];
    Ok(document(&title, &sections.concat(), report.written))
}

pub(super) fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction)
}

pub(super) fn short(value: f64) -> String {
    match value.abs() {
        v if v != 0.0 && !(1e-3..1e5).contains(&v) => format!("{value:.1e}"),
        _ => format!("{:.4}", value)
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
    }
}

fn result(report: &Report<'_>) -> String {
    let epochs = |split: Split| {
        let wanted = move |row: &&Row| row.span == Span::Epoch && row.split == split;
        report.rows.iter().filter(wanted)
    };
    // As the training chooses: of equal accuracies the lower cross entropy, of equals the later epoch.
    let rank = |row: &Row| {
        let loss = classification(report.model, row);
        (row.top1.unwrap_or(0.0), -loss.unwrap_or(f64::INFINITY))
    };
    let best = epochs(Split::Val).max_by(|a, b| {
        let (a, b) = (rank(a), rank(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let mut rows = vec![];
    match report.test {
        Some(test) => {
            rows.push(("test accuracy", percent(test.accuracy())));
            rows.extend(test.accuracy5().map(|top5| ("top-5", percent(top5))));
            rows.push(("test images", test.images.to_string()));
        }
        None => rows.push((
            "test accuracy",
            "not measured: the training is not over".into(),
        )),
    }
    if let Some(row) = best {
        let accuracy = percent(row.top1.unwrap_or(0.0));
        rows.push((
            "best validation",
            format!("{accuracy} in epoch {}", row.epoch),
        ));
    }
    rows.push(("protocol", match report.settings.protocol {
        Protocol::Honest if report.settings.val == 0.0 => "no validation; the last epoch is tested".into(),
        Protocol::Honest => format!(
            "honest: {} of the training images choose the epoch, the test part is looked at once",
            percent(report.settings.val)
        ),
        Protocol::Published => "published: the epoch is chosen on the test part itself".into(),
    }));
    if let Some(row) = epochs(Split::Train).next_back() {
        rows.push((
            "epochs done",
            format!("{} of {}", row.epoch, report.settings.epochs),
        ));
        rows.push(("time", format!("{:.0} s", row.seconds)));
    }
    facts(&rows)
}

/// The sum of the loss terms that judge logits by labels; None if one was not finite.
pub(super) fn classification(model: &Model, row: &Row) -> Option<f64> {
    let terms = model.loss.iter().filter(|term| classifies(&term.kind));
    terms.map(|term| row.term(&term.name)).sum()
}

fn curves(report: &Report<'_>) -> String {
    let (model, rows) = (report.model, report.rows);
    let of = |split: Split, value: &dyn Fn(&Row) -> Option<f64>| -> Vec<(f64, f64)> {
        let wanted = rows
            .iter()
            .filter(|row| row.span == Span::Epoch && row.split == split);
        wanted
            .filter_map(|row| Some((row.epoch as f64, value(row)?)))
            .collect()
    };
    let both = |value: &dyn Fn(&Row) -> Option<f64>| {
        vec![
            Series {
                name: "training",
                points: of(Split::Train, value),
            },
            Series {
                name: "validation",
                points: of(Split::Val, value),
            },
        ]
    };
    let one = |value: &dyn Fn(&Row) -> Option<f64>| {
        vec![Series {
            name: "training",
            points: of(Split::Train, value),
        }]
    };
    let steps = rows.iter().filter(|row| row.span == Span::Step);
    let steps: Vec<(f64, f64)> = steps
        .filter_map(|row| Some((row.step as f64, row.loss?)))
        .collect();
    let others = model.loss.iter().filter(|term| !classifies(&term.kind));
    let others = others.map(|term| {
        let title = format!("Loss term {}", term.name);
        let series = one(&|row| row.term(&term.name));
        chart(&title, "epoch", &series, short)
    });
    [
        chart("Accuracy", "epoch", &both(&|row| row.top1), percent),
        chart(
            "Cross entropy",
            "epoch",
            &both(&|row| classification(model, row)),
            short,
        ),
        chart(
            "Loss by step",
            "step",
            &[Series {
                name: "loss",
                points: steps,
            }],
            short,
        ),
        others.collect::<String>(),
        chart("Learning rate", "epoch", &one(&|row| row.lr), short),
    ]
    .concat()
}

fn settings(report: &Report<'_>) -> String {
    let settings = report.settings;
    let mut rows = vec![
        (
            "parameters",
            termc_compiler::summary::grouped(settings.parameters),
        ),
        ("epochs", settings.epochs.to_string()),
        ("batch", settings.batch.to_string()),
        ("seed", settings.seed.to_string()),
        ("device", settings.device_used.clone()),
        ("kernels", settings.kernels.to_string()),
        ("precision", settings.precision.to_string()),
        ("termc", settings.termc.clone()),
    ];
    if let Some(limit) = settings.limit {
        rows.push(("training images", format!("limited to {limit}")));
    }
    let recipe = serde_json::to_string_pretty(&settings.recipe).unwrap_or_default();
    let recipe = format!(
        "<details><summary>recipe</summary><pre>{}</pre></details>",
        escape(&recipe)
    );
    facts(&rows) + &recipe
}

fn classes(test: &Scores, data: &Dataset) -> String {
    let mut out = String::from(
        "<p>Rows are what the images are, columns what the network said.</p><div class=wide><table class=matrix><tr><th>",
    );
    // Writing to a String cannot fail.
    for name in &data.classes {
        let _ = write!(out, "<th class=turned><span>{}</span>", escape(name));
    }
    out.push_str("<th>accuracy");
    for (label, name) in data.classes.iter().enumerate() {
        let (images, right) = test.class(label);
        let _ = write!(out, "<tr><th>{}", escape(name));
        for (answer, count) in test.confusion.get(label).into_iter().flatten().enumerate() {
            let share = *count as f64 / images.max(1) as f64;
            let color = if answer == label {
                "58,125,68"
            } else {
                "209,73,91"
            };
            let shown = if *count == 0 {
                String::new()
            } else {
                count.to_string()
            };
            let _ = write!(
                out,
                "<td style=\"background:rgba({color},{:.2})\">{shown}",
                share.sqrt()
            );
        }
        let _ = write!(out, "<td>{}", percent(right as f64 / images.max(1) as f64));
    }
    out + "</table></div>"
}

fn worst(test: &Scores, data: &Dataset) -> Result<String, Error> {
    if test.worst.is_empty() {
        return Ok("<p>There are none: every test image was answered right.</p>".into());
    }
    let mut out = String::from(
        "<p>The wrong answers that gave the right class the least probability.</p><div class=row>",
    );
    for answer in &test.worst {
        let picture = photo(&data.test.image(answer.image)?, data.shape)?;
        let caption = format!(
            "{}, said {} ({} for {})",
            class(data, answer.label),
            class(data, answer.answer),
            percent(answer.probability),
            class(data, answer.label),
        );
        out += &figure(&picture, 72, &caption);
    }
    Ok(out + "</div>")
}

fn class(data: &Dataset, label: usize) -> &str {
    data.classes.get(label).map_or("?", String::as_str)
}

fn kernels(kernels: &[Kernel]) -> Result<String, Error> {
    let mut out = String::from(
        "<p>Kernels that no image changes: the mean over channels, then the first channels. Blue is below zero, red \
         above, each picture scaled to its own largest magnitude.</p>",
    );
    for kernel in kernels {
        let (low, high) = kernel.mean.range();
        let name = escape(&kernel.name);
        let _ = write!(
            out,
            "<h3>{name}, {} channels</h3><div class=row>",
            kernel.channels
        );
        let caption = format!(
            "mean, {} to {}",
            short(f64::from(low)),
            short(f64::from(high))
        );
        out += &figure(&kernel.mean.heat_map()?, 128, &caption);
        for (number, plane) in kernel.first.iter().enumerate() {
            out += &figure(&plane.heat_map()?, 96, &format!("channel {number}"));
        }
        out.push_str("</div>");
    }
    Ok(out)
}

fn pixel_scores(scores: &[PixelScores], data: &Dataset) -> Result<String, Error> {
    let mut out = String::from(
        "<p>Kernels that depend on the image, made by single test images: the mean over channels.</p>",
    );
    for one in scores {
        let caption = format!(
            "{}, said {}",
            class(data, one.label),
            class(data, one.answer)
        );
        out.push_str("<div class=row>");
        out += &figure(
            &photo(&data.test.image(one.image)?, data.shape)?,
            96,
            &caption,
        );
        for (name, plane) in &one.kernels {
            out += &figure(&plane.heat_map()?, 72, name);
        }
        out.push_str("</div>");
    }
    Ok(out)
}

fn features(features: &[Features]) -> String {
    let mut out = String::from(
        "<p>Each block's result over one batch of test images.</p><table><tr><th>block<th>channels<th>mean<th>variance\
         <th>standard deviation<th>least channel mean<th>greatest channel mean",
    );
    for one in features {
        let low = one
            .channel_means
            .iter()
            .copied()
            .fold(f64::INFINITY, f64::min);
        let high = one
            .channel_means
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "<tr><th>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}",
            escape(&one.name),
            one.channels,
            short(one.mean),
            short(one.variance),
            short(one.variance.sqrt()),
            short(low),
            short(high)
        );
    }
    out + "</table>"
}

//! A sweep as one page that needs no network: accuracy against parameters, multiply-adds and time, and the table.

use std::fmt::Write;

use termc_compiler::summary::grouped;

use super::{Ledger, Mean, Objective, Row};
use crate::report::chart::{Point, scatter};
use crate::report::html::{document, escape, facts, section};

/// What a model costs, in one respect.
type Cost = fn(&Row<'_>) -> Option<f64>;

/// The page as text; `written` says by what and when.
pub fn page(
    title: &str,
    ledger: &Ledger,
    rows: &[Row<'_>],
    objective: Objective,
    written: &str,
) -> String {
    let costs: [(&str, &str, Cost); 3] = [
        ("parameters", "Parameters", |row| {
            Some(row.member.parameters as f64)
        }),
        ("multiply-adds per image", "Multiply-adds", |row| {
            Some(row.member.multiply_adds as f64)
        }),
        ("seconds of a training", "Time", |row| {
            Some(row.seconds?.mean)
        }),
    ];
    let charts: String = costs
        .into_iter()
        .map(|(axis, name, cost)| {
            let points = points(rows, objective, cost);
            let name = format!("{objective} by {}", name.to_lowercase());
            scatter(&name, axis, &points, |v| Some(number(v)), number)
        })
        .collect();
    let explained = format!(
        "<p>A point is a model, its {objective} the mean over its seeds. Filled and joined are those that no other model surpasses in both \
         numbers; the pointer on a point shows what the model differs in from {}.</p>",
        rows.first()
            .map_or("the first".into(), |row| escape(&row.member.name))
    );
    let mut body = section("Models", &(charts + &explained));
    body += &section("Table", &table(rows, objective));
    if !ledger.failures.is_empty() {
        body += &section("Failed", &failures(ledger));
    }
    let options = ledger.options.join(" ");
    body += &section(
        "Options of every training",
        &format!("<pre>{}</pre>", escape(&options)),
    );
    document(title, &body, written)
}

/// The models that have results, by what they cost and what they reach.
fn points(rows: &[Row<'_>], objective: Objective, cost: Cost) -> Vec<Point> {
    // What was left out stands at an earlier epoch than the others.
    let rows = rows.iter().filter(|row| row.left_out.is_none());
    let place = |row: &Row<'_>| Some((cost(row)?, row.objective?.mean));
    let places: Vec<(f64, f64)> = rows.clone().filter_map(place).collect();
    let surpassed = |at: (f64, f64)| {
        places.iter().any(|other| {
            let (cheaper, better) = (
                at.0 - other.0,
                objective.rank(other.1) - objective.rank(at.1),
            );
            cheaper >= 0.0 && better >= 0.0 && (cheaper > 0.0 || better > 0.0)
        })
    };
    let point = |row: &Row<'_>| {
        let at = place(row)?;
        Some(Point {
            at,
            title: tooltip(row, objective),
            is_best: !surpassed(at),
        })
    };
    rows.filter_map(point).collect()
}

fn tooltip(row: &Row<'_>, objective: Objective) -> String {
    let value = row
        .objective
        .map_or_else(String::new, |mean| mean.to_string());
    let mut text = format!("{}: {objective} {value}", row.member.name);
    for change in &row.member.changes {
        let _ = write!(text, "\n{change}");
    }
    text
}

fn table(rows: &[Row<'_>], objective: Objective) -> String {
    let mut out = format!(
        "<div class=wide><table><tr><th>model<th>parameters<th>multiply-adds<th>{objective}<th>test accuracy<th>from the first, in \
         standard errors<th>seconds"
    );
    for row in rows {
        let cell = |mean: &Option<Mean>| mean.map_or_else(|| "–".into(), |mean| mean.to_string());
        let epoch = row
            .left_out
            .map(|epoch| format!(" (left out after epoch {epoch})"));
        let errors = row
            .standard_errors
            .map_or_else(|| "–".into(), |errors| format!("{errors:+.1}"));
        let seconds = row
            .seconds
            .map_or_else(|| "–".into(), |mean| format!("{:.1}", mean.mean));
        let _ = write!(
            out,
            "<tr><th>{}<td>{}<td>{}<td>{}{}<td>{}<td>{errors}<td>{seconds}",
            escape(&row.member.name),
            grouped(row.member.parameters),
            grouped(row.member.multiply_adds),
            cell(&row.objective),
            epoch.unwrap_or_default(),
            cell(&row.test),
        );
    }
    out + "</table></div>"
}

fn failures(ledger: &Ledger) -> String {
    let rows = ledger.failures.iter().map(|(folder, failure)| {
        let told = format!("{} times: {}", failure.attempts, failure.message);
        (folder.as_str(), told)
    });
    facts(&rows.collect::<Vec<_>>())
}

/// A number of any size, short.
fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 1e9 => format!("{} G", value / 1e9),
        v if v >= 1e6 => format!("{} M", value / 1e6),
        v if v >= 1e4 => format!("{} k", value / 1e3),
        _ => format!("{:.4}", value)
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::Member;
    use super::*;

    #[test]
    fn the_front_is_what_nothing_surpasses() {
        let member = |name: &str, parameters: u64| Member {
            name: name.into(),
            source: String::new(),
            parameters,
            multiply_adds: 1,
            changes: vec!["changed <x>".into()],
        };
        let members = [
            member("a", 10),
            member("b", 20),
            member("c", 30),
            member("d", 5),
            member("e", 5),
        ];
        let reached = [Some(0.9), Some(0.8), Some(0.95), None, Some(0.7)];
        let row = |(member, value): (&'static Member, Option<f64>)| Row {
            member,
            objective: value.and_then(|value| Mean::of(&[value])),
            test: None,
            seconds: None,
            standard_errors: None,
            left_out: (member.name == "e").then_some(2),
            failed: 0,
        };
        let members: &'static [Member] = Vec::leak(members.to_vec());
        let rows: Vec<Row<'_>> = members.iter().zip(reached).map(row).collect();
        let cost: Cost = |row| Some(row.member.parameters as f64);
        let best = |objective| -> Vec<bool> {
            points(&rows, objective, cost)
                .iter()
                .map(|point| point.is_best)
                .collect()
        };
        assert_eq!(best(Objective::ValAccuracy), [true, false, true]);
        assert_eq!(best(Objective::ValLoss), [true, true, false]);
        let ledger = Ledger::new(vec!["--epochs".into()], members.to_vec(), vec![0]);
        let text = page("t", &ledger, &rows, Objective::ValAccuracy, "w");
        assert!(
            text.contains("changed &lt;x&gt;") && text.contains("<tr><th>d<td>5<td>1<td>–<td>")
        );
        assert!(text.contains("<tr><th>e<td>5<td>1<td>0.7000 (left out after epoch 2)<td>–"));
    }
}

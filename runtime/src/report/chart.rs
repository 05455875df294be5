//! Line charts as SVG. Knows numbers and names only.

use std::fmt::Write;

use super::html::escape;

/// One line of a chart.
pub struct Series {
    /// Its name in the legend.
    pub name: &'static str,
    /// Points `(x, y)` in order of x.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 62.0;
const BOTTOM: f64 = 34.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 12.0;
const COLORS: [&str; 4] = ["#1b6ca8", "#d1495b", "#3a7d44", "#8f6bb1"];

/// A chart with axes and a legend; nothing where there are no points.
pub fn chart(title: &str, x_name: &str, series: &[Series], format: fn(f64) -> String) -> String {
    let finite = |v: &(f64, f64)| v.0.is_finite() && v.1.is_finite();
    let points = || {
        series
            .iter()
            .flat_map(|s| s.points.iter().copied().filter(finite))
    };
    if points().next().is_none() {
        return String::new();
    }
    let (x_low, x_high) = range(points().map(|p| p.0));
    let (y_low, y_high) = range(points().map(|p| p.1));
    let x = |v: f64| LEFT + (v - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT);
    let y = |v: f64| HEIGHT - BOTTOM - (v - y_low) / (y_high - y_low) * (HEIGHT - BOTTOM - TOP);
    let mut out = format!(
        "<div class=chart><h3>{}</h3><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=img aria-label=\"{}\">",
        escape(title),
        escape(title)
    );
    // Writing to a String cannot fail.
    for tick in ticks(y_low, y_high) {
        let (at, label) = (y(tick), format(tick));
        let _ = write!(
            out,
            "<line class=grid x1={LEFT} x2={} y1={at:.1} y2={at:.1} /><text class=y x={} y={:.1}>{label}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            at + 4.0
        );
    }
    for tick in ticks(x_low, x_high).filter(|t| t.fract() == 0.0) {
        let _ = write!(
            out,
            "<text class=x x={:.1} y={}>{tick}</text>",
            x(tick),
            HEIGHT - 16.0
        );
    }
    let _ = write!(
        out,
        "<text class=x x={} y={}>{}</text>",
        WIDTH / 2.0,
        HEIGHT - 2.0,
        escape(x_name)
    );
    for (series, color) in series.iter().zip(COLORS.iter().cycle()) {
        let path: Vec<String> = series
            .points
            .iter()
            .filter(|p| finite(p))
            .map(|(a, b)| format!("{:.1},{:.1}", x(*a), y(*b)))
            .collect();
        if let [only] = path.as_slice() {
            let at: Vec<&str> = only.split(',').collect();
            if let [cx, cy] = at.as_slice() {
                let _ = write!(out, "<circle cx={cx} cy={cy} r=3 fill=\"{color}\" />");
            }
        }
        let _ = write!(
            out,
            "<polyline points=\"{}\" stroke=\"{color}\" />",
            path.join(" ")
        );
    }
    out.push_str("</svg><p class=legend>");
    for (series, color) in series.iter().zip(COLORS.iter().cycle()) {
        let last = series.points.last().map_or(String::new(), |p| format(p.1));
        let _ = write!(
            out,
            "<span><i style=\"background:{color}\"></i>{} {last}</span> ",
            escape(series.name)
        );
    }
    out + "</p></div>"
}

/// The least and greatest number, apart from one another.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    let (low, high) = values.fold(start, |(low, high), v| (low.min(v), high.max(v)));
    if high - low > 1e-12 * high.abs().max(1e-12) {
        (low, high)
    } else {
        (low - 0.5, high + 0.5)
    }
}

/// Three to eight round numbers between two.
fn ticks(low: f64, high: f64) -> impl Iterator<Item = f64> {
    let raw = (high - low) / 5.0;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|m| m * power)
        .into_iter()
        .find(|s| *s >= raw)
        .unwrap_or(raw);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(move |i| i as f64 * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        for (low, high) in [(0.0, 1.0), (1.0, 15.0), (0.0312, 0.0317), (-3.0, 1e6)] {
            let found: Vec<f64> = ticks(low, high).collect();
            assert!((3..=8).contains(&found.len()), "{found:?}");
            assert!(found.iter().all(|t| (low..=high).contains(t)));
        }
    }

    #[test]
    fn constant_and_single_points_are_drawn() {
        let series = [Series {
            name: "a<b",
            points: vec![(1.0, 2.0)],
        }];
        let text = chart("t", "x", &series, |v| v.to_string());
        assert!(text.contains("<circle") && text.contains("a&lt;b") && !text.contains("NaN"));
    }
}

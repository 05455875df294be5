//! Charts of lines and of points as SVG. Knows numbers and names only.

use std::fmt::Write;

use super::html::escape;

/// One line of a chart.
pub struct Series<'a> {
    /// Its name in the legend.
    pub name: &'a str,
    /// Points `(x, y)` in order of x.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 62.0;
const BOTTOM: f64 = 34.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 12.0;
const COLORS: [&str; 6] = [
    "#1b6ca8", "#d1495b", "#3a7d44", "#8f6bb1", "#c7851b", "#5b6770",
];

/// A point of a [`scatter`] chart.
pub struct Point {
    /// Where it is.
    pub at: (f64, f64),
    /// What is told of it when the pointer is on it.
    pub title: String,
    /// Whether no other point is better in one of its numbers and as good in the other.
    pub is_best: bool,
}

/// The numbers that a chart shows, and where they are on the page.
struct Axes {
    x: (f64, f64),
    y: (f64, f64),
}

impl Axes {
    fn of(points: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        Self {
            x: range(points.clone().map(|p| p.0)),
            y: range(points.map(|p| p.1)),
        }
    }

    fn x(&self, v: f64) -> f64 {
        LEFT + (v - self.x.0) / (self.x.1 - self.x.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, v: f64) -> f64 {
        HEIGHT - BOTTOM - (v - self.y.0) / (self.y.1 - self.y.0) * (HEIGHT - BOTTOM - TOP)
    }

    /// The beginning of a chart: its heading, its grid and what is written at it. `x_label` leaves out ticks by None.
    fn draw(
        &self,
        title: &str,
        x_name: &str,
        x_label: fn(f64) -> Option<String>,
        y_label: fn(f64) -> String,
    ) -> String {
        let mut out = format!(
            "<div class=chart><h3>{}</h3><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=img aria-label=\"{}\">",
            escape(title),
            escape(title)
        );
        // Writing to a String cannot fail.
        for tick in ticks(self.y.0, self.y.1) {
            let (at, label) = (self.y(tick), y_label(tick));
            let _ = write!(
                out,
                "<line class=grid x1={LEFT} x2={} y1={at:.1} y2={at:.1} /><text class=y x={} y={:.1}>{label}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0
            );
        }
        for tick in ticks(self.x.0, self.x.1) {
            if let Some(label) = x_label(tick) {
                let (at, below) = (self.x(tick), HEIGHT - 16.0);
                let _ = write!(
                    out,
                    "<text class=x x={at:.1} y={below}>{}</text>",
                    escape(&label)
                );
            }
        }
        let _ = write!(
            out,
            "<text class=x x={} y={}>{}</text>",
            WIDTH / 2.0,
            HEIGHT - 2.0,
            escape(x_name)
        );
        out
    }
}

fn is_finite(v: &(f64, f64)) -> bool {
    v.0.is_finite() && v.1.is_finite()
}

/// Points by two numbers of each, those that no other surpasses filled and joined; nothing where there are none.
pub fn scatter(
    title: &str,
    x_name: &str,
    points: &[Point],
    x_label: fn(f64) -> Option<String>,
    y_label: fn(f64) -> String,
) -> String {
    let places = points.iter().map(|point| point.at).filter(is_finite);
    if places.clone().next().is_none() {
        return String::new();
    }
    let axes = Axes::of(places);
    let mut out = axes.draw(title, x_name, x_label, y_label);
    let color = COLORS.first().copied().unwrap_or_default();
    let mut front: Vec<(f64, f64)> = (points.iter().filter(|point| point.is_best))
        .map(|point| point.at)
        .filter(is_finite)
        .collect();
    front.sort_by(|a, b| a.0.total_cmp(&b.0));
    let front: Vec<String> = (front.iter())
        .map(|at| format!("{:.1},{:.1}", axes.x(at.0), axes.y(at.1)))
        .collect();
    let _ = write!(
        out,
        "<polyline points=\"{}\" stroke=\"{color}\" stroke-dasharray=\"4 3\" />",
        front.join(" ")
    );
    for point in points.iter().filter(|point| is_finite(&point.at)) {
        let fill = if point.is_best { color } else { "var(--paper)" };
        let _ = write!(
            out,
            "<circle cx={:.1} cy={:.1} r=5 fill=\"{fill}\" stroke=\"{color}\" tabindex=0><title>{}</title></circle>",
            axes.x(point.at.0),
            axes.y(point.at.1),
            escape(&point.title)
        );
    }
    out + "</svg></div>"
}

/// A chart with axes and a legend; nothing where there are no points.
pub fn chart(
    title: &str,
    x_name: &str,
    series: &[Series<'_>],
    format: fn(f64) -> String,
) -> String {
    let points = series.iter().flat_map(|s| s.points.iter().copied());
    let points = points.filter(is_finite);
    if points.clone().next().is_none() {
        return String::new();
    }
    let axes = Axes::of(points);
    let whole = |tick: f64| (tick.fract() == 0.0).then(|| tick.to_string());
    let mut out = axes.draw(title, x_name, whole, format);
    for (series, color) in series.iter().zip(COLORS.iter().cycle()) {
        let path: Vec<String> = series
            .points
            .iter()
            .filter(|p| is_finite(p))
            .map(|(a, b)| format!("{:.1},{:.1}", axes.x(*a), axes.y(*b)))
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
        let points = [Point {
            at: (3.0, f64::NAN),
            title: "a<b".into(),
            is_best: true,
        }];
        let label = |v: f64| Some(v.to_string());
        assert_eq!(scatter("t", "x", &points, label, |v| v.to_string()), "");
        let [mut point] = points;
        point.at.1 = 4.0;
        let text = scatter("t", "x", &[point], label, |v| v.to_string());
        assert!(text.contains("<title>a&lt;b") && !text.contains("NaN"));
    }
}

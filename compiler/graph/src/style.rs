//! Sizes of letters, colours, and text made safe: what all drawings share.

use crate::tree::{Item, Role};

/// Width of a letter of a monospaced font, as a part of its size.
pub const LETTER: f64 = 0.602;
/// Size of names.
pub const NAME: f64 = 12.0;
/// Size of everything else.
pub const SMALL: f64 = 10.0;

/// The colours of a part of the network: fill, border and text. Apart from one another in lightness too, so that they
/// survive colour blindness and grey print (after Okabe and Ito, 2008).
pub fn colours(role: Role) -> [&'static str; 3] {
    match role {
        Role::Slow => ["#a9d3ee", "#0b4f7d", "#06263c"],
        Role::Fast => ["#fdf3d9", "#b8860b", "#33270a"],
        Role::Loss => ["#7b3f6b", "#4c1d40", "#ffffff"],
        Role::Input => ["#ffffff", "#555555", "#222222"],
    }
}

/// The width of a text.
pub fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * LETTER * size
}

/// The lines of a closed box: its name, what it is, and the shape of what it gives.
pub fn lines(item: &Item) -> [String; 3] {
    let base = item.name.split('[').next().unwrap_or_default();
    let what = if item.what == base {
        String::new()
    } else {
        item.what.clone()
    };
    [item.name.clone(), what, short_shape(&item.shape)]
}

/// Those of them that say something.
pub fn label(item: &Item) -> Vec<String> {
    let lines = lines(item).into_iter();
    lines.filter(|line| !line.is_empty()).collect()
}

/// `[N, 3, 32, 32]` as `3×32×32`; `1×...` where it is the same for every image.
pub fn short_shape(shape: &str) -> String {
    let inner = shape.trim_start_matches('[').trim_end_matches(']');
    let inner = inner.strip_prefix("N, ").or(inner.strip_prefix("1, "));
    inner.unwrap_or_default().replace(", ", "×")
}

/// The size of a closed box on the page.
pub fn closed(item: &Item) -> (f64, f64) {
    let [name, what, shape] = lines(item);
    let width = text_width(&name, NAME)
        .max(text_width(&what, SMALL))
        .max(text_width(&shape, SMALL));
    let rows = [&what, &shape]
        .iter()
        .filter(|line| !line.is_empty())
        .count();
    let height = 24.0 + 13.0 * rows as f64;
    ((width + 18.0).max(36.0).round(), height)
}

/// The width of the tag of an input or output.
pub fn tag(name: &str) -> f64 {
    (text_width(name, SMALL) + 12.0).round()
}

/// Text made safe for SVG and HTML, in elements and attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// A curve through points that leaves and reaches each vertically.
pub fn curve(points: &[(f64, f64)]) -> String {
    let mut out = String::new();
    let mut last: Option<(f64, f64)> = None;
    for &(x, y) in points {
        out += &match last {
            None => format!("M{x:.0},{y:.0}"),
            Some((a, b)) if (a - x).abs() < 1.0 || (b - y).abs() < 1.0 => format!("L{x:.0},{y:.0}"),
            Some((a, b)) => {
                let middle = f64::midpoint(b, y);
                format!("C{a:.0},{middle:.0} {x:.0},{middle:.0} {x:.0},{y:.0}")
            }
        };
        last = Some((x, y));
    }
    out
}

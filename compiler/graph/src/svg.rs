//! A drawing for a paper: as wide as a column, dark on white, with as much in each box as can be read at that width.

use std::fmt::Write;

use dagre::Ranker;
use termc_compiler::bug::fault;

use crate::arrange::{Arranged, Rect, Spacing, arrange, is_long};
use crate::style::{self, LETTER, NAME, SMALL, colours, curve, escape, lines, text_width};
use crate::tree::{Arrow, End, Item, Mark, ROOT, Role, Tree};
use crate::{Error, Options};

/// Width of a column in centimetres, unless another is asked for.
const COLUMN: f64 = 8.5;
/// Points in a centimetre.
const POINTS: f64 = 72.0 / 2.54;
/// Letters smaller than so many points are not read.
const SMALLEST: f64 = 6.0;
/// Letters are not made larger than so many points.
const LARGEST: f64 = 8.0;
/// More boxes are not drawn: nobody could tell them apart.
const MOST: usize = 1500;
/// Height of the name of an open box, and the space around its inside.
const HEAD: f64 = 20.0;
const PAD: f64 = 8.0;

/// How much closed boxes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Detail {
    /// Name, what it is, and shape.
    All,
    /// Name, and what it is.
    What,
    /// The name.
    Name,
}

/// The inside of a box with those of the boxes that are open.
struct Inside {
    number: usize,
    arranged: Arranged,
    open: Vec<Option<Inside>>,
}

/// Draws a box and `depth` levels of those that it holds.
pub fn svg(tree: &Tree, at: usize, options: &Options) -> Result<String, Error> {
    let width = options.width.unwrap_or(COLUMN);
    if !(1.0..=200.0).contains(&width) {
        return Err(Error::Width);
    }
    let boxes = count(tree, at, options.depth);
    if boxes > MOST {
        return Err(Error::TooLarge(boxes, MOST));
    }
    let widest = width * POINTS * NAME / SMALLEST;
    let mut best: Option<(Inside, Detail)> = None;
    'found: for detail in [Detail::All, Detail::What, Detail::Name] {
        for (ranker, beside) in [
            (Ranker::NetworkSimplex, 14.0),
            (Ranker::LongestPath, 14.0),
            (Ranker::NetworkSimplex, 8.0),
            (Ranker::LongestPath, 8.0),
        ] {
            let spacing = Spacing {
                beside,
                below: 26.0,
                ranker,
            };
            let drawn = inside(tree, at, options.depth, detail, spacing);
            let narrower =
                (best.as_ref()).is_none_or(|(b, _)| drawn.arranged.width < b.arranged.width);
            let fits = drawn.arranged.width + 2.0 * PAD <= widest;
            if narrower {
                best = Some((drawn, detail));
            }
            if fits {
                break 'found;
            }
        }
    }
    let Some((drawn, detail)) = best else {
        fault("no drawing was tried");
    };
    Ok(write(tree, &drawn, detail, width))
}

fn count(tree: &Tree, at: usize, depth: usize) -> usize {
    let below = |(number, item): (usize, &Item)| match item.is_open(depth) {
        true => 1 + count(tree, number, depth - 1),
        false => 1,
    };
    tree.children(at).map(below).sum()
}

fn inside(tree: &Tree, at: usize, depth: usize, detail: Detail, spacing: Spacing) -> Inside {
    let item = tree.item(at);
    let mut sizes = vec![];
    let mut open = vec![];
    for (number, child) in tree.children(at) {
        if child.is_open(depth) {
            let held = inside(tree, number, depth - 1, detail, spacing);
            let name = text_width(&child.name, NAME) + 2.0 * PAD;
            let width = (held.arranged.width + 2.0 * PAD).max(name);
            sizes.push((width, held.arranged.height + HEAD + PAD));
            open.push(Some(held));
        } else {
            sizes.push(closed(child, detail));
            open.push(None);
        }
    }
    Inside {
        number: at,
        arranged: arrange(tree, item, &sizes, style::tag, spacing),
        open,
    }
}

/// What a closed box says: its name, and small lines below.
fn said(item: &Item, detail: Detail) -> (String, Vec<String>) {
    let [name, what, shape] = lines(item);
    let below = match detail {
        Detail::All => vec![what, shape],
        Detail::What => vec![what],
        Detail::Name => vec![],
    };
    (
        name,
        below.into_iter().filter(|line| !line.is_empty()).collect(),
    )
}

fn closed(item: &Item, detail: Detail) -> (f64, f64) {
    let (name, below) = said(item, detail);
    let small = below.iter().map(|line| text_width(line, SMALL));
    let width = small.fold(text_width(&name, NAME), f64::max);
    let height = 20.0 + 12.0 * below.len() as f64;
    ((width + 10.0 + stripe(item)).round(), height)
}

/// Room for the sign that slow nets are inside.
fn stripe(item: &Item) -> f64 {
    if item.slow_inside && item.role != Role::Slow {
        5.0
    } else {
        0.0
    }
}

fn write(tree: &Tree, drawn: &Inside, detail: Detail, width: f64) -> String {
    const LEGEND: f64 = 26.0;
    let needed = drawn.arranged.width + 2.0 * PAD;
    // Letters are not made larger than that; what is narrower stands in the middle.
    let wide = needed.max(width * POINTS * NAME / LARGEST);
    let height = drawn.arranged.height + 2.0 * PAD + LEGEND;
    let left = (wide - drawn.arranged.width) / 2.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}cm\" height=\"{:.2}cm\" viewBox=\"0 0 {wide:.0} {height:.0}\" \
         font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"{NAME}\">\n\
         <title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        width * height / wide,
        escape(&tree.model),
    );
    contents(tree, drawn, detail, (left.round(), PAD), &mut out);
    let below = drawn.arranged.height + 2.0 * PAD + LEGEND / 2.0;
    legend(wide, below, drawn.number == ROOT, &mut out);
    out + "</svg>\n"
}

/// The inside of a box, moved to its place: the arrows below, the boxes above them.
fn contents(
    tree: &Tree,
    drawn: &Inside,
    detail: Detail,
    (left, top): (f64, f64),
    out: &mut String,
) {
    let item = tree.item(drawn.number);
    let arranged = &drawn.arranged;
    for (held, rect) in drawn.open.iter().zip(&arranged.children) {
        if let Some(held) = held {
            frame(tree.item(held.number), *rect, (left, top), out);
        }
    }
    for (arrow, route) in item.arrows.iter().zip(&arranged.routes) {
        let moved = moved(drawn, arrow, route);
        let moved: Vec<(f64, f64)> = moved.iter().map(|(x, y)| (x + left, y + top)).collect();
        line(role_at(tree, item, arrow.from), arrow, &moved, out);
    }
    let tags = item.inputs.iter().zip(&arranged.inputs);
    for (port, rect) in tags.chain(item.outputs.iter().zip(&arranged.outputs)) {
        let (x, y) = (rect.x + left, rect.y + top);
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "<rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"{:.0}\" height=\"{:.0}\" rx=\"8\" fill=\"#eee\" stroke=\"#777\" stroke-width=\".7\"/>\
             <text x=\"{:.0}\" y=\"{:.1}\" font-size=\"{SMALL}\" text-anchor=\"middle\">{}</text>",
            rect.width,
            rect.height,
            x + rect.width / 2.0,
            y + 11.5,
            escape(&port.name),
        );
    }
    for ((held, rect), (_, child)) in
        (drawn.open.iter().zip(&arranged.children)).zip(tree.children(drawn.number))
    {
        match held {
            Some(held) => {
                let room = (rect.width - held.arranged.width) / 2.0;
                let there = (left + rect.x + room, top + rect.y + HEAD);
                contents(tree, held, detail, there, out);
            }
            None => shut(child, *rect, detail, (left, top), out),
        }
    }
}

/// Where arrows that touch an open box go on to: the tag of the value inside.
fn moved(drawn: &Inside, arrow: &Arrow, route: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut route = route.to_vec();
    let tag = |end: End, output: bool| {
        let End::Child(place) = end else { return None };
        let held = drawn.open.get(place)?.as_ref()?;
        let rect = drawn.arranged.children.get(place)?;
        let room = (rect.width - held.arranged.width) / 2.0;
        let port = if output {
            held.arranged.outputs.get(arrow.output?)?
        } else {
            held.arranged.inputs.get(arrow.input?)?
        };
        let y = if output { port.y + port.height } else { port.y };
        Some((rect.x + room + port.x + port.width / 2.0, rect.y + HEAD + y))
    };
    if let (Some(there), false) = (tag(arrow.from, true), arrow.loss)
        && let Some(first) = route.first_mut()
    {
        let border = first.1;
        *first = (there.0, border);
        route.insert(0, there);
    }
    if let Some(there) = tag(arrow.to, false)
        && let Some(last) = route.last_mut()
    {
        let border = last.1;
        *last = (there.0, border);
        route.push(there);
    }
    route
}

/// The role of what an arrow comes from.
fn role_at(tree: &Tree, item: &Item, end: End) -> Role {
    match end {
        End::Child(place) => (item.children.get(place)).map_or(Role::Fast, |n| tree.item(*n).role),
        End::Input(_) | End::Output(_) => Role::Fast,
    }
}

fn line(role: Role, arrow: &Arrow, points: &[(f64, f64)], out: &mut String) {
    let ([loss, ..], [_, slow, _]) = (colours(Role::Loss), colours(Role::Slow));
    let colour = match (arrow.loss, role) {
        (true, _) => loss,
        (false, Role::Slow) => slow,
        (false, _) if is_long(arrow, points) => "#888",
        (false, _) => "#444",
    };
    let _ = writeln!(
        out,
        "<path d=\"{}\" fill=\"none\" stroke=\"{colour}\"/>{}",
        curve(points),
        points.last().map_or(String::new(), |(x, y)| format!(
            "<path d=\"M{:.1},{:.1}l3,-6h-6z\" fill=\"{colour}\"/>",
            x, y
        )),
    );
}

fn frame(item: &Item, rect: Rect, (left, top): (f64, f64), out: &mut String) {
    let (x, y) = (rect.x + left, rect.y + top);
    let [_, border, _] = colours(item.role);
    let _ = writeln!(
        out,
        "<rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"{:.0}\" height=\"{:.0}\" rx=\"5\" fill=\"{border}\" fill-opacity=\".06\" \
         stroke=\"{border}\"/><text x=\"{:.0}\" y=\"{:.0}\" font-weight=\"bold\">{}</text>",
        rect.width,
        rect.height,
        x + PAD,
        y + 14.0,
        escape(&item.name),
    );
}

fn shut(item: &Item, rect: Rect, detail: Detail, (left, top): (f64, f64), out: &mut String) {
    let (x, y) = (rect.x + left, rect.y + top);
    let [fill, border, text] = colours(item.role);
    let round = if item.role == Role::Slow { 9 } else { 2 };
    let (sign, edge) = marked(item.mark).unwrap_or_default();
    let edge = if edge.is_empty() {
        format!("stroke=\"{border}\"")
    } else {
        edge.to_owned()
    };
    let _ = write!(
        out,
        "<rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"{:.0}\" height=\"{:.0}\" rx=\"{round}\" fill=\"{fill}\" {edge}/>",
        rect.width, rect.height,
    );
    if !sign.is_empty() {
        let _ = write!(
            out,
            "<text x=\"{:.0}\" y=\"{:.0}\" font-weight=\"bold\" text-anchor=\"end\">{sign}</text>",
            x - 2.0,
            y + 12.0,
        );
    }
    if stripe(item) > 0.0 {
        let [fill, border, _] = colours(Role::Slow);
        let _ = write!(
            out,
            "<path d=\"M{:.0},{y:.0}v{:.0}h4v-{:.0}z\" fill=\"{fill}\" stroke=\"{border}\"/>",
            x, rect.height, rect.height,
        );
    }
    let (name, below) = said(item, detail);
    let middle = x + (rect.width + stripe(item)) / 2.0;
    let _ = write!(
        out,
        "<text x=\"{middle:.0}\" y=\"{:.0}\" text-anchor=\"middle\" font-weight=\"bold\" fill=\"{text}\">{}</text>",
        y + 14.0,
        escape(&name),
    );
    for (i, line) in below.iter().enumerate() {
        let _ = write!(
            out,
            "<text x=\"{middle:.0}\" y=\"{:.0}\" text-anchor=\"middle\" font-size=\"{SMALL}\" fill=\"{text}\">{}</text>",
            y + 26.0 + 12.0 * i as f64,
            escape(line),
        );
    }
    out.push('\n');
}

/// The sign and the border of a box that a comparison marked.
fn marked(mark: Option<Mark>) -> Option<(&'static str, &'static str)> {
    Some(match mark? {
        Mark::Added => ("+", "stroke=\"#00734d\" stroke-width=\"3\""),
        Mark::Removed => (
            "\u{2212}",
            "stroke=\"#a3262a\" stroke-width=\"3\" stroke-dasharray=\"5 3\"",
        ),
        Mark::Changed => (
            "\u{2260}",
            "stroke=\"#1c1c1a\" stroke-width=\"3\" stroke-dasharray=\"2 2\"",
        ),
        Mark::Inside => ("\u{2026}", "stroke=\"#1c1c1a\" stroke-width=\"2\""),
    })
}

fn legend(width: f64, y: f64, has_loss: bool, out: &mut String) {
    let mut entries = vec![(Role::Slow, "slow"), (Role::Fast, "fast")];
    if has_loss {
        entries.push((Role::Loss, "loss"));
    }
    let each = 4.0 * LETTER * SMALL + 26.0;
    let mut x = (width - each * entries.len() as f64) / 2.0;
    for (role, name) in entries {
        let [fill, border, _] = colours(role);
        let round = if role == Role::Slow { 5 } else { 1 };
        let _ = writeln!(
            out,
            "<rect x=\"{x:.0}\" y=\"{:.0}\" width=\"14\" height=\"10\" rx=\"{round}\" fill=\"{fill}\" stroke=\"{border}\"/>\
             <text x=\"{:.0}\" y=\"{:.0}\" font-size=\"{SMALL}\">{name}</text>",
            y - 5.0,
            x + 18.0,
            y + 3.5,
        );
        x += each;
    }
}

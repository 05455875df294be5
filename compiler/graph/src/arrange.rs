//! Where the boxes of one box stand and how arrows run between them. Ranks, order and coordinates are dagre's; knows
//! nothing of what is inside the boxes but their sizes.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, Ranker};

use crate::tree::{Arrow, End, Item, Role, Tree};

/// Space between boxes beside one another.
pub const BESIDE: f64 = 16.0;
/// Space between rows.
pub const BELOW: f64 = 30.0;
/// Height of the tag of an input or output.
pub const TAG: f64 = 16.0;
/// From the outermost box to the line that shows values to the loss.
const TRUNK: f64 = 16.0;

/// How close things stand, and which of dagre's rankings is used.
#[derive(Clone, Copy, Debug)]
pub struct Spacing {
    pub beside: f64,
    pub below: f64,
    pub ranker: Ranker,
}

impl Default for Spacing {
    fn default() -> Self {
        Self {
            beside: BESIDE,
            below: BELOW,
            ranker: Ranker::NetworkSimplex,
        }
    }
}

/// A rectangle by its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    fn centre(self) -> f64 {
        self.x + self.width / 2.0
    }

    fn bottom(self) -> f64 {
        self.y + self.height
    }
}

/// The inside of a box.
#[derive(Clone, Debug, Default)]
pub struct Arranged {
    pub width: f64,
    pub height: f64,
    /// In the order of the item's children, inputs and outputs.
    pub children: Vec<Rect>,
    pub inputs: Vec<Rect>,
    pub outputs: Vec<Rect>,
    /// In the order of the item's arrows: the points that it goes through.
    pub routes: Vec<Vec<(f64, f64)>>,
}

/// Arranges the inside of a box. `sizes` are those of its children, `tag` is the width of an input's or output's name.
pub fn arrange(
    tree: &Tree,
    item: &Item,
    sizes: &[(f64, f64)],
    tag: impl Fn(&str) -> f64,
    spacing: Spacing,
) -> Arranged {
    let mut graph: Graph<NodeLabel, EdgeLabel> = Graph::with_options(GraphOptions {
        directed: true,
        multigraph: false,
        compound: false,
    });
    let mut node = |key: String, (width, height): (f64, f64)| {
        let label = NodeLabel {
            width,
            height,
            ..NodeLabel::default()
        };
        graph.set_node(key, Some(label));
    };
    let inputs = item.inputs.iter().enumerate();
    inputs.for_each(|(i, port)| node(key(End::Input(i)), (tag(&port.name), TAG)));
    let apart = apart(tree, item);
    let children = sizes.iter().enumerate();
    let children = children.filter(|(i, _)| !apart.contains(i));
    children.for_each(|(i, size)| node(key(End::Child(i)), *size));
    let outputs = item.outputs.iter().enumerate();
    outputs.for_each(|(i, port)| node(key(End::Output(i)), (tag(&port.name), TAG)));
    // Above all inputs and below all outputs, so that these are in one row each; seen by nobody.
    let tied = item.inputs.len() > 1;
    let bound = !item.outputs.is_empty();
    if tied {
        node("above".into(), (1.0, 1.0));
    }
    if bound {
        node("below".into(), (1.0, 1.0));
    }
    let mut edge = |from: &str, to: &str, weight: i32| {
        if let Some(known) = graph.edge_mut(from, to, None) {
            known.weight += weight;
            return;
        }
        let label = EdgeLabel {
            weight,
            ..EdgeLabel::default()
        };
        graph.set_edge(from, to, Some(label), None);
    };
    // What a call is given first is what goes through the network: such arrows are to be short and straight.
    const FIRST: i32 = 4;
    for arrow in item.arrows.iter().filter(|arrow| !arrow.loss) {
        let first = matches!(arrow.input, Some(0));
        edge(
            &key(arrow.from),
            &key(arrow.to),
            if first { FIRST } else { 1 },
        );
    }
    const TIE: i32 = 40;
    for i in 0..item.inputs.len() {
        if tied {
            edge("above", &key(End::Input(i)), TIE);
        }
    }
    for i in 0..item.outputs.len() {
        if bound {
            edge(&key(End::Output(i)), "below", TIE);
        }
    }
    dagre::layout(
        &mut graph,
        Some(LayoutOptions {
            nodesep: spacing.beside,
            edgesep: spacing.beside * 0.6,
            ranksep: spacing.below,
            ranker: spacing.ranker,
            ..LayoutOptions::default()
        }),
    );
    read(&graph, item, sizes, &apart)
}

/// The terms of the loss that no arrow of the network leads to: they stand beside the one that an arrow leads to.
fn apart(tree: &Tree, item: &Item) -> Vec<usize> {
    let is_loss = |place: usize| {
        let number = item.children.get(place);
        number.is_some_and(|number| tree.item(*number).role == Role::Loss)
    };
    let led_to = |place: usize| {
        let to = End::Child(place);
        item.arrows
            .iter()
            .any(|arrow| !arrow.loss && arrow.to == to)
    };
    let children = 0..item.children.len();
    children
        .filter(|place| is_loss(*place) && !led_to(*place))
        .collect()
}

fn key(end: End) -> String {
    match end {
        End::Child(i) => format!("c{i}"),
        End::Input(i) => format!("i{i}"),
        End::Output(i) => format!("o{i}"),
    }
}

/// Takes the coordinates out, moves them to the origin, and makes the routes.
fn read(
    graph: &Graph<NodeLabel, EdgeLabel>,
    item: &Item,
    sizes: &[(f64, f64)],
    apart: &[usize],
) -> Arranged {
    let rect = |end: End| {
        let node = graph.node(&key(end))?;
        let (x, y) = (node.x?, node.y?);
        Some(Rect {
            x: x - node.width / 2.0,
            y: y - node.height / 2.0,
            width: node.width,
            height: node.height,
        })
    };
    let all = |count: usize, end: fn(usize) -> End| -> Vec<Rect> {
        (0..count)
            .map(|i| rect(end(i)).unwrap_or_default())
            .collect()
    };
    let mut arranged = Arranged {
        children: all(sizes.len(), End::Child),
        inputs: all(item.inputs.len(), End::Input),
        outputs: all(item.outputs.len(), End::Output),
        ..Arranged::default()
    };
    arranged.stand_beside(item, sizes, apart);
    let rows = rows(&arranged);
    for arrow in &item.arrows {
        let (Some(from), Some(to)) = (arranged.at(arrow.from), arranged.at(arrow.to)) else {
            arranged.routes.push(vec![]);
            continue;
        };
        let edge = graph.edge(&key(arrow.from), &key(arrow.to), None);
        let between = edge.map(|edge| edge.points.as_slice()).unwrap_or_default();
        let between: Vec<(f64, f64)> = between.iter().map(|point| (point.x, point.y)).collect();
        let route = match arrow.loss {
            true => vec![],
            false => route(from, to, &between, &rows),
        };
        arranged.routes.push(route);
    }
    arranged.settle(item);
    arranged
}

/// The top and bottom of each row of boxes, by its middle.
fn rows(arranged: &Arranged) -> BTreeMap<i64, (f64, f64)> {
    let mut rows: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    let all = arranged.children.iter();
    for rect in all.chain(&arranged.inputs).chain(&arranged.outputs) {
        let middle = (rect.y + rect.height / 2.0).round() as i64;
        let row = rows.entry(middle).or_insert((rect.y, rect.bottom()));
        *row = (row.0.min(rect.y), row.1.max(rect.bottom()));
    }
    rows
}

/// From the lower side of a box to the upper side of another, straight through the rows between.
fn route(
    from: Rect,
    to: Rect,
    between: &[(f64, f64)],
    rows: &BTreeMap<i64, (f64, f64)>,
) -> Vec<(f64, f64)> {
    let inside = |(_, y): &(f64, f64)| *y > from.bottom() + 1.0 && *y < to.y - 1.0;
    let mut points = vec![];
    for (x, y) in between.iter().copied().filter(inside) {
        let middle = y.round() as i64;
        let row = rows.range(middle - 1..=middle + 1).next();
        if let Some((_, (top, bottom))) = row {
            points.extend([(x, *top), (x, *bottom)]);
        }
    }
    let towards = |rect: Rect, x: f64| {
        let margin = (rect.width / 2.0).min(10.0);
        // Not `clamp`: of a narrow box the one bound is the other but for rounding, and may be above it.
        x.max(rect.x + margin).min(rect.x + rect.width - margin)
    };
    let first = points.first().map_or(to.centre(), |point| point.0);
    let last = points.last().map_or(from.centre(), |point| point.0);
    // Boxes may be lower than their rows: through the rest of the row arrows go straight, beside its other boxes.
    let row = |rect: Rect| {
        let middle = (rect.y + rect.height / 2.0).round() as i64;
        rows.get(&middle).copied()
    };
    let (start, end) = (towards(from, first), towards(to, last));
    if let Some((_, bottom)) = row(from).filter(|(_, bottom)| *bottom > from.bottom() + 1.0) {
        points.insert(0, (start, bottom));
    }
    if let Some((top, _)) = row(to).filter(|(top, _)| *top < to.y - 1.0) {
        points.push((end, top));
    }
    points.insert(0, (start, from.bottom()));
    points.push((end, to.y));
    points
}

impl Arranged {
    fn at(&self, end: End) -> Option<Rect> {
        match end {
            End::Child(i) => self.children.get(i),
            End::Input(i) => self.inputs.get(i),
            End::Output(i) => self.outputs.get(i),
        }
        .copied()
    }

    /// Puts terms of the loss that were left out into the lowest row: to the right of what stands there those that are
    /// shown values, which come from there, to the left the others.
    fn stand_beside(&mut self, item: &Item, sizes: &[(f64, f64)], apart: &[usize]) {
        let lowest = (self.children.iter().enumerate())
            .filter(|(i, _)| !apart.contains(i))
            .map(|(_, rect)| *rect)
            .max_by(|a, b| {
                (a.y, a.x)
                    .partial_cmp(&(b.y, b.x))
                    .unwrap_or(Ordering::Equal)
            });
        let Some(last) = lowest else { return };
        let (mut left, mut right) = (last.x - BESIDE, last.x + last.width + BESIDE);
        for place in apart {
            let (Some(rect), Some((width, height))) =
                (self.children.get_mut(*place), sizes.get(*place).copied())
            else {
                continue;
            };
            let is_shown = (item.arrows.iter()).any(|arrow| arrow.to == End::Child(*place));
            let x = if is_shown { right } else { left - width };
            let y = last.y;
            *rect = Rect {
                x,
                y,
                width,
                height,
            };
            match is_shown {
                true => right += width + BESIDE,
                false => left -= width + BESIDE,
            }
        }
    }

    /// Moves everything to the origin, adds the lines that show values to the loss, and measures the whole.
    fn settle(&mut self, item: &Item) {
        let rects = || {
            let all = self.children.iter();
            all.chain(&self.inputs).chain(&self.outputs)
        };
        let points = || self.routes.iter().flatten();
        let left = rects().map(|r| r.x).chain(points().map(|p| p.0));
        let left = left.fold(f64::INFINITY, f64::min);
        let top = rects().map(|r| r.y).fold(f64::INFINITY, f64::min);
        if !left.is_finite() || !top.is_finite() {
            return;
        }
        let all = self.children.iter_mut();
        for rect in all.chain(&mut self.inputs).chain(&mut self.outputs) {
            (rect.x, rect.y) = ((rect.x - left).round(), (rect.y - top).round());
        }
        for point in self.routes.iter_mut().flatten() {
            *point = ((point.0 - left).round(), (point.1 - top).round());
        }
        let all = self.children.iter();
        for rect in all.chain(&self.inputs).chain(&self.outputs) {
            self.width = self.width.max(rect.x + rect.width);
            self.height = self.height.max(rect.bottom());
        }
        for point in self.routes.iter().flatten() {
            self.width = self.width.max(point.0);
        }
        let trunk = self.width + TRUNK;
        for (i, arrow) in item
            .arrows
            .iter()
            .enumerate()
            .filter(|(_, arrow)| arrow.loss)
        {
            let (Some(from), Some(to)) = (self.at(arrow.from), self.at(arrow.to)) else {
                continue;
            };
            let middle = from.y + from.height / 2.0;
            let above = to.y - 12.0;
            let route = vec![
                (from.x + from.width, middle),
                (trunk, middle),
                (trunk, above),
                (to.centre(), above),
                (to.centre(), to.y),
            ];
            self.width = self.width.max(trunk + 2.0);
            if let Some(place) = self.routes.get_mut(i) {
                *place = route;
            }
        }
    }
}

/// Whether an arrow passes boxes by: it goes through more than its two ends.
pub fn is_long(arrow: &Arrow, route: &[(f64, f64)]) -> bool {
    !arrow.loss && route.len() > 2
}

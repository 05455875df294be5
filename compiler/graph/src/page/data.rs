//! The data of the page as JSON: boxes, the places of what is inside, lines of the text. Equal things are stored once.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use termc_compiler::analysis::Dependence;
use termc_compiler::model::Span;
use termc_compiler::source::Sources;

use crate::arrange::{Arranged, Rect, Spacing, arrange, is_long};
use crate::style::{closed, lines, tag};
use crate::tree::{Arrow, End, Item, Mark, Role, Tree};

/// The data, safe inside a `<script>`.
pub fn data(tree: &Tree, sources: &Sources, at: usize, depth: usize) -> String {
    let mut writer = Writer {
        tree,
        sources,
        items: Unique::default(),
        arranged: Unique::default(),
        places: HashMap::new(),
        spans: HashMap::new(),
        files: vec![],
        lines: Map::new(),
    };
    let root = writer.item(crate::tree::ROOT);
    let docs: Map<String, Value> = (tree.docs.iter())
        .map(|(name, doc)| (name.clone(), json!(doc.trim())))
        .collect();
    let whole = json!({
        "model": tree.model,
        "doc": tree.doc.trim(),
        "root": root,
        "at": tree.item(at).path,
        "depth": depth,
        "shown": tree.shown,
        "items": writer.items.list,
        "insides": writer.arranged.list,
        "files": writer.files,
        "lines": writer.lines,
        "docs": docs,
    });
    // `</script>` in a text of the user's would end the script.
    whole.to_string().replace('<', "\\u003c")
}

/// A list in which nothing stands twice.
#[derive(Default)]
struct Unique {
    list: Vec<Value>,
    known: HashMap<String, usize>,
}

impl Unique {
    fn add(&mut self, value: Value) -> usize {
        let list = &mut self.list;
        *self.known.entry(value.to_string()).or_insert_with(|| {
            list.push(value);
            list.len() - 1
        })
    }
}

struct Writer<'a> {
    tree: &'a Tree,
    sources: &'a Sources,
    items: Unique,
    arranged: Unique,
    /// What was arranged already, by all that it depends on.
    places: HashMap<String, usize>,
    /// The lines that were looked for already.
    spans: HashMap<u32, Value>,
    files: Vec<String>,
    lines: Map<String, Value>,
}

impl Writer<'_> {
    /// The number of a box in the data, with all that it holds.
    fn item(&mut self, number: usize) -> usize {
        let tree = self.tree;
        let item = tree.item(number);
        let children: Vec<usize> = item
            .children
            .iter()
            .map(|child| self.item(*child))
            .collect();
        let [name, what, shape] = lines(item);
        let mut out = Map::new();
        let mut put = |key: &str, value: Value| {
            let empty = match &value {
                Value::Null => true,
                Value::String(text) => text.is_empty(),
                Value::Array(list) => list.is_empty(),
                Value::Number(n) => n.as_u64() == Some(0),
                _ => false,
            };
            if !empty {
                out.insert(key.to_owned(), value);
            }
        };
        put("n", json!(name));
        put("w", json!(what));
        put("z", json!(shape));
        if item.what != what {
            put("b", json!(item.what));
        }
        if item
            .operation
            .as_ref()
            .is_some_and(|operation| *operation != item.what)
        {
            put("o", json!(item.operation));
        }
        put("a", json!(item.arguments));
        put("r", json!(role(item.role)));
        put(
            "i",
            json!(u8::from(item.slow_inside && item.role != Role::Slow)),
        );
        put("s", json!(item.shape));
        put("d", json!(item.depends.map_or(0, depends)));
        put("f", json!(item.fast_parameters));
        put("p", json!(item.slow_parameters));
        put("m", json!(item.cost.multiply_adds));
        put("q", json!(item.cost.fixed_multiply_adds));
        put("e", json!(item.mark.map_or(0, mark)));
        let notes: Vec<Value> = item
            .notes
            .iter()
            .map(|(name, text)| json!([name, text]))
            .collect();
        put("x", json!(notes));
        put("l", self.line(item));
        put("c", json!(children));
        if !children.is_empty() {
            out.insert("k".to_owned(), json!(self.inside(item)));
        }
        self.items.add(Value::Object(out))
    }

    /// The line that a box comes from: the number of its file, and of the line in it.
    fn line(&mut self, item: &Item) -> Value {
        // What is gone stood in another text.
        let gone = item.mark == Some(Mark::Removed);
        if item.role == Role::Loss || item.parent.is_none() || gone {
            return Value::Null;
        }
        if let Some(known) = self.spans.get(&item.span.start) {
            return known.clone();
        }
        let found = self.found(item.span);
        self.spans.insert(item.span.start, found.clone());
        found
    }

    fn found(&mut self, span: Span) -> Value {
        let Some(place) = self.sources.place(span) else {
            return Value::Null;
        };
        let file = match self.files.iter().position(|file| file == place.file) {
            Some(known) => known,
            None => {
                self.files.push(place.file.to_owned());
                self.files.len() - 1
            }
        };
        let key = format!("{file}:{}", place.line);
        self.lines.insert(key, json!(place.text.trim()));
        json!([file, place.line])
    }

    /// The number of the places of what a box holds.
    fn inside(&mut self, item: &Item) -> usize {
        let sizes: Vec<(f64, f64)> = (item.children.iter())
            .map(|child| closed(self.tree.item(*child)))
            .collect();
        let roles: Vec<u8> = (item.children.iter())
            .map(|child| role(self.tree.item(*child).role))
            .collect();
        let names = |ports: &[crate::tree::Port]| -> Vec<String> {
            ports.iter().map(|port| port.name.clone()).collect()
        };
        let (inputs, outputs) = (names(&item.inputs), names(&item.outputs));
        let key = format!("{sizes:?}{roles:?}{inputs:?}{outputs:?}{:?}", item.arrows);
        if let Some(known) = self.places.get(&key) {
            return *known;
        }
        let arranged = arrange(self.tree, item, &sizes, tag, Spacing::default());
        let value = inside(item, &arranged, &inputs, &outputs);
        let number = self.arranged.add(value);
        self.places.insert(key, number);
        number
    }
}

fn inside(item: &Item, arranged: &Arranged, inputs: &[String], outputs: &[String]) -> Value {
    let whole = |x: f64| x as i64;
    let rect = |rect: &Rect| json!([rect.x, rect.y, rect.width, rect.height].map(whole));
    let ports = |names: &[String], rects: &[Rect]| -> Vec<Value> {
        let ports = names.iter().zip(rects);
        ports
            .map(|(name, r)| json!([name, whole(r.x), whole(r.y), whole(r.width)]))
            .collect()
    };
    let arrows = item
        .arrows
        .iter()
        .zip(&arranged.routes)
        .map(|(arrow, route)| {
            let points: Vec<i64> = (route.iter())
                .flat_map(|(x, y)| [whole(*x), whole(*y)])
                .collect();
            json!([
                end(arrow.from),
                end(arrow.to),
                arrow.output.map_or(-1, |i| i as i64),
                arrow.input.map_or(-1, |i| i as i64),
                kind(arrow, route),
                points
            ])
        });
    json!({
        "w": whole(arranged.width),
        "h": whole(arranged.height),
        "b": arranged.children.iter().map(rect).collect::<Vec<_>>(),
        "i": ports(inputs, &arranged.inputs),
        "o": ports(outputs, &arranged.outputs),
        "e": arrows.collect::<Vec<_>>(),
    })
}

/// 0 for an arrow to the next row, 1 for one that passes rows by, 2 for one that shows the loss a value.
fn kind(arrow: &Arrow, route: &[(f64, f64)]) -> u8 {
    match arrow.loss {
        true => 2,
        false => u8::from(is_long(arrow, route)),
    }
}

/// Children from 0, inputs -1, -3, ..., outputs -2, -4, ...
fn end(end: End) -> i64 {
    match end {
        End::Child(i) => i as i64,
        End::Input(i) => -1 - 2 * i as i64,
        End::Output(i) => -2 - 2 * i as i64,
    }
}

fn role(role: Role) -> u8 {
    match role {
        Role::Fast => 0,
        Role::Slow => 1,
        Role::Loss => 2,
        Role::Input => 3,
    }
}

fn depends(depends: Dependence) -> u8 {
    match depends {
        Dependence::Constant => 1,
        Dependence::Image => 2,
        Dependence::Batch => 3,
    }
}

fn mark(mark: Mark) -> u8 {
    match mark {
        Mark::Added => 1,
        Mark::Removed => 2,
        Mark::Changed => 3,
        Mark::Inside => 4,
    }
}

//! The syntax of Rust: expressions, as rustfmt lays them out.

use crate::emit::doc::{ANY, Doc, all, bracketed, commas, group, nest, text};
use crate::emit::form::{Bound, Kind, Place, Starts};
use crate::emit::names::Words;
use crate::emit::target::{Printed, Target, Tensors, Tightness, Use};
use crate::emit::terms::atom;
use crate::primitives::written::{Code, Number};

/// The widest arguments of a call on one line.
const ARGUMENTS: usize = 60;

/// What takes a list apart.
pub(super) const INTO_ITER: &str = ".into_iter()";
/// What copies its elements, one after the other.
pub(super) const CLONED: &str = ".iter().cloned()";

/// Emitted Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emit) enum Rust {
    /// With the standard library and Burn's store.
    Std,
    /// The same, and how parameters start.
    Fresh,
    /// With `core` and `alloc`.
    NoStd,
}

fn place(place: &Place, list: &str, round: &str) -> String {
    match place {
        Place::Fixed(n) => format!("[{n}]"),
        Place::Round(0) => format!("[{round}]"),
        Place::Round(n) if *n > 0 => format!("[{round} + {n}]"),
        Place::Round(n) => format!("[{round} - {}]", n.unsigned_abs()),
        Place::FromEnd(n) => format!("[{list}.len() - {}]", n + 1),
    }
}

/// `function(arguments)`
pub(super) fn call(function: &str, arguments: Vec<Doc>) -> Doc {
    // A call of nothing but a call is broken inside.
    if let [one] = arguments.as_slice()
        && is_call(one)
    {
        let whole = [text(format!("{function}(")), one.clone(), text(")")];
        return group(ANY, all(whole));
    }
    // rustfmt lets one argument be as wide as the line.
    let limit = if arguments.len() == 1 { ANY } else { ARGUMENTS };
    bracketed(&format!("{function}("), arguments, ")", limit)
}

/// Whether this is `function(arguments)`.
fn is_call(doc: &Doc) -> bool {
    let Doc::Group(_, inner) = doc else {
        return false;
    };
    match inner.as_ref() {
        Doc::All(parts) => {
            matches!(parts.first(), Some(Doc::Text(open)) if open.ends_with('(') && open.len() > 1)
        }
        _ => false,
    }
}

/// `vec![elements]`
fn vector(elements: Vec<Doc>) -> Doc {
    bracketed("vec![", elements, "]", ARGUMENTS)
}

/// `[from..to]` of a list.
pub(super) fn range(list: &str, from: Bound, to: Bound, round: &str) -> String {
    let bound = |bound| match bound {
        Bound::Round(0) => round.to_owned(),
        Bound::Round(n) if n > 0 => format!("{round} + {n}"),
        Bound::Round(n) => format!("{round} - {}", n.unsigned_abs()),
        Bound::Start | Bound::End => String::new(),
        Bound::AtMost(n) => format!("{list}.len().min({n})"),
        Bound::FromEnd(n) => format!("{list}.len() - {n}"),
    };
    format!("{list}[{}..{}]", bound(from), bound(to))
}

impl Rust {
    /// Several lists and tensors as one vector.
    fn joined(self, parts: Vec<Tensors>) -> Doc {
        let mut lists: Vec<Doc> = vec![];
        let mut ones: Vec<Doc> = vec![];
        let flush = |ones: &mut Vec<Doc>, lists: &mut Vec<Doc>| {
            if !ones.is_empty() {
                lists.push(vector(std::mem::take(ones)));
            }
        };
        for part in parts {
            let list = match part {
                Tensors::One(one) => {
                    ones.push(one);
                    continue;
                }
                Tensors::Repeat(one, times) => {
                    all([text("vec!["), one, text("; "), times, text("]")])
                }
                Tensors::Whole(list, _, true) => text(format!("{list}.to_vec()")),
                Tensors::Whole(list, Use::Last, false) => text(list),
                Tensors::Whole(list, Use::Again, false) => text(format!("{list}.clone()")),
                Tensors::Slice(list, from, to, round) => {
                    text(format!("{}.to_vec()", range(&list, from, to, &round)))
                }
            };
            flush(&mut ones, &mut lists);
            lists.push(list);
        }
        flush(&mut ones, &mut lists);
        match lists.len() {
            0 => text("vec![]"),
            1 => lists.remove(0),
            _ => group(
                ARGUMENTS,
                all([
                    text("["),
                    nest(all([Doc::Soft, commas(lists)])),
                    Doc::Soft,
                    text("]"),
                    Doc::Soft,
                    text(".concat()"),
                ]),
            ),
        }
    }
}

impl Target for Rust {
    fn words(&self) -> Words {
        Words {
            kept: super::words::KEYWORDS,
            // What the derive of `Module` calls its variables.
            fields: &["content", "device", "devices", "mapper", "visitor"],
            types: super::words::TYPES,
            values: &["gamma"],
            by_name: false,
        }
    }

    fn code<'a>(&self, burn: &'a Code, _torch: &'a Code) -> &'a Code {
        burn
    }

    fn variable(&self, name: &str, how: Use) -> Printed {
        match how {
            Use::Last => atom(text(name)),
            Use::Again => Printed {
                chain: vec![text(name), text(".clone()")],
                ..atom(text(format!("{name}.clone()")))
            },
        }
    }

    fn element(&self, list: &str, at: &Place, round: &str) -> Printed {
        atom(text(format!("{list}{}.clone()", place(at, list, round))))
    }

    fn field(&self, name: &str, at: Option<&Place>, round: &str) -> Printed {
        let field = format!("self.{name}");
        let place = at.map_or(String::new(), |at| place(at, &field, round));
        Printed {
            chain: vec![text("self"), text(format!(".{name}{place}"))],
            ..atom(text(format!("{field}{place}")))
        }
    }

    fn tensor(&self, field: Printed) -> Printed {
        self.method(field, "val", vec![])
    }

    fn apply(&self, field: Printed, arguments: Vec<Doc>) -> Printed {
        self.method(field, "forward", arguments)
    }

    fn call(&self, function: &str, arguments: Vec<Doc>) -> Printed {
        atom(call(function, arguments))
    }

    fn method(&self, receiver: Printed, method: &str, arguments: Vec<Doc>) -> Printed {
        let call = call(&format!(".{method}"), arguments);
        let mut chain = receiver.chain.clone();
        if chain.is_empty() {
            chain.push(receiver.at_least(Tightness::Atom, false));
        }
        chain.push(call);
        let doc = all(chain.iter().cloned());
        let calls = chain
            .iter()
            .filter(|doc| !matches!(doc, Doc::Text(text) if !text.ends_with(')')));
        let doc = match (calls.count(), chain.split_first()) {
            (2.., Some((root, calls))) => group(ARGUMENTS, chained(root.clone(), calls.to_vec())),
            _ => doc,
        };
        Printed {
            doc,
            tight: Tightness::Atom,
            chain,
        }
    }

    fn list(&self, elements: Vec<Doc>) -> Printed {
        atom(bracketed("[", elements, "]", ARGUMENTS))
    }

    fn borrowed(&self, inner: Printed) -> Printed {
        atom(all([text("&"), inner.at_least(Tightness::Atom, false)]))
    }

    fn device(&self, variable: Option<&str>) -> Printed {
        atom(match variable {
            Some(variable) => text(format!("&{variable}.device()")),
            None => text("device"),
        })
    }

    fn training(&self, _function: bool) -> Option<Printed> {
        None
    }

    fn gone_through(&self, list: &str, how: Use, lent: bool) -> Doc {
        match how == Use::Last && !lent {
            true => chained(text(list), vec![text(INTO_ITER)]),
            false => chained(text(list), vec![text(".iter()"), text(".cloned()")]),
        }
    }

    fn tensors(&self, parts: Vec<Tensors>) -> Doc {
        self.joined(parts)
    }

    fn gathers(&self) -> bool {
        true
    }

    fn lent(&self, parts: Vec<Tensors>) -> Doc {
        match parts.as_slice() {
            [Tensors::Whole(list, _, true)] => text(list),
            [Tensors::Whole(list, _, false)] => text(format!("&{list}")),
            [Tensors::Slice(list, from, to, round)] => {
                text(format!("&{}", range(list, *from, *to, round)))
            }
            _ if parts.iter().all(|part| matches!(part, Tensors::One(_))) => {
                let ones = parts.into_iter().filter_map(|part| match part {
                    Tensors::One(one) => Some(one),
                    _ => None,
                });
                let ones: Vec<Doc> = ones.collect();
                match ones.as_slice() {
                    [one] => lent_one(one),
                    _ => bracketed("&[", ones, "]", ARGUMENTS),
                }
            }
            _ => all([text("&"), self.joined(parts)]),
        }
    }

    fn length(&self, list: Printed) -> Printed {
        self.method(list, "len", vec![])
    }

    fn literal(&self, number: Number) -> Printed {
        atom(text(match number {
            Number::Int(n) => n.to_string(),
            Number::Float(x) => format!("{x:?}"),
        }))
    }

    fn cast(&self, inner: Printed) -> Printed {
        let inner = inner.at_least(Tightness::Cast, false);
        Printed {
            doc: all([inner, text(" as f64")]),
            tight: Tightness::Cast,
            chain: vec![],
        }
    }

    fn division(&self) -> &'static str {
        "/"
    }

    fn root(&self, inner: Printed) -> Printed {
        let doc = match (&inner.doc, inner.tight) {
            // A literal says its type.
            (Doc::Text(number), Tightness::Atom) if number.ends_with(".0") => {
                text(format!("{}f64", number.trim_end_matches(".0")))
            }
            _ => inner.at_least(Tightness::Atom, false),
        };
        atom(all([doc, text(".sqrt()")]))
    }

    fn constant(&self, name: &str) -> Printed {
        atom(text(name))
    }

    fn table(&self, elements: Vec<Doc>, round: &str) -> Printed {
        let list = bracketed("[", elements, "]", ARGUMENTS);
        atom(all([list, text(format!("[{round}]"))]))
    }

    fn start(&self, starts: Starts, numbers: Vec<Doc>) -> Printed {
        atom(call(&format!("Init::{starts:?}"), numbers))
    }

    fn kept(&self, name: &str, function: bool) -> Printed {
        atom(text(match function {
            true => name.to_owned(),
            false => format!("self.{name}"),
        }))
    }
}

/// One tensor as a list that is lent: not cloned for that.
fn lent_one(one: &Doc) -> Doc {
    let flat = one.print(usize::MAX, 0);
    let place = flat.strip_suffix(".clone()").filter(|place| {
        let inner = place.trim_end_matches(']');
        inner
            .chars()
            .all(|c| c.is_alphanumeric() || "_[.".contains(c))
    });
    match place {
        Some(place) => text(format!("core::slice::from_ref(&{place})")),
        None => bracketed("&[", vec![one.clone()], "]", ARGUMENTS),
    }
}

/// A root and what is called on it, one below the other where the group is broken.
pub(super) fn chained(root: Doc, calls: Vec<Doc>) -> Doc {
    let calls = calls.into_iter().map(|call| nest(all([Doc::Soft, call])));
    all([root].into_iter().chain(calls))
}

/// `target = value;`, the value on the next line where it is whole there and not here.
pub(super) fn assigned(target: &str, value: Doc) -> Doc {
    let same = all([text(format!("{target} = ")), value.clone(), text(";")]);
    let next = all([
        text(format!("{target} =")),
        nest(all([Doc::Hard, value, text(";")])),
    ]);
    Doc::Whole(
        Box::new(same.clone()),
        Box::new(Doc::Below(Box::new(next), Box::new(same))),
    )
}

/// `head {` body `}`, each line of the body on its own.
pub(super) fn block(head: Doc, lines: Vec<Doc>) -> Doc {
    let each = lines.into_iter().flat_map(|line| [Doc::Hard, line]);
    all([head, text(" {"), nest(all(each)), Doc::Hard, text("}")])
}

/// No limit but the line's, for what rustfmt does not break earlier.
pub(super) const LINE: usize = ANY;

/// The type of a parameter.
pub(super) fn rust_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "usize",
        Kind::Float => "f64",
        Kind::Init => "Init",
    }
}

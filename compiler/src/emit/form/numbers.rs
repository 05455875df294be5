//! Numbers that instances differ in, as literals, sizes of inputs, values of the text, or simple terms of these; what is
//! none of them becomes a parameter named after its use. Every term holds for all instances that there are.

use std::collections::BTreeMap;

use super::pretty::{pretty, same};
use super::scene::Scene;
use super::structure::{Kind, Num, Parameter, Starts};
use super::tree::{Slot, Value};
use crate::emit::names::{Names, snake};
use crate::model::{Constant, Init, InstanceId};
use crate::primitives::written::Number;

/// Where a number is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// While a structure is made.
    New,
    /// In the forward pass.
    Forward,
}

/// A number differs from round to round in a way that no structure can say for all of its instances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unsaid;

/// A property of instances that the text or an input gives.
#[derive(Clone, Debug)]
struct Attribute {
    name: String,
    values: Vec<Number>,
    source: Source,
}

#[derive(Clone, Debug, PartialEq)]
enum Source {
    /// Axis of an input.
    Dim(String, usize),
    /// How many tensors a list of inputs has.
    Length(String),
    /// A value of the text.
    Value,
}

#[derive(Clone, Debug)]
struct Draft {
    name: String,
    kind: Kind,
    values: Vec<Value>,
    kept: bool,
    /// The attribute that it is; others come after.
    attribute: Option<usize>,
}

pub(super) struct Numbers {
    instances: Vec<InstanceId>,
    attributes: Vec<Attribute>,
    drafts: Vec<Draft>,
}

fn float(number: Number) -> f64 {
    match number {
        Number::Int(n) => n as f64,
        Number::Float(x) => x,
    }
}

fn int(n: usize) -> Num {
    Num::Value(Number::Int(n))
}

fn op(a: Num, operator: char, b: Num) -> Num {
    Num::Op(Box::new(a), operator, Box::new(b))
}

impl Numbers {
    pub fn new(scene: &Scene<'_>, instances: &[InstanceId], inputs: &[(String, bool)]) -> Self {
        Self {
            attributes: attributes(scene, instances, inputs),
            instances: instances.to_vec(),
            drafts: vec![],
        }
    }

    /// The value of each instance in every round where it was seen.
    fn by_instance(&self, slot: &Slot) -> Vec<Vec<(Option<usize>, Value)>> {
        let mut values = vec![vec![]; self.instances.len()];
        let places = self.instances.iter().enumerate();
        let places: std::collections::HashMap<_, _> = places.map(|(at, id)| (*id, at)).collect();
        for (at, value) in &slot.seen {
            let place = places
                .get(&at.instance)
                .and_then(|place| values.get_mut(*place));
            if let Some(place) = place {
                place.push((at.round, *value));
            }
        }
        for list in values.iter_mut().filter(|list| list.is_empty()) {
            list.extend(slot.missing.map(|value| (None, value)));
        }
        values
    }

    /// What stands where the slot is.
    pub fn resolve(&mut self, slot: &Slot, context: Context, hint: &str) -> Result<Num, Unsaid> {
        let values = self.by_instance(slot);
        let all = || values.iter().flatten();
        if all().any(|(_, value)| matches!(value, Value::Init(..))) {
            return self.init(&values, hint);
        }
        let values: Vec<Vec<(Option<usize>, Number)>> = values
            .iter()
            .map(|list| {
                let numbers = list.iter().filter_map(|(round, value)| match value {
                    Value::Number(number) => Some((*round, *number)),
                    Value::Init(..) => None,
                });
                numbers.collect()
            })
            .collect();
        self.number(&values, context, hint, false)
    }

    /// Numbers of each instance and round. Those of starts may differ from their term by rounding.
    fn number(
        &mut self,
        values: &[Vec<(Option<usize>, Number)>],
        context: Context,
        hint: &str,
        of_start: bool,
    ) -> Result<Num, Unsaid> {
        let all: Vec<Number> = values.iter().flatten().map(|(_, n)| *n).collect();
        let Some(first) = all.first().copied() else {
            return Ok(int(0));
        };
        let equal = |a: Number, b: Number| match of_start {
            true => same(float(a), float(b)),
            false => a == b,
        };
        if all.iter().all(|n| equal(*n, first)) {
            return Ok(if of_start {
                pretty(float(first))
            } else {
                Num::Value(first)
            });
        }
        let steady: Option<Vec<Option<Number>>> = values
            .iter()
            .map(|list| match list.first() {
                None => Some(None),
                Some((_, n)) => list.iter().all(|(_, m)| equal(*m, *n)).then_some(Some(*n)),
            })
            .collect();
        if let Some(steady) = steady {
            return Ok(self.steady(&steady, context, hint, of_start));
        }
        // Divided by the number of the round, counted from one.
        let divided: Vec<Vec<(Option<usize>, Number)>> = values
            .iter()
            .map(|list| {
                let times = list.iter().map(|(round, n)| {
                    let times = float(*n) * (round.unwrap_or(0) + 1) as f64;
                    (None, Number::Float(times))
                });
                times.collect()
            })
            .collect();
        let flat = |list: &Vec<(Option<usize>, Number)>| {
            list.iter().all(|(_, n)| {
                list.first()
                    .is_some_and(|(_, m)| same(float(*n), float(*m)))
            })
        };
        if of_start && divided.iter().all(flat) {
            let whole = self.number(&divided, context, hint, true)?;
            let round = Num::Cast(Box::new(op(Num::Round, '+', int(1))));
            return Ok(op(whole, '/', round));
        }
        self.table(values, of_start)
    }

    /// One value a round, the same in all instances that have the round.
    fn table(
        &self,
        values: &[Vec<(Option<usize>, Number)>],
        of_start: bool,
    ) -> Result<Num, Unsaid> {
        let mut known: BTreeMap<usize, Number> = BTreeMap::new();
        for (round, number) in values.iter().flatten() {
            let round = round.ok_or(Unsaid)?;
            if *known.entry(round).or_insert(*number) != *number {
                return Err(Unsaid);
            }
        }
        // Rounds of another arm of the loop do not read it.
        let mut table: Vec<Number> = vec![];
        for (round, number) in known {
            table.resize(round, number);
            table.push(number);
        }
        let print = |n: Number| {
            if of_start {
                pretty(float(n))
            } else {
                Num::Value(n)
            }
        };
        Ok(Num::Table(table.into_iter().map(print).collect()))
    }

    /// A number that does not change from round to round; None where an instance does not need it.
    fn steady(
        &mut self,
        values: &[Option<Number>],
        context: Context,
        hint: &str,
        of_start: bool,
    ) -> Num {
        let is_float = values
            .iter()
            .flatten()
            .any(|n| matches!(n, Number::Float(_)));
        if let Some(num) = self.term(values, context, is_float, of_start) {
            return num;
        }
        let fill = values
            .iter()
            .flatten()
            .next()
            .copied()
            .unwrap_or(Number::Int(0));
        let values = values
            .iter()
            .map(|n| Value::Number(n.unwrap_or(fill)))
            .collect();
        let kind = if is_float { Kind::Float } else { Kind::Int };
        self.own(hint, kind, values, context)
    }

    /// As a simple term of attributes.
    fn term(
        &mut self,
        values: &[Option<Number>],
        context: Context,
        is_float: bool,
        of_start: bool,
    ) -> Option<Num> {
        let order = self.order(context);
        let fits = |f: &dyn Fn(usize) -> Option<f64>| {
            let mut all = values
                .iter()
                .enumerate()
                .filter_map(|(i, n)| n.map(|n| (i, float(n))));
            all.all(|(i, n)| f(i).is_some_and(|x| if of_start { same(x, n) } else { x == n }))
        };
        let value = |a: usize, i: usize| -> Option<f64> {
            let attribute = self.attributes.get(a)?;
            attribute.values.get(i).map(|n| float(*n))
        };
        if let Some(a) = order.iter().find(|a| fits(&|i| value(**a, i))) {
            let num = self.attribute(*a, context);
            return Some(if is_float { self.cast(*a, num) } else { num });
        }
        let first = values
            .iter()
            .enumerate()
            .find_map(|(i, n)| n.map(|n| (i, float(n))));
        let (at, n) = first?;
        if of_start {
            let roots = order.iter().filter_map(|a| {
                let factor = n * value(*a, at)?.sqrt();
                fits(&|i| Some(factor / value(*a, i)?.sqrt())).then_some((*a, factor))
            });
            let roots: Vec<(usize, f64)> =
                roots.chain(self.positions(&order, &fits, at, n)).collect();
            let of_value = |a: usize| {
                let attribute = self.attributes.get(a);
                attribute.is_some_and(|a| a.source == Source::Value)
            };
            let simplest = roots
                .into_iter()
                .min_by_key(|(a, factor)| (pretty(*factor).size(), of_value(*a)));
            if let Some((a, factor)) = simplest {
                let root = self.rooted(a, context);
                return Some(op(pretty(factor), '/', root));
            }
        }
        if is_float {
            return None;
        }
        for a in &order {
            let one = value(*a, at).unwrap_or(0.0);
            let factor = n / one;
            if factor >= 2.0 && factor.fract() == 0.0 && fits(&|i| Some(factor * value(*a, i)?)) {
                return Some(op(int(factor as usize), '*', self.attribute(*a, context)));
            }
            let more = n - one;
            if (1.0..=3.0).contains(&more) && fits(&|i| Some(value(*a, i)? + more)) {
                return Some(op(self.attribute(*a, context), '+', int(more as usize)));
            }
        }
        for (at_a, a) in order.iter().enumerate() {
            for b in order.iter().skip(at_a) {
                if fits(&|i| Some(value(*a, i)? * value(*b, i)?)) {
                    let (a, b) = (self.attribute(*a, context), self.attribute(*b, context));
                    return Some(op(a, '*', b));
                }
            }
        }
        for a in &order {
            for b in &order {
                if fits(&|i| Some(value(*a, i)? / value(*b, i)?)) {
                    let (a, b) = (self.attribute(*a, context), self.attribute(*b, context));
                    return Some(op(a, '÷', b));
                }
            }
        }
        // So many parts of one size, and one more for each tensor of a list.
        for a in &order {
            for list in 0..self.attributes.len() {
                let is_length = |list: usize| {
                    let attribute = self.attributes.get(list);
                    attribute.is_some_and(|l| matches!(l.source, Source::Length(_)))
                };
                let (Some(size), Some(length)) = (value(*a, at), value(list, at)) else {
                    continue;
                };
                let parts = n / size - length;
                if is_length(list)
                    && parts >= 1.0
                    && parts.fract() == 0.0
                    && fits(&|i| Some((parts + value(list, i)?) * value(*a, i)?))
                {
                    let parts = op(int(parts as usize), '+', self.attribute(list, context));
                    return Some(op(parts, '*', self.attribute(*a, context)));
                }
            }
        }
        None
    }

    /// A factor over the root of the number of positions: attributes of height and width, by the place of the first.
    fn positions(
        &self,
        order: &[usize],
        fits: &dyn Fn(&dyn Fn(usize) -> Option<f64>) -> bool,
        at: usize,
        n: f64,
    ) -> Option<(usize, f64)> {
        let product = |a: usize, i: usize| -> Option<f64> {
            let height = self.attributes.get(a)?;
            let width = self.attributes.get(a + 1)?;
            match (&height.source, &width.source) {
                (Source::Dim(x, 2), Source::Dim(y, 3)) if x == y => {
                    Some(float(*height.values.get(i)?) * float(*width.values.get(i)?))
                }
                _ => None,
            }
        };
        order.iter().find_map(|a| {
            let factor = n * product(*a, at)?.sqrt();
            fits(&|i| Some(factor / product(*a, i)?.sqrt())).then_some((*a, factor))
        })
    }

    /// The root of an attribute, or of height times width where the attribute is a height.
    fn rooted(&mut self, a: usize, context: Context) -> Num {
        let source = self.attributes.get(a).map(|a| a.source.clone());
        let whole = match source {
            Some(Source::Dim(_, 2)) => {
                let (height, width) = (self.attribute(a, context), self.attribute(a + 1, context));
                op(height, '*', width)
            }
            _ => self.attribute(a, context),
        };
        Num::Sqrt(Box::new(Num::Cast(Box::new(whole))))
    }

    fn cast(&self, a: usize, num: Num) -> Num {
        let is_int = self
            .attributes
            .get(a)
            .is_some_and(|a| a.values.iter().any(|n| matches!(n, Number::Int(_))));
        if is_int {
            Num::Cast(Box::new(num))
        } else {
            num
        }
    }

    /// Attributes in the order in which they are tried: in the forward pass sizes of inputs, which cost nothing.
    fn order(&self, context: Context) -> Vec<usize> {
        let is_dim = |a: &usize| {
            let attribute = self.attributes.get(*a);
            attribute.is_some_and(|a| !matches!(a.source, Source::Value))
        };
        let all: Vec<usize> = (0..self.attributes.len()).collect();
        let (dims, values): (Vec<usize>, Vec<usize>) = all.into_iter().partition(is_dim);
        match context {
            Context::Forward => [dims, values].concat(),
            Context::New => [values, dims].concat(),
        }
    }

    fn attribute(&mut self, a: usize, context: Context) -> Num {
        let Some(attribute) = self.attributes.get(a).cloned() else {
            return int(0);
        };
        match (&attribute.source, context) {
            (Source::Dim(input, axis), Context::Forward) => return Num::Dim(input.clone(), *axis),
            (Source::Length(input), Context::Forward) => return Num::Length(input.clone()),
            _ => {}
        }
        let kept = context == Context::Forward;
        // One parameter for all attributes that are the same everywhere.
        let known = self.drafts.iter().position(|draft| {
            let values = attribute.values.iter().map(|n| Value::Number(*n));
            draft.attribute.is_some() && draft.values.iter().copied().eq(values)
        });
        if let Some(known) = known {
            if let Some(draft) = self.drafts.get_mut(known) {
                draft.kept |= kept;
            }
            return Num::Parameter(known);
        }
        let is_float = attribute
            .values
            .iter()
            .any(|n| matches!(n, Number::Float(_)));
        self.drafts.push(Draft {
            name: attribute.name,
            kind: if is_float { Kind::Float } else { Kind::Int },
            values: attribute.values.iter().map(|n| Value::Number(*n)).collect(),
            kept,
            attribute: Some(a),
        });
        Num::Parameter(self.drafts.len() - 1)
    }

    /// A parameter of its own.
    fn own(&mut self, hint: &str, kind: Kind, values: Vec<Value>, context: Context) -> Num {
        let kept = context == Context::Forward;
        let known = self
            .drafts
            .iter()
            .position(|d| d.kind == kind && d.values == values);
        if let Some(known) = known {
            if let Some(draft) = self.drafts.get_mut(known) {
                draft.kept |= kept;
            }
            return Num::Parameter(known);
        }
        self.drafts.push(Draft {
            name: hint.to_owned(),
            kind,
            values,
            kept,
            attribute: None,
        });
        Num::Parameter(self.drafts.len() - 1)
    }

    /// How a tensor starts: relative to its fan where that is no longer to say.
    fn init(&mut self, values: &[Vec<(Option<usize>, Value)>], hint: &str) -> Result<Num, Unsaid> {
        let before = self.drafts.clone();
        let mut best: Option<(usize, Num, Vec<Draft>)> = None;
        for form in [relative, absolute] {
            self.drafts.clone_from(&before);
            let Some(Ok(num)) = self.start(values, hint, form) else {
                continue;
            };
            let own = self
                .drafts
                .iter()
                .skip(before.len())
                .filter(|d| d.attribute.is_none());
            let size = num.size() + 100 * own.count() + usize::from(!num.is_usual());
            if best.as_ref().is_none_or(|(least, ..)| size < *least) {
                best = Some((size, num, self.drafts.clone()));
            }
        }
        if let Some((_, num, drafts)) = best {
            self.drafts = drafts;
            return Ok(num);
        }
        self.drafts = before;
        // Of different kinds: the start itself is a parameter.
        let one: Option<Vec<Value>> = values
            .iter()
            .map(|list| {
                let (_, first) = list.first().copied()?;
                list.iter()
                    .all(|(_, value)| *value == first)
                    .then_some(first)
            })
            .collect();
        match one {
            Some(values) => Ok(self.own(hint, Kind::Init, values, Context::New)),
            None => Err(Unsaid),
        }
    }

    /// How a tensor starts in one form; None if the kinds differ.
    fn start(
        &mut self,
        values: &[Vec<(Option<usize>, Value)>],
        hint: &str,
        form: fn(Init, usize) -> (Starts, Vec<f64>),
    ) -> Option<Result<Num, Unsaid>> {
        let mut starts = None;
        let mut columns: [Vec<Vec<(Option<usize>, Number)>>; 2] = [vec![], vec![]];
        for list in values {
            let mut parts: [Vec<(Option<usize>, Number)>; 2] = [vec![], vec![]];
            for (round, value) in list {
                let Value::Init(init, fan) = value else {
                    continue;
                };
                let (kind, numbers) = form(*init, *fan);
                if *starts.get_or_insert((kind, numbers.len())) != (kind, numbers.len()) {
                    return None;
                }
                for (part, number) in parts.iter_mut().zip(numbers) {
                    part.push((*round, Number::Float(number)));
                }
            }
            columns
                .iter_mut()
                .zip(parts)
                .for_each(|(all, part)| all.push(part));
        }
        let (kind, count) = starts?;
        let numbers: Result<Vec<Num>, Unsaid> = columns
            .iter()
            .take(count)
            .map(|column| self.number(column, Context::New, hint, true))
            .collect();
        Some(numbers.map(|numbers| Num::Init(kind, numbers)))
    }

    /// The parameters, the order in which they are passed, and each instance's values.
    pub fn finish(self) -> (Vec<Parameter>, Vec<usize>, Vec<Vec<Value>>) {
        let mut order: Vec<usize> = (0..self.drafts.len()).collect();
        order.sort_by_key(|at| {
            let attribute = self.drafts.get(*at).and_then(|draft| draft.attribute);
            attribute.map_or((1, *at), |a| (0, a))
        });
        let mut names = Names::default();
        let drafts = self.drafts.iter();
        let parameters = drafts.map(|draft| Parameter {
            name: names.give(&snake(&draft.name)),
            kind: draft.kind,
            kept: draft.kept,
        });
        let parameters = parameters.collect();
        let values = (0..self.instances.len()).map(|i| {
            let own = self
                .drafts
                .iter()
                .filter_map(|draft| draft.values.get(i).copied());
            own.collect()
        });
        (parameters, order, values.collect())
    }
}

/// A start by itself.
fn absolute(init: Init, _fan: usize) -> (Starts, Vec<f64>) {
    match init {
        Init::Constant(value) => (Starts::Constant, vec![value]),
        Init::Uniform { bound } => (Starts::Uniform, vec![bound]),
        Init::Normal { std } => (Starts::Normal, vec![std]),
        Init::GammaUniform {
            bound,
            concentration,
        } => (Starts::GammaUniform, vec![bound, concentration]),
    }
}

/// A start with the inputs to each output worked out.
fn relative(init: Init, fan: usize) -> (Starts, Vec<f64>) {
    let root = (fan.max(1) as f64).sqrt();
    match init {
        Init::Uniform { bound } => (Starts::KaimingUniform, vec![bound * root / 3f64.sqrt()]),
        Init::Normal { std } => (Starts::KaimingNormal, vec![std * root]),
        other => absolute(other, fan),
    }
}

/// Sizes of inputs in order, then values of the text in order.
fn attributes(
    scene: &Scene<'_>,
    instances: &[InstanceId],
    inputs: &[(String, bool)],
) -> Vec<Attribute> {
    let graph = scene.graph;
    let Some(first) = instances.first().map(|id| &graph[*id]) else {
        return vec![];
    };
    let mut attributes = vec![];
    let is_value = |name: &str| first.values.iter().any(|(known, _)| known == name);
    for (place, (input, list)) in inputs.iter().enumerate() {
        if *list {
            let counts = instances.iter().map(|id| {
                let own = graph[*id].inputs.iter().filter(|i| i.param == *input);
                Number::Int(own.count())
            });
            attributes.push(Attribute {
                name: input.clone(),
                values: counts.collect(),
                source: Source::Length(input.clone()),
            });
            continue;
        }
        let axes: [&str; 3] = match (place, first.slow) {
            (0, true) => ["axes", "height", "width"],
            _ => ["channels", "height", "width"],
        };
        for (axis, name) in (1..).zip(axes) {
            let sizes: Option<Vec<Number>> = instances
                .iter()
                .map(|id| {
                    let own = graph[*id].inputs.iter().find(|i| i.param == *input)?;
                    graph[own.node]
                        .shape
                        .dims(1)
                        .get(axis)
                        .map(|n| Number::Int(*n))
                })
                .collect();
            let name = match (place, axis) {
                (0, 1) if is_value(name) => "inputs".to_owned(),
                (0, _) if !is_value(name) => name.to_owned(),
                _ => format!("{input}_{name}"),
            };
            attributes.extend(sizes.map(|values| Attribute {
                name,
                values,
                source: Source::Dim(input.clone(), axis),
            }));
        }
    }
    for (place, (name, _)) in first.values.iter().enumerate() {
        let numbers: Option<Vec<Number>> = instances
            .iter()
            .map(|id| match graph[*id].values.get(place)? {
                (_, Constant::Int(n)) => usize::try_from(*n).ok().map(Number::Int),
                (_, Constant::Float(x)) => Some(Number::Float(*x)),
                _ => None,
            })
            .collect();
        attributes.extend(numbers.map(|values| Attribute {
            name: name.clone(),
            values,
            source: Source::Value,
        }));
    }
    attributes
}

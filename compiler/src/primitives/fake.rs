//! A graph without paths for tests of primitives: makes what they ask for and remembers it.

use super::{Build, NewParam, Op, Parameterized, signatures};
use crate::language::settings::Recipe;
use crate::language::{Given, Places, Refusal, Start, StartKind, Traced, Ty, Value};
use crate::model::{
    Graph, Init, InstanceId, Node, NodeId, Param, ParamId, ParamKind, Penalty, Shape, Sizes, Span,
};

/// What primitives made.
#[derive(Default)]
pub(crate) struct Fake {
    pub nodes: Vec<(Op, Shape)>,
    pub params: Vec<FakeParam>,
}

/// A stored tensor that a primitive made.
#[derive(Debug, PartialEq)]
pub(crate) struct FakeParam {
    pub name: String,
    pub shape: Vec<usize>,
    pub init: Init,
    pub penalty: Penalty,
}

impl Build for Fake {
    fn shape(&self, id: NodeId) -> Shape {
        self.nodes[id.index()].1
    }

    fn node(&mut self, op: Op, shape: Shape) -> NodeId {
        self.nodes.push((op, shape));
        NodeId(self.nodes.len() as u32 - 1)
    }

    fn element(&mut self, _index: usize, op: Op, shape: Shape) -> NodeId {
        self.node(op, shape)
    }

    fn param(&mut self, param: NewParam<'_>) -> Result<Parameterized, Refusal> {
        let start = param.start.value;
        let Some(init) = start.resolve(param.fan_in) else {
            return Ok(Parameterized::None);
        };
        if let (true, false, Init::Constant(x)) = (start.fixed, param.store_numbers, init) {
            return Ok(Parameterized::Number(x));
        }
        self.params.push(FakeParam {
            name: param.name.into(),
            shape: param.shape,
            init,
            penalty: param.penalty,
        });
        Ok(Parameterized::Stored(ParamId(self.params.len() as u32 - 1)))
    }
}

impl Fake {
    /// A value that depends on images.
    pub fn images(&mut self, channels: usize, sizes: &[usize]) -> Traced {
        self.input(true, channels, sizes)
    }

    /// A value that is the same for every image.
    pub fn same(&mut self, channels: usize, sizes: &[usize]) -> Traced {
        self.input(false, channels, sizes)
    }

    fn input(&mut self, batched: bool, channels: usize, sizes: &[usize]) -> Traced {
        let shape = Shape {
            batched,
            channels,
            sizes: Sizes::new(sizes).unwrap(),
        };
        traced(Value::Tensor(self.node(super::Input.into(), shape)))
    }

    /// Calls a primitive by position; parameters that are not given have their defaults.
    pub fn call(&mut self, name: &str, mut values: Vec<Traced>) -> Result<Value, Refusal> {
        let signature = signatures().iter().find(|s| s.name == name).unwrap();
        for parameter in (signature.parameters)().iter().skip(values.len()) {
            values.push(default(&parameter.ty, parameter.default.unwrap()));
        }
        (signature.build)(self, values)
    }

    /// The shape of what a call yields; of the elements of a list one after the other.
    pub fn yields(&mut self, name: &str, values: Vec<Traced>) -> String {
        match self.call(name, values).unwrap() {
            Value::Tensor(id) => self.shape(id).to_string(),
            Value::List(items) => {
                let shapes = items.iter().map(|item| match item.value {
                    Value::Tensor(id) => self.shape(id).to_string(),
                    _ => panic!("not a tensor"),
                });
                shapes.collect::<Vec<_>>().join(" ")
            }
            other => panic!("no tensor: {other:?}"),
        }
    }

    /// Why a call is refused, and where the blamed value was written.
    pub fn refused(&mut self, name: &str, values: Vec<Traced>) -> String {
        told(&self.call(name, values).unwrap_err())
    }

    /// The nodes as a graph.
    pub fn graph(&self) -> Graph {
        let node = |(op, shape): &(Op, Shape)| Node {
            op: op.clone(),
            shape: *shape,
            path: Default::default(),
            named: false,
            instance: InstanceId(0),
            iteration: None,
            span: Span::default(),
        };
        Graph {
            name: String::new(),
            doc: String::new(),
            input_name: String::new(),
            input: self.nodes[0].1,
            output_name: String::new(),
            output: NodeId(0),
            classes: 0,
            nodes: self.nodes.iter().map(node).collect(),
            params: vec![],
            instances: vec![],
            loss: vec![],
            train: Recipe::new(None).train,
            frozen: false,
        }
    }

    /// The stored tensors as those of a graph.
    pub fn stored(&self) -> Vec<Param> {
        let param = |param: &FakeParam| Param {
            path: param.name.clone(),
            shape: param.shape.clone(),
            init: param.init,
            trained: true,
            kind: ParamKind::Fast,
            penalty: param.penalty,
            span: Span::default(),
        };
        self.params.iter().map(param).collect()
    }

    /// The last node that was made.
    pub fn last(&self) -> &Op {
        &self.nodes.last().unwrap().0
    }
}

/// The message, and the first place that is blamed.
pub(crate) fn told(refusal: &Refusal) -> String {
    match refusal.places.iter().next() {
        Some(place) => format!("{} at {}", refusal.kind.message(), place.span.start),
        None => refusal.kind.message(),
    }
}

/// A value that nobody wrote.
pub(crate) fn traced(value: Value) -> Traced {
    Traced {
        value,
        places: Places::default(),
    }
}

/// A value written at this byte.
pub(crate) fn at(start: u32, value: Value) -> Traced {
    let places = Places::literal(Span { start, end: start });
    Traced { value, places }
}

/// A whole number written at byte 7.
pub(crate) fn int(n: i64) -> Traced {
    at(7, Value::Int(n))
}

/// A number written at byte 8.
pub(crate) fn float(x: f64) -> Traced {
    at(8, Value::Float(x))
}

/// A list written at byte 9 of numbers that nobody wrote.
pub(crate) fn ints(all: &[i64]) -> Traced {
    let items = all.iter().map(|n| traced(Value::Int(*n))).collect();
    at(9, Value::List(items))
}

/// A list written at byte 9 of numbers that nobody wrote.
pub(crate) fn floats(all: &[f64]) -> Traced {
    let items = all.iter().map(|x| traced(Value::Float(*x))).collect();
    at(9, Value::List(items))
}

/// A word written at byte 10.
pub(crate) fn word(word: &'static str) -> Traced {
    at(10, Value::Word(word))
}

/// A start written at byte 11.
pub(crate) fn start(kind: StartKind) -> Traced {
    at(11, Value::Init(Start::new(kind)))
}

/// The node of a tensor.
pub(crate) fn node(value: &Traced) -> Given<NodeId> {
    match value.value {
        Value::Tensor(value) => Given {
            value,
            places: Places::default(),
        },
        _ => panic!("not a tensor"),
    }
}

/// The defaults of primitives, which elaboration evaluates.
fn default(ty: &Ty, text: &str) -> Traced {
    traced(match (ty, text) {
        (_, "[]") => Value::List(vec![]),
        (Ty::Init, "kaiming_uniform(1 / sqrt(3))") => {
            Value::Init(Start::new(StartKind::KaimingUniform((1.0f64 / 3.0).sqrt())))
        }
        (Ty::Init, number) => Value::Init(Start::new(StartKind::Number(number.parse().unwrap()))),
        (Ty::Float, number) => Value::Float(number.parse().unwrap()),
        (Ty::Word(words), word) => {
            Value::Word(words.words.iter().find(|known| **known == word).unwrap())
        }
        other => panic!("no default for {other:?}"),
    })
}

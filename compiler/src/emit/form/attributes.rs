//! Properties of instances that numbers may be: sizes of inputs and values of the text.

use super::scene::Scene;
use crate::model::{Constant, InstanceId};
use crate::primitives::written::Number;

/// A property of instances that the text or an input gives.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) values: Vec<Number>,
    pub(super) source: Source,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Source {
    /// Axis of an input.
    Dim(String, usize),
    /// How many tensors a list of inputs has.
    Length(String),
    /// A value of the text.
    Value,
}

impl Attribute {
    /// Whether it is a whole number by its kind.
    pub(super) fn is_int(&self) -> bool {
        let mut values = self.values.iter();
        values.all(|value| matches!(value, Number::Int(_)))
    }
}

/// Sizes of inputs in order, then values of the text in order.
pub(super) fn attributes(
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

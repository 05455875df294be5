//! Which field of which structure holds each stored tensor.

use std::collections::HashMap;

use super::scene::Scene;
use super::tree::{FieldDraft, Made};
use crate::bug::bug;
use crate::model::{InstanceId, ParamId};

/// Where a stored tensor is.
#[derive(Clone, Debug)]
pub(in crate::emit) struct Location {
    pub param: ParamId,
    /// Steps from the model: a structure's number, its field's, and the place in it if it is a list.
    pub steps: Vec<(usize, usize, Option<usize>)>,
    /// The name below the last field; empty for the field itself.
    pub tensor: &'static str,
}

/// All stored tensors in the order of the fields, those of a structure within a structure where its field stands.
pub(super) fn locate(scene: &Scene<'_>) -> Vec<Location> {
    let mut found = vec![];
    let root = scene.graph.instance_ids().next();
    // Last in, first out: what a structure holds is put in the place where it stands.
    let mut out: Vec<Task> = root
        .map(|id| Task::Instance(id, vec![]))
        .into_iter()
        .collect();
    while let Some(task) = out.pop() {
        let (id, steps) = match task {
            Task::Found(location) => {
                found.push(location);
                continue;
            }
            Task::Instance(id, steps) => (id, steps),
        };
        let number = scene.placed(id).structure;
        let own: HashMap<&str, &FieldDraft> = scene
            .fields(id)
            .iter()
            .map(|draft| (draft.name.as_str(), draft))
            .collect();
        let mut tasks = vec![];
        for (at, field) in scene.structure(number).fields.iter().enumerate() {
            let Some(draft) = own.get(field.name.as_str()) else {
                continue;
            };
            for element in &draft.elements {
                let mut steps = steps.clone();
                steps.push((number, at, element.index));
                match &element.made {
                    Made::Instance(id) => tasks.push(Task::Instance(*id, steps)),
                    Made::Tensors(tensors) => {
                        let tensors = tensors.iter().map(|(tensor, param)| {
                            Task::Found(Location {
                                param: *param,
                                steps: steps.clone(),
                                tensor,
                            })
                        });
                        tasks.extend(tensors);
                    }
                }
            }
        }
        out.extend(tasks.into_iter().rev());
    }
    if found.len() > scene.graph.params.len() {
        bug!("a stored tensor stands in two fields");
    }
    found
}

enum Task {
    Found(Location),
    Instance(InstanceId, Vec<(usize, usize, Option<usize>)>),
}

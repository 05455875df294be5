//! The intermediate form of emission: a graph and its tree of instances as structures, made once for all targets. The
//! innermost instances come first; those of one block that differ in numbers only become one structure.
//!
//! - `scene`: what stands where in the graph
//! - `draft`, `naming`, `reading`, `rolling`, `fields`, `lists`, `index`, `tree`: one instance as a body of statements
//! - `merge`, `merge_bodies`: bodies laid over each other
//! - `finish`, `making`, `places`, `slices`, `forms`, `inline`, `grids`: one structure of several instances
//! - `numbers`, `attributes`, `terms`, `starts`, `pretty`: what instances differ in
//! - `unfold`: small functions in the place of their calls
//! - `structure`, `walk`: what is printed
//! - `locate`: which field holds which stored tensor

mod attributes;
mod draft;
mod fields;
mod finish;
mod forms;
mod grids;
mod index;
mod inline;
mod lists;
mod locate;
mod making;
mod merge;
mod merge_bodies;
mod naming;
mod numbers;
mod places;
mod pretty;
mod reading;
mod rolling;
mod scene;
mod slices;
mod starts;
mod structure;
mod terms;
mod tree;
mod unfold;
mod walk;

use std::collections::HashMap;

use crate::bug::bug;
use crate::model::Graph;
use finish::{Finished, finish};
use merge::Merge;
use scene::{Placed, Scene};
use tree::Draft;
use unfold::unfold;

pub(super) use locate::Location;
use locate::locate;
pub(super) use scene::Purpose;
pub(super) use structure::{
    Argument, Bound, CallExpr, Expr, Field, FieldKind, FieldRead, Kind, Making, Many, Name, Num,
    OpExpr, Part, Place, Read, Starts, Statement, Structure,
};

/// A graph as structures.
#[derive(Debug)]
pub(super) struct Form {
    /// The model first, then the user's blocks in the order of their first use, then the prelude's.
    pub structures: Vec<Structure>,
    /// Where each structure of a call's or field's number is in that order; None for one that is written where it is called.
    places: Vec<Option<usize>>,
    /// Every stored tensor and where it is, in the order of the fields.
    pub locations: Vec<Location>,
}

impl Form {
    /// Where the structure of this number, which calls and fields have, is in [`Self::structures`].
    pub fn place(&self, number: usize) -> usize {
        match self.places.get(number) {
            Some(Some(place)) => *place,
            _ => bug!("there is no structure {number}"),
        }
    }

    /// A structure by the number that calls and fields have.
    pub fn structure(&self, number: usize) -> &Structure {
        match self.structures.get(self.place(number)) {
            Some(structure) => structure,
            None => bug!("there is no structure {number}"),
        }
    }
}

/// Makes structures of a graph.
pub(super) fn form(graph: &Graph, purpose: Purpose) -> Form {
    let mut scene = Scene::new(graph, purpose);
    for level in scene.levels() {
        let mut groups: Vec<Draft> = vec![];
        let mut by_block: HashMap<&str, Vec<usize>> = HashMap::new();
        for id in level {
            let draft = draft::draft(&scene, id);
            scene.fields.insert(id, draft.fields.clone());
            let known = by_block.entry(&graph[id].block).or_default();
            let same = known
                .iter()
                .copied()
                .find(|at| groups.get(*at).is_some_and(|group| group.like(&draft)));
            match same.and_then(|at| groups.get_mut(at)) {
                Some(group) => group.merge(draft),
                None => {
                    known.push(groups.len());
                    groups.push(draft);
                }
            }
        }
        for group in groups {
            place(&mut scene, &group);
        }
    }
    let locations = locate(&scene);
    let unfolded = unfold(&mut scene.structures);
    let mut order: Vec<usize> = (0..scene.structures.len())
        .filter(|at| unfolded.get(*at) == Some(&false))
        .collect();
    order.sort_by_key(|at| {
        let structure = scene.structure(*at);
        (!structure.is_model, structure.prelude, structure.first)
    });
    let mut places = vec![None; scene.structures.len()];
    for (to, from) in order.iter().enumerate() {
        if let Some(place) = places.get_mut(*from) {
            *place = Some(to);
        }
    }
    let placed = places.iter().copied().zip(scene.structures);
    let mut structures: Vec<(usize, Structure)> = placed
        .filter_map(|(place, structure)| Some((place?, structure)))
        .collect();
    structures.sort_by_key(|(place, _)| *place);
    Form {
        structures: structures
            .into_iter()
            .map(|(_, structure)| structure)
            .collect(),
        places,
        locations,
    }
}

/// Makes one structure of instances that are alike, or several where no structure can be all of them.
fn place(scene: &mut Scene<'_>, group: &Draft) {
    let finished = match finish(group, scene) {
        Ok(finished) => vec![finished],
        Err(_) => split(scene, group),
    };
    for Finished { structure, values } in finished {
        let number = scene.structures.len();
        scene.structures.push(structure);
        for (id, values) in values {
            let structure = number;
            scene.placed.insert(id, Placed { structure, values });
        }
    }
}

/// As few structures as there can be if each instance joins the first that it fits.
fn split(scene: &Scene<'_>, group: &Draft) -> Vec<Finished> {
    let mut parts: Vec<(Draft, Finished)> = vec![];
    'instances: for id in &group.instances {
        let own = draft::draft(scene, *id);
        for (known, finished) in &mut parts {
            if known.like(&own) {
                let mut both = known.clone();
                both.merge(own.clone());
                if let Ok(joined) = finish(&both, scene) {
                    (*known, *finished) = (both, joined);
                    continue 'instances;
                }
            }
        }
        match finish(&own, scene) {
            Ok(finished) => parts.push((own, finished)),
            Err(_) => bug!("`{}` cannot be said as a structure", scene.graph[*id].path),
        }
    }
    parts.into_iter().map(|(_, finished)| finished).collect()
}

//! The order of the parameters in a flat file: that in which the constructors of emitted structures take them.

use std::collections::HashMap;

use super::fields::FieldKind;
use super::plan::Plan;
use crate::model::{Model, ParamId};

/// The parameters in the order of the fields, those of a block within a block where its field stands.
pub(super) fn order(model: &Model, plan: &Plan) -> Vec<ParamId> {
    let mut paths = vec![];
    walk(plan, plan.blocks.len().saturating_sub(1), "", &mut paths);
    let ids = model.param_ids().map(|id| (model[id].path.as_str(), id));
    let ids: HashMap<&str, ParamId> = ids.collect();
    let ids = paths.iter().filter_map(|path| ids.get(path.as_str()));
    ids.copied().collect()
}

/// Appends the paths of a structure's parameters, of which `prefix` is the beginning.
fn walk(plan: &Plan, block: usize, prefix: &str, paths: &mut Vec<String>) {
    let fields = plan.blocks.get(block).map_or(&[][..], |b| &b.fields);
    for field in fields {
        let path = format!("{prefix}{}", field.name);
        match &field.kind {
            FieldKind::Affine { .. } => {
                paths.push(format!("{path}.weight"));
                paths.push(format!("{path}.bias"));
            }
            FieldKind::Rescale { .. } => {
                paths.push(format!("{path}.scale"));
                paths.push(format!("{path}.shift"));
            }
            FieldKind::Scalar { .. } | FieldKind::Spatial { .. } | FieldKind::Constant { .. } => {
                paths.push(path);
            }
            FieldKind::Child { block, .. } => walk(plan, *block, &format!("{path}."), paths),
            // Models with slow nets are refused.
            FieldKind::Plane { .. } | FieldKind::Line { .. } | FieldKind::Context { .. } => {}
        }
    }
}

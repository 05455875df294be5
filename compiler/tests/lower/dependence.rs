//! Which values depend on images, and which couple them: the same by primitives and lowered.

use termc_compiler::analysis::{Dependence, couples_images, dependence};
use termc_compiler::model::{Graph, Model};

use super::{example, model};

fn of(graph: &Graph, path: &str) -> Dependence {
    let id = graph.node_ids().find(|id| *graph[*id].path == *path);
    let id = id.unwrap_or_else(|| panic!("{path}"));
    dependence(graph)[id.index()]
}

#[test]
fn the_released_model() {
    let model = example("cifar10");
    for graph in [&model as &Graph, model.primitives()] {
        let result = |path: &str| {
            let call = graph.instances.iter().find(|call| call.path == path);
            dependence(graph)[call.unwrap_or_else(|| panic!("{path}")).result.index()]
        };
        assert_eq!(result("b[0].K"), Dependence::Constant);
        assert_eq!(of(graph, "b[0].Z"), Dependence::Image);
        assert_eq!(result("b[0].fast.instance_std"), Dependence::Image);
        assert_eq!(result("b[0].l3.kernel.net"), Dependence::Batch);
        assert_eq!(result("b[1].fast.instance_std"), Dependence::Batch);
        assert_eq!(dependence(graph)[graph.output.index()], Dependence::Batch);
        assert!(couples_images(graph));
    }
}

#[test]
fn statistics_of_what_no_image_changes_couple_nothing() {
    let coupled = |body: &str| {
        let model: Model = model("", 3, body);
        let both = [couples_images(&model), couples_images(model.primitives())];
        assert_eq!(both[0], both[1], "{body}");
        both[0]
    };
    assert!(coupled("y = batch_std(image)"));
    assert!(coupled("y = image * mean(image, batch)"));
    assert!(coupled("y = normalize(image, batch)"));
    assert!(coupled("y = g_ibs(image, 3)"));
    assert!(!coupled("y = instance_std(image)"));
    assert!(!coupled("y = image * batch_std(param(3, image.sizes))"));
}

//! Everything but slow nets, and the released model as a whole.

use termc_compiler::model::{Graph, NodeId, Op, Over};
use termc_compiler::summary::recognised;

use super::{STATISTICS, assert_sound, check, copy, count, example, model, named, operations};

#[test]
fn grouped_statistics_are_one_operation() {
    let grouped = |graph: &Graph| {
        let mut over = graph.nodes.iter().filter_map(|node| match &node.op {
            Op::Standardize(standardize) => Some(standardize.over),
            _ => None,
        });
        over.next()
    };
    for groups in [1, 2, 3, 6] {
        let body = format!("y = my_g_ibs(image, {groups})");
        let model = model(
            &copy(
                STATISTICS,
                "g_ibs",
                &[("std[", "part_std["), ("concat(std)", "concat(part_std)")],
            ),
            6,
            &body,
        );
        assert_eq!(
            operations(&model)[..2],
            ["input", "standardize"],
            "{groups}"
        );
        assert_eq!(grouped(&model), Some(Over::Groups(groups)));
        assert_sound(&model);
    }
    let changes: &[&[(&str, &str)]] = &[
        &[("i % 2 == 0", "i % 2 == 1")],
        &[("instance_std(part[i])", "part[i]")],
        &[(
            "instance_std(part[i])",
            "standardize(part[i], positions, eps=0.001)",
        )],
        &[("concat(std)", "concat(std[-1], std[..groups - 1])")],
        &[("concat(std)", "concat(std, std[0])")],
    ];
    for changes in changes {
        let model = model(
            &copy(STATISTICS, "g_ibs", changes),
            6,
            "y = my_g_ibs(image, 3)",
        );
        assert!(
            !matches!(grouped(&model), Some(Over::Groups(_))),
            "{changes:?}"
        );
        assert_sound(&model);
    }
}

#[test]
fn a_standardized_product_with_a_score_needs_no_product() {
    let score = "s = sigmoid(mean(image, positions))\n ";
    let operations = |body: &str| operations(&model("", 3, &format!("{score}{body}")));
    let fused = ["input", "mean", "sigmoid", "standardize_scaled"];
    assert_eq!(operations("y = instance_std(image * s)")[..4], fused);
    assert_eq!(
        operations("p = s * image\n y = instance_std(p)")[..4],
        fused
    );
    // The product stays for others.
    let both = operations("p = s * image\n y = instance_std(p) + p");
    assert_eq!(
        both[..5],
        ["input", "mean", "sigmoid", "mul", "standardize_scaled"]
    );
    for body in [
        "y = batch_std(image * s)",
        "y = standardize(image * s, positions, eps=0.001)",
        "y = instance_std(image * sigmoid(image))",
        "y = instance_std(image * tanh(mean(image, positions)))",
        "y = instance_std(image * sigmoid(mean(image, [channels, positions])))",
        "y = instance_std(image * sigmoid(param(3)))",
    ] {
        let model = model("", 3, &format!("{score}{body}"));
        assert_eq!(named(&model, "standardize_scaled"), 0, "{body}");
    }
}

#[test]
fn what_is_stored_or_a_number_is_added_at_once() {
    let operations = |body: &str| operations(&model("", 3, body));
    assert_eq!(operations("y = image + param(1)")[..2], ["input", "bias"]);
    assert_eq!(
        operations("v = param(1, image.sizes)\n y = v + image")[..2],
        ["input", "bias"]
    );
    assert_eq!(
        operations("y = image + param(3)")[..3],
        ["input", "param", "add"]
    );
    assert_eq!(
        operations("y = image + param(3, image.sizes)")[..3],
        ["input", "param", "add"]
    );
    assert_eq!(
        operations("y = image + param(1, [6, 1])")[..3],
        ["input", "param", "add"]
    );
    // The sum has more channels than what is added to.
    assert_eq!(
        operations("y = mean(image, channels) + param(3)")[..4],
        ["input", "mean", "param", "add"]
    );
    assert_eq!(
        operations("y = image + param(1, init=fixed(2))")[..2],
        ["input", "offset"]
    );
    assert_eq!(
        operations("y = image * param(3, init=fixed(2))")[..2],
        ["input", "scale"]
    );
    assert_eq!(
        operations("y = image * param(1, init=fixed(1))")[..2],
        ["input", "mean"]
    );
    assert_eq!(
        operations("y = mean(image, channels) * param(3, init=fixed(1))")[..4],
        ["input", "mean", "fill", "mul"]
    );
    // A tensor that is read twice is one parameter.
    let twice = model("", 3, "v = param(1)\n y = gelu(image + v) + v");
    assert_eq!((named(&twice, "bias"), named(&twice, "param")), (2, 0));
    assert_sound(&twice);
}

#[test]
fn repeated_values_are_tilings() {
    let operations = |body: &str| operations(&model("", 3, body));
    assert_eq!(operations("y = tile(image, 9)")[..2], ["input", "tile"]);
    assert_eq!(
        operations("y = concat(image, image)")[..2],
        ["input", "tile"]
    );
    assert_eq!(operations("y = concat(image)")[..2], ["input", "mean"]);
    let model = model(
        "",
        3,
        "g = gelu(image)\n y = concat(g, image, image, g, g, g)",
    );
    assert_sound(&model);
    assert_eq!(named(&model, "tile"), 2);
    let concat = model
        .nodes
        .iter()
        .find(|node| node.op.name() == "concat")
        .unwrap();
    let shapes: Vec<usize> = (concat.op.operands().iter())
        .map(|x| model[*x].shape.channels)
        .collect();
    assert_eq!((shapes, &*concat.path), (vec![3, 6, 9], "y"));
    assert_eq!(
        operations("g = gelu(image)\n y = concat(g, image, g)")[..3],
        ["input", "gelu", "concat"]
    );
}

#[test]
fn the_released_model_in_numbers() {
    let model = example("cifar10");
    assert_sound(&model);
    assert_eq!(model.primitives().nodes.len(), 1410);
    for (name, expected) in [
        ("slow_net", 20),
        ("slow_net_in_context", 20),
        ("standardize_scaled", 5),
        ("bias", 35),
        ("tile", 4),
        ("fourier", 0),
        ("param", 0),
        ("fill", 0),
        ("split", 0),
    ] {
        assert_eq!(named(&model, name), expected, "{name}");
    }
    let groups = |op: &Op| matches!(op, Op::Standardize(s) if s.over == Over::Groups(12));
    assert_eq!(count(&model, groups), 5);
    let found = recognised(&model);
    let fused = |what: &str| found.iter().filter(|f| f.what == what && f.fused).count();
    assert_eq!(fused("gated unit"), 10);
    assert_eq!(fused("slow net"), 20);
    assert_eq!(fused("slow net in context"), 20);
    assert!(found.iter().all(|found| found.fused));
}

#[test]
fn a_network_is_the_same_by_primitives() {
    let model = model("", 3, "y = hyper(image, magnet(hidden=4)) * image");
    let plain = model.as_primitives();
    assert_eq!(operations(&plain), operations(model.primitives()));
    assert!(!recognised(&plain).iter().any(|found| found.fused));
    assert_eq!(recognised(&plain).len(), 1);
    let output: NodeId = plain.output;
    assert_eq!(plain[output].path, model[model.output].path);
}

#[test]
fn of_a_call_whose_result_nobody_reads_the_rest_stays() {
    let text = "block f(x) {\n K = hyper(x, magnet(hidden=4))\n Z = x * K\n mixer(Z)\n}\n\
                model M {\n input image[3, 6, 5]\n b[0] = f(image)\n b[1] = f(image)\n output logits = head(b[1], 2)\n \
                loss {\n cross_entropy(logits)\n slow_neural(b.K, compare=channel_sum)\n }\n}\n";
    let model = check(text);
    assert_sound(&model);
    for graph in [&model as &Graph, model.primitives()] {
        let call = |path: &str| {
            let call = graph.instances.iter().find(|call| call.path == path);
            call.unwrap_or_else(|| panic!("{path}"))
        };
        assert_eq!(&*graph[call("b[0]").result].path, "b[0].K");
        assert_ne!(&*graph[call("b[1]").result].path, "b[1].K");
        let compared: Vec<&str> = graph.compared().map(|id| &*graph[id].path).collect();
        assert_eq!(compared, ["b[0].K", "b[1].K"]);
    }
    assert!(
        model
            .params
            .iter()
            .all(|param| !param.path.starts_with("b[0].mixer"))
    );
}

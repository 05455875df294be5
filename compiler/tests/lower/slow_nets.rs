//! Slow nets, on coordinates alone and in a context.

use termc_compiler::dump;
use termc_compiler::model::{Affine, Grid, Op, Scale};

use super::{SLOW_NETS, assert_sound, copy, model, named, operations};

const USE: &str = "K = my_magnet(grid(image.sizes), image.channels, hidden=4)\n y = image * K";

#[test]
fn a_slow_net_is_one_operation() {
    for definitions in [
        copy(SLOW_NETS, "magnet", &[]),
        copy(
            SLOW_NETS,
            "magnet",
            &[(
                "filters[i + 1] * linears[i] + shift",
                "shift + linears[i] * filters[i + 1]",
            )],
        ),
        copy(
            SLOW_NETS,
            "magnet",
            &[
                ("shift", "s"),
                ("filters", "waves"),
                ("linears", "maps"),
                ("omega", "frequency"),
            ],
        ),
    ] {
        let model = model(&definitions, 3, USE);
        assert_eq!(operations(&model)[..3], ["input", "slow_net", "mul"]);
        assert_sound(&model);
        let Op::Kernel(kernel) = &model.nodes[1].op else {
            panic!("{}", dump(&model));
        };
        assert_eq!(
            (kernel.net.hidden, kernel.net.outputs, kernel.net.layers()),
            (4, 3, 2)
        );
        assert_eq!(
            kernel.net.grid,
            Grid::Plane {
                height: 6,
                width: 5
            }
        );
        let paths = |affines: &[Affine]| -> Vec<String> {
            affines
                .iter()
                .map(|a| model[a.weight].path.clone())
                .collect()
        };
        let numbered = |paths: Vec<String>| {
            paths
                .iter()
                .enumerate()
                .all(|(i, p)| p.contains(&format!("[{i}]")))
        };
        assert!(numbered(paths(&kernel.net.filters)) && numbered(paths(&kernel.net.linears)));
        assert!(model[kernel.net.output.weight].path.contains("out"));
    }
}

#[test]
fn a_slow_net_that_differs_runs_by_primitives() {
    let changes: &[&[(&str, &str)]] = &[
        &[("+ shift", "- shift")],
        &[("filters[i + 1] * linears[i]", "filters[i + 1] + linears[i]")],
        &[(
            "filters[i + 1] * linears[i]",
            "filters[i + 1] * sin(linears[i])",
        )],
        &[("filters[i + 1] * linears[i]", "filters[i] * linears[i]")],
        &[("+ shift", "+ shift + shift")],
        &[(
            "shift = param(1, grid.sizes)",
            "shift = param(hidden, grid.sizes)",
        )],
        &[("shift = param(1, grid.sizes)", "shift = param(1)")],
        &[("bias=bias", "bias=none")],
        &[("h[0] = filters[0]", "h[0] = gelu(filters[0])")],
        &[("linear(h[layers]", "linear(h[layers] + h[1]")],
        &[
            ("\n    out\n", "\n    out + linears[0] * param(1, init=1)\n"),
            ("channels: int,", "channels: int,"),
        ],
    ];
    for changes in changes {
        let definitions = copy(SLOW_NETS, "magnet", changes);
        let body = if changes[0].1.contains("linears[0] * param") {
            USE.replace("hidden=4", "hidden=3")
        } else {
            USE.to_owned()
        };
        let model = model(&definitions, 3, &body);
        assert_eq!(named(&model, "slow_net"), 0, "{changes:?}");
        assert!(named(&model, "fourier") >= 2, "{changes:?}");
        assert_sound(&model);
    }
    // No layers: nothing to multiply.
    let plain = model(
        &copy(SLOW_NETS, "magnet", &[]),
        3,
        &USE.replace("hidden=4", "hidden=4, layers=0"),
    );
    assert_eq!(named(&plain, "slow_net"), 0);
}

#[test]
fn a_slow_net_over_a_line_is_one_operation_where_it_is_flattened() {
    let body = "k = my_magnet(grid([image.channels]), 1, hidden=4) |> flatten\n y = image * k";
    let line = model(&copy(SLOW_NETS, "magnet", &[]), 3, body);
    assert_eq!(operations(&line)[..3], ["input", "slow_net", "mul"]);
    let Op::Kernel(kernel) = &line.nodes[1].op else {
        panic!("{}", dump(&line));
    };
    assert_eq!(
        (kernel.net.grid, kernel.net.outputs),
        (Grid::Line { length: 3 }, 1)
    );
    assert_sound(&line);
    // More than one output: the channels of a line are no kernel of one axis.
    let body = "k = my_magnet(grid([1]), 3, hidden=4) |> flatten\n y = image * k";
    let more = model(&copy(SLOW_NETS, "magnet", &[]), 3, body);
    assert_eq!(named(&more, "slow_net"), 0);
}

const IN_CONTEXT: &str = "k = my_magnet_in_context(grid([3, 3]), image.channels, image, hidden=4)\n \
                          y = depthwise(image, k)";

#[test]
fn a_slow_net_in_context_is_one_operation() {
    let sum = "alpha * stop_gradient(raw[i]) + beta * normalize(raw[i], positions)";
    for changes in [
        &[][..],
        &[(
            sum,
            "normalize(raw[i], positions) * beta + stop_gradient(raw[i]) * alpha",
        )],
        &[("reduce", "r"), ("contexts", "maps"), ("averaged", "m")],
    ] {
        let model = model(
            &copy(SLOW_NETS, "magnet_in_context", changes),
            3,
            IN_CONTEXT,
        );
        assert_eq!(
            operations(&model)[..3],
            ["input", "slow_net_in_context", "depthwise"]
        );
        let Op::ContextKernel(kernel) = &model.nodes[1].op else {
            panic!("{}", dump(&model));
        };
        assert_eq!(
            (kernel.context.alpha, kernel.context.beta),
            (Scale::Constant(1.0), Scale::Constant(0.1))
        );
        assert_eq!((kernel.source.index(), kernel.context.layers.len()), (0, 2));
        assert_sound(&model);
    }
    let trained = IN_CONTEXT.replace("hidden=4", "hidden=4, alpha=1");
    let model = model(&copy(SLOW_NETS, "magnet_in_context", &[]), 3, &trained);
    let alpha = model.nodes.iter().find_map(|node| match &node.op {
        Op::ContextKernel(kernel) => Some(kernel.context.alpha),
        _ => None,
    });
    assert!(
        matches!(alpha, Some(Scale::Trained(id)) if model[id].path == "k.my_magnet_in_context.alpha")
    );
}

#[test]
fn a_slow_net_in_context_that_differs_runs_by_primitives() {
    let changes: &[&[(&str, &str)]] = &[
        &[("stop_gradient(raw[i])", "raw[i]")],
        &[(
            "normalize(raw[i], positions)",
            "normalize(raw[i], channels)",
        )],
        &[("mean(reduce, batch)", "mean(reduce, [batch, channels])")],
        &[("c = gelu(fc1)", "c = sigmoid(fc1)")],
        &[("(context, grid.sizes)", "(context, [1] * grid.rank)")],
        &[("contexts[i]\n", "contexts[i] + raw[i]\n")],
        &[("linear(c, hidden, weight", "linear(fc1, hidden, weight")],
        &[(
            "alpha = param(1, init=alpha)",
            "alpha = param(hidden, init=alpha)",
        )],
    ];
    for changes in changes {
        let model = model(
            &copy(SLOW_NETS, "magnet_in_context", changes),
            3,
            IN_CONTEXT,
        );
        assert_eq!(named(&model, "slow_net_in_context"), 0, "{changes:?}");
        assert_eq!(named(&model, "fourier"), 3, "{changes:?}");
        assert_sound(&model);
    }
}

//! What is folded into what, on small models.

use termc_compiler::freeze::{Link, Step, Value, freeze, freeze_some};
use termc_compiler::model::{Model, Node, Op, Over};

use super::{assert_sound, count, small, text};

/// How many rescalings are left of a model, and how much was folded.
fn folded(body: &str) -> (usize, usize) {
    let frozen = freeze(&small(body));
    assert_sound(body, &frozen.model);
    (count(&frozen.model, "rescale"), frozen.account.folded)
}

#[test]
fn known_statistics_go_into_the_linear_map_before_or_after() {
    // After one that nobody else reads.
    assert_eq!(folded("y = mixer(image) |> batch_std |> gelu"), (0, 1));
    // Through a block and a dropout.
    assert_eq!(folded("y = f(mixer(image)) |> gelu"), (0, 1));
    let frozen = freeze(&small("y = f(mixer(image)) |> gelu"));
    assert_eq!(frozen.account.dropouts, 1);
    // Before one.
    assert_eq!(
        folded("y = gelu(image) |> batch_std |> mixer |> gelu"),
        (0, 1)
    );
    // Two in a row, with a linear map on both sides.
    assert_eq!(
        folded("y = mixer(image) |> batch_std |> batch_std |> mixer").0,
        0
    );
    // Linear maps in a row are one, unless that is more work.
    let frozen = freeze(&small("y = mixer(image) |> mixer |> mixer |> gelu"));
    assert_eq!(
        (count(&frozen.model, "linear"), frozen.account.folded),
        (2, 2)
    );
    let narrow = "y = linear(image, 9) |> linear(1) |> linear(9) |> gelu";
    assert_eq!(count(&freeze(&small(narrow)).model, "linear"), 3);
    // Somebody else reads what lies between: nothing is folded.
    assert_eq!(
        folded("m = mixer(image)\n y = gelu(batch_std(m) + m)"),
        (1, 0)
    );
    // No linear map beside it.
    assert_eq!(folded("y = gelu(image) |> batch_std |> gelu"), (1, 0));
    // Statistics over other axes of what has no positions.
    assert_eq!(
        folded("y = mean(image, positions) |> standardize(batch) |> gelu"),
        (1, 0)
    );
}

#[test]
fn the_odd_groups_stay() {
    let frozen = freeze(&small("y = linear(image, 6) |> g_ibs(3) |> gelu"));
    assert_eq!(count(&frozen.model, "rescale"), 0);
    let odd = |op: &Op| matches!(op, Op::Standardize(s) if s.over == Over::OddGroups(3));
    assert_eq!(frozen.model.nodes.iter().filter(|n| odd(&n.op)).count(), 1);
    let frozen = freeze(&small("y = linear(image, 6) |> g_ibs(1) |> gelu"));
    assert_eq!(count(&frozen.model, "standardize"), 0);
}

#[test]
fn a_linear_map_without_a_bias_gets_one() {
    let old = small("y = linear(image, 6, bias=none) |> batch_std |> gelu");
    let frozen = freeze(&old);
    assert_sound("bias", &frozen.model);
    assert_eq!(count(&frozen.model, "rescale"), 0);
    let bias = frozen
        .model
        .params
        .iter()
        .position(|p| p.path == "y.linear.bias");
    let Value::Bias(chain) = &frozen.values[bias.unwrap()] else {
        panic!("no chain");
    };
    let [Link::Affine(affine), Link::Step(Step::Population(_))] = chain.as_slice() else {
        panic!("{chain:?}");
    };
    assert!(affine.bias.is_none());
    // Nothing to fold: nothing is added.
    let frozen = freeze(&small("y = linear(image, 6, bias=none) |> gelu"));
    assert!(
        frozen
            .model
            .params
            .iter()
            .all(|p| p.path != "y.linear.bias")
    );
}

#[test]
fn repeated_channels_are_read_once() {
    let weight = |m: &Model, path: &str| {
        let found = m.params.iter().find(|p| p.path == path);
        found.unwrap_or_else(|| panic!("{path}")).shape.clone()
    };
    // Tiled to thrice the channels and beside what is tiled.
    let body =
        "a = linear(image, 9)\n w = concat(a, image, tile(image, 9))\n b = mixer(w)\n y = gelu(b)";
    let frozen = freeze(&small(body));
    let (concats, tiles) = (count(&frozen.model, "concat"), count(&frozen.model, "tile"));
    assert_eq!((concats, tiles), (1, 0));
    assert_eq!(weight(&frozen.model, "b.linear.weight"), [21, 12]);
    assert_sound("tiled", &frozen.model);
    // The same written as one concatenation.
    let body = "a = linear(image, 9)\n w = concat(a, image, image, image, image)\n b = mixer(w)\n y = gelu(b)";
    let frozen = freeze(&small(body));
    assert_eq!(weight(&frozen.model, "b.linear.weight"), [21, 12]);
    // Nothing but tiled, and the tiling is read twice.
    let body = "a = linear(image, 9)\n t = tile(image, 9)\n b = linear(t, 4)\n";
    let frozen = freeze(&small(&format!("{body} y = gelu(b)")));
    assert_eq!(count(&frozen.model, "tile"), 0);
    assert_eq!(weight(&frozen.model, "b.weight"), [4, 3]);
    let twice = format!("{body} c = gelu(t + a) |> mixer\n y = concat(gelu(b), c)");
    let frozen = freeze(&small(&twice));
    assert_eq!(count(&frozen.model, "tile"), 1);
    assert_eq!(weight(&frozen.model, "b.weight"), [4, 9]);
    // Joined values that are different stay as they are.
    let frozen = freeze(&small(
        "b = linear(concat(image, gelu(image)), 6)\n y = gelu(b)",
    ));
    assert_eq!(weight(&frozen.model, "b.linear.weight"), [6, 6]);
}

#[test]
fn values_without_images_are_stored_once() {
    let net = "magnet(hidden=4, layers=1, omega=4)";
    let stored = |body: &str| {
        let frozen = freeze(&small(body));
        assert_sound(body, &frozen.model);
        (count(&frozen.model, "param"), frozen.account.slow_nets)
    };
    let two = format!(
        "a = hyper(image, {net})\n b = hyper(image, {net})\n y = image * gelu(instance_std(a * b))"
    );
    assert_eq!(stored(&two), (1, 2));
    let passed = format!("a = hyper(image, {net})\n y = g(image, a) |> batch_std |> gelu");
    assert_eq!(stored(&passed), (1, 1));
    // A slow net that nothing recognises, and values that are no slow net.
    let own = "a = tanh(fourier(grid(image.sizes), 3, weight=normal(4)))\n y = image * a";
    assert_eq!(stored(own), (1, 0));
    let sums = "v = batch_std(param(3, image.sizes) * 2)\n y = image * v + v";
    assert_eq!(stored(sums), (1, 0));
    // A stored tensor that is read as it is needs no other.
    let frozen = freeze(&small("v = param(3)\n y = image * v"));
    assert_eq!(frozen.account.constants, 0);
    assert!(frozen.model.params.iter().any(|p| p.path == "v"));
}

#[test]
fn a_mean_over_the_batch_is_a_stored_value_once_it_is_known() {
    let old = small("m = mean(image, [batch, positions])\n y = image * sigmoid(m)");
    let none = freeze_some(&old, |_| false);
    assert_eq!((none.left.len(), none.stuck.len()), (1, 0));
    assert_eq!(count(&none.model, "mean"), 2);
    let frozen = freeze(&old);
    assert!(frozen.left.is_empty());
    assert_eq!(
        (
            count(&frozen.model, "mean"),
            count(&frozen.model, "sigmoid")
        ),
        (1, 0)
    );
    assert_eq!(frozen.account.constants, 1);
    // A context net of one's own.
    let body = "c = linear(mean(adaptive_avg_pool(image, [3, 3]), batch), 3)\n y = depthwise(image, tanh(c))";
    let frozen = freeze(&small(body));
    assert_eq!(count(&frozen.model, "linear"), 1);
    assert_sound("context", &frozen.model);
}

#[test]
fn what_no_statistics_freeze_stays_and_is_told() {
    for body in [
        "y = normalize(image, batch)",
        "y = standardize(image, batch)",
        "y = standardize(image, [batch, channels])",
    ] {
        let frozen = freeze(&small(body));
        assert!(frozen.left.is_empty(), "{body}");
        let [(old, new)] = frozen.stuck.as_slice() else {
            panic!("{body}: {:?}", frozen.stuck);
        };
        assert_eq!((old.index(), new.index()), (1, 1), "{body}");
        assert_sound(body, &frozen.model);
    }
}

#[test]
fn a_kernel_of_one_position_becomes_part_of_the_mixer() {
    let net = "magnet_in_context(hidden=4, layers=1, omega=4)";
    let body = format!("y = local(image, size=1, from=image, net={net})");
    let frozen = freeze(&small(&body));
    assert_eq!(
        (
            count(&frozen.model, "depthwise"),
            count(&frozen.model, "rescale")
        ),
        (0, 0)
    );
    assert_eq!(frozen.account.folded, 2);
    let body = format!("y = local(image, size=1, from=image, net={net}, mix=false)");
    let old = small(&body);
    let frozen = freeze(&old);
    assert_eq!(count(&frozen.model, "rescale"), 1);
    let text = text(&old, &frozen);
    assert!(
        text.contains("scale of factor y.kernel, population of y.batch_std.standardize"),
        "{text}"
    );
}

#[test]
fn calls_of_which_more_is_read_than_they_yield_are_dissolved() {
    // The standardization reads the score inside of the call, the sum its product.
    let body = "h = hyper_channel(image, magnet(hidden=4))\n y = gelu(instance_std(h) + h)";
    let frozen = freeze(&small(body));
    assert_sound(body, &frozen.model);
    let calls: Vec<&str> = (frozen.model.instances.iter())
        .map(|call| call.block.as_str())
        .collect();
    assert_eq!(calls, ["M", "channel_score", "head"]);
    // The product is gone: the call yields the score.
    let body = "h = hyper_channel(image, magnet(hidden=4))\n y = gelu(instance_std(h))";
    let frozen = freeze(&small(body));
    assert_sound(body, &frozen.model);
    let calls: Vec<&str> = (frozen.model.instances.iter())
        .map(|call| call.block.as_str())
        .collect();
    assert_eq!(calls, ["M", "hyper_channel", "channel_score", "head"]);
}

/// The statistics, the factor and the shift of a batch normalization end in the convolution before it, or in a linear map.
#[test]
fn a_batch_normalization_becomes_part_of_the_convolution() {
    for (body, wanted) in [
        (
            "y = conv(image, 6, size=3, bias=none) |> batch_norm |> relu",
            "y.conv.bias",
        ),
        (
            "y = linear(image, 6) |> batch_norm |> relu",
            "y.linear.bias",
        ),
    ] {
        let old = small(body);
        let frozen = freeze(&old);
        for name in ["running_std", "rescale", "mul", "add"] {
            assert_eq!(count(&frozen.model, name), 0, "{body}: {name}");
        }
        let text = text(&old, &frozen);
        assert!(text.contains(wanted), "{text}");
        assert!(
            text.contains("running statistics of y.batch_norm.running"),
            "{text}"
        );
    }
    // What two read stays as it is: a map of each channel, once for both.
    let old = small("c = conv(image, 6, size=3)\n y = batch_norm(c) + c");
    assert_eq!(count(&freeze(&old).model, "rescale"), 1);
}

/// Numbers over which running statistics of one channel are spread are no map of each channel.
#[test]
fn one_channel_that_is_spread_over_many_is_no_map_of_each() {
    for operator in ["*", "+"] {
        let body = format!(
            "r = running_std(mean(image, channels))\n y = r {operator} param(8, init=normal(1))"
        );
        let frozen = freeze(&small(&body));
        assert_sound(&body, &frozen.model);
        let of_one = |node: &Node| node.op.name() != "rescale" || node.shape.channels == 1;
        assert!(frozen.model.nodes.iter().all(of_one), "{body}");
    }
}

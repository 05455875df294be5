//! The names of the published PyTorch checkpoints and the paths of the models in `examples/`, side by side.

/// Tensors by themselves: published name, and the paths it may have, best first.
///
/// Local branches are told apart by what they read: the kernel is made from x, over hci; from hci, over x; from mix, over
/// x; from x, over mix. `digits.term` and `tiny.term` number them, `cifar10.term` names them by their sizes.
pub(super) const TENSORS: &[(&str, &[&str])] = &[
    ("blocks.{B}.bias", &["b[{B}].bias.value"]),
    ("out_layer.{*}", &["logits.linear.{*}"]),
    ("{R}bottleneck_layer.{*}", &["b[{B}].mixer.linear.{*}"]),
    ("{R}channel_mixer_mlp.{*}", &["b[{B}].mix.mixer.linear.{*}"]),
    (
        "{R}bias1",
        &["b[{B}].l1.bias.value", "b[{B}].l3.bias.value"],
    ),
    (
        "{R}bias2",
        &["b[{B}].l2.bias.value", "b[{B}].l9.bias.value"],
    ),
    (
        "{R}bias3",
        &["b[{B}].l5.bias.value", "b[{B}].l3.bias.value"],
    ),
    (
        "{R}bias4",
        &["b[{B}].l4.bias.value", "b[{B}].l7.bias.value"],
    ),
    (
        "{R}local_interact_conv_1.channel_mixer.{*}",
        &["b[{B}].l1.mixed.linear.{*}", "b[{B}].l3.mixed.linear.{*}"],
    ),
    (
        "{R}local_interact_conv_2.channel_mixer.{*}",
        &["b[{B}].l2.mixed.linear.{*}", "b[{B}].l9.mixed.linear.{*}"],
    ),
    (
        "{R}local_interact_conv_3.channel_mixer.{*}",
        &["b[{B}].l5.mixed.linear.{*}", "b[{B}].l3.mixed.linear.{*}"],
    ),
    (
        "{R}local_interact_conv_4.channel_mixer.{*}",
        &["b[{B}].l4.mixed.linear.{*}", "b[{B}].l7.mixed.linear.{*}"],
    ),
];

/// Gated units: the one on `x * K` is called `_2`.
pub(super) const UNITS: &[(&str, &[&str])] = &[
    ("{R}Fast_Kernel_rgu_2.{*}", &["b[{B}].fast.rgu[0].{*}"]),
    ("{R}Fast_Kernel_rgu.{*}", &["b[{B}].fast.rgu[1].{*}"]),
];

/// Tensors of a gated unit.
pub(super) const UNIT_PARTS: &[(&str, &str)] = &[
    ("fast_linear_k.{*}", "k.{*}"),
    ("fast_linear_v.{*}", "v.{*}"),
    ("fast_linear_q.{*}", "q.{*}"),
    ("fast_linear_y.{*}", "y.{*}"),
    ("bias_p", "gate.spatial_bias.value"),
    ("fast_bias_p", "gate.spatial_bias.value"),
];

/// Slow nets. Older checkpoints append `_hi` to those of the hyper interaction.
pub(super) const NETS: &[(&str, &[&str])] = &[
    ("{R}slow_net_g.Kernel.{*}", &["b[{B}].K.net.{*}"]),
    (
        "{R}slow_net_l1.Kernel.{*}",
        &["b[{B}].l1.kernel.net.{*}", "b[{B}].l3.kernel.net.{*}"],
    ),
    (
        "{R}slow_net_l2.Kernel.{*}",
        &["b[{B}].l2.kernel.net.{*}", "b[{B}].l9.kernel.net.{*}"],
    ),
    (
        "{R}slow_net_l3.Kernel.{*}",
        &["b[{B}].l5.kernel.net.{*}", "b[{B}].l3.kernel.net.{*}"],
    ),
    (
        "{R}slow_net_l4.Kernel.{*}",
        &["b[{B}].l4.kernel.net.{*}", "b[{B}].l7.kernel.net.{*}"],
    ),
    (
        "{R}channel_mixer_hci.slow_net_gc.Kernel.{*}",
        &["b[{B}].hci.hyper_channel.channel_score.kernel.net.{*}"],
    ),
    (
        "{R}hyper_interact.slow_net_gc.Kernel.{*}",
        &["b[{B}].inter.channel_score.kernel.net.{*}"],
    ),
    (
        "{R}hyper_interact.slow_net_gc_hi.Kernel.{*}",
        &["b[{B}].inter.channel_score.kernel.net.{*}"],
    ),
    (
        "{R}hyper_interact.slow_net_gs.Kernel.{*}",
        &["b[{B}].inter.spatial_score.kernel.net.{*}"],
    ),
    (
        "{R}hyper_interact.slow_net_gs_hi.Kernel.{*}",
        &["b[{B}].inter.spatial_score.kernel.net.{*}"],
    ),
];

/// Tensors of a slow net.
pub(super) const NET_PARTS: &[(&str, &str)] = &[
    ("filters.{I}.linear.{*}", "filters[{I}].{*}"),
    ("linears.{I}.{*}", "linears[{I}].{*}"),
    ("output_linear.{*}", "out.{*}"),
    ("fast_reduce.{*}", "reduce.{*}"),
    ("fast_fc1.{*}", "fc1.{*}"),
    ("fast_linears_x.{I}.{*}", "contexts[{I}].{*}"),
    ("bias_p", "shift"),
    ("bias_pk", "shift"),
];

/// What is added to every layer of a slow net, and a parameter that it has if it reads an activation.
pub(super) const SHIFT: (&str, &str) = (".shift", ".reduce.weight");

/// What the published code calls the shift of a slow net that reads an activation; of others it is the first of the two.
pub(super) const CONTEXT_BIAS: &str = ".bias_pk";

/// The one map that is no convolution.
pub(super) const LINEAR: &str = "out_layer.";

/// What `{R}` stands for.
pub(super) const ROOT: &str = "blocks.{B}.fast_multi_branch.";

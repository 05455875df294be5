//! The names of the published PyTorch checkpoints and the paths of the models in `examples/`, side by side.

/// Tensors by themselves: published name, and the paths it may have, best first.
pub(super) const TENSORS: &[(&str, &[&str])] = &[
    ("blocks.{B}.bias", &["b{B}.bias_0"]),
    ("out_layer.{*}", &["classes_linear_0.{*}"]),
    ("{R}bottleneck_layer.{*}", &["b{B}.bottleneck_0.{*}"]),
    ("{R}channel_mixer_mlp.{*}", &["b{B}.mix_mixer_0.{*}"]),
    // The kernel is made from x, over hci; from hci, over x; from mix, over x; from x, over mix.
    (
        "{R}bias1",
        &["b{B}.l3_local_0_bias", "b{B}.local1_local_0_bias"],
    ),
    (
        "{R}bias2",
        &["b{B}.l9_local_0_bias", "b{B}.local2_local_0_bias"],
    ),
    (
        "{R}bias3",
        &["b{B}.l5_local_0_bias", "b{B}.local3_local_0_bias"],
    ),
    (
        "{R}bias4",
        &["b{B}.l7_local_0_bias", "b{B}.local4_local_0_bias"],
    ),
    (
        "{R}local_interact_conv_1.channel_mixer.{*}",
        &["b{B}.l3_local_0_mixer.{*}", "b{B}.local1_local_0_mixer.{*}"],
    ),
    (
        "{R}local_interact_conv_2.channel_mixer.{*}",
        &["b{B}.l9_local_0_mixer.{*}", "b{B}.local2_local_0_mixer.{*}"],
    ),
    (
        "{R}local_interact_conv_3.channel_mixer.{*}",
        &["b{B}.l5_local_0_mixer.{*}", "b{B}.local3_local_0_mixer.{*}"],
    ),
    (
        "{R}local_interact_conv_4.channel_mixer.{*}",
        &["b{B}.l7_local_0_mixer.{*}", "b{B}.local4_local_0_mixer.{*}"],
    ),
];

/// Gated units: the one on `x * K` is called `_2`.
pub(super) const UNITS: &[(&str, &[&str])] = &[
    ("{R}Fast_Kernel_rgu_2.{*}", &["b{B}.fast_rgu_0{*}"]),
    ("{R}Fast_Kernel_rgu.{*}", &["b{B}.fast_rgu_1{*}"]),
];

/// Tensors of a gated unit.
pub(super) const UNIT_PARTS: &[(&str, &str)] = &[
    ("fast_linear_k.{*}", "_k.{*}"),
    ("fast_linear_v.{*}", "_v.{*}"),
    ("fast_linear_q.{*}", "_q.{*}"),
    ("fast_linear_y.{*}", "_y.{*}"),
    ("bias_p", "_bias"),
    ("fast_bias_p", "_bias"),
];

/// Slow nets. Older checkpoints append `_hi` to those of the hyper interaction.
pub(super) const NETS: &[(&str, &[&str])] = &[
    ("{R}slow_net_g.Kernel.{*}", &["b{B}.K_hyper_0.{*}"]),
    (
        "{R}slow_net_l1.Kernel.{*}",
        &["b{B}.l3_local_0.{*}", "b{B}.local1_local_0.{*}"],
    ),
    (
        "{R}slow_net_l2.Kernel.{*}",
        &["b{B}.l9_local_0.{*}", "b{B}.local2_local_0.{*}"],
    ),
    (
        "{R}slow_net_l3.Kernel.{*}",
        &["b{B}.l5_local_0.{*}", "b{B}.local3_local_0.{*}"],
    ),
    (
        "{R}slow_net_l4.Kernel.{*}",
        &["b{B}.l7_local_0.{*}", "b{B}.local4_local_0.{*}"],
    ),
    (
        "{R}channel_mixer_hci.slow_net_gc.Kernel.{*}",
        &["b{B}.hci_hyper_channel_0.{*}"],
    ),
    (
        "{R}hyper_interact.slow_net_gc.Kernel.{*}",
        &["b{B}.inter_hyper_interact_0_channel.{*}"],
    ),
    (
        "{R}hyper_interact.slow_net_gc_hi.Kernel.{*}",
        &["b{B}.inter_hyper_interact_0_channel.{*}"],
    ),
    (
        "{R}hyper_interact.slow_net_gs.Kernel.{*}",
        &["b{B}.inter_hyper_interact_0_spatial.{*}"],
    ),
    (
        "{R}hyper_interact.slow_net_gs_hi.Kernel.{*}",
        &["b{B}.inter_hyper_interact_0_spatial.{*}"],
    ),
];

/// Tensors of a slow net.
pub(super) const NET_PARTS: &[(&str, &str)] = &[
    ("filters.{I}.linear.{*}", "filters.{I}.{*}"),
    ("linears.{I}.{*}", "linears.{I}.{*}"),
    ("output_linear.{*}", "output.{*}"),
    ("fast_reduce.{*}", "reduce.{*}"),
    ("fast_fc1.{*}", "fc1.{*}"),
    ("fast_linears_x.{I}.{*}", "context.{I}.{*}"),
    ("bias_p", "bias"),
    ("bias_pk", "bias"),
];

/// What the published code calls the bias of a slow net that reads an activation; of others it is the first of the two.
pub(super) const CONTEXT_BIAS: &str = ".bias_pk";

/// The one map that is no convolution.
pub(super) const LINEAR: &str = "out_layer.";

/// What `{R}` stands for.
pub(super) const ROOT: &str = "blocks.{B}.fast_multi_branch.";

/// Prefixes that training frameworks put before every name.
pub(super) const WRAPPERS: &[&str] = &["network.", "module."];

/// Buffers of the published code that are no parameters.
pub(super) const IGNORED: &[&str] = &["train_length", "{*}.train_length"];

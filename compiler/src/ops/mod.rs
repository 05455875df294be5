//! The operations of the language: each states its parameters, its document and its lowering to primitives once.

mod encode;
mod interact;
mod kernel;
mod pointwise;
mod resize;
mod standardize;

use crate::check::Checker;
use crate::check::signature::{Args, Default, Slot, float, int, needed, word};
use crate::check::value::{InitSpec, Ty, Value};

/// One operation.
pub(crate) struct Operation {
    pub name: &'static str,
    pub slots: &'static [Slot],
    /// What it computes, as an equation where there is one.
    pub doc: &'static str,
    /// Adds its primitives; None if an error was reported.
    pub lower: fn(&mut Checker<'_>, &Args) -> Option<Value>,
}

/// Every operation.
static ALL: &[&Operation] = &[
    &kernel::HYPER,
    &kernel::LOCAL,
    &encode::RGU,
    &encode::SI_GLU,
    &encode::GELU,
    &encode::SIGMOID,
    &encode::BIAS,
    &encode::SPATIAL_BIAS,
    &encode::DROPOUT,
    &interact::HYPER_CHANNEL,
    &interact::HYPER_INTERACT,
    &pointwise::MIXER,
    &pointwise::POINTWISE,
    &pointwise::BOTTLENECK,
    &pointwise::LINEAR,
    &standardize::INSTANCE_STD,
    &standardize::BATCH_STD,
    &standardize::G_IBS,
    &resize::TILE,
    &resize::CHANNEL_MEAN,
    &resize::GLOBAL_MEAN,
];

/// The operation of this name.
pub(crate) fn find(name: &str) -> Option<&'static Operation> {
    ALL.iter().copied().find(|op| op.name == name)
}

/// All operations' names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> + Clone {
    ALL.iter().map(|op| op.name)
}

/// Initial distributions; None where a number must be given.
pub(crate) const INITS: &[(&str, Option<InitSpec>)] = &[
    ("kaiming_uniform", Some(InitSpec::KaimingUniform)),
    ("kaiming_normal", Some(InitSpec::KaimingNormal)),
    ("framework", Some(InitSpec::Framework)),
    ("zeros", Some(InitSpec::Constant(0.0))),
    ("ones", Some(InitSpec::Constant(1.0))),
    ("uniform", None),
    ("normal", None),
    ("constant", None),
];

/// Parameters of `magnet`.
pub(crate) const MAGNET: &[Slot] = &[
    needed("hidden", Ty::Int),
    int("layers", 2),
    float("omega", 2000.0),
    float("gamma", 6.0),
    word("init", Ty::Init, "kaiming_uniform"),
    float("bias", 1.0),
    Slot {
        name: "alpha",
        ty: Ty::Scale,
        default: Some(Default::Float(1.0)),
    },
    Slot {
        name: "beta",
        ty: Ty::Scale,
        default: Some(Default::Float(0.1)),
    },
];

/// `init: WORD`.
const fn init(default: &'static str) -> Slot {
    word("init", Ty::Init, default)
}

/// The initial distribution in a slot.
fn init_arg(args: &Args, i: usize) -> Option<InitSpec> {
    match args.value(i) {
        Value::Init(init) => Some(*init),
        _ => None,
    }
}

/// The documentation of all operations as Markdown: signature, meaning.
pub fn reference() -> String {
    let mut out = String::new();
    let mut entry = |name: &str, slots: &[Slot], doc: &str| {
        let slots: Vec<String> = slots
            .iter()
            .map(|s| match s.default {
                Some(default) => format!("{}: {} = {}", s.name, plain(s.ty), default.text()),
                None => format!("{}: {}", s.name, plain(s.ty)),
            })
            .collect();
        out.push_str(&format!("### `{name}({})`\n\n{doc}\n\n", slots.join(", ")));
    };
    for op in ALL {
        entry(op.name, op.slots, op.doc);
    }
    out
}

fn plain(ty: Ty) -> &'static str {
    match ty {
        Ty::Feature => "feature",
        Ty::Features => "features",
        Ty::FeatureOrList => "feature or features",
        Ty::Int => "int",
        Ty::Float => "float",
        Ty::Floats => "floats",
        Ty::Slow => "slow",
        Ty::Init => "init",
        Ty::Scale => "scale",
        Ty::Word(_) => "word",
        Ty::Bool => "bool",
    }
}

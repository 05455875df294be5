//! The primitive operations: one file each says what it reads, its parameters in the language, its shape rule, its cost
//! and what it depends on. `fused` has those that no file can write, which lowering and freezing put in their place.

mod activation;
mod adaptive_avg_pool;
pub(crate) mod arithmetic;
mod avg_pool;
mod concat;
mod constant;
mod conv;
mod depthwise;
mod dropout;
#[cfg(test)]
pub(crate) mod fake;
mod flatten;
mod fourier;
mod fused;
mod grid;
mod input;
mod linear;
mod long_conv;
pub(crate) mod matmul;
mod max_pool;
mod mean;
mod normalize;
mod part;
mod running_std;
mod signature;
mod standardize;
mod stop_gradient;
mod stored;
mod window;
pub(crate) mod written;

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::parts::{NodeId, Param, ParamId, Shape};

pub use activation::{Activation, Function};
pub use adaptive_avg_pool::AdaptiveAvgPool;
pub use arithmetic::{Add, Mul, Offset, ScaleBy, Sub};
pub use avg_pool::AvgPool;
pub use concat::Concat;
pub use constant::Fill;
pub use conv::Conv;
pub use depthwise::Depthwise;
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use fourier::Fourier;
pub use fused::{
    Bias, Context, ContextKernel, Grid, Kernel, Rescale, Scale, SlowNet, StandardizeScaled, Tile,
};
pub use grid::Coordinates;
pub use input::Input;
pub use linear::{Affine, Linear};
pub use long_conv::{Edges, LongConv};
pub use matmul::MatMul;
pub use max_pool::MaxPool;
pub use mean::Mean;
pub use normalize::Normalize;
pub use part::Part;
pub(crate) use part::{equal_parts_burn, equal_parts_torch};
pub use running_std::RunningStd;
pub use standardize::{Over, Standardize};
pub use stop_gradient::StopGradient;
pub use stored::Stored;
pub use window::Window;

pub(crate) use signature::{Build, NewParam, Parameterized, Signature};

/// The operators on tensors.
pub(crate) mod operators {
    pub(crate) use super::arithmetic::{add, mul, offset, scale_by, sub};
    pub(crate) use super::matmul::matmul;
}

/// Every primitive that a file can call, in the order of the reference.
static SIGNATURES: LazyLock<Vec<Signature>> = LazyLock::new(|| {
    let all: &[&[Signature]] = &[
        &[grid::SIGNATURE],
        &[stored::SIGNATURE],
        &[linear::SIGNATURE],
        &[conv::SIGNATURE],
        &[fourier::SIGNATURE],
        &[depthwise::SIGNATURE],
        &[long_conv::SIGNATURE],
        activation::SIGNATURES,
        &[stop_gradient::SIGNATURE],
        &[mean::SIGNATURE],
        &[standardize::SIGNATURE],
        &[running_std::SIGNATURE],
        &[normalize::SIGNATURE],
        &[avg_pool::SIGNATURE],
        &[max_pool::SIGNATURE],
        &[adaptive_avg_pool::SIGNATURE],
        &[concat::SIGNATURE],
        part::SIGNATURES,
        &[flatten::SIGNATURE],
        &[dropout::SIGNATURE],
    ];
    all.concat()
});

/// Every primitive that a file can call, in the order of the reference.
pub(crate) fn signatures() -> &'static [Signature] {
    &SIGNATURES
}

/// The number of a primitive in [`signatures`].
pub(crate) fn number(name: &str) -> Option<usize> {
    static NUMBERS: LazyLock<FxHashMap<&str, usize>> = LazyLock::new(|| {
        let names = signatures().iter().map(|signature| signature.name);
        names.zip(0..).collect()
    });
    NUMBERS.get(name).copied()
}

/// Sees what an operation reads, and may put something else in its place.
pub trait Visitor {
    /// An operand.
    fn node(&mut self, _id: &mut NodeId) {}
    /// A parameter.
    fn param(&mut self, _id: &mut ParamId) {}
}

/// What an operation may ask of the graph that it is part of.
pub trait Operands {
    /// The shape of a node.
    fn shape(&self, id: NodeId) -> &Shape;

    /// A stored tensor.
    fn tensor(&self, id: ParamId) -> &Param;
}

/// What an operation is, apart from its value.
pub trait Primitive {
    /// What it is called in listings.
    fn name(&self) -> &'static str;

    /// Shows the visitor every operand and every parameter, in order.
    fn visit(&mut self, visitor: &mut dyn Visitor);

    /// What computing the value `[N or 1, ...]` of this shape takes, per image or, where no image changes it, per pass.
    fn work(&self, graph: &dyn Operands, shape: &Shape) -> Work;

    /// Whether the value for one image depends on the other images, if what it reads depends on images at all.
    fn couples(&self) -> bool {
        false
    }
}

/// How much an operation computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Multiply-adds of linear maps, convolutions (padding counted) and matrix products.
    pub multiply_adds: u64,
    /// Other floating-point operations.
    pub elementwise: u64,
    /// Of both kinds, what is done on every image besides although the result is the same for all (a mean over the
    /// batch).
    pub per_image: Option<(u64, u64)>,
}

impl Work {
    /// Nothing but elementwise operations: so many for each scalar of a value.
    pub(crate) fn each(shape: &Shape, operations: u64) -> Self {
        Self {
            elementwise: scalars(shape).saturating_mul(operations),
            ..Self::default()
        }
    }
}

/// Scalars of a value per image.
pub(crate) fn scalars(shape: &Shape) -> u64 {
    shape.per_image() as u64
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a node computes.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Op {
            $($(#[$doc])* $name($name),)*
        }

        impl Op {
            fn primitive(&self) -> &dyn Primitive {
                match self { $(Self::$name(op) => op,)* }
            }

            /// How it is written in emitted source.
            pub(crate) fn written(&self) -> &dyn written::Written {
                match self { $(Self::$name(op) => op,)* }
            }

            fn primitive_mut(&mut self) -> &mut dyn Primitive {
                match self { $(Self::$name(op) => op,)* }
            }
        }

        $(impl From<$name> for Op {
            fn from(op: $name) -> Self {
                Self::$name(op)
            }
        })*
    };
}

operations! {
    /// The model's input.
    Input,
    /// Coordinates.
    Coordinates,
    /// A stored tensor.
    Stored,
    /// A number everywhere.
    Fill,
    /// A linear map of the channels at each position.
    Linear,
    /// A convolution with learned kernels.
    Conv,
    /// Sines of a linear map of coordinates.
    Fourier,
    /// A convolution of each channel with a kernel of its own.
    Depthwise,
    /// A convolution with a kernel of as many positions.
    LongConv,
    /// A function of each scalar.
    Activation,
    /// The same value, through which no gradient flows.
    StopGradient,
    /// A mean over axes.
    Mean,
    /// Zero mean and unit variance over axes.
    Standardize,
    /// Zero mean and unit variance of each channel, in evaluation by running averages.
    RunningStd,
    /// Divided by its norm over axes.
    Normalize,
    /// The mean of each window.
    AvgPool,
    /// The largest scalar of each window.
    MaxPool,
    /// Means over as many windows as there are to be positions.
    AdaptiveAvgPool,
    /// Joined along channels.
    Concat,
    /// Some of the channels.
    Part,
    /// All positions as channels.
    Flatten,
    /// Random zeroes in training.
    Dropout,
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product of scalars.
    Mul,
    /// Times a number.
    ScaleBy,
    /// Plus a number.
    Offset,
    /// Matrix product of planes.
    MatMul,
    /// A slow net on coordinates alone.
    Kernel,
    /// A slow net that also reads an activation.
    ContextKernel,
    /// A standardization of a scaled activation.
    StandardizeScaled,
    /// A standardization with known statistics.
    Rescale,
    /// Plus a stored scalar or one per position.
    Bias,
    /// All channels again and again.
    Tile,
}

struct Collect {
    nodes: Vec<NodeId>,
    params: Vec<ParamId>,
}

impl Visitor for Collect {
    fn node(&mut self, id: &mut NodeId) {
        self.nodes.push(*id);
    }

    fn param(&mut self, id: &mut ParamId) {
        self.params.push(*id);
    }
}

impl Op {
    /// What it is called in listings.
    pub fn name(&self) -> &'static str {
        self.primitive().name()
    }

    /// The nodes it reads, in order.
    pub fn operands(&self) -> Vec<NodeId> {
        self.read().nodes
    }

    /// The parameters it reads, in order.
    pub fn params(&self) -> Vec<ParamId> {
        self.read().params
    }

    fn read(&self) -> Collect {
        let mut collect = Collect {
            nodes: vec![],
            params: vec![],
        };
        self.clone().visit(&mut collect);
        collect
    }

    /// Shows the visitor every operand and every parameter, in order.
    pub(crate) fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.primitive_mut().visit(visitor);
    }

    /// What computing its value takes.
    pub(crate) fn work(&self, graph: &dyn Operands, shape: &Shape) -> Work {
        self.primitive().work(graph, shape)
    }

    /// Whether it couples the images of a batch, if what it reads depends on images at all.
    pub fn couples(&self) -> bool {
        self.primitive().couples()
    }
}

#[cfg(test)]
mod tests {

    use super::signatures;
    use crate::language::Ty;

    #[test]
    fn parameters_with_defaults_come_last_and_all_are_documented() {
        for signature in signatures() {
            assert!(signature.doc.ends_with('.'), "{}", signature.name);
            let parameters = (signature.parameters)();
            let first = parameters.iter().position(|p| p.default.is_some());
            for (i, parameter) in parameters.iter().enumerate() {
                assert!(parameter.doc.trim().ends_with('.'), "{}", parameter.name);
                let late = first.is_some_and(|first| i > first);
                assert!(!late || parameter.default.is_some(), "{}", parameter.name);
                assert!(parameter.ty != Ty::Values, "{}", parameter.name);
            }
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = signatures().iter().map(|s| s.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}

//! Where values change their type in mixed precision: the types of operands that meet, and what is computed in 32 bits
//! whatever it reads. The types themselves decide, so that nothing here does anything in a pass of 32-bit floats.

use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor};

/// Type of the activations. Parameters, slow nets, statistics, means over positions and the loss are 32-bit floats always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    F32,
    /// 16-bit brain floats.
    Bf16,
}

impl Precision {
    /// The type of the input, and so of what is computed from it.
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
        }
    }

    /// `f32` or `bf16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }

    /// By its name; anything else is 32 bits.
    pub fn named(name: &str) -> Self {
        match name {
            "bf16" => Self::Bf16,
            _ => Self::F32,
        }
    }
}

/// A tensor as another type; itself if it is of that type.
pub(super) fn to<B: Backend, const D: usize>(x: Tensor<B, D>, dtype: DType) -> Tensor<B, D> {
    match x.dtype() == dtype {
        true => x,
        false => x.cast(dtype),
    }
}

/// The type in which values meet: the shorter one, so that a kernel of a slow net becomes as short as the activation.
fn meeting(mut types: impl Iterator<Item = DType>) -> DType {
    match types.any(|dtype| dtype == DType::BF16) {
        true => DType::BF16,
        false => DType::F32,
    }
}

/// Values of one type.
pub(super) fn joined<B: Backend>(parts: Vec<Tensor<B, 4>>) -> Vec<Tensor<B, 4>> {
    let dtype = meeting(parts.iter().map(Tensor::dtype));
    parts.into_iter().map(|part| to(part, dtype)).collect()
}

/// Two values of one type.
pub(super) fn pair<B: Backend>(a: Tensor<B, 4>, b: Tensor<B, 4>) -> (Tensor<B, 4>, Tensor<B, 4>) {
    let dtype = meeting([a.dtype(), b.dtype()].into_iter());
    (to(a, dtype), to(b, dtype))
}

/// Computes in 32 bits and gives a result of the operand's type; `short` says that `f` does so by itself.
pub(super) fn wide<B: Backend>(
    x: Tensor<B, 4>,
    short: bool,
    f: impl FnOnce(Tensor<B, 4>) -> Tensor<B, 4>,
) -> Tensor<B, 4> {
    let dtype = x.dtype();
    match short {
        true => f(x),
        false => to(f(to(x, DType::F32)), dtype),
    }
}

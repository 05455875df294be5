//! Where values change their type in mixed precision: the types of operands that meet, and what is computed in 32 bits
//! whatever it reads. The types themselves decide, so that nothing here does anything in a pass of 32-bit floats.

use burn::tensor::{DType, Tensor};
use termc_kernels::composed::elementwise::for_each_image;

use crate::choice::named_values;

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
}

named_values!(Precision, "precision", { F32: "f32", Bf16: "bf16" });

/// A tensor as another type; itself if it is of that type.
pub(super) fn to<const D: usize>(x: Tensor<D>, dtype: DType) -> Tensor<D> {
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

/// Values of one type, and repeated for each image where others are not the same for all.
pub(super) fn joined(parts: Vec<Tensor<4>>) -> Vec<Tensor<4>> {
    let dtype = meeting(parts.iter().map(Tensor::dtype));
    let parts = parts.into_iter().map(|part| to(part, dtype)).collect();
    for_each_image(parts)
}

/// Two values of one type.
pub(super) fn pair(a: Tensor<4>, b: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
    let dtype = meeting([a.dtype(), b.dtype()].into_iter());
    (to(a, dtype), to(b, dtype))
}

/// Computes in 32 bits and gives a result of the operand's type.
pub(super) fn wide(x: Tensor<4>, f: impl FnOnce(Tensor<4>) -> Tensor<4>) -> Tensor<4> {
    let dtype = x.dtype();
    to(f(to(x, DType::F32)), dtype)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precisions_are_read_and_written_by_name() {
        for precision in Precision::ALL {
            let name = precision.to_string();
            assert_eq!(name.parse(), Ok(*precision));
            let json = serde_json::to_string(precision).unwrap();
            assert_eq!(json, format!("\"{name}\""));
            assert_eq!(
                serde_json::from_str::<Precision>(&json).unwrap(),
                *precision
            );
        }
    }

    #[test]
    fn an_unknown_precision_is_an_error() {
        let expected = "`f61` is not a precision; there are `f32`, `bf16`";
        assert_eq!("f61".parse::<Precision>(), Err(expected.to_owned()));
        let error = serde_json::from_str::<Precision>("\"f61\"").unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(serde_json::from_str::<Precision>("32").is_err());
    }
}

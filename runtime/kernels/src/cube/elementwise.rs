//! Functions of single numbers in Burn's operations, computed in 32 bits, and their gradients from the input alone (of the
//! logistic function from the result).

use std::f64::consts::FRAC_1_SQRT_2;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::{DType, FloatDType};

use crate::call::Activation;

/// `1 / sqrt(2 pi)`
const INVERSE_ROOT_TAU: f64 = 0.398_942_280_401_432_7;

/// The tensor as another type; itself if it is of that type.
pub fn cast<B: Backend>(x: FloatTensor<B>, dtype: DType) -> FloatTensor<B> {
    match x.dtype() == dtype {
        true => x,
        false => B::float_cast(x, FloatDType::from(dtype)),
    }
}

fn times<B: Backend>(x: FloatTensor<B>, factor: f64) -> FloatTensor<B> {
    B::float_mul_scalar(x, factor.into())
}

fn plus<B: Backend>(x: FloatTensor<B>, summand: f64) -> FloatTensor<B> {
    B::float_add_scalar(x, summand.into())
}

/// `(1 + erf(x / sqrt 2)) / 2`
fn normal<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    times::<B>(
        plus::<B>(B::float_erf(times::<B>(x, FRAC_1_SQRT_2)), 1.0),
        0.5,
    )
}

/// The function of every number.
pub fn activate<B: Backend>(x: FloatTensor<B>, activation: Activation) -> FloatTensor<B> {
    let dtype = x.dtype();
    let x = cast::<B>(x, DType::F32);
    let y = match activation {
        Activation::Gelu => B::float_mul(x.clone(), normal::<B>(x)),
        Activation::Sigmoid => B::sigmoid(x),
        Activation::Silu => B::float_mul(B::sigmoid(x.clone()), x),
    };
    cast::<B>(y, dtype)
}

/// The gradient of the input from that of the result and what [`Call::saved`](crate::Call::saved) says is kept.
pub fn gradient<B: Backend>(
    grad: FloatTensor<B>,
    saved: FloatTensor<B>,
    activation: Activation,
) -> FloatTensor<B> {
    let dtype = saved.dtype();
    let saved = cast::<B>(saved, DType::F32);
    let slope = match activation {
        Activation::Gelu => {
            let square = B::float_mul(saved.clone(), saved.clone());
            let bell = times::<B>(B::float_exp(times::<B>(square, -0.5)), INVERSE_ROOT_TAU);
            B::float_add(normal::<B>(saved.clone()), B::float_mul(saved, bell))
        }
        Activation::Sigmoid => falling::<B>(saved),
        Activation::Silu => {
            let s = B::sigmoid(saved.clone());
            B::float_add(s.clone(), B::float_mul(saved, falling::<B>(s)))
        }
    };
    cast::<B>(B::float_mul(cast::<B>(grad, DType::F32), slope), dtype)
}

/// `s * (1 - s)`
fn falling<B: Backend>(s: FloatTensor<B>) -> FloatTensor<B> {
    B::float_mul(s.clone(), plus::<B>(B::float_neg(s), 1.0))
}

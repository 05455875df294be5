//! Pieces of kernels: sums over the units of a cube, and the GELU and its slope. No launches.

use cubecl::prelude::*;

/// Units of a cube.
pub const UNITS: usize = 256;

/// The sum of every unit's value, in a fixed order; all units must call it.
#[cube]
pub fn over_cube(value: f32, shared: &mut Shared<[f32]>) -> f32 {
    let unit = UNIT_POS as usize;
    shared[unit] = value;
    sync_cube();
    let first = comptime!(UNITS / 2);
    let mut half = first.runtime();
    while half > 0 {
        if unit < half {
            let sum = shared[unit] + shared[unit + half];
            shared[unit] = sum;
        }
        sync_cube();
        half /= 2;
    }
    let total = shared[0];
    sync_cube();
    total
}

/// GELU, the exact form.
#[cube]
pub fn gelu<F: Float>(x: F) -> F {
    let gate = (x * F::new(std::f32::consts::FRAC_1_SQRT_2)).erf();
    F::new(0.5) * x * (F::new(1.0) + gate)
}

/// The derivative of GELU.
#[cube]
pub fn gelu_slope<F: Float>(x: F) -> F {
    let gate = (x * F::new(std::f32::consts::FRAC_1_SQRT_2)).erf();
    let bell = (F::new(-0.5) * x * x).exp() * F::new(0.398_942_3);
    F::new(0.5) * (F::new(1.0) + gate) + x * bell
}

/// A number of a map, or of the product of two.
#[cube]
pub fn value<E: Float>(a: &Tensor<E>, b: &Tensor<E>, at: usize, #[comptime] product: bool) -> f32 {
    let mut x = f32::cast_from(a[at]);
    if product {
        x *= f32::cast_from(b[at]);
    }
    x
}

//! Convolutions as long as what they are applied to, with plain Burn operations: Fourier transforms as products with small
//! matrices, so that every device has them and their gradients.
//!
//! A line of n positions is laid out as a plane of about sqrt(n) by sqrt(n) before (Bailey's four steps), which makes
//! O(n^1.5) of O(n^2).

use std::f64::consts::TAU;

use burn::tensor::{Tensor, TensorData};

/// `y[i] = sum_j x[j] kernel[i - j]` with indices that go round at the edges, along both axes of `[N, C, H, W]`; the kernel has
/// as many positions as `x`, and one of them may hold for all images.
pub fn long_conv_circular(x: Tensor<4>, kernel: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    let full = long_conv_full(x, kernel);
    fold(fold(full, 2, height), 3, width)
}

/// `y[i] = sum_j x[j] kernel[i - j + centre]` with zeros beyond the edges, the centre of n positions being `(n - 1) / 2`,
/// rounded down.
pub fn long_conv_zero(x: Tensor<4>, kernel: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    let full = long_conv_full(x, kernel);
    let rows = full.narrow(2, (height - 1) / 2, height);
    rows.narrow(3, (width - 1) / 2, width)
}

/// `y[i] = sum_{j <= i} x[j] kernel[i - j]` along a line, `[N, C, L, 1]`.
pub fn long_conv_causal(x: Tensor<4>, kernel: Tensor<4>) -> Tensor<4> {
    let length = x.dims()[2];
    long_conv_full(x, kernel).narrow(2, 0, length)
}

/// The convolution at all positions where anything meets: `[N, C, 2 H - 1, 2 W - 1]`.
pub fn long_conv_full(x: Tensor<4>, kernel: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    let (rows, columns) = (2 * height - 1, 2 * width - 1);
    if columns > 1 {
        let transform = Transform::new([rows, columns], false, &x);
        return Transform::convolve(&transform, x, kernel);
    }
    let mut side = 1;
    while side * side * 4 <= rows {
        side *= 2;
    }
    let transform = Transform::new([side, rows.div_ceil(side)], true, &x);
    Transform::convolve(&transform, x, kernel).narrow(2, 0, rows)
}

/// The parts before and after `size` added up, one round of an axis of `2 size - 1`.
fn fold(x: Tensor<4>, axis: usize, size: usize) -> Tensor<4> {
    if size == 1 {
        return x;
    }
    let around = x.clone().narrow(axis, size, size - 1);
    x.narrow(axis, 0, size) + lengthened(around, axis, size)
}

/// Zeros after what there is along an axis.
fn lengthened(x: Tensor<4>, axis: usize, size: usize) -> Tensor<4> {
    let mut shape = x.dims();
    let Some(side) = shape.get_mut(axis).filter(|side| **side < size) else {
        return x;
    };
    *side = size - *side;
    let zeros = Tensor::zeros(shape, (&x.device(), x.dtype()));
    Tensor::cat(vec![x, zeros], axis)
}

/// Real and imaginary part.
type Complex = [Tensor<4>; 2];

/// A Fourier transform of planes, or of lines that are laid out as planes. Frequencies stand in whatever order it makes them.
struct Transform {
    sides: [usize; 2],
    /// `exp(-2 pi i j k / n)` of each side.
    rows: Complex,
    columns: Complex,
    /// What lines take between the two, `exp(-2 pi i j k / (n m))`.
    between: Option<Complex>,
}

impl Transform {
    fn new(sides: [usize; 2], line: bool, like: &Tensor<4>) -> Self {
        let [rows, columns] = sides;
        Self {
            sides,
            rows: roots([rows, rows], rows, like),
            columns: roots([columns, columns], columns, like),
            between: line.then(|| roots(sides, rows * columns, like)),
        }
    }
}

impl Transform {
    fn convolve(&self, x: Tensor<4>, kernel: Tensor<4>) -> Tensor<4> {
        let [x, kernel] = [x, kernel].map(|each| self.forward(each));
        self.backward(product(x, kernel, false))
    }
}

impl Transform {
    /// `[N, C, H, W]`, zeros added, to its frequencies `[N, C, rows, columns]`.
    fn forward(&self, x: Tensor<4>) -> Complex {
        let [images, channels, ..] = x.dims();
        let [rows, columns] = self.sides;
        let x = match self.between {
            Some(_) => lengthened(x, 2, rows * columns).reshape([images, channels, rows, columns]),
            None => lengthened(lengthened(x, 2, rows), 3, columns),
        };
        let mut y = self.rows.clone().map(|part| part.matmul(x.clone()));
        if let Some(between) = &self.between {
            y = product(y, between.clone(), false);
        }
        let [re, im] = y;
        let [cos, sin] = self.columns.clone();
        let both = re.clone().matmul(cos.clone()) - im.clone().matmul(sin.clone());
        [both, re.matmul(sin) + im.matmul(cos)]
    }
}

impl Transform {
    /// Frequencies to the real numbers that they are of.
    fn backward(&self, [re, im]: Complex) -> Tensor<4> {
        let [cos, sin] = self.columns.clone();
        let both = re.clone().matmul(cos.clone()) + im.clone().matmul(sin.clone());
        let mut y = [both, im.matmul(cos) - re.matmul(sin)];
        if let Some(between) = &self.between {
            y = product(y, between.clone(), true);
        }
        let ([re, im], [cos, sin]) = (y, self.rows.clone());
        // A tensor: the gradient of a division by a number rounds it to 32 bits.
        let (device, dtype) = (re.device(), re.dtype());
        let scale = 1.0 / (self.sides[0] * self.sides[1]) as f64;
        let scale = Tensor::<4>::full([1, 1, 1, 1], scale, (&device, dtype));
        let x = (cos.matmul(re) + sin.matmul(im)) * scale;
        let [images, channels, rows, columns] = x.dims();
        match self.between {
            Some(_) => x.reshape([images, channels, rows * columns, 1]),
            None => x,
        }
    }
}

/// `a * b`, or `a` times the conjugate of `b`.
fn product([a, b]: Complex, [c, d]: Complex, conjugate: bool) -> Complex {
    let (ac, bd) = (a.clone() * c.clone(), b.clone() * d.clone());
    let (ad, bc) = (a * d, b * c);
    match conjugate {
        true => [ac + bd, bc - ad],
        false => [ac - bd, ad + bc],
    }
}

/// `exp(-2 pi i j k / n)` for all j and k up to these sides, `[1, 1, rows, columns]`, of the type of `like` and on its device.
fn roots([rows, columns]: [usize; 2], n: usize, like: &Tensor<4>) -> Complex {
    let turn = TAU / n as f64;
    let angles = (0..rows).flat_map(|j| (0..columns).map(move |k| j * k % n));
    // Between minus and plus half a turn, where angles are rounded least.
    let angles = angles.map(|at| turn * (at as f64 - if 2 * at > n { n as f64 } else { 0.0 }));
    let data = TensorData::new(angles.collect::<Vec<f64>>(), [1, 1, rows, columns]);
    let angles = Tensor::<4>::from_data(data, (&like.device(), like.dtype()));
    [angles.clone().cos(), angles.sin().neg()]
}

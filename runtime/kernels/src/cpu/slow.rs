//! A whole slow net as one operation, one block of positions at a time, so that nothing of it leaves the cache; its gradients
//! are in `backward`.

mod backward;

pub use self::backward::backward;
use super::broadcast::dot;
use super::gemm::COLUMNS;
use super::math::gelu;
use super::matmul::product;
use super::parallel::{Columns, each};
use super::pool::{self, Buffer};
use super::simd::multiversion;
use super::sine::{cosines_1d, cosines_2d, sines_1d, sines_2d};

/// Weight `[out, in]` and bias `[out]`.
#[derive(Clone, Copy)]
pub struct Linear<'a> {
    /// Row-major.
    pub weight: &'a [f32],
    /// One value per row.
    pub bias: &'a [f32],
}

/// The part that reads an activation.
pub struct Context<'a> {
    /// Pooled activation `[channels, positions]`.
    pub pooled: &'a [f32],
    /// `[hidden, channels]`.
    pub reduce: Linear<'a>,
    /// `[hidden, hidden]`.
    pub fc1: Linear<'a>,
    /// One `[hidden, hidden]` per layer.
    pub layers: Vec<Linear<'a>>,
    /// Weight of the detached value.
    pub alpha: f32,
    /// Weight of the normalised value.
    pub beta: f32,
}

/// A slow net, its weights and positions.
pub struct Net<'a> {
    /// One or two coordinates of each position.
    pub grid: &'a [Vec<f64>],
    /// One more than layers.
    pub filters: Vec<Linear<'a>>,
    /// One per layer.
    pub linears: Vec<Linear<'a>>,
    /// `[outputs, hidden]`.
    pub output: Linear<'a>,
    /// One value per position.
    pub bias: &'a [f32],
    /// None for a net on coordinates alone.
    pub context: Option<Context<'a>>,
}

/// Smallest norm divided by.
const FLOOR: f32 = 1e-12;

multiversion! {
    fn activate(to: &mut [f32], x: &[f32]) {
        for (t, x) in to.iter_mut().zip(x) { *t = gelu(*x); }
    }

    /// `to = a * b + c`
    fn modulate(to: &mut [f32], a: &[f32], b: &[f32], c: &[f32]) {
        for (t, ((a, b), c)) in to.iter_mut().zip(a.iter().zip(b).zip(c)) { *t = a.mul_add(*b, *c); }
    }

    /// `to = a * b`
    fn hadamard(to: &mut [f32], a: &[f32], b: &[f32]) {
        for (t, (a, b)) in to.iter_mut().zip(a.iter().zip(b)) { *t = a * b; }
    }

    fn scale(to: &mut [f32], x: &[f32], factor: f32) {
        for (t, x) in to.iter_mut().zip(x) { *t = factor * x; }
    }

    fn shift(to: &mut [f32], by: f32) {
        for t in to { *t += by; }
    }
}

/// What the context path computes.
struct ContextTrace {
    reduced: Buffer,
    before: Buffer,
    ctx: Buffer,
}

/// What one layer computes, `[hidden, block]` each.
struct LayerTrace {
    gabor: Buffer,
    linear: Buffer,
    /// Before the context: `gabor * linear + bias`.
    value: Buffer,
    /// Per hidden channel, with a context.
    norms: Vec<f32>,
    /// With a context: `alpha * value + beta * value / norm`, and what it is multiplied by.
    scaled: Option<(Buffer, Buffer)>,
}

impl Net<'_> {
    fn positions(&self) -> usize {
        self.bias.len()
    }

    fn hidden(&self) -> usize {
        self.output.weight.len() / self.outputs().max(1)
    }

    fn outputs(&self) -> usize {
        self.output.bias.len()
    }

    /// Blocks of positions; the norms of a context need all of them at once.
    fn block(&self) -> usize {
        match self.context {
            Some(_) => self.positions(),
            None => COLUMNS,
        }
    }

    /// Sizes of all inputs that have gradients, in the order of [`backward`]'s result.
    pub fn sizes(&self) -> Vec<usize> {
        let pair = |l: &Linear| [l.weight.len(), l.bias.len()];
        let mut sizes: Vec<usize> = self
            .filters
            .iter()
            .chain(&self.linears)
            .flat_map(pair)
            .collect();
        sizes.extend(pair(&self.output));
        sizes.push(self.bias.len());
        if let Some(c) = &self.context {
            sizes.push(c.pooled.len());
            sizes.extend(
                [&c.reduce, &c.fc1]
                    .into_iter()
                    .chain(&c.layers)
                    .flat_map(pair),
            );
            sizes.extend([1, 1]);
        }
        sizes
    }

    /// Sines (or cosines) of one filter at positions `from..to`.
    fn filter(&self, filter: Linear, from: usize, to: usize, cosine: bool) -> Buffer {
        let width = to - from;
        let mut out = pool::take(self.hidden() * width);
        let rows = out.chunks_mut(width).zip(filter.bias);
        match self.grid {
            [line] => {
                for ((row, bias), weight) in rows.zip(filter.weight) {
                    let run = if cosine { cosines_1d } else { sines_1d };
                    run(row, f64::from(*weight), &line[from..to], f64::from(*bias));
                }
            }
            [y, x, ..] => {
                for ((row, bias), weight) in rows.zip(filter.weight.chunks_exact(2)) {
                    let run = if cosine { cosines_2d } else { sines_2d };
                    let weight = [f64::from(weight[0]), f64::from(weight[1])];
                    run(row, weight, &y[from..to], &x[from..to], f64::from(*bias));
                }
            }
            [] => out.fill(0.0),
        }
        out
    }

    fn context(&self) -> Option<ContextTrace> {
        let context = self.context.as_ref()?;
        let reduced = linear(context.reduce, context.pooled, self.positions());
        let before = linear(context.fc1, &reduced, self.positions());
        let mut ctx = pool::take(before.len());
        activate(&mut ctx, &before);
        Some(ContextTrace {
            reduced,
            before,
            ctx,
        })
    }

    fn layer(
        &self,
        i: usize,
        h: &[f32],
        ctx: Option<&ContextTrace>,
        from: usize,
        to: usize,
    ) -> LayerTrace {
        let width = to - from;
        let gabor = self.filter(self.filters[i + 1], from, to, false);
        let linear_out = linear(self.linears[i], h, width);
        let mut value = pool::take(gabor.len());
        let bias = &self.bias[from..to];
        for ((v, g), l) in value
            .chunks_mut(width)
            .zip(gabor.chunks(width))
            .zip(linear_out.chunks(width))
        {
            modulate(v, g, l, bias);
        }
        let mut norms = Vec::new();
        let scaled = match (&self.context, ctx) {
            (Some(context), Some(trace)) => {
                let factor = linear(context.layers[i], &trace.ctx, width);
                let mut scaled = pool::take(value.len());
                for (s, v) in scaled.chunks_mut(width).zip(value.chunks(width)) {
                    let norm = dot(v, v).sqrt().max(FLOOR);
                    norms.push(norm);
                    scale(s, v, context.alpha + context.beta / norm);
                }
                Some((scaled, factor))
            }
            _ => None,
        };
        LayerTrace {
            gabor,
            linear: linear_out,
            value,
            norms,
            scaled,
        }
    }
}

impl LayerTrace {
    /// What the next layer reads.
    fn result(&self) -> Buffer {
        let mut h = pool::take(self.value.len());
        match &self.scaled {
            Some((scaled, factor)) => hadamard(&mut h, scaled, factor),
            None => h.copy_from_slice(&self.value),
        }
        h
    }
}

/// `weight * x + bias` for `x` of `width` columns.
fn linear(map: Linear, x: &[f32], width: usize) -> Buffer {
    let rows = map.bias.len();
    let mut out = pool::take(rows * width);
    product(map.weight, x, &mut out, map.weight.len() / rows, width);
    for (row, bias) in out.chunks_mut(width).zip(map.bias) {
        shift(row, *bias);
    }
    out
}

/// The kernel `[outputs, positions]`.
pub fn forward(net: &Net) -> Buffer {
    let (positions, outputs, block) = (net.positions(), net.outputs(), net.block());
    let mut out = pool::take(outputs * positions);
    let columns = Columns::new(&mut out, outputs, positions, block);
    let ctx = net.context();
    each(positions.div_ceil(block), |b| {
        let (from, to) = (b * block, positions.min((b + 1) * block));
        let mut h = net.filter(net.filters[0], from, to, false);
        for i in 0..net.linears.len() {
            h = net.layer(i, &h, ctx.as_ref(), from, to).result();
        }
        let result = linear(net.output, &h, to - from);
        let mut target = columns.block(0, b);
        for (row, values) in result.chunks(to - from).enumerate() {
            target.row(row).copy_from_slice(values);
        }
    });
    out
}

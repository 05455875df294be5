//! A whole slow net as one operation: forward and all gradients, one block of positions at a time, so that nothing of
//! it leaves the cache. The backward pass computes the block again instead of keeping it.

use super::gemm::COLUMNS;
use super::math::{gelu, gelu_slope};
use super::matmul::product;
use super::parallel::{Shared, each};
use super::pointwise::{add_parts, add_to, sum};
use super::pool::{self, Buffer};
use super::simd::multiversion;
use super::sine::{cosines_1d, cosines_2d, sines_1d, sines_2d};
use super::stretch::dot;
use super::transpose::transpose;

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

    fn through_activation(grad: &mut [f32], x: &[f32]) {
        for (g, x) in grad.iter_mut().zip(x) { *g *= gelu_slope(*x); }
    }

    /// `to = a * b + c`
    fn modulate(to: &mut [f32], a: &[f32], b: &[f32], c: &[f32]) {
        for (t, ((a, b), c)) in to.iter_mut().zip(a.iter().zip(b).zip(c)) { *t = a.mul_add(*b, *c); }
    }

    /// `to = a * b`
    fn hadamard(to: &mut [f32], a: &[f32], b: &[f32]) {
        for (t, (a, b)) in to.iter_mut().zip(a.iter().zip(b)) { *t = a * b; }
    }

    fn times(to: &mut [f32], factor: &[f32]) {
        for (t, f) in to.iter_mut().zip(factor) { *t *= f; }
    }

    fn scale(to: &mut [f32], x: &[f32], factor: f32) {
        for (t, x) in to.iter_mut().zip(x) { *t = factor * x; }
    }

    fn shift(to: &mut [f32], by: f32) {
        for t in to { *t += by; }
    }

    /// `to = factor * (grad - value * along)`
    fn project(to: &mut [f32], grad: &[f32], value: &[f32], factor: f32, along: f32) {
        for (t, (g, v)) in to.iter_mut().zip(grad.iter().zip(value)) { *t = factor * v.mul_add(-along, *g); }
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

/// Adds the gradients of weight and bias, gives that of the input.
fn linear_back(
    map: Linear,
    x: &[f32],
    grad: &[f32],
    width: usize,
    dw: &mut [f32],
    db: &mut [f32],
) -> Buffer {
    let (rows, inner) = (map.bias.len(), map.weight.len() / map.bias.len());
    let mut flipped = pool::take(inner * width.max(rows));
    transpose(x, width, &mut flipped, inner, inner, width);
    let mut product_out = pool::take(rows * inner);
    product(
        grad,
        &flipped[..inner * width],
        &mut product_out,
        width,
        inner,
    );
    add_to(dw, &product_out);
    for (db, row) in db.iter_mut().zip(grad.chunks(width)) {
        *db += sum(row);
    }
    transpose(map.weight, inner, &mut flipped, rows, rows, inner);
    let mut dx = pool::take(inner * width);
    product(&flipped[..inner * rows], grad, &mut dx, rows, width);
    dx
}

/// The kernel `[outputs, positions]`.
pub fn forward(net: &Net) -> Buffer {
    let (positions, outputs, block) = (net.positions(), net.outputs(), net.block());
    let mut out = pool::take(outputs * positions);
    let shared = Shared::new(&mut out);
    let ctx = net.context();
    each(positions.div_ceil(block), |b| {
        let (from, to) = (b * block, positions.min((b + 1) * block));
        let mut h = net.filter(net.filters[0], from, to, false);
        for i in 0..net.linears.len() {
            h = net.layer(i, &h, ctx.as_ref(), from, to).result();
        }
        let result = linear(net.output, &h, to - from);
        for (row, values) in result.chunks(to - from).enumerate() {
            // SAFETY: each block has its own columns.
            unsafe { shared.part(row * positions + from, to - from) }.copy_from_slice(values);
        }
    });
    out
}

/// Gradients of everything in [`Net::sizes`], one after the other, given that of the kernel.
pub fn backward(net: &Net, grad: &[f32]) -> Buffer {
    let (positions, block) = (net.positions(), net.block());
    let blocks = positions.div_ceil(block);
    let total: usize = net.sizes().iter().sum();
    let mut partial = pool::zeros(blocks * total);
    let shared = Shared::new(&mut partial);
    let ctx = net.context();
    each(blocks, |b| {
        let (from, to) = (b * block, positions.min((b + 1) * block));
        // SAFETY: one part per block.
        let into = unsafe { shared.part(b * total, total) };
        backward_block(net, ctx.as_ref(), grad, from, to, into);
    });
    add_parts(partial, total)
}

/// Cuts a slice into pieces of the given sizes.
fn cut<'a>(mut rest: &'a mut [f32], sizes: &[usize]) -> Vec<&'a mut [f32]> {
    let pieces = sizes.iter().map(|size| {
        let (piece, tail) = std::mem::take(&mut rest).split_at_mut(*size);
        rest = tail;
        piece
    });
    pieces.collect()
}

fn backward_block(
    net: &Net,
    ctx: Option<&ContextTrace>,
    grad: &[f32],
    from: usize,
    to: usize,
    into: &mut [f32],
) {
    let (width, positions, layers) = (to - from, net.positions(), net.linears.len());
    let mut hs = vec![net.filter(net.filters[0], from, to, false)];
    let mut traces = Vec::new();
    for i in 0..layers {
        let trace = net.layer(i, &hs[i], ctx, from, to);
        hs.push(trace.result());
        traces.push(trace);
    }
    let mut pieces = cut(into, &net.sizes()).into_iter();
    let mut pair = || {
        (
            pieces.next().unwrap_or_default(),
            pieces.next().unwrap_or_default(),
        )
    };
    let mut filters: Vec<_> = net.filters.iter().map(|_| pair()).collect();
    let mut linears: Vec<_> = net.linears.iter().map(|_| pair()).collect();
    let output = pair();
    let bias = pieces.next().unwrap_or_default();
    let rest: Vec<&mut [f32]> = pieces.collect();
    let mut context = net
        .context
        .as_ref()
        .map(|c| ContextGrads::new(c, rest, width));

    let mut dy = pool::take(net.outputs() * width);
    for (row, values) in dy.chunks_mut(width).enumerate() {
        values.copy_from_slice(&grad[row * positions + from..row * positions + to]);
    }
    let mut dh = linear_back(net.output, &hs[layers], &dy, width, output.0, output.1);
    for i in (0..layers).rev() {
        let trace = &traces[i];
        let dv = match (&mut context, ctx) {
            (Some(context), Some(ctx)) => context.layer(i, trace, ctx, &dh),
            _ => dh,
        };
        let bias = &mut bias[from..to];
        let (mut dg, mut dl) = (pool::take(dv.len()), pool::take(dv.len()));
        let rows = dg
            .chunks_mut(width)
            .zip(dl.chunks_mut(width))
            .zip(dv.chunks(width));
        for (((dg, dl), dv), (g, l)) in
            rows.zip(trace.gabor.chunks(width).zip(trace.linear.chunks(width)))
        {
            add_to(bias, dv);
            hadamard(dg, dv, l);
            hadamard(dl, dv, g);
        }
        net.filter_back(i + 1, &mut dg, from, to, &mut filters[i + 1]);
        let (dw, db) = &mut linears[i];
        dh = linear_back(net.linears[i], &hs[i], &dl, width, dw, db);
    }
    net.filter_back(0, &mut dh, from, to, &mut filters[0]);
    if let (Some(context), Some(ctx)) = (context, ctx) {
        context.finish(ctx);
    }
}

impl Net<'_> {
    /// Adds the gradients of a filter's weight and bias; `grad`, that of its sines, is overwritten.
    fn filter_back(
        &self,
        i: usize,
        grad: &mut [f32],
        from: usize,
        to: usize,
        into: &mut (&mut [f32], &mut [f32]),
    ) {
        let width = to - from;
        let cosines = self.filter(self.filters[i], from, to, true);
        times(grad, &cosines);
        let dims = self.grid.len();
        for (axis, coordinate) in self.grid.iter().enumerate() {
            let coordinate: Vec<f32> = coordinate[from..to].iter().map(|c| *c as f32).collect();
            for (row, grad) in grad.chunks(width).enumerate() {
                into.0[row * dims + axis] += dot(grad, &coordinate);
            }
        }
        for (db, grad) in into.1.iter_mut().zip(grad.chunks(width)) {
            *db += sum(grad);
        }
    }
}

/// Where the context path's gradients go.
struct ContextGrads<'a, 'b> {
    context: &'a Context<'a>,
    pooled: &'b mut [f32],
    reduce: (&'b mut [f32], &'b mut [f32]),
    fc1: (&'b mut [f32], &'b mut [f32]),
    layers: Vec<(&'b mut [f32], &'b mut [f32])>,
    alpha: &'b mut [f32],
    beta: &'b mut [f32],
    ctx: Option<Buffer>,
    width: usize,
}

impl<'a, 'b> ContextGrads<'a, 'b> {
    fn new(context: &'a Context<'a>, pieces: Vec<&'b mut [f32]>, width: usize) -> Self {
        let mut pieces = pieces.into_iter();
        let mut next = || pieces.next().unwrap_or_default();
        let pooled = next();
        let mut pair = || (next(), next());
        let (reduce, fc1) = (pair(), pair());
        let layers = context.layers.iter().map(|_| pair()).collect();
        let (alpha, beta) = pair();
        Self {
            context,
            pooled,
            reduce,
            fc1,
            layers,
            alpha,
            beta,
            ctx: None,
            width,
        }
    }

    /// From the gradient of a layer's result that of its value before the context.
    fn layer(&mut self, i: usize, trace: &LayerTrace, ctx: &ContextTrace, dh: &[f32]) -> Buffer {
        let width = self.width;
        let mut dv = pool::take(dh.len());
        let Some((scaled, factor)) = &trace.scaled else {
            dv.copy_from_slice(dh);
            return dv;
        };
        let mut df = pool::take(dh.len());
        hadamard(&mut df, dh, scaled);
        let (into, map) = (&mut self.layers[i], self.context.layers[i]);
        let dctx = linear_back(map, &ctx.ctx, &df, width, into.0, into.1);
        match &mut self.ctx {
            Some(sum) => add_to(sum, &dctx),
            None => self.ctx = Some(dctx),
        }
        // Of alpha * constant(v) + beta * v / |v|.
        hadamard(&mut df, dh, factor);
        let rows = dv
            .chunks_mut(width)
            .zip(df.chunks(width))
            .zip(trace.value.chunks(width));
        for (((dv, ds), v), norm) in rows.zip(&trace.norms) {
            let along = dot(ds, v);
            self.alpha[0] += along;
            self.beta[0] += along / norm;
            let projection = if *norm > FLOOR {
                along / (norm * norm)
            } else {
                0.0
            };
            project(dv, ds, v, self.context.beta / norm, projection);
        }
        dv
    }

    /// Through GELU, the two maps and down to the pooled activation.
    fn finish(self, ctx: &ContextTrace) {
        let Some(mut grad) = self.ctx else { return };
        through_activation(&mut grad, &ctx.before);
        let width = self.width;
        let grad = linear_back(
            self.context.fc1,
            &ctx.reduced,
            &grad,
            width,
            self.fc1.0,
            self.fc1.1,
        );
        let into = self.reduce;
        let grad = linear_back(
            self.context.reduce,
            self.context.pooled,
            &grad,
            width,
            into.0,
            into.1,
        );
        self.pooled.copy_from_slice(&grad);
    }
}

//! The gradients of a slow net. Each block of positions is computed again instead of being kept.

use super::super::broadcast::dot;
use super::super::math::gelu_slope;
use super::super::matmul::product;
use super::super::parallel::{Rows, each};
use super::super::pointwise::{add_parts, add_to, sum};
use super::super::pool::{self, Buffer};
use super::super::simd::multiversion;
use super::super::transpose::transpose;
use super::{Context, ContextTrace, FLOOR, LayerTrace, Linear, Net, hadamard};

multiversion! {
    fn through_activation(grad: &mut [f32], x: &[f32]) {
        for (g, x) in grad.iter_mut().zip(x) { *g *= gelu_slope(*x); }
    }

    fn times(to: &mut [f32], factor: &[f32]) {
        for (t, f) in to.iter_mut().zip(factor) { *t *= f; }
    }

    /// `to = factor * (grad - value * along)`
    fn project(to: &mut [f32], grad: &[f32], value: &[f32], factor: f32, along: f32) {
        for (t, (g, v)) in to.iter_mut().zip(grad.iter().zip(value)) { *t = factor * v.mul_add(-along, *g); }
    }
}

/// Gradients of everything in [`Net::sizes`], one after the other, given that of the kernel.
pub fn backward(net: &Net, grad: &[f32]) -> Buffer {
    let (positions, block) = (net.positions(), net.block());
    let blocks = positions.div_ceil(block);
    let total: usize = net.sizes().iter().sum();
    let mut partial = pool::zeros(blocks * total);
    let parts = Rows::new(&mut partial, total);
    let ctx = net.context();
    each(blocks, |b| {
        let (from, to) = (b * block, positions.min((b + 1) * block));
        backward_block(net, ctx.as_ref(), grad, from, to, &mut parts.row(b));
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

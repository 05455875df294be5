//! Times `long_conv` forward and backward on the CPU by lengths, at 16 images and 64 channels, with the exponent that fits them.
//! `cargo bench --no-default-features -p termc-kernels --bench long_conv -- [shortest] [longest] [images] [channels]`

use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use termc_kernels::Edges;
use termc_kernels::KernelChoice::Fused;

fn random(shape: [usize; 4]) -> Tensor<4> {
    let device = Device::flex().autodiff();
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device).require_grad()
}

/// The best of several times of forward and backward together, in milliseconds.
fn measure(images: usize, channels: usize, length: usize) -> f64 {
    let shape = [images, channels, length, 1];
    let (x, kernel) = (random(shape), random(shape));
    let times = (0..7).map(|_| {
        let began = Instant::now();
        let y = Fused.long_conv(x.clone(), kernel.clone(), Edges::Causal);
        drop(y.sum().backward());
        began.elapsed().as_secs_f64() * 1e3
    });
    times.fold(f64::MAX, f64::min)
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let number = |at: usize, otherwise: usize| numbers.get(at).copied().unwrap_or(otherwise);
    let (shortest, longest) = (number(0, 1024), number(1, 65_536));
    let (images, channels) = (number(2, 16), number(3, 64));
    let mut points = vec![];
    let mut length = shortest.max(1);
    while length <= longest {
        let time = measure(images, channels, length);
        println!("{length:8} {time:10.2} ms");
        points.push(((length as f64).ln(), time.ln()));
        length *= 2;
    }
    let count = points.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / count;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let slope = |f: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>();
    let exponent = slope(&|p| (p.0 - x) * (p.1 - y)) / slope(&|p| (p.0 - x).powi(2));
    println!("exponent {exponent:.2}");
}

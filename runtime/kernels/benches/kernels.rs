//! Times the operations of a block one at a time, forward and backward, composed and fused, at [16, 144, 32, 32].
//! `cargo bench --no-default-features -p termc-kernels --bench kernels -- [composed|fused] [filter]`

use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use termc_kernels::KernelChoice::Fused;
use termc_kernels::{Over, composed};

type T4 = Tensor<4>;

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    let device = Device::flex().autodiff();
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device).require_grad()
}

/// Best times in milliseconds of forward and of backward given the output's gradient.
fn measure(name: &str, filter: &str, forward: impl Fn() -> T4) {
    if !name.contains(filter) {
        return;
    }
    let weights = forward()
        .inner()
        .random_like(Distribution::Normal(0.0, 1.0));
    let (mut best, mut best_back) = (f64::MAX, f64::MAX);
    for _ in 0..7 {
        let start = Instant::now();
        let y = forward();
        best = best.min(start.elapsed().as_secs_f64());
        let loss = (y * Tensor::from_inner(weights.clone())).sum();
        let start = Instant::now();
        drop(loss.backward());
        best_back = best_back.min(start.elapsed().as_secs_f64());
    }
    println!("{name:40} {:8.2} / {:8.2} ms", best * 1e3, best_back * 1e3);
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let composed_too = arguments.first().is_some_and(|a| a == "composed");
    let filter = arguments.get(1).map_or("", String::as_str);
    let (n, c, s) = (16, 144, 32);
    let x = random([n, c, s, s]);
    let (w, b) = (random([c, c]), random([c]));
    let (w12, b12) = (random([2 * c, 12 * c]), random([2 * c]));
    measure("pointwise 144 -> 144", filter, || {
        Fused.pointwise(vec![x.clone()], w.clone(), b.clone())
    });
    let parts: Vec<T4> = (0..12).map(|_| random([n, c, s, s])).collect();
    measure("pointwise of 12 parts, 1728 -> 288", filter, || {
        Fused.pointwise(parts.clone(), w12.clone(), b12.clone())
    });
    let square = random([n, c, s, s]);
    let kernel = random([1, c, s, s]);
    measure("standardize instance", filter, || {
        Fused.standardize(x.clone(), Over::Instance)
    });
    measure("standardize batch", filter, || {
        Fused.standardize(x.clone(), Over::Batch)
    });
    measure("gelu", filter, || Fused.gelu(x.clone()));
    measure("sigmoid", filter, || Fused.sigmoid(x.clone()));
    measure("product", filter, || Fused.mul(x.clone(), square.clone()));
    measure("product over the batch", filter, || {
        Fused.mul(x.clone(), kernel.clone())
    });
    measure("matmul 32 x 32", filter, || {
        Fused.matmul(x.clone(), square.clone())
    });
    measure("spatial mean", filter, || Fused.spatial_mean(x.clone()));
    measure("channel mean", filter, || Fused.channel_mean(x.clone()));
    for k in [3, 5, 7, 9] {
        let taps = random([1, c, k, k]);
        measure(&format!("depthwise {k}"), filter, || {
            Fused.depthwise(x.clone(), taps.clone())
        });
        if composed_too {
            measure(&format!("composed depthwise {k}"), filter, || {
                composed::depthwise(x.clone(), taps.clone())
            });
        }
    }
    if composed_too {
        measure("composed standardize instance", filter, || {
            composed::standardize(x.clone(), Over::Instance)
        });
        measure("composed standardize batch", filter, || {
            composed::standardize(x.clone(), Over::Batch)
        });
        measure("composed gelu", filter, || composed::gelu(x.clone()));
        measure("composed product", filter, || {
            composed::mul(x.clone(), square.clone())
        });
        measure("composed product over the batch", filter, || {
            composed::mul(x.clone(), kernel.clone())
        });
        measure("composed matmul 32 x 32", filter, || {
            composed::matmul(x.clone(), square.clone())
        });
        measure("composed pointwise 144 -> 144", filter, || {
            composed::pointwise(vec![x.clone()], w.clone(), b.clone())
        });
    }
}

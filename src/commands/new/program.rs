//! Asks the network for the classes of one made-up input: `cargo run -- WEIGHTS`. Without weights it has fresh ones.

mod network;

use burn::tensor::{Device, Tensor, TensorData};
use network::NETWORK;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::flex();
    let net = match std::env::args().nth(1) {
        Some(weights) => NETWORK::load(weights, &device)?,
        None => NETWORK::new(&device),
    };
    // Put your own data here, normalized as in training.
    let count: usize = NETWORK::INPUT.iter().product();
    let values: Vec<f32> = (0..count).map(|i| (i as f32 * 0.1).sin()).collect();
    // A batch of one. A sequence is laid out like an image that is one pixel wide.
    let mut sizes = vec![1];
    sizes.extend(NETWORK::INPUT);
    sizes.resize(4, 1);
    let input = Tensor::from_data(TensorData::new(values, sizes), &device);
    let logits: Vec<f32> = net.forward(input).into_data().iter().collect();
    for (class, logit) in logits.iter().enumerate() {
        println!("class {class}: {logit:.3}");
    }
    Ok(())
}

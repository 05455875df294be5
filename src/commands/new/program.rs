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
    let SIZES = NETWORK::INPUT;
    let count: usize = NETWORK::INPUT.iter().product();
    // Put your own data here, normalized as in training.
    let values: Vec<f32> = (0..count).map(|i| (i as f32 * 0.1).sin()).collect();
    let input: Tensor<RANK> = Tensor::from_data(TensorData::new(values, [1, DIMS]), &device);
    let logits: Vec<f32> = net.forward(input).into_data().iter().collect();
    for (class, logit) in logits.iter().enumerate() {
        println!("class {class}: {logit:.3}");
    }
    Ok(())
}

//! Writes the cases of the page's self-test: digits it was not trained on, and what the network answers natively.

use termc_web::{CELLS, probabilities};

/// One test image of each digit: the digit, then its cells row by row.
const SAMPLES: &str = include_str!("../samples.txt");

const HEAD: &str = "\
// Digits that the network was not trained on, and its answers outside the browser. Written by
//     cargo run --release -p termc-web > examples/web/page/cases.js
const CASES = [";

fn main() {
    println!("{HEAD}");
    for line in SAMPLES.lines() {
        let mut numbers = line
            .split(' ')
            .map(|n| n.parse::<f32>().unwrap_or_default());
        let digit = numbers.next().unwrap_or_default();
        let mut picture = [0.0; CELLS];
        for (cell, number) in picture.iter_mut().zip(numbers) {
            *cell = number;
        }
        println!("  {{");
        println!("    digit: {digit},");
        println!("    picture: {picture:?},");
        println!("    probabilities: {:?},", probabilities(&picture));
        println!("  }},");
    }
    println!("];");
}

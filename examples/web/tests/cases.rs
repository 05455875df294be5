//! The cases that the page tests itself with are what the network answers here.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::process::Command;

/// Largest distance of a probability: processors add in different orders.
const TOLERANCE: f64 = 1e-5;

/// The text without its numbers, and the numbers.
fn parts(text: &str) -> (Vec<&str>, Vec<f64>) {
    let words = text.split([' ', ',', '[', ']', '\n']);
    let (numbers, words) = words.partition(|word: &&str| word.parse::<f64>().is_ok());
    let numbers: Vec<&str> = numbers;
    (words, numbers.iter().map(|n| n.parse().unwrap()).collect())
}

#[test]
fn stored_cases_are_the_native_answers() {
    let output = Command::new(env!("CARGO_BIN_EXE_termc-web"))
        .output()
        .unwrap();
    assert!(output.status.success());
    let written = String::from_utf8(output.stdout).unwrap();
    let stored = include_str!("../page/cases.js");
    let ((words, numbers), (stored_words, stored_numbers)) = (parts(&written), parts(stored));
    assert_eq!(words, stored_words);
    assert_eq!(numbers.len(), stored_numbers.len());
    assert_eq!(numbers.len(), 10 * (1 + 64 + 10));
    for (number, stored) in numbers.iter().zip(stored_numbers) {
        assert!((number - stored).abs() <= TOLERANCE, "{number} {stored}");
    }
}

#[test]
fn the_network_knows_the_cases() {
    let output = Command::new(env!("CARGO_BIN_EXE_termc-web"))
        .output()
        .unwrap();
    let (_, numbers) = parts(std::str::from_utf8(&output.stdout).unwrap());
    for case in numbers.chunks_exact(1 + 64 + 10) {
        let (digit, probability) = (case[0] as usize, case[65 + case[0] as usize]);
        assert!(probability > 0.5, "{digit}: {probability}");
        let sum: f64 = case[65..].iter().sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }
}

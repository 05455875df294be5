//! What the page calls: it writes a picture into memory, asks, and reads the answer from there. Computes nothing.

use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::Relaxed;

use crate::{CELLS, DIGITS, probabilities};

/// The bits of 32-bit floats: what Rust and the page share may change at any time, as far as Rust knows.
static PICTURE: [AtomicU32; CELLS] = [const { AtomicU32::new(0) }; CELLS];
static ANSWER: [AtomicU32; DIGITS] = [const { AtomicU32::new(0) }; DIGITS];

/// Where the page writes 64 floats.
#[allow(unsafe_code, reason = "the page finds it by this name")]
#[unsafe(no_mangle)]
pub extern "C" fn digits_picture() -> *const AtomicU32 {
    PICTURE.as_ptr()
}

/// Answers for the picture; returns where the page reads 10 floats.
#[allow(unsafe_code, reason = "the page finds it by this name")]
#[unsafe(no_mangle)]
pub extern "C" fn digits_answer() -> *const AtomicU32 {
    let mut picture = [0.0; CELLS];
    for (value, bits) in picture.iter_mut().zip(&PICTURE) {
        *value = f32::from_bits(bits.load(Relaxed));
    }
    for (bits, value) in ANSWER.iter().zip(probabilities(&picture)) {
        bits.store(value.to_bits(), Relaxed);
    }
    ANSWER.as_ptr()
}

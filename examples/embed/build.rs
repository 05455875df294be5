//! Compiles the model and embeds its weights.

fn main() {
    termc_build::Build::new("digits.term")
        .weights("digits.safetensors")
        .check("digits.check.safetensors")
        .compile();
}

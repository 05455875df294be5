//! Compiles the frozen model and embeds its weights.

fn main() {
    termc_build::Build::new("digits.term")
        .frozen()
        .weights("digits.safetensors")
        .check("digits.check.safetensors")
        .compile();
}

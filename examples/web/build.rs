//! Emits the frozen network without the standard library, its weights embedded.

fn main() {
    termc_build::Build::new("digits.safetensors")
        .weights("digits.safetensors")
        .check("digits.check.safetensors")
        .target(termc_build::Target::NoStd)
        .compile();
}

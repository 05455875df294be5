//! Runs Python programs for tests, where there is a Python with `torch` and `safetensors`: the one that `TERMC_PYTHON` names, which
//! must have them, else `python3`.

use std::path::PathBuf;
use std::process::Command;

/// Python with PyTorch; None, saying so, where there is none.
pub fn python() -> Option<PathBuf> {
    let named = std::env::var_os("TERMC_PYTHON");
    let python = named.clone().unwrap_or("python3".into());
    let found = Command::new(&python)
        .args(["-c", "import torch, safetensors"])
        .output();
    if found.is_ok_and(|out| out.status.success()) {
        return Some(python.into());
    }
    assert!(named.is_none(), "TERMC_PYTHON has no torch and safetensors");
    eprintln!("skipped: no Python with `torch` and `safetensors`");
    None
}

/// Runs a program to its end; what it says of its failure is the error.
pub fn run(program: &mut Command) -> Result<(), String> {
    let output = program.output().unwrap();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

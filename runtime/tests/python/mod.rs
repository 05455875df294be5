//! Runs the tests' Python programs, where there is a Python with `torch` and `safetensors`: the one that `TERMC_PYTHON` names,
//! which must have them, else `python3`.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Runs a program that stands beside the tests; false, saying so, where there is no PyTorch.
pub fn run(program: &str, arguments: &[impl AsRef<OsStr>]) -> bool {
    let named = std::env::var_os("TERMC_PYTHON");
    let python = named.clone().unwrap_or("python3".into());
    let found = Command::new(&python)
        .args(["-c", "import torch, safetensors"])
        .output();
    if !found.is_ok_and(|out| out.status.success()) {
        assert!(named.is_none(), "TERMC_PYTHON has no torch and safetensors");
        eprintln!("skipped: no Python with `torch` and `safetensors`");
        return false;
    }
    let program = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(program);
    let done = Command::new(&python)
        .arg(program)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    true
}

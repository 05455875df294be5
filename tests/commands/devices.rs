//! `termc devices`, and what is said where a device is missing; on machines with and without GPUs.

use super::support::{SMALL, command, said, termc};

#[test]
fn every_kind_has_a_line() {
    let listed = termc(&["devices"]).expect(0);
    let lines: Vec<&str> = listed.out.lines().collect();
    assert!(
        lines[0].starts_with("cpu ") && lines[0].contains("thread"),
        "{}",
        lines[0]
    );
    for kind in ["cuda", "vulkan", "metal", "rocm"] {
        let line = lines.iter().find(|line| line.starts_with(kind));
        assert!(
            line.is_some_and(|line| line.len() > 20),
            "{kind} in {}",
            listed.out
        );
    }
}

/// What `auto` takes is what `devices` lists, and the reason is the same.
#[test]
fn auto_says_why_it_takes_the_cpu() {
    let listed = termc(&["devices"]).expect(0).out;
    let bench = [
        "bench",
        SMALL,
        "--repeat",
        "1",
        "--warmup",
        "0",
        "--only",
        "inference",
    ];
    let took = termc(&bench).expect(0);
    let cuda = listed
        .lines()
        .find(|line| line.starts_with("cuda"))
        .unwrap();
    match cuda.strip_prefix("cuda ") {
        Some(why) => {
            let why = why.trim();
            assert!(
                took.err.contains(&format!("computing on the CPU: {why}")),
                "{}",
                took.err
            );
        }
        None => assert!(!took.err.contains("computing on the CPU"), "{}", took.err),
    }
}

/// The loader of shared libraries finds no driver in an empty file, as where there is none.
#[cfg(target_os = "linux")]
#[test]
fn a_broken_driver_is_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("libcuda.so.1"), "").unwrap();
    let mut command = command(&["bench", SMALL, "--repeat", "1", "--warmup", "0"]);
    command.env("LD_LIBRARY_PATH", folder.path());
    said(command.output().unwrap()).expect(0);
}

//! Which panics end the process and which are left to whoever catches them. Each case runs in a process of its own: this
//! test program, started again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Output};
use std::thread;

use rayon::prelude::*;
use termc_compiler::model::{Augment, PadMode};
use termc_data::{DatasetOptions, Loader, Subset, open};
use termc_runtime::panics::{Panic, catch, ending, install, tell_unwinding};

/// Names the case that the child process runs.
const CASE: &str = "TERMC_PANIC_CASE";

fn report(panic: &Panic) -> String {
    format!("{panic}\nplease report it")
}

/// What the child process does; nothing in the test program itself.
#[test]
fn child() {
    let Ok(case) = std::env::var(CASE) else {
        return;
    };
    install(report);
    match case.as_str() {
        "caught" => {
            let panic = catch(|| panic!("on purpose")).unwrap_err();
            assert_eq!(panic.message, "on purpose");
            assert!(panic.place.unwrap().contains("panics.rs:"));
            assert_eq!(catch(|| 7), Ok(7));
        }
        "rayon" => {
            let sum = || {
                (0..1000)
                    .into_par_iter()
                    .for_each(|i| assert!(i != 777, "task {i}"))
            };
            assert_eq!(catch(sum).unwrap_err().message, "task 777");
        }
        "pool thread" => {
            let name = format!("{}1", termc_kernels::POOL_THREAD);
            let worker = thread::Builder::new().name(name);
            let panic = worker.spawn(|| panic!("on purpose")).unwrap().join();
            assert!(panic.is_err());
        }
        // A padding that no image can have, which checking would refuse, overflows on the loader's threads.
        "loader" => {
            let digits = open(&"digits".parse().unwrap(), &DatasetOptions::default()).unwrap();
            let crop = Augment::RandomCrop {
                padding: usize::MAX,
                mode: PadMode::Zero,
            };
            let images = Subset::all(digits.train.clone());
            let loader = Loader::training(images, 8, &digits.normalize, &[crop], 0).unwrap();
            let first = loader.epoch(0, 0).unwrap().next().unwrap();
            assert!(first.unwrap_err().to_string().contains("overflow"));
        }
        // As CubeCL does: caught, logged, and nobody knows.
        "device" => {
            let work = || drop(catch_unwind(AssertUnwindSafe(|| panic!("on purpose"))));
            let device = thread::Builder::new().name("DSU-0-0".into());
            device.spawn(work).unwrap().join().unwrap();
        }
        // As a device's thread does when its driver has gone.
        "ending" => {
            ending();
            let device = thread::spawn(|| panic!("the driver has gone"));
            thread::sleep(std::time::Duration::from_millis(200));
            assert!(!device.is_finished());
            // Before the test program takes its own hook back, for which it would wait for that thread.
            std::process::exit(0);
        }
        "thread" => drop(thread::spawn(|| panic!("on purpose")).join()),
        "uncaught" => panic!("on purpose"),
        // As a rank of an MPI job does, which the others would wait for.
        "destructor" => {
            struct Abort;
            impl Drop for Abort {
                fn drop(&mut self) {
                    tell_unwinding();
                    std::process::exit(3);
                }
            }
            let _ = catch(|| {
                let _abort = Abort;
                panic!("on purpose");
            });
        }
        "twice" => {
            struct Second;
            impl Drop for Second {
                fn drop(&mut self) {
                    panic!("in a destructor");
                }
            }
            let _ = catch(|| {
                let _second = Second;
                panic!("on purpose");
            });
        }
        other => panic!("no case `{other}`"),
    }
}

fn run(case: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CASE, case)
        .output()
        .unwrap()
}

#[track_caller]
fn ends(case: &str, said: &str) {
    let output = run(case);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{case}: {err}");
    assert!(
        err.contains(&format!("internal error: {said}\n  at ")),
        "{err}"
    );
    assert_eq!(err.matches("please report it").count(), 1, "{err}");
}

#[track_caller]
fn goes_on(case: &str) {
    let output = run(case);
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{case}: {err}");
    assert!(!err.contains("please report it"), "{err}");
}

#[test]
fn panics_that_are_caught_or_no_news_any_more_end_nothing() {
    goes_on("caught");
    goes_on("rayon");
    goes_on("loader");
    goes_on("pool thread");
    goes_on("ending");
}

#[test]
fn other_panics_end_the_process() {
    ends("device", "on purpose");
    ends("thread", "on purpose");
    ends("uncaught", "on purpose");
    ends("destructor", "on purpose");
    ends("twice", "in a destructor");
}

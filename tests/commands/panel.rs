//! The live view of a training, in a terminal: what is on the screen while it lasts, what stays, what Ctrl-C does.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::support::training;

const ROWS: NonZero<u16> = NonZero::new(30).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(110).unwrap();

/// A training seen in a terminal.
struct Seen {
    /// Every different state of the screen that showed the panel, as text.
    panels: Vec<String>,
    /// The screen at the end.
    last: String,
    /// All that was written to the terminal.
    raw: String,
    status: u32,
}

/// Trains in a terminal; types Ctrl-C as soon as the screen shows `interrupt`.
fn watch(run: &Path, more: &[&str], environment: [&str; 2], interrupt: Option<&str>) -> Seen {
    let size = PtySize {
        rows: ROWS.get(),
        cols: COLUMNS.get(),
        ..PtySize::default()
    };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_termc"));
    command.args(training(run.to_str().unwrap(), more));
    command.env_remove("NO_COLOR");
    command.env("TERM", "xterm-256color");
    let [name, value] = environment;
    command.env(name, value);
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut keyboard = pair.master.take_writer().unwrap();
    let mut screen = vt100::Parser::new(ROWS, COLUMNS, 0);
    let mut interrupt = interrupt;
    let (mut panels, mut raw, mut chunk) = (vec![], vec![], [0; 1 << 16]);
    // A terminal whose last process has ended reads as an error on Linux, as the end elsewhere.
    while let Ok(count @ 1..) = reader.read(&mut chunk) {
        raw.extend_from_slice(&chunk[..count]);
        screen.process(&chunk[..count]);
        let text = screen.screen().contents();
        if interrupt.is_some_and(|sign| text.contains(sign)) {
            interrupt = None;
            keyboard.write_all(b"\x03").unwrap();
        }
        if text.contains("Ctrl-C saves and stops") {
            panels.push(text);
        }
    }
    Seen {
        panels,
        last: screen.screen().contents(),
        raw: String::from_utf8_lossy(&raw).into_owned(),
        status: child.wait().unwrap().exit_code(),
    }
}

/// Whether a text sets colours or weights: escape sequences that end with `m`.
fn styled(raw: &str) -> bool {
    raw.split("\x1b[").skip(1).any(|sequence| {
        let end = sequence.find(|c: char| c.is_ascii_alphabetic());
        end.is_some_and(|at| sequence[at..].starts_with('m'))
    })
}

#[test]
fn a_terminal_shows_a_panel_while_training_and_plain_lines_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let seen = watch(&run, &["--epochs", "40"], ["CI", ""], None);
    assert_eq!(seen.status, 0, "{}", seen.last);
    let late = seen.panels.iter().rev();
    let panel = late
        .clone()
        .find(|text| text.contains("training") && text.contains(" left") && text.contains("best"));
    let panel = panel.unwrap_or_else(|| panic!("no panel in {}", seen.raw));
    for word in [
        "Small on digits",
        "epoch ",
        "/40",
        "all epochs",
        "= cross entropy ",
        " + slow neural ",
        "training ",
        ", validation ",
        "(best ",
        "lr ",
        " images/s",
        " % loading",
        "loss, ",
        "validation accuracy, ",
        "━",
    ] {
        assert!(panel.contains(word), "no `{word}` in\n{panel}");
    }
    let bars = panel.chars().filter(|c| ('▁'..='█').contains(c));
    assert!(bars.count() > 20, "no curves in\n{panel}");
    assert!(styled(&seen.raw));
    // The panel goes; the lines and the result stay.
    assert!(!seen.last.contains("Ctrl-C"), "{}", seen.last);
    assert!(seen.last.contains("epoch 40/40: loss "), "{}", seen.last);
    assert!(seen.last.contains("test accuracy "), "{}", seen.last);
}

#[test]
fn no_color_leaves_the_panel_without_colours() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let seen = watch(&run, &["--epochs", "6"], ["NO_COLOR", "1"], None);
    assert_eq!(seen.status, 0, "{}", seen.last);
    assert!(!seen.panels.is_empty());
    assert!(!styled(&seen.raw), "{:?}", seen.raw);
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let seen = watch(&run, &["--epochs", "2"], ["TERM", "dumb"], None);
    assert_eq!(seen.status, 0, "{}", seen.last);
    assert!(!seen.raw.contains('\x1b'), "{:?}", seen.raw);
    assert!(seen.raw.contains("epoch 2/2: loss "), "{}", seen.raw);
}

#[test]
fn control_c_in_the_terminal_saves_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let seen = watch(&run, &["--epochs", "500"], ["CI", ""], Some("epoch 3/500"));
    assert_eq!(seen.status, 130, "{}", seen.last);
    assert!(!seen.last.contains("Ctrl-C"), "{}", seen.last);
    assert!(seen.last.contains("--resume"), "{}", seen.last);
    assert!(run.join("last.safetensors").exists());
}

//! What a command failed of, and the exit status that says whose fault it was.

use std::fmt;
use std::io::Write;

use termc_runtime::{Error, Fault};

use crate::terminal::Terminal;

/// Why a command did not succeed.
#[derive(Debug)]
pub struct Failure {
    cause: Cause,
    message: Option<String>,
    help: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Cause {
    Quiet,
    Input,
    Usage,
    Machine,
    Interrupted,
}

impl Failure {
    fn new(cause: Cause, message: impl fmt::Display) -> Self {
        Self {
            cause,
            message: Some(message.to_string()),
            help: None,
        }
    }

    /// The model or the data is at fault.
    pub fn input(message: impl fmt::Display) -> Self {
        Self::new(Cause::Input, message)
    }

    /// The model is at fault and the diagnostics that say so are already on the terminal.
    pub fn reported() -> Self {
        Self {
            cause: Cause::Input,
            message: None,
            help: None,
        }
    }

    /// The call is at fault.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(Cause::Usage, message)
    }

    /// The machine is at fault.
    pub fn machine(message: impl fmt::Display) -> Self {
        Self::new(Cause::Machine, message)
    }

    /// Stopped by a signal, everything saved.
    pub fn interrupted(message: impl fmt::Display) -> Self {
        Self::new(Cause::Interrupted, message)
    }

    /// Nobody reads the output any more: stop, without a word and without blame.
    pub fn quiet() -> Self {
        Self {
            cause: Cause::Quiet,
            message: None,
            help: None,
        }
    }

    /// Says what the user can do.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// The exit status.
    pub fn status(&self) -> u8 {
        match self.cause {
            Cause::Quiet => 0,
            Cause::Input => 1,
            Cause::Usage => 2,
            Cause::Machine => 3,
            Cause::Interrupted => 130,
        }
    }

    /// Writes the message to standard error.
    pub fn print(&self, terminal: &Terminal) {
        let Some(message) = &self.message else { return };
        match self.cause {
            Cause::Interrupted => terminal.note(message),
            _ => terminal.error(message),
        }
        if let Some(help) = &self.help {
            terminal.help(help);
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.fault() {
            Fault::Input => Self::input(error),
            Fault::Machine => Self::machine(error),
        }
    }
}

/// Replaces Rust's panic message by one for users, and its exit status by 3. A panic is a defect of termc; the backends
/// also panic where a device runs out of memory.
pub fn catch_panics() {
    std::panic::set_hook(Box::new(|info| {
        let text = info
            .payload()
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| info.payload().downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        // Nothing can be done where even this fails.
        let _ = writeln!(
            std::io::stderr(),
            "error: internal error: {text}\n  at {place}, termc {}\nhelp: this is a defect of termc or the device ran out of memory; please report it with the command and the model",
            env!("CARGO_PKG_VERSION"),
        );
        std::process::exit(3);
    }));
}

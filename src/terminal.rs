//! Where text goes and whether it is coloured: results to standard output, everything else to standard error.

use std::io::{ErrorKind, IsTerminal, Write};

use clap::ValueEnum;
use termc_runtime::data::Dataset;

use crate::failure::Failure;

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// The two output streams.
#[derive(Clone, Debug)]
pub struct Terminal {
    stdout_color: bool,
    stderr_color: bool,
    live: bool,
    silent: bool,
}

/// How a word is set off.
#[derive(Clone, Copy, Debug)]
pub enum Accent {
    /// Something went wrong.
    Red,
    /// Something deserves a look.
    Yellow,
    /// All is well.
    Green,
    /// Names and headings.
    Bold,
    /// Less important.
    Dim,
}

impl Accent {
    fn code(self) -> &'static str {
        match self {
            Self::Red => "1;31",
            Self::Yellow => "1;33",
            Self::Green => "1;32",
            Self::Bold => "1",
            Self::Dim => "2",
        }
    }
}

impl Terminal {
    /// Decides by choice, `NO_COLOR`, `TERM` and what the streams are.
    pub fn new(choice: ColorChoice) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let refused = dumb || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = |terminal: bool| match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !refused,
        };
        Self {
            stdout_color: color(std::io::stdout().is_terminal()),
            stderr_color: color(std::io::stderr().is_terminal()),
            live: std::io::stderr().is_terminal() && !dumb,
            silent: false,
        }
    }

    /// Prints no messages: of several processes that do the same one tells.
    pub fn silent() -> Self {
        Self {
            stdout_color: false,
            stderr_color: false,
            live: false,
            silent: true,
        }
    }

    /// Whether standard error is a terminal on which lines may be redrawn.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Whether messages are coloured.
    pub fn colors_messages(&self) -> bool {
        self.stderr_color
    }

    /// Columns of the terminal, 100 where there is none.
    pub fn width(&self) -> usize {
        // Asked where there is no terminal, it starts programs that look for one.
        let size = self.live.then(ratatui::crossterm::terminal::size);
        let size = size.and_then(Result::ok);
        size.map_or(100, |(columns, _)| usize::from(columns).clamp(40, 160))
    }

    /// Columns and rows of the terminal that results go to; None where they go somewhere else.
    pub fn size(&self) -> Option<(usize, usize)> {
        let terminal = std::io::stdout().is_terminal();
        let size = terminal.then(ratatui::crossterm::terminal::size)?.ok()?;
        let (columns, rows) = size;
        // A terminal that does not know its size says 0.
        (columns > 0 && rows > 0).then(|| (usize::from(columns).max(40), usize::from(rows)))
    }

    /// A result, to standard output. A reader that went away ends the command quietly.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::quiet()),
            Err(error) => Err(Failure::machine(format!(
                "cannot write to standard output: {error}"
            ))),
        }
    }

    /// A line of result.
    pub fn line(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        self.print(&format!("{}\n", text.as_ref()))
    }

    /// Text set off on standard output.
    pub fn accent(&self, accent: Accent, text: &str) -> String {
        paint(self.stdout_color, accent, text)
    }

    /// Text to standard error as it is; lost where nobody can read it.
    pub fn message(&self, text: &str) {
        if self.silent {
            return;
        }
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// What happened or is about to.
    pub fn note(&self, text: &str) {
        self.message(&format!("{text}\n"));
    }

    /// What deserves attention but stops nothing.
    pub fn warn(&self, text: &str) {
        let word = paint(self.stderr_color, Accent::Yellow, "warning");
        self.message(&format!("{word}: {text}\n"));
    }

    /// What was done to open a data set, and what deserves attention in it.
    pub fn warn_of(&self, dataset: &Dataset) {
        for note in &dataset.notes {
            self.note(note);
        }
        for warning in &dataset.warnings {
            self.warn(warning);
        }
    }

    /// What stopped the command.
    pub fn error(&self, text: &str) {
        let word = paint(self.stderr_color, Accent::Red, "error");
        self.message(&format!("{word}: {text}\n"));
    }

    /// What the user can do.
    pub fn help(&self, text: &str) {
        let word = paint(self.stderr_color, Accent::Bold, "help");
        self.message(&format!("{word}: {text}\n"));
    }
}

fn paint(color: bool, accent: Accent, text: &str) -> String {
    if color {
        format!("\x1b[{}m{text}\x1b[0m", accent.code())
    } else {
        text.to_owned()
    }
}

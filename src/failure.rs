//! What a command failed of, and the exit status that says whose fault it was.

use std::fmt;

use termc_runtime::model::ModelError;
use termc_runtime::panics::Panic;
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

    /// The same status without a word: somebody else has told.
    pub fn without_message(self) -> Self {
        Self {
            message: None,
            help: None,
            ..self
        }
    }

    /// No word, and the status of somebody else's failure.
    pub fn with_status(status: u8) -> Self {
        let cause = match status {
            0 => Cause::Quiet,
            1 => Cause::Input,
            2 => Cause::Usage,
            130 => Cause::Interrupted,
            _ => Cause::Machine,
        };
        Self {
            cause,
            message: None,
            help: None,
        }
    }

    /// Says which rank of several it happened on.
    pub fn on_rank(self, rank: usize) -> Self {
        let message = match (self.message, rank) {
            (Some(message), 0) => Some(message),
            (Some(message), rank) => Some(format!("rank {rank}: {message}")),
            (None, 0) => None,
            // The diagnostics of the first rank alone are shown.
            (None, rank) => Some(format!(
                "rank {rank} finds the model wrong: its files are not those of rank 0"
            )),
        };
        Self { message, ..self }
    }

    /// Says what the user can do.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Says what the user can do, where nothing is said yet.
    pub fn or_help(self, text: &str) -> Self {
        match self.help {
            Some(_) => self,
            None => self.help(text),
        }
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
        let help = match &error {
            Error::Data(data) => data.help(),
            _ => None,
        };
        let failure = match (&error, error.fault()) {
            (Error::Model(model), _) => Self::of_model(model),
            (_, Fault::Input) => Self::input(error),
            (_, Fault::Machine) => Self::machine(error),
        };
        match help {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}

impl Failure {
    /// What the options of the command line can do about it, and whether the call is at fault.
    fn of_model(error: &ModelError) -> Self {
        use ModelError as E;
        let (cause, help) = match error {
            // They are on the terminal already.
            E::Diagnostics(_) => return Self::reported(),
            E::NotRunFolder(_) => (
                Cause::Input,
                "give a .term file or a folder that `termc train` made",
            ),
            E::NoSource(_) => (
                Cause::Input,
                "give the .term file as MODEL and this file to `--weights`",
            ),
            E::FrozenChanged(_) => (
                Cause::Usage,
                "leave out `--model` and `--set`, or change and freeze the trained model",
            ),
            E::Frozen { .. } => (
                Cause::Input,
                "give the model or RUN folder that it was frozen from",
            ),
            E::NoParameters(_) => (Cause::Input, "add `linear`, or blocks"),
            E::NoWeights => (
                Cause::Usage,
                "add `--weights FILE`, or give a RUN folder as MODEL, which brings its own",
            ),
            E::NoWeightsYet(_) => (
                Cause::Input,
                "go on with the training, `termc train --resume RUN`, or add `--weights FILE`",
            ),
            E::NothingToFreeze(_) => (
                Cause::Input,
                "give a RUN folder that `termc train` made, or add `--weights FILE`",
            ),
            E::WeightsOfFrozen(_) => (Cause::Input, "give that file itself as MODEL"),
            E::WeightsOfUnfrozen(_) => (
                Cause::Input,
                "leave out `--weights`: a frozen file brings its own",
            ),
            E::NoPreprocessing(_) => (
                Cause::Usage,
                "give the RUN folder of its training, or the file that `termc freeze` made of it",
            ),
            E::DataDirOfFolder(_) => (
                Cause::Usage,
                "leave out `--data-dir`; pictures that lie elsewhere now are named by `--dataset folder:DIR`",
            ),
            E::OfFolders { .. } => (
                Cause::Usage,
                "leave it out; it is for folders of pictures, `--dataset folder:DIR`",
            ),
            E::NoDataset => (
                Cause::Usage,
                "add for example `--dataset digits` or `--dataset CIFAR10 --data-dir DIR`",
            ),
            E::OtherClasses { .. } => (
                Cause::Input,
                "classes have to have the same names in the same order",
            ),
            E::NoLabels(_) => (
                Cause::Input,
                "the loss and its gradients need them; add `labels` [N] or leave out `--gradients`",
            ),
            E::NoInput(_) => (Cause::Input, "give it images [N, C, H, W] under that name"),
            E::Precision { .. } => (
                Cause::Usage,
                "leave out `--precision`, or choose a GPU, for example `--device cuda:0`",
            ),
            E::Import(_) => (
                Cause::Input,
                "choose the model that the checkpoint was trained with, or give `--names` a JSON object such as \
                 {\"their.name\": \"our.name\"}",
            ),
            E::Export(_) => (
                Cause::Input,
                "only models of the published layout have a place there, such as those in `examples/`",
            ),
            E::Emit { .. } => (Cause::Input, FREEZE),
            E::NoTestImage { .. } => return Self::usage(error),
            _ => return Self::input(error),
        };
        Self::new(cause, error).help(help)
    }
}

/// How to get a frozen file where one is needed.
pub const FREEZE: &str = "freeze a training with `termc freeze RUN -o FROZEN` and emit that file";

/// What users read of a panic. It is a defect of termc; the backends also panic where a device runs out of memory.
pub fn defect(panic: &Panic) -> String {
    format!(
        "error: {panic}\nhelp: this is a defect of termc {} or the device ran out of memory; please report it with the \
         command and the model",
        env!("CARGO_PKG_VERSION"),
    )
}

//! The options that a sweep hands on to `termc train` as they were given. What they mean and whether they are right is decided there.

use clap::{Args, Parser};

use crate::cli::Cli;

macro_rules! options {
    ($($(#[doc = $doc:literal])* $field:ident $long:literal $value:literal,)*) => {
        /// Options of every training.
        #[derive(Clone, Debug, Args)]
        pub struct TrainOptions {
            /// `digits`, `CIFAR10`, `CIFAR100`, `MNIST`, `FashionMNIST`, `STL10` or `folder:DIR`
            #[arg(long, value_name = "NAME")]
            dataset: String,

            $($(#[doc = $doc])*
            #[arg(long = $long, value_name = $value, help_heading = "Options of every training, as of `termc train`")]
            $field: Option<String>,)*

            /// Set one value, e.g. `train.epochs=20`; may be repeated
            #[arg(long = "set", value_name = "PATH=VALUE", help_heading = "Options of every training, as of `termc train`")]
            pub sets: Vec<String>,

            /// Leave out the images of a folder that cannot be read, with a warning
            #[arg(long, help_heading = "Options of every training, as of `termc train`")]
            skip_damaged: bool,
        }

        impl TrainOptions {
            /// As they are written on a command line.
            pub fn words(&self) -> Vec<String> {
                let mut words = vec!["--dataset".to_owned(), self.dataset.clone()];
                $(if let Some(value) = &self.$field {
                    words.extend([concat!("--", $long).to_owned(), value.clone()]);
                })*
                for set in &self.sets {
                    words.extend(["--set".to_owned(), set.clone()]);
                }
                if self.skip_damaged {
                    words.push("--skip-damaged".to_owned());
                }
                words
            }
        }
    };
}

options! {
    /// Gives a model the pixels of each image one after the other, row by row
    kind "as" "KIND",
    /// Puts the pixels of every image in one order drawn by this seed
    permute "permute" "SEED",
    /// Where the data set's files are
    data_dir "data-dir" "DIR",
    /// How pictures of other sizes than the model's are fitted to it
    fit "fit" "FIT",
    /// The part of each class that tests, for folders without test images
    test "test" "FRACTION",
    /// Begin with these weights
    weights "weights" "W",
    /// Passes over the training images
    epochs "epochs" "N",
    /// Images per batch
    batch "batch" "N",
    /// Use only so many images of the training part
    limit "limit" "N",
    /// Fraction of the training part that is held out
    val "val" "FRACTION",
    /// Choose the best epoch on held-out images, or on the test part
    protocol "protocol" "PROTOCOL",
    /// Steps or time between checkpoints
    checkpoint_every "checkpoint-every" "INTERVAL",
    /// Checkpoints to keep besides the best
    keep "keep" "N",
    /// Steps between rows of metrics.jsonl
    log_every "log-every" "STEPS",
    /// `auto`, `cpu`, `cuda:N`, `vulkan:N`, ...
    device "device" "DEVICE",
    /// Type of the activations
    precision "precision" "PRECISION",
    /// The device's own kernels or plain Burn operations
    kernels "kernels" "KERNELS",
    /// When to compare the device with the CPU before the first step
    self_check "self-check" "WHEN",
}

/// Says of a command and its arguments what is wrong with them, before they are needed.
///
/// # Errors
/// As `termc` would say it.
pub fn check(command: &str, words: &[String]) -> Result<(), clap::Error> {
    let first = ["termc", command].map(str::to_owned);
    Cli::try_parse_from(first.iter().chain(words)).map(drop)
}

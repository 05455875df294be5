//! Training and evaluation: the loop, its record, its checkpoints, its RUN folder. Decides nothing that the model's
//! `train` section or the settings state; prints nothing.

pub mod best;
pub mod checkpoint;
mod data_parallel;
mod ended;
pub mod evaluate;
mod finite;
pub mod folder;
pub mod metrics;
mod observe;
pub mod ranks;
mod replica;
mod running;
pub mod scores;
mod session;
pub mod settings;
mod tensorboard;
mod trainer;

pub use ended::{Ended, ended, epochs_done, validation};
pub use finite::NonFinite;
pub use folder::RunFolder;
pub use observe::{Event, Observer, Progress};
pub use session::{SaveRequest, StopReason};
pub use settings::{FORMAT, Interval, Protocol, Settings, Start};
pub use trainer::{Outcome, Training, normalize};

//! Training and evaluation: the loop, its record, its checkpoints, its RUN folder. Decides nothing that the model's
//! `train` section or the settings state; prints nothing.

pub mod checkpoint;
pub mod evaluate;
mod finite;
pub mod folder;
pub mod metrics;
pub mod nodes;
mod observe;
mod peers;
mod replica;
pub mod scores;
pub mod settings;
mod step;
mod stopping;
mod tensorboard;
mod trainer;

pub use finite::Culprit;
pub use folder::RunFolder;
pub use nodes::{Agreement, Member, Nodes, Rendezvous};
pub use observe::{Event, Observer, Progress};
pub use settings::{FORMAT, Interval, Protocol, Settings};
pub use stopping::Stop;
pub use trainer::{Outcome, Training, normalize};

//! Trains, evaluates, runs and freezes Terminator networks that are written in `.term` files, with [Burn](burn) on the CPU
//! or a GPU. The compiler ([`compiler`]) checks the text; here it is computed. Prints nothing: what the command line
//! shows, it gets from here.
//!
//! The way of a model: [`model::ModelSource`] (text) → [`model::CheckedSource`] (checked) → [`train`] → a RUN folder →
//! [`Model`] (with weights, on a device) → predictions, scores, a frozen file.
//!
//! # Load and predict
//!
//! A RUN folder, a frozen file, or a weight file that termc wrote:
//!
//! ```
//! use termc_runtime::Model;
//!
//! # fn main() -> Result<(), termc_runtime::Error> {
//! let model = Model::load("../examples/embed/digits.safetensors")?;
//! let images = model.read_images(&["../examples/seven.png"])?;
//! let answer = &model.predict(&images)?[0];
//! assert_eq!(answer.class(), "7");
//! assert!(answer.probability() > 0.5);
//! # Ok(())
//! # }
//! ```
//!
//! [`Model::predict`] takes pixels as well ([`model::ImageBatch::from_pixels`]); [`Model::logits`] takes tensors.
//!
//! # Train
//!
//! ```
//! use termc_runtime::compiler::Options;
//! use termc_runtime::data::StopRequest;
//! use termc_runtime::model::{Compute, DatasetChoice, ModelSource};
//! use termc_runtime::train::{Event, Outcome};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let checked = ModelSource::read("../examples/digits.term".as_ref())?.check(&Options::default())?;
//! let digits = DatasetChoice { dataset: Some("digits".parse()?), ..DatasetChoice::default() };
//! let dataset = checked.open_dataset(&digits, None)?;
//! let compute = Compute::auto()?;
//! let mut settings = checked.default_settings(&dataset, &compute)?;
//! settings.epochs = 1;
//! settings.limit = Some(100); // images; leave it out to train on all of them
//!
//! # let folder = tempfile::tempdir()?;
//! # let run = folder.path().join("digits");
//! # let run = run.as_path();
//! let stop = StopRequest::new();
//! let outcome = checked.train(&dataset, &settings, &compute, run, &stop, |event| {
//!     if let Event::Step(step) = event {
//!         println!("step {} of {}: loss {}", step.step, step.steps, step.terms.total);
//!     }
//! })?;
//! assert!(matches!(outcome, Outcome::Finished { .. }));
//! # Ok(())
//! # }
//! ```
//!
//! # Freeze and evaluate
//!
//! As trained, most of these networks answer for an image depending on the others in its batch. A frozen one does not:
//!
//! ```
//! use termc_runtime::Model;
//! use termc_runtime::compiler::Options;
//! use termc_runtime::import::NameMap;
//! use termc_runtime::model::{
//!     Compute, DatasetChoice, EvaluateOptions, FreezeOptions, ModelSource, import_checkpoint,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let weights = folder.path().join("weights.safetensors");
//! # let frozen_file = folder.path().join("frozen.safetensors");
//! // Weights of the published PyTorch code; a RUN folder is loaded as above.
//! let checked = ModelSource::read("../examples/digits.term".as_ref())?.check(&Options::default())?;
//! let published = "tests/parity/digits.weights.safetensors".as_ref();
//! import_checkpoint(&checked, published, &NameMap::default(), None, &weights)?;
//! let model = Model::load_with("../examples/digits.term", Some(&weights), Compute::auto()?)?;
//!
//! let digits = DatasetChoice { dataset: Some("digits".parse()?), ..DatasetChoice::default() };
//! let dataset = model.source().open_dataset(&digits, None)?;
//! let options = FreezeOptions { limit: Some(100), ..FreezeOptions::default() };
//! let frozen = model.freeze(&dataset, &options, |progress| {
//!     println!("pass {}: {} of {} images", progress.pass, progress.images, progress.total);
//! })?;
//! frozen.write(&frozen_file)?;
//!
//! let batch = |n| EvaluateOptions { batch: Some(n), limit: Some(50), ..EvaluateOptions::default() };
//! let one = Model::load(&frozen_file)?.evaluate(&dataset, batch(1), |_, _| ())?;
//! let many = frozen.model.evaluate(&dataset, batch(50), |_, _| ())?;
//! assert_eq!(one.confusion, many.confusion);
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! The CPU is always there. All features are off unless asked for; the command line turns `cuda` and `vulkan` on.
//!
//! | feature | adds | needs while building | needs while running |
//! |---|---|---|---|
//! | `cuda` | devices `cuda:N`, NVIDIA | nothing | the driver, NVRTC and the CUDA headers |
//! | `vulkan` | devices `vulkan:N` | nothing | a Vulkan driver |
//! | `metal` | devices `metal:N`, Apple | macOS | macOS |
//! | `rocm` | devices `rocm:N`, AMD | ROCm | ROCm |
//! | `mpi` | trainings on several devices and machines, one process each | an MPI library and a C compiler | `mpirun` or `srun` |

pub mod bench;
mod choice;
pub mod content;
pub mod device;
pub mod device_check;
pub mod error;
pub mod freeze;
pub mod import;
pub mod loss;
pub mod model;
pub mod network;
pub mod objective;
pub mod optim;
pub mod panics;
pub mod params;
pub mod report;
pub mod schedule;
pub mod selfcheck;
pub mod sweep;
pub mod tensors;
pub mod train;
pub mod weights;

pub use error::{Error, Fault};
pub use model::Model;
pub use termc_compiler as compiler;
pub use termc_data as data;

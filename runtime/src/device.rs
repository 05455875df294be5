//! Chooses the device and runs backend-generic code on it. Never touches CUDA before knowing that it is there.

use std::fmt;
use std::str::FromStr;

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn_autodiff::Autodiff;
use burn_flex::{Flex, FlexDevice};

use crate::Error;
use crate::kernels::Kernels;

/// A backend that can train: it differentiates, and it and its inner backend have our kernels.
pub trait TrainBackend: AutodiffBackend<InnerBackend: Kernels> + Kernels {}

impl<B: AutodiffBackend<InnerBackend: Kernels> + Kernels> TrainBackend for B {}

/// Training on the CPU.
pub type Cpu = Autodiff<Flex>;

/// Training on an NVIDIA GPU.
#[cfg(feature = "cuda")]
pub type Cuda = Autodiff<burn_cuda::Cuda>;

/// What `--device` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// CUDA's first device where there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// These CUDA devices, at least one, none twice.
    Cuda(Vec<usize>),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, list) = match text.split_once(':') {
            Some((kind, list)) => (kind, Some(list)),
            None => (text, None),
        };
        match (kind, list) {
            ("auto", None) => Ok(Self::Auto),
            ("cpu", None) => Ok(Self::Cpu),
            ("cuda", None) => Ok(Self::Cuda(vec![0])),
            ("cuda", Some(list)) => {
                let mut indices = Vec::new();
                for part in list.split(',') {
                    let index = part.parse().map_err(|_| {
                        format!("`{part}` is not a device number; write for example `cuda:0` or `cuda:0,1`")
                    })?;
                    if indices.contains(&index) {
                        return Err(format!("device `{index}` is listed twice"));
                    }
                    indices.push(index);
                }
                Ok(Self::Cuda(indices))
            }
            ("cpu", Some(_)) => Err(format!("`{text}`: the CPU is one device; write `cpu`")),
            _ => Err(format!(
                "`{text}` is not `auto`, `cpu`, `cuda` or `cuda:N,...`"
            )),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => write!(f, "auto"),
            Self::Cpu => write!(f, "cpu"),
            Self::Cuda(indices) => {
                let list: Vec<String> = indices.iter().map(usize::to_string).collect();
                write!(f, "cuda:{}", list.join(","))
            }
        }
    }
}

/// Devices that are known to exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selected {
    /// The CPU.
    Cpu,
    /// CUDA devices: the main one and further replicas.
    Cuda {
        /// Evaluates, and trains.
        main: usize,
        /// Train along, each on a share of every batch.
        replicas: Vec<usize>,
    },
}

impl Selected {
    /// How many devices these are.
    pub fn count(&self) -> usize {
        match self {
            Self::Cpu => 1,
            Self::Cuda { replicas, .. } => 1 + replicas.len(),
        }
    }
}

impl fmt::Display for Selected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => write!(f, "cpu"),
            Self::Cuda { main, replicas } => {
                write!(f, "cuda:{main}")?;
                replicas.iter().try_for_each(|r| write!(f, ",{r}"))
            }
        }
    }
}

impl DeviceChoice {
    /// Probes the machine and settles on devices.
    ///
    /// # Errors
    /// If CUDA is asked for by name but this program was built without it, or the machine lacks it or that device.
    pub fn select(&self) -> Result<Selected, Error> {
        match self {
            Self::Cpu => Ok(Selected::Cpu),
            Self::Auto => Ok(match cuda_devices() {
                Ok(1..) => Selected::Cuda {
                    main: 0,
                    replicas: vec![],
                },
                _ => Selected::Cpu,
            }),
            Self::Cuda(wanted) => {
                let count = cuda_devices().map_err(Error::Device)?;
                if let Some(index) = wanted.iter().find(|index| **index >= count) {
                    return Err(Error::Device(format!(
                        "there is no CUDA device `{index}`; this machine has {count}"
                    )));
                }
                let (main, replicas) = wanted
                    .split_first()
                    .ok_or_else(|| Error::Device("no CUDA device is named".into()))?;
                Ok(Selected::Cuda {
                    main: *main,
                    replicas: replicas.to_vec(),
                })
            }
        }
    }
}

/// Number of CUDA devices, or why there are none.
///
/// # Errors
/// Why CUDA cannot be used: not built in, no driver, or what the driver says.
#[cfg(feature = "cuda")]
pub fn cuda_devices() -> Result<usize, String> {
    probe::cuda_devices()
}

/// Number of CUDA devices, or why there are none.
///
/// # Errors
/// Always: this program was built without CUDA.
#[cfg(not(feature = "cuda"))]
pub fn cuda_devices() -> Result<usize, String> {
    Err("this program was built without CUDA (feature `cuda`)".into())
}

#[cfg(feature = "cuda")]
#[path = "kernels/probe.rs"]
mod probe;

/// The devices a job runs on.
#[derive(Clone, Debug)]
pub struct Devices<B: Backend> {
    /// Evaluates, and trains.
    pub main: B::Device,
    /// Train along, each on a share of every batch; empty for a single device.
    pub replicas: Vec<B::Device>,
}

/// Code that is written once for all backends.
pub trait Job {
    /// What it yields.
    type Out;

    /// Does it.
    fn run<B: TrainBackend>(self, devices: Devices<B>) -> Self::Out;
}

/// Runs a job on the selected devices.
pub fn dispatch<J: Job>(selected: &Selected, job: J) -> J::Out {
    match selected {
        #[cfg(feature = "cuda")]
        Selected::Cuda { main, replicas } => job.run::<Cuda>(Devices {
            main: burn_cuda::CudaDevice::new(*main),
            replicas: replicas
                .iter()
                .copied()
                .map(burn_cuda::CudaDevice::new)
                .collect(),
        }),
        // Without the feature nothing can select CUDA.
        _ => job.run::<Cpu>(Devices {
            main: FlexDevice,
            replicas: vec![],
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_parsed_and_printed() {
        for text in ["auto", "cpu", "cuda:0", "cuda:1,0"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        assert_eq!("cuda".parse(), Ok(DeviceChoice::Cuda(vec![0])));
        for text in ["", "gpu", "cuda:", "cuda:x", "cuda:0,0", "cpu:1", "cuda:-1"] {
            assert!(text.parse::<DeviceChoice>().is_err(), "{text}");
        }
    }

    /// Holds with and without CUDA, and must not panic on either kind of machine.
    #[test]
    fn selection_agrees_with_the_probe() {
        let auto = DeviceChoice::Auto.select().unwrap();
        let first = DeviceChoice::Cuda(vec![0]).select();
        match cuda_devices() {
            Ok(1..) => assert_eq!(auto, first.unwrap()),
            _ => {
                assert_eq!(auto, Selected::Cpu);
                assert_eq!(first.unwrap_err().fault(), crate::Fault::Machine);
            }
        }
        assert!(DeviceChoice::Cuda(vec![10_000]).select().is_err());
    }
}

//! What `--device` asks for, as text and in settings. Finds nothing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A family of devices, each with numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// The processor.
    Cpu,
    /// NVIDIA's GPUs through CUDA.
    Cuda,
    /// GPUs through Vulkan.
    Vulkan,
    /// Apple's GPUs through Metal.
    Metal,
    /// AMD's GPUs through ROCm.
    Rocm,
}

impl DeviceKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Cpu, Self::Cuda, Self::Vulkan, Self::Metal, Self::Rocm];

    /// As written in `--device`; also the name of the Cargo feature that builds it in.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Vulkan => "vulkan",
            Self::Metal => "metal",
            Self::Rocm => "rocm",
        }
    }

    /// As its maker writes it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Cuda => "CUDA",
            Self::Vulkan => "Vulkan",
            Self::Metal => "Metal",
            Self::Rocm => "ROCm",
        }
    }

    /// Whether this program was built with it.
    pub fn is_built_in(self) -> bool {
        match self {
            Self::Cpu => true,
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Vulkan => cfg!(feature = "vulkan"),
            Self::Metal => cfg!(feature = "metal"),
            Self::Rocm => cfg!(feature = "rocm"),
        }
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What `--device` asks for. As text `auto`, `cpu`, `cuda:N`, `vulkan:N`, `metal:N` or `rocm:N`; `cuda` is `cuda:0`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// CUDA's first device where CUDA can be used, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// This CUDA device.
    Cuda(usize),
    /// This Vulkan device.
    Vulkan(usize),
    /// This Metal device.
    Metal(usize),
    /// This ROCm device.
    Rocm(usize),
}

impl DeviceChoice {
    /// The device of this kind and number. There is one CPU, whatever its number.
    pub fn of(kind: DeviceKind, index: usize) -> Self {
        match kind {
            DeviceKind::Cpu => Self::Cpu,
            DeviceKind::Cuda => Self::Cuda(index),
            DeviceKind::Vulkan => Self::Vulkan(index),
            DeviceKind::Metal => Self::Metal(index),
            DeviceKind::Rocm => Self::Rocm(index),
        }
    }

    /// Kind and number, None for `auto`.
    pub fn device(&self) -> Option<(DeviceKind, usize)> {
        match *self {
            Self::Auto => None,
            Self::Cpu => Some((DeviceKind::Cpu, 0)),
            Self::Cuda(index) => Some((DeviceKind::Cuda, index)),
            Self::Vulkan(index) => Some((DeviceKind::Vulkan, index)),
            Self::Metal(index) => Some((DeviceKind::Metal, index)),
            Self::Rocm(index) => Some((DeviceKind::Rocm, index)),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let (name, number) = match text.split_once(':') {
            Some((name, number)) => (name, Some(number)),
            None => (text, None),
        };
        let Some(kind) = DeviceKind::ALL.into_iter().find(|kind| kind.name() == name) else {
            return Err(format!(
                "`{text}` is not `auto`, `cpu`, `cuda:N`, `vulkan:N`, `metal:N` or `rocm:N`"
            ));
        };
        match number {
            None => Ok(Self::of(kind, 0)),
            Some(_) if kind == DeviceKind::Cpu => {
                Err(format!("`{text}`: the CPU is one device; write `cpu`"))
            }
            Some(list) if list.contains(',') => Err(format!(
                "`{text}` names several devices; one process computes on one: `mpirun -n 2 termc train ...` trains on two"
            )),
            Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => number
                .parse()
                .map(|index| Self::of(kind, index))
                .map_err(|_| not_a_number(number, kind)),
            Some(number) => Err(not_a_number(number, kind)),
        }
    }
}

fn not_a_number(text: &str, kind: DeviceKind) -> String {
    format!("`{text}` is not a device number; write for example `{kind}:0`")
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.device() {
            None => f.write_str("auto"),
            Some((DeviceKind::Cpu, _)) => f.write_str("cpu"),
            Some((kind, index)) => write!(f, "{kind}:{index}"),
        }
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_parsed_and_printed() {
        for text in [
            "auto", "cpu", "cuda:0", "cuda:12", "vulkan:0", "metal:1", "rocm:3",
        ] {
            let choice: DeviceChoice = text.parse().unwrap();
            assert_eq!(choice.to_string(), text);
            let json = serde_json::to_string(&choice).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<DeviceChoice>(&json).unwrap(), choice);
        }
        for kind in DeviceKind::ALL {
            assert_eq!(kind.name().parse(), Ok(DeviceChoice::of(kind, 0)));
        }
    }

    #[test]
    fn what_is_no_choice_is_refused() {
        for (text, told) in [
            ("", "is not `auto`"),
            ("gpu", "is not `auto`"),
            ("auto:0", "is not `auto`"),
            ("CUDA:0", "is not `auto`"),
            ("cpu:1", "write `cpu`"),
            ("cuda:", "is not a device number"),
            ("cuda:x", "write for example `cuda:0`"),
            ("vulkan:-1", "write for example `vulkan:0`"),
            ("cuda:+1", "is not a device number"),
            ("cuda:99999999999999999999", "is not a device number"),
            ("cuda:0,1", "mpirun -n 2"),
        ] {
            let refused = text.parse::<DeviceChoice>().unwrap_err();
            assert!(refused.contains(told), "{refused}");
            assert!(serde_json::from_str::<DeviceChoice>(&format!("\"{text}\"")).is_err());
        }
    }
}

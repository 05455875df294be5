//! Judges whether a driver, NVRTC and headers of CUDA fit each other, and says what brings those that are missing. Looks for
//! files, loads nothing.

use std::fmt;
use std::path::Path;

/// A version of CUDA as CUDA writes it: 12080 is 12.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub i32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 1000, self.0 % 1000 / 10)
    }
}

/// The oldest CUDA whose driver has the functions that are called, and whose headers have the functions that kernels call.
const OLDEST: Version = Version(12080);

/// What CUDA on a machine consists of, the GPUs aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The newest CUDA that the driver runs.
    pub driver: Version,
    /// The compiler of kernels.
    pub nvrtc: Option<Version>,
    /// The folder that `CUDA_PATH` names, or one of the usual ones.
    pub folder: Option<std::path::PathBuf>,
}

/// A header and the packages that bring it: of pip, of conda-forge, and of NVIDIA's repository for Debian and Ubuntu.
struct Header {
    /// Below the folder's `include`; any of these.
    files: &'static [&'static str],
    packages: Packages,
}

struct Packages {
    pip: &'static str,
    conda: &'static str,
    debian: &'static str,
}

impl fmt::Display for Packages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pip, conda, debian } = self;
        write!(
            f,
            "`{debian}` of NVIDIA's Debian and Ubuntu repository, `{conda}` of conda-forge or `{pip}` of pip"
        )
    }
}

const NVRTC: Packages = Packages {
    pip: "nvidia-cuda-nvrtc-cu12",
    conda: "cuda-nvrtc",
    debian: "cuda-nvrtc-12-8",
};

/// What kernels include.
const HEADERS: [Header; 4] = [
    Header {
        files: &["cuda_fp16.h"],
        packages: Packages {
            pip: "nvidia-cuda-runtime-cu12",
            conda: "cuda-cudart-dev",
            debian: "cuda-cudart-dev-12-8",
        },
    },
    Header {
        files: &["cooperative_groups.h"],
        packages: Packages {
            pip: "nvidia-cuda-runtime-cu12",
            conda: "cuda-cudart-dev",
            debian: "cuda-cudart-dev-12-8",
        },
    },
    Header {
        files: &["crt/mma.h"],
        packages: Packages {
            pip: "nvidia-cuda-nvcc-cu12",
            conda: "cuda-crt",
            debian: "cuda-crt-12-8",
        },
    },
    Header {
        files: &["cuda/barrier", "cccl/cuda/barrier"],
        packages: Packages {
            pip: "nvidia-cuda-cccl-cu12",
            conda: "cuda-cccl",
            debian: "cuda-cccl-12-8",
        },
    },
];

impl Parts {
    /// Whether kernels can be compiled and run.
    ///
    /// # Errors
    /// What is missing or does not fit, and what to do about it, in one line.
    pub fn judge(&self) -> Result<(), String> {
        let driver = self.driver;
        if driver < OLDEST {
            return Err(format!(
                "the NVIDIA driver is too old: it runs CUDA {driver}, and {OLDEST} is needed; update it to version 570 or newer"
            ));
        }
        let Some(nvrtc) = self.nvrtc else {
            return Err(format!(
                "NVRTC, which compiles kernels for CUDA, was not found; {NVRTC} brings it, and `LD_LIBRARY_PATH` must have \
                 its folder unless it is a system package"
            ));
        };
        if nvrtc < OLDEST {
            return Err(format!(
                "NVRTC is too old: version {nvrtc}, and {OLDEST} is needed; {NVRTC} brings a newer one"
            ));
        }
        if nvrtc > driver {
            return Err(format!(
                "NVRTC {nvrtc} is newer than the NVIDIA driver, which runs CUDA {driver}; update the driver, or install NVRTC \
                 {driver} or older"
            ));
        }
        match &self.folder {
            Some(folder) => headers(&folder.join("include")),
            None => Err(format!(
                "CUDA's headers were not found: `CUDA_PATH` is not set and there is no /usr/local/cuda; {} brings the first \
                 of them, and `CUDA_PATH` names the folder with their `include`",
                HEADERS[0].packages
            )),
        }
    }
}

fn headers(include: &Path) -> Result<(), String> {
    let there = |header: &Header| header.files.iter().any(|file| include.join(file).exists());
    match HEADERS.iter().find(|header| !there(header)) {
        None => Ok(()),
        Some(Header { files, packages }) => Err(format!(
            "CUDA's header `{}` is not below {}; {packages} brings it",
            files.first().copied().unwrap_or_default(),
            include.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    /// A folder with all headers but one.
    fn folder(name: &str, without: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("termc-toolkit-{}-{name}", std::process::id()));
        for header in HEADERS.iter().flat_map(|header| header.files) {
            let file = folder.join("include").join(header);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            if !header.ends_with(without) {
                fs::write(file, "").unwrap();
            }
        }
        folder
    }

    fn parts(driver: i32, nvrtc: i32, folder: &Path) -> Parts {
        Parts {
            driver: Version(driver),
            nvrtc: (nvrtc > 0).then_some(Version(nvrtc)),
            folder: Some(folder.to_owned()),
        }
    }

    #[test]
    fn versions_read_as_people_write_them() {
        assert_eq!(Version(12080).to_string(), "12.8");
        assert_eq!(Version(13000).to_string(), "13.0");
    }

    #[test]
    fn parts_that_fit_are_accepted() {
        let folder = folder("whole", "nothing");
        for (driver, nvrtc) in [(12080, 12080), (13000, 12080), (13000, 13000)] {
            assert_eq!(parts(driver, nvrtc, &folder).judge(), Ok(()));
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn parts_that_do_not_fit_are_told() {
        let folder = folder("versions", "nothing");
        for (driver, nvrtc, told) in [
            (12040, 12040, "driver is too old: it runs CUDA 12.4"),
            (12080, 0, "`cuda-nvrtc-12-8`"),
            (12080, 0, "`nvidia-cuda-nvrtc-cu12` of pip"),
            (13000, 12040, "NVRTC is too old: version 12.4"),
            (
                12080,
                13000,
                "NVRTC 13.0 is newer than the NVIDIA driver, which runs CUDA 12.8",
            ),
        ] {
            let message = parts(driver, nvrtc, &folder).judge().unwrap_err();
            assert!(
                message.contains(told) && !message.contains('\n'),
                "{message}"
            );
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn missing_headers_are_told_with_their_packages() {
        for (index, (without, told)) in [
            ("cuda_fp16.h", "`nvidia-cuda-runtime-cu12` of pip"),
            ("mma.h", "`cuda-crt-12-8`"),
            ("barrier", "`cuda-cccl` of conda-forge"),
        ]
        .into_iter()
        .enumerate()
        {
            let folder = folder(&index.to_string(), without);
            let message = parts(13000, 13000, &folder).judge().unwrap_err();
            assert!(
                message.contains(told) && message.contains(without),
                "{message}"
            );
            fs::remove_dir_all(folder).unwrap();
        }
        let none = Parts {
            folder: None,
            ..parts(13000, 13000, Path::new(""))
        };
        assert!(none.judge().unwrap_err().contains("`CUDA_PATH` is not set"));
    }
}

//! Stands in for CubeCL's LLVM backend, whose build downloads LLVM. Has the names that `cubecl-cuda` uses and compiles no
//! kernel: with the feature `cpp` of that crate kernels go through NVRTC. README.md beside this crate tells more.

use cubecl_core::ir::nvidia::SmArch;
use cubecl_core::prelude::KernelDefinition;
use cubecl_runtime::compiler::CompilationError;
use cubecl_runtime::kernel::BufferIOAttr;

/// A kernel as PTX; never made.
#[derive(Clone, Debug)]
pub struct NvptxModule {
    /// The text, ended by 0.
    pub ptx: Vec<core::ffi::c_char>,
    /// Name of the kernel.
    pub entrypoint: String,
    /// What it was made from.
    pub ir: String,
    /// Bytes of shared memory.
    pub shared_memory_size: usize,
    /// How it uses its buffers.
    pub io: Vec<BufferIOAttr>,
}

/// What a compilation yields; never made.
pub enum PlironArtifact {
    /// For a GPU of NVIDIA's.
    NvptxCode(NvptxModule),
    /// For anything else.
    Other,
}

/// What is compiled for.
#[derive(Clone, Copy, Debug)]
pub enum LlvmTarget {
    /// GPUs of NVIDIA's.
    Nvptx,
}

/// Compiles nothing.
#[derive(Clone, Debug)]
pub struct PlironCompiler {
    /// What it would compile for.
    pub target: LlvmTarget,
}

/// Options of a compilation, all without effect.
#[derive(Clone, Debug, Default)]
pub struct PlironOptions {
    /// Architecture of other GPUs.
    pub arch: Option<()>,
    /// Architecture of GPUs of NVIDIA's.
    pub sm_arch: Option<SmArch>,
    /// Version of PTX.
    pub ptx_version: Option<nvptx::ptx_version::PtxVersion>,
    /// Whether arguments lie in constant memory.
    pub grid_constants: bool,
    /// Alignment of buffers on CPUs.
    pub cpu_buffer_alignment: Option<u32>,
}

impl PlironCompiler {
    /// What it would write.
    pub fn lang_tag(&self) -> &'static str {
        "ptx"
    }

    /// Refuses.
    ///
    /// # Errors
    /// Always.
    pub fn compile(
        &mut self,
        _: KernelDefinition,
        _: &PlironOptions,
    ) -> Result<PlironArtifact, CompilationError> {
        Err(CompilationError::Generic {
            reason: "CubeCL's LLVM backend is not part of this program; its CUDA kernels are compiled by NVRTC \
                     (feature `cpp` of cubecl-cuda)"
                .into(),
            backtrace: cubecl_environment::backtrace::BackTrace::capture(),
        })
    }
}

/// Details of NVIDIA's GPUs.
pub mod nvptx {
    /// Versions of PTX.
    pub mod ptx_version {
        use core::fmt;

        /// A version of PTX; there is none.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct PtxVersion(u32);

        impl PtxVersion {
            /// None: nothing is compiled for any driver.
            pub fn for_driver(_: i32) -> Option<Self> {
                None
            }
        }

        impl fmt::Display for PtxVersion {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "ptx{}", self.0)
            }
        }
    }
}

/// What targets share.
pub mod shared {
    /// Features that are lowered.
    pub mod lowered_features {
        use cubecl_core::ir::DeviceProperties;

        /// Kinds of GPUs.
        pub enum GpuTarget {
            /// Those of NVIDIA's.
            Nvptx,
        }

        /// Restricts nothing.
        pub fn restrict_features(_: &mut DeviceProperties, _: GpuTarget) {}
    }
}

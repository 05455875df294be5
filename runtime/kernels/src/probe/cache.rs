//! Where compiled kernels and the results of tuning are kept between runs, and how many kernels this run has compiled.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use cubecl::config::autotune::AutotuneLogLevel;
use cubecl::config::cache::CacheConfig;
use cubecl::config::compilation::CompilationLogLevel;
use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};
use log::{Level, LevelFilter, Log, Metadata, Record};

/// CubeCL tells of each compilation here.
const TARGET: &str = "cubecl::compilation";

static COMPILED: AtomicUsize = AtomicUsize::new(0);

/// Lets what this process compiles and tunes be kept in this folder, in a file that [`activate`] names. To be called before
/// a device is opened; later calls, and a program's own configuration of CubeCL, stay without effect. CubeCL's environment
/// variables still hold. Where the folder cannot be written nothing is kept, and all is compiled again.
pub fn keep(folder: &Path) {
    let mut config = CubeClRuntimeConfig::default();
    config.compilation.cache = true;
    config.compilation.logger.level = CompilationLogLevel::Basic;
    // As information: the type has no public name.
    config.compilation.logger.log = Some(Default::default());
    config.autotune.logger.level = AutotuneLogLevel::Disabled;
    config.environment.path = CacheConfig::Directory(folder.to_owned());
    CubeClRuntimeConfig::try_set(config.override_from_env());
}

/// From now on keeps things in the file of this name. What holds for one device, driver or version may not hold for another:
/// the name should tell them apart. Characters that file names cannot have are replaced.
pub fn activate(name: &str) {
    cubecl::environment::activate(name);
}

/// Counts from now on; without effect in a program that has a logger of its own.
pub fn count_compilations() {
    if log::set_logger(&Counter).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}

/// How many kernels this process has compiled since [`count_compilations`]; those that were kept are not among them.
pub fn compilations() -> usize {
    COMPILED.load(Ordering::Relaxed)
}

struct Counter;

impl Log for Counter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() == Level::Info && metadata.target() == TARGET
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            COMPILED.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self) {}
}

//! What this machine's processor is.

use std::fs;
use std::thread;

use super::Found;

/// The processor and the machine's memory, as far as the system tells.
pub(super) fn processor() -> Found {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| Some(line.strip_prefix("model name")?.split_once(':')?.1.trim()));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    Found {
        index: 0,
        name: format!(
            "{}, {threads} thread{}, {}",
            model.unwrap_or(std::env::consts::ARCH),
            if threads == 1 { "" } else { "s" },
            simd()
        ),
        memory: kibibytes(&memory, "MemTotal:"),
        free: kibibytes(&memory, "MemAvailable:"),
        card: None,
    }
}

fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    number.checked_mul(1024)
}

/// The widest instructions that kernels use here.
fn simd() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        return "AVX-512";
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        return "AVX2";
    }
    "baseline instructions"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read() {
        let text = "MemTotal:        8018944 kB\nMemFree:          512000 kB\n";
        assert_eq!(kibibytes(text, "MemTotal:"), Some(8_018_944 * 1024));
        assert_eq!(kibibytes(text, "MemAvailable:"), None);
    }
}

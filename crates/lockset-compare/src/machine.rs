//! What the figures depend on besides the locks.

use std::fs;
use std::thread;

use serde::{Deserialize, Serialize};

/// The machine, and what the programs were built from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Machine {
    /// The processor, as it calls itself.
    pub processor: String,
    /// How many threads run at once.
    pub processors: usize,
    /// The operating system and its version.
    pub kernel: String,
    /// How busy the machine was before the run: processes that ran or wanted to, over a minute.
    pub load: f64,
    /// The compiler.
    pub rustc: String,
    /// Whether it was built with optimisations; without, no figure says anything.
    pub is_optimised: bool,
    /// The rivals, with their versions.
    pub versions: Vec<String>,
}

impl Machine {
    pub(crate) fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
        let version = read("/proc/sys/kernel/osrelease");
        let versions = env!("LOCKSET_COMPARE_VERSIONS");
        Self {
            processor: model
                .map_or(std::env::consts::ARCH, |line| line.trim_matches([' ', '\t', ':']))
                .to_owned(),
            processors: thread::available_parallelism().map_or(1, usize::from),
            kernel: format!("{} {}", std::env::consts::OS, version.trim()),
            load: read("/proc/loadavg")
                .split(' ')
                .next()
                .and_then(|n| n.parse().ok())
                .unwrap_or(0.0),
            rustc: env!("LOCKSET_COMPARE_RUSTC").to_owned(),
            is_optimised: !cfg!(debug_assertions),
            versions: versions.split(',').filter(|v| !v.is_empty()).map(Into::into).collect(),
        }
    }
}

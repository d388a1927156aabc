//! Core files, which would hold the tokens that are in memory.

/// Keeps the kernel from writing a core file of this process, on Linux. Programs that it starts decide for themselves.
pub fn forbid_core_dumps() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        log::debug!("core files stay possible: {error}");
    }
}

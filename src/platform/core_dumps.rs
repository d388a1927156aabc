//! Core files, which would hold the tokens that are in memory.

/// Prevents core files of this process on Linux. Child processes are not affected.
pub fn forbid_core_dumps() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        log::debug!("core files stay possible: {error}");
    }
}

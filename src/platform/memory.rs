//! How much memory this process may take.

/// Limits the address space of this process, where the system can: what needs more then fails instead of driving the
/// machine out of memory.
pub fn limit_memory(bytes: u64) {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::As);
        let limit = Rlimit { current: Some(current.unwrap_or(bytes).min(bytes)), maximum };
        if let Err(error) = setrlimit(Resource::As, limit) {
            log::debug!("cannot limit the memory of this process: {error}");
        }
    }
    #[cfg(not(unix))]
    let _ = bytes;
}

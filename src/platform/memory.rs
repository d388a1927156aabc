//! A memory limit for this process.

/// Limits the address space of this process on Unix, so that an allocation fails before the machine runs out of memory.
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

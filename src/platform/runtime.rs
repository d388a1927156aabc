//! The asynchronous runtime.

use std::io;

/// Builds a runtime on this thread.
///
/// # Errors
/// Too few file descriptors are left.
pub fn build() -> io::Result<tokio::runtime::Runtime> {
    // Tokio panics if it cannot open this many.
    #[cfg(unix)]
    {
        let pair = std::os::unix::net::UnixStream::pair;
        let _room = (pair()?, pair()?, pair()?);
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

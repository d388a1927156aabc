//! Detects what stands between this program and the user's browser.

use std::path::Path;

/// Why a browser on the user's desk may not reach a listener here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteEnvironment {
    /// An SSH session.
    Ssh,
    /// Windows Subsystem for Linux, with the browser outside.
    Wsl,
    /// A container with a network of its own.
    Container,
    /// A machine without a screen.
    NoDisplay,
}

impl RemoteEnvironment {
    /// Detects the environment. `ssh` and `display` come from the environment variables.
    pub fn detect(ssh: bool, display: bool) -> Option<Self> {
        let kernel = std::fs::read_to_string("/proc/version").unwrap_or_default();
        let container = ["/.dockerenv", "/run/.containerenv"].iter().any(|path| Path::new(path).exists());
        Self::decide(ssh, display, &kernel, container)
    }

    /// Returns the most specific reason.
    fn decide(ssh: bool, display: bool, kernel: &str, container: bool) -> Option<Self> {
        if ssh {
            Some(Self::Ssh)
        } else if kernel.to_ascii_lowercase().contains("microsoft") {
            Some(Self::Wsl)
        } else if container {
            Some(Self::Container)
        } else if display {
            None
        } else {
            Some(Self::NoDisplay)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RemoteEnvironment::{self, Container, NoDisplay, Ssh, Wsl};

    #[test]
    fn the_most_specific_reason_is_returned() {
        let decide = RemoteEnvironment::decide;
        assert_eq!(decide(false, true, "Linux version 6.1", false), None);
        assert_eq!(decide(false, false, "Linux version 6.1", false), Some(NoDisplay));
        assert_eq!(decide(true, false, "Linux version 6.1", true), Some(Ssh));
        assert_eq!(decide(false, true, "Linux version 5.15.0-microsoft-standard-WSL2", false), Some(Wsl));
        assert_eq!(decide(false, true, "Linux version 6.1", true), Some(Container));
    }
}

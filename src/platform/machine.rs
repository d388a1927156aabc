//! What stands between this program and the person's browser.

use std::path::Path;

/// Why a browser on the person's desk may not reach a listener here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// The person came over SSH.
    Ssh,
    /// This is Linux inside Windows, and the browser is outside.
    Wsl,
    /// This is a container with a network of its own.
    Container,
    /// There is no screen.
    NoDisplay,
}

/// Finds out. `ssh` and `display` are what the environment says.
pub fn distance(ssh: bool, display: bool) -> Option<Distance> {
    let version = std::fs::read_to_string("/proc/version").unwrap_or_default();
    let container = ["/.dockerenv", "/run/.containerenv"].iter().any(|path| Path::new(path).exists());
    decide(ssh, display, &version, container)
}

fn decide(ssh: bool, display: bool, kernel: &str, container: bool) -> Option<Distance> {
    if ssh {
        Some(Distance::Ssh)
    } else if kernel.to_ascii_lowercase().contains("microsoft") {
        Some(Distance::Wsl)
    } else if container {
        Some(Distance::Container)
    } else if display {
        None
    } else {
        Some(Distance::NoDisplay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_that_says_most_is_given() {
        assert_eq!(decide(false, true, "Linux version 6.1", false), None);
        assert_eq!(decide(false, false, "Linux version 6.1", false), Some(Distance::NoDisplay));
        assert_eq!(decide(true, false, "Linux version 6.1", true), Some(Distance::Ssh));
        assert_eq!(decide(false, true, "Linux version 5.15.0-microsoft-standard-WSL2", false), Some(Distance::Wsl));
        assert_eq!(decide(false, true, "Linux version 6.1", true), Some(Distance::Container));
    }
}

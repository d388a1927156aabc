//! The variables of the environment, which nothing else reads.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::commands::{ErrorCode, Failure, Provenance, Setting};
use crate::platform::input;

pub(super) const ACCESS_TOKEN: &str = "CHATAUTH_ACCESS_TOKEN";

/// The variables of the environment; an empty one counts as not set.
#[derive(Clone, Copy)]
pub(super) struct Environment(pub(super) fn(&str) -> Option<OsString>);

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub(super) const fn of_process() -> Self {
        Self(|name| std::env::var_os(name))
    }

    pub(super) fn os(self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// A path, whose leading `~/` no shell has expanded.
    pub(super) fn path(self, name: &str) -> Result<Option<PathBuf>, Failure> {
        self.os(name).map(|value| self.expand(name, value).map(PathBuf::from)).transpose()
    }

    /// Expands the leading `~/` of a path, and refuses the contents of a file where its path belongs.
    pub(super) fn expand(self, name: &str, path: OsString) -> Result<OsString, Failure> {
        match input::describe_contents(&path) {
            Some(contents) => {
                let client = name.ends_with("client-secrets") || name.ends_with("CLIENT_SECRETS");
                let code = if client { ErrorCode::ClientSecretsInvalid } else { ErrorCode::InputInvalid };
                Err(Failure::new(code, format!("{name} is {contents}, not a path"))
                    .hint("write it to a file that only you can read, and give the path of that file"))
            }
            None => Ok(self.in_home(&path).map_or(path, PathBuf::into_os_string)),
        }
    }

    /// The home directory.
    pub(super) fn home(self) -> Option<PathBuf> {
        self.os(if cfg!(windows) { "USERPROFILE" } else { "HOME" }).map(PathBuf::from)
    }

    /// The path below the home directory that `~/…` means.
    fn in_home(self, path: &OsStr) -> Option<PathBuf> {
        Some(self.home()?.join(Path::new(path).strip_prefix("~").ok()?))
    }

    pub(super) fn text(self, name: &str) -> Result<Option<String>, Failure> {
        let text = |value: OsString| match input::describe_contents(&value) {
            Some(contents) if name != ACCESS_TOKEN => {
                Err(Failure::usage(format!("{name} is {contents}")).hint("for accepted values, run chatauth --help"))
            }
            _ => value.into_string().map_err(|_| Failure::usage(format!("the value of {name} is not UTF-8"))),
        };
        self.os(name).map(text).transpose()
    }

    /// An account; a blank one counts as not set.
    pub(super) fn account(self, name: &str) -> Result<Option<String>, Failure> {
        Ok(self.text(name)?.filter(|account| !account.trim().is_empty()))
    }

    /// Whether a switch is set to anything but 0, false, no and off.
    pub(super) fn switch(self, name: &str) -> bool {
        let is_off = |value: &str| ["0", "false", "no", "off"].iter().any(|off| value.trim().eq_ignore_ascii_case(off));
        self.os(name).is_some_and(|value| !is_off(&value.to_string_lossy()))
    }
}

/// Picks the option, else the variable, else the default.
pub(super) fn choose<Value>(option: Option<Value>, variable: Option<Value>) -> Setting<Option<Value>> {
    let source = match (&option, &variable) {
        (Some(_), _) => Provenance::Option,
        (None, Some(_)) => Provenance::Variable,
        (None, None) => Provenance::Default,
    };
    Setting { value: option.or(variable), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_win_over_variables_and_empty_variables_are_none() {
        let chosen = |option: Option<u8>, variable| {
            let setting = choose(option, variable);
            (setting.value, setting.source)
        };
        assert_eq!(chosen(Some(1), Some(2)), (Some(1), Provenance::Option));
        assert_eq!(chosen(None, Some(2)), (Some(2), Provenance::Variable));
        assert_eq!(chosen(None, None), (None, Provenance::Default));
        assert_eq!(Environment(|_| Some(OsString::new())).os("X"), None);
        assert!(Environment(|_| Some("1".into())).switch("X"));
        assert!(!Environment(|_| Some("False".into())).switch("X"));
        assert!(!Environment(|_| Some(" off".into())).switch("X"));
    }
}

//! Opening a URL in the person's browser: best effort, without a shell.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};

/// What stands between the commands in `$BROWSER`, as in the search path.
const SEPARATOR: char = if cfg!(windows) { ';' } else { ':' };

/// What is known about the browser from the environment.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `$BROWSER`: the whole value when it is a program, else a list of commands (separated as the search path is) in
    /// which `%s` stands for the URL.
    pub browser: Option<OsString>,
    /// Whether there is a screen that a graphical browser could use (always so outside X11 and Wayland systems).
    pub display: bool,
    /// Whether the person came over SSH.
    pub ssh: bool,
}

/// Starts the browser on `url`, which the caller has checked to be https or loopback http.
///
/// The URL is one argument and no shell sees it. The browser's own output goes nowhere: stdout belongs to the
/// command's result. It gets its own process group, so that Ctrl-C in the terminal does not end it.
///
/// Gives whether some program was started; what it then did is unknown, so the URL must be printed as well.
pub fn open(url: &str, environment: &Environment) -> bool {
    let candidates = match &environment.browser {
        Some(value) => from_variable(value, url),
        None if environment.display => open::commands(url),
        None => Vec::new(),
    };
    candidates.into_iter().any(start)
}

fn start(mut command: Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).env_remove("CHATAUTH_ACCESS_TOKEN");
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let started = command.spawn();
    log::debug!("browser {}: {}", command.get_program().display(), started.is_ok());
    started.is_ok()
}

/// Reads `$BROWSER` as xdg-open and Python's webbrowser do.
fn from_variable(value: &OsStr, url: &str) -> Vec<Command> {
    if Path::new(value).is_file() {
        let mut command = Command::new(value);
        command.arg(url);
        return vec![command];
    }
    let Some(text) = value.to_str() else { return Vec::new() };
    text.split(SEPARATOR).filter_map(|entry| with_arguments(entry, url)).collect()
}

fn with_arguments(entry: &str, url: &str) -> Option<Command> {
    let mut words = entry.split_whitespace();
    let mut command = Command::new(words.next()?);
    let mut placed = false;
    for word in words {
        if word.contains("%s") {
            placed = true;
            command.arg(word.replace("%s", url));
        } else {
            command.arg(word);
        }
    }
    if !placed {
        command.arg(url);
    }
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(value: &str) -> Vec<Vec<String>> {
        from_variable(OsStr::new(value), "https://x.test/?a=1&b=$(id);'")
            .iter()
            .map(|command| {
                std::iter::once(command.get_program())
                    .chain(command.get_args())
                    .map(|word| word.to_string_lossy().into_owned())
                    .collect()
            })
            .collect()
    }

    #[test]
    fn the_url_is_one_argument_wherever_it_stands() {
        let url = "https://x.test/?a=1&b=$(id);'";
        assert_eq!(words("firefox"), [["firefox", url]]);
        assert_eq!(words("w --new %s --x"), [["w", "--new", url, "--x"]]);
        assert_eq!(words(&format!("a{SEPARATOR}b -n")), [vec!["a", url], vec!["b", "-n", url]]);
        assert_eq!(words(""), Vec::<Vec<String>>::new());
    }

    #[test]
    fn a_value_that_is_a_file_is_the_program_whatever_its_name() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(format!("my browser{SEPARATOR} %s"));
        std::fs::File::create(&path).unwrap();
        let commands = from_variable(path.as_os_str(), "u");
        assert_eq!(commands.len(), 1);
        assert_eq!(commands[0].get_program(), path.as_os_str());
    }

    #[test]
    fn nothing_is_started_without_a_screen_or_a_variable() {
        assert!(!open("https://x.test/", &Environment::default()));
    }
}

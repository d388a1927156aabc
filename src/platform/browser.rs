//! Opens a URL in the user's browser, without a shell.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};

use url::{Host, Url};

/// Separates the commands in `$BROWSER`, as in the search path.
const SEPARATOR: char = if cfg!(windows) { ';' } else { ':' };

/// What the environment says about the browser.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `$BROWSER`: a program if there is a file of that name, else a list of commands (separated as the search path is)
    /// in which `%s` stands for the URL. Quotes work as in a shell, and nothing else does.
    pub browser: Option<OsString>,
    /// Whether there is a screen for a graphical browser (always, except on X11 and Wayland systems).
    pub display: bool,
    /// Whether this is an SSH session.
    pub ssh: bool,
}

/// Starts the browser on `url`, and returns whether a program was started. What it then did is unknown, so the URL
/// must be printed as well.
///
/// Nothing but https and loopback http is opened. The URL is one argument and no shell sees it. The browser's own
/// output goes nowhere: stdout belongs to the command's result. It gets its own process group, so that Ctrl-C in the
/// terminal does not end it.
pub fn open(url: &str, environment: &Environment) -> bool {
    let Some(url) = openable(url) else {
        log::debug!("browser: refused a URL that is neither https nor loopback http");
        return false;
    };
    let candidates = match &environment.browser {
        Some(value) => from_variable(value, &url),
        None if environment.display => open::commands(url),
        None => Vec::new(),
    };
    candidates.into_iter().any(start)
}

/// Returns the URL in canonical form if a browser may open it: https without credentials in it, or http on a loopback
/// address. Other schemes can start programs.
fn openable(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let is_loopback = match url.host()? {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => name == "localhost",
    };
    let allowed = url.scheme() == "https" || (url.scheme() == "http" && is_loopback);
    (allowed && url.username().is_empty() && url.password().is_none()).then(|| url.into())
}

fn start(mut command: Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).env_remove("CHATAUTH_ACCESS_TOKEN");
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let started = command.spawn();
    log::debug!("browser {}: {}", command.get_program().display(), started.is_ok());
    started.is_ok()
}

/// Parses `$BROWSER` as xdg-open and Python's webbrowser do.
fn from_variable(value: &OsStr, url: &str) -> Vec<Command> {
    if Path::new(value).is_file() {
        let mut command = Command::new(value);
        command.arg(url);
        return vec![command];
    }
    let Some(text) = value.to_str() else { return Vec::new() };
    commands(text).iter().filter_map(|words| with_url(words, url)).collect()
}

/// Splits a list of commands into words. Quotes keep blanks and separators in a word.
fn commands(text: &str) -> Vec<Vec<String>> {
    let (mut commands, mut words) = (Vec::new(), Vec::new());
    let (mut word, mut quote) = (None::<String>, None);
    for character in text.chars() {
        match (quote, character) {
            (Some(end), character) if character == end => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, SEPARATOR) => {
                words.extend(word.take());
                commands.push(std::mem::take(&mut words));
            }
            (None, character) if character.is_whitespace() => words.extend(word.take()),
            (_, character) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    commands.push(words);
    commands
}

fn with_url(words: &[String], url: &str) -> Option<Command> {
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments.iter().map(|word| word.replace("%s", url)));
    if !arguments.iter().any(|word| word.contains("%s")) {
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
    fn quotes_keep_a_word_together() {
        let url = "https://x.test/?a=1&b=$(id);'";
        assert_eq!(words("\"/my apps/chrome\" %s"), [["/my apps/chrome", url]]);
        assert_eq!(
            words(&format!("'a{SEPARATOR}b' --new=\"%s\"{SEPARATOR}c ''")),
            [
                vec![format!("a{SEPARATOR}b"), format!("--new={url}")],
                vec![String::from("c"), String::new(), url.to_owned()],
            ]
        );
        assert_eq!(words("\"a b"), [["a b", url]], "a quote that is never closed");
    }

    #[test]
    fn only_https_and_loopback_http_are_opened() {
        for url in ["https://chat.google.com/room/A", "http://127.0.0.1:1/", "http://[::1]:1/x", "http://localhost/"] {
            assert_eq!(openable(url).as_deref(), Some(url));
        }
        for url in [
            "http://chat.google.com/",
            "http://127.0.0.1.x.test/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "ssh://-oProxyCommand=id/",
            "https://me:secret@x.test/",
            "--version",
            "",
        ] {
            assert_eq!(openable(url), None, "{url}");
        }
        let environment = Environment { browser: Some("true".into()), ..Environment::default() };
        assert!(!open("file:///etc/passwd", &environment));
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

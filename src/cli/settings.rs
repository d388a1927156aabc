//! Settings from options, variables and defaults: the only reader of the clock.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::ValueParser;
use clap::{Arg, ColorChoice, Command, ValueEnum};
use time::OffsetDateTime;

use crate::commands::{Context, Failure, Proxies, ProxySetting, Settings, TransportConfig, TrustRoots};
use crate::output::{Filter, Format, Messages, Printer, Screen};
use crate::platform::sanitise::quoted;
use crate::platform::terminal::{self, Terminals};
use crate::platform::{Clock, StandardStream, browser, input};

use super::args::{Cli, Global};
use super::environment::{Environment, choose};
use super::help;
use super::principal;

const DEFAULT_API_ENDPOINT: &str = "https://chat.googleapis.com";
const DEFAULT_TIMEOUT: u64 = 30;
/// The width of a terminal that does not report one.
const DEFAULT_COLUMNS: usize = 80;
const CLIENT_SECRETS: &str = "client_secrets.json";

/// The clock of this machine.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
const CLOCK: Clock = Clock::new(OffsetDateTime::now_utc);

/// Returns the format that an option or variable names.
pub(super) fn explicit_format(option: Option<Format>, environment: Environment) -> Result<Option<Format>, Failure> {
    match (option, environment.text("CHATAUTH_FORMAT")?) {
        (Some(format), _) => Ok(Some(format)),
        (None, None) => Ok(None),
        (None, Some(text)) => Format::from_str(&text, false).map(Some).map_err(|_| {
            Failure::usage(format!("invalid CHATAUTH_FORMAT {}: expected {}", quoted(&text), Format::names(|_| true)))
        }),
    }
}

/// Returns the JSON filter and the format it applies to. The expression is parsed here, before any request.
fn filter(global: &Global, format: Option<Format>, terminals: Terminals) -> Result<(Option<Filter>, Format), Failure> {
    let default = if terminals.stdout { Format::Human } else { Format::Json };
    let Some(expression) = &global.jq else { return Ok((None, format.unwrap_or(default))) };
    if global.format.is_some_and(|format| !format.is_json()) {
        let formats = Format::names(Format::is_json);
        return Err(Failure::usage(format!("--jq filters JSON: use it with --format {formats}")));
    }
    // The option overrides a non-JSON format from the environment.
    let format = format.filter(|format| format.is_json()).unwrap_or(Format::Json);
    let filter =
        Filter::compile(expression).map_err(|error| Failure::usage(format!("--jq {}: {error}", quoted(expression))))?;
    Ok((Some(filter), format))
}

/// Returns what every command has at hand, from the options, the environment and the clock.
///
/// # Errors
/// A value that cannot be used.
pub(super) fn context(cli: &Cli, environment: Environment, invocation: &[OsString]) -> Result<Context, Failure> {
    let global = &cli.global;
    let terminals = Terminals::detect();
    let explicit_format = explicit_format(global.format, environment)?;
    let (filter, format) = filter(global, explicit_format, terminals)?;
    let config_directory = choose(global.config_dir.clone(), environment.path("CHATAUTH_CONFIG_DIR")?)
        .map(|directory| directory.or_else(|| default_config_directory(environment)));
    let default_secrets = || {
        let in_directory = config_directory.value.as_ref().map(|directory| directory.join(CLIENT_SECRETS));
        [Path::new(".").join(CLIENT_SECRETS)].into_iter().chain(in_directory).collect()
    };
    let client_secrets = choose(global.client_secrets.clone(), environment.path("CHATAUTH_CLIENT_SECRETS")?)
        .map(|path| path.map_or_else(default_secrets, |path| vec![path]));
    let timeout = match global.timeout {
        Some(seconds) => seconds,
        None => timeout_variable(environment)?.unwrap_or(DEFAULT_TIMEOUT),
    };
    let colours = terminal::enable_colours();
    let colour = |terminal: bool| match global.color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let plain = environment.os("TERM").is_some_and(|term| term == "dumb");
            terminal && colours && !plain && environment.os("NO_COLOR").is_none()
        }
    };
    let nobody = (None, choose(None, None));
    let (access_token, delegation) =
        if cli.command.acts() { principal::principal(global, environment)? } else { nobody };
    let settings = Settings {
        client_secrets,
        config_directory,
        access_token,
        delegation,
        instead_of_login: principal::instead_of_login(global, environment),
        home: environment.home(),
        account: choose(global.account.clone(), environment.account("CHATAUTH_ACCOUNT")?)
            .map(|account| account.map(|account| account.trim().to_owned())),
        api_endpoint: choose(global.api_endpoint.clone(), environment.text("CHATAUTH_API_ENDPOINT")?)
            .map(|url| url.unwrap_or_else(|| DEFAULT_API_ENDPOINT.to_owned())),
        animations: environment.os("TERM").is_none_or(|term| term != "dumb"),
        input: !global.no_input && !environment.switch("CHATAUTH_NO_INPUT"),
        explicit_format: explicit_format == Some(format),
        http: TransportConfig {
            timeout: Duration::from_secs(timeout),
            trust: TrustRoots {
                file: environment.os("SSL_CERT_FILE").map(PathBuf::from),
                directories: environment.os("SSL_CERT_DIR").map(|list| split_paths(&list)).unwrap_or_default(),
            },
            proxies: proxies(environment),
            clock: CLOCK,
        },
        browser: browser_environment(environment),
        terminals,
        path: environment.os("PATH"),
        invocation: principal::invocation(global, invocation),
    };
    let screen = terminals.stdout.then(|| Screen {
        columns: terminal::columns().unwrap_or(DEFAULT_COLUMNS),
        utf8: is_utf8(environment),
        now: CLOCK.now(),
    });
    let out = Box::new(StandardStream::output());
    let printer = Printer::new(out, format, colour(terminals.stdout), screen, filter);
    let messages = Messages::new(global.quiet, colour(terminals.stderr));
    Ok(Context::new(settings, CLOCK, messages, printer, help::definition))
}

/// Whether the locale is one of UTF-8. Windows has no variable for it, and its consoles show UTF-8.
fn is_utf8(environment: Environment) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| environment.os(name)).unwrap_or_default();
    let locale = locale.to_string_lossy().to_ascii_lowercase();
    cfg!(windows) || locale.contains("utf-8") || locale.contains("utf8")
}

/// Expands the leading `~` of option values that are paths, and refuses contents in their place. Shells leave `~/` alone
/// in `--config-dir=~/x`, and programs that start others do not know it.
///
/// # Errors
/// The contents of a file where its path belongs.
pub(super) fn expand_paths(words: Vec<OsString>, environment: Environment) -> Result<Vec<OsString>, Failure> {
    let needs_expansion = |word: &OsString| {
        let word = word.to_string_lossy();
        let value = word.split_once('=').filter(|_| word.starts_with("--")).map_or(&*word, |(_, value)| value);
        value == "~" || value.starts_with("~/") || input::describe_contents(value.as_ref()).is_some()
    };
    if !words.iter().any(needs_expansion) {
        return Ok(words);
    }
    let mut options = Vec::new();
    path_options(&help::definition(), &mut options);
    let is_path = |word: &str| word.strip_prefix("--").is_some_and(|name| options.iter().any(|known| known == name));
    let mut before: Option<String> = None;
    let mut after_double_dash = false;
    let expand = |word: OsString| {
        let text = word.to_string_lossy().into_owned();
        // What follows belongs to another program.
        after_double_dash |= text == "--";
        let option = before.replace(text.clone()).filter(|option| is_path(option));
        match (option, text.split_once('=')) {
            _ if after_double_dash => Ok(word),
            (Some(option), _) => environment.expand(&option, word),
            (None, Some((option, path))) if is_path(option) => {
                let mut word = OsString::from(format!("{option}="));
                word.push(environment.expand(option, path.into())?);
                Ok(word)
            }
            // clap would parse it as an option.
            (None, _) if text.starts_with("-----BEGIN ") => environment.expand("an argument", word),
            (None, _) => Ok(word),
        }
    };
    words.into_iter().map(expand).collect()
}

/// Collects the names of all options whose values are paths, with their aliases.
fn path_options(command: &Command, names: &mut Vec<String>) {
    let is_path = |option: &&Arg| option.get_value_parser().type_id() == ValueParser::path_buf().type_id();
    for option in command.get_arguments().filter(is_path) {
        let aliases = option.get_all_aliases().unwrap_or_default();
        names.extend(option.get_long().into_iter().chain(aliases).map(str::to_owned));
    }
    for subcommand in command.get_subcommands() {
        path_options(subcommand, names);
    }
}

fn timeout_variable(environment: Environment) -> Result<Option<u64>, Failure> {
    let Some(text) = environment.text("CHATAUTH_TIMEOUT")? else { return Ok(None) };
    match text.trim().parse() {
        Ok(seconds @ 1..=86_400) => Ok(Some(seconds)),
        _ => Err(Failure::usage(format!("invalid CHATAUTH_TIMEOUT {}: expected 1 to 86400 seconds", quoted(&text)))),
    }
}

/// The directories of a list such as `PATH`. What is no list of paths stays whole, so that it is seen for what it is.
fn split_paths(list: &OsStr) -> Vec<PathBuf> {
    if input::describe_contents(list).is_some() {
        return vec![PathBuf::from(list)];
    }
    std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty()).collect()
}

/// The lower-case names win, as in curl. `HTTP_PROXY` would carry nothing: plain http goes to loopback only.
fn proxies(environment: Environment) -> Proxies {
    // An invalid value is an error only when a request would use the proxy.
    let value = |name: &str| environment.os(name).map(|value| value.to_string_lossy().into_owned());
    let first = |names: &[&'static str]| {
        names.iter().find_map(|variable| Some(ProxySetting { variable, value: value(variable)? }))
    };
    Proxies {
        https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
        except: first(&["no_proxy", "NO_PROXY"]),
    }
}

fn browser_environment(environment: Environment) -> browser::Environment {
    let x11_or_wayland = cfg!(all(unix, not(target_os = "macos")));
    let screen = ["DISPLAY", "WAYLAND_DISPLAY", "MIR_SOCKET", "WSL_DISTRO_NAME"];
    browser::Environment {
        browser: environment.os("BROWSER"),
        ssh: environment.os("SSH_CONNECTION").is_some() || environment.os("SSH_TTY").is_some(),
        display: !x11_or_wayland || screen.iter().any(|name| environment.os(name).is_some()),
    }
}

/// Returns the platform's configuration directory; `None` when the home directory is unset or relative.
fn default_config_directory(environment: Environment) -> Option<PathBuf> {
    let absolute = |path: &OsStr| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let variable = |name: &str| environment.os(name).and_then(|value| absolute(&value));
    let base = if cfg!(windows) {
        variable("APPDATA")
    } else if cfg!(target_os = "macos") {
        variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join("Library/Application Support")))
    } else {
        variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")))
    };
    base.map(|base| base.join("chatauth"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leading_tilde_is_the_home_in_options_that_are_paths() {
        let environment = Environment(|name| match name {
            "HOME" | "USERPROFILE" => Some("/ada".into()),
            "CHATAUTH_CONFIG_DIR" => Some("~/c".into()),
            _ => None,
        });
        let expand = |line: &str| {
            let words = line.split(' ').map(OsString::from).collect();
            let words = expand_paths(words, environment).unwrap();
            words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ").replace('\\', "/")
        };
        for (typed, meant) in [
            ("--config-dir=~/x", "--config-dir=/ada/x"),
            ("--config-dir=~ --name=~", "--config-dir=/ada/ --name=~"),
            ("--client-secrets ~/x.json", "--client-secrets /ada/x.json"),
            ("spaces create --from=~/a.csv", "spaces create --from=/ada/a.csv"),
            ("spaces create --results=~/a.csv", "spaces create --results=/ada/a.csv"),
            ("spaces create --name=~/x --description ~/x", "spaces create --name=~/x --description ~/x"),
            ("--config-dir=~bob/x --config-dir=a~/x", "--config-dir=~bob/x --config-dir=a~/x"),
            ("emulator -- chatauth --config-dir=~/x", "emulator -- chatauth --config-dir=~/x"),
        ] {
            assert_eq!(expand(typed), meant);
        }
        assert_eq!(environment.path("CHATAUTH_CONFIG_DIR").unwrap(), Some(PathBuf::from("/ada/c")));
        let homeless = Environment(|name| (!["HOME", "USERPROFILE"].contains(&name)).then(|| "~/c".into()));
        assert_eq!(homeless.path("X").unwrap(), Some(PathBuf::from("~/c")));
    }

    #[test]
    fn property_39_a_relative_home_is_none() {
        assert_eq!(default_config_directory(Environment(|_| Some("relative".into()))), None);
        assert_eq!(default_config_directory(Environment(|_| None)), None);
    }

    #[test]
    fn the_contents_of_a_file_are_no_path_and_are_not_quoted() {
        let environment = Environment(|_| Some(r#"{"private_key":"canary"}"#.into()));
        let expand = |line: &[&str]| {
            let words = line.iter().map(OsString::from).collect();
            expand_paths(words, environment)
        };
        for (failure, said) in [
            (environment.path("CHATAUTH_CONFIG_DIR").unwrap_err(), "CHATAUTH_CONFIG_DIR is JSON, not a path"),
            (environment.text("CHATAUTH_ACCOUNT").unwrap_err(), "CHATAUTH_ACCOUNT is JSON"),
            (expand(&["--service-account", r#"{"k":"canary"}"#]).unwrap_err(), "--service-account is JSON, not a path"),
            (expand(&[r#"--config-dir={"k":"canary"}"#]).unwrap_err(), "--config-dir is JSON, not a path"),
        ] {
            assert_eq!(failure.message, said);
            assert!(!format!("{failure:?}").contains("canary"));
        }
        expand(&["spaces", "create", "--name", r#"{"k":"v"}"#]).unwrap();
    }

    #[test]
    fn proxies_follow_curl() {
        let environment = Environment(|name| match name {
            "https_proxy" => Some("http://lower".into()),
            "HTTPS_PROXY" => Some("http://upper".into()),
            "NO_PROXY" => Some("x.test".into()),
            _ => None,
        });
        let proxies = proxies(environment);
        let https = proxies.https.unwrap();
        assert_eq!((https.variable, https.value.as_str()), ("https_proxy", "http://lower"));
        assert_eq!(proxies.except.unwrap().value, "x.test");
    }
}

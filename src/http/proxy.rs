//! The proxies of the environment: which one carries a request, and why one refuses.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use http::{Uri, header};
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use super::Error;

use crate::platform::sanitise::quoted;

/// Requests to loopback never go through a proxy.
const NEVER_PROXIED: &str = "localhost,127.0.0.0/8,::1";

/// The kinds of proxies that are supported.
const SCHEMES: [&str; 4] = ["http", "https", "socks4a", "socks5h"];

/// How long a proxy is asked for the reason of its refusal.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest head of a refusal that is read, in bytes.
const LONGEST_REFUSAL: usize = 16 * 1024;

/// A proxy variable with its value.
#[derive(Clone)]
pub struct ProxySetting {
    /// The name of the variable, as it was found.
    pub variable: &'static str,
    /// The address, which may hold a password.
    pub value: String,
}

impl ProxySetting {
    /// Returns the entries of `NO_PROXY`.
    fn entries(&self) -> impl Iterator<Item = &str> {
        self.value.split(|end: char| end == ',' || end.is_whitespace()).filter(|entry| !entry.is_empty())
    }
}

/// Splits the port off an entry of `NO_PROXY`.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    match entry.rsplit_once(':') {
        // Other colons are those of an IPv6 address.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (entry, None),
    }
}

/// Returns an entry without brackets and the final dot. Networks are written out: macOS has `169.254/16` for 169.254.0.0/16.
fn plain(host: &str) -> Cow<'_, str> {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    match host.split_once('/') {
        Some((address, prefix)) if address.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => {
            let missing = 3_usize.saturating_sub(address.matches('.').count());
            format!("{address}{}/{prefix}", ".0".repeat(missing)).into()
        }
        _ => host.into(),
    }
}

/// Returns why an entry of `NO_PROXY` can match no host.
fn fault(entry: &str) -> Option<&'static str> {
    let (host, port) = split_port(entry);
    let is_network = |(address, prefix): (&str, &str)| {
        let length = address.parse().ok().map(|address: IpAddr| if address.is_ipv4() { 32 } else { 128 });
        prefix.parse().is_ok_and(|prefix: u8| length.is_some_and(|length| prefix <= length))
    };
    let is_whole = host.strip_prefix('[').map_or(!host.contains(['[', ']']), |rest| rest.ends_with(']'));
    if entry.contains(char::REPLACEMENT_CHARACTER) {
        Some("is not UTF-8")
    } else if entry.contains("://") {
        Some("is a URL; write its host only")
    } else if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        Some("has no valid port")
    } else if !is_whole {
        Some("has an unpaired bracket")
    } else if plain(host).split_once('/').is_some_and(|parts| !is_network(parts)) {
        Some("is not a network such as 10.0.0.0/8")
    } else {
        None
    }
}

/// The proxy variables, as they were set.
#[derive(Clone, Default)]
pub struct Proxies {
    /// The proxy for https addresses.
    pub https: Option<ProxySetting>,
    /// `NO_PROXY`, the hosts that are reached directly.
    pub except: Option<ProxySetting>,
}

impl fmt::Debug for Proxies {
    /// Shows which variables are set and nothing of their values: the address of a proxy may hold a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |setting: &Option<ProxySetting>| setting.as_ref().map(|setting| setting.variable);
        formatter
            .debug_struct("Proxies")
            .field("https", &name(&self.https))
            .field("except", &name(&self.except))
            .finish()
    }
}

impl Proxies {
    /// The proxies as the HTTP client takes them; `None` without any. One that cannot be used is left out here and refused
    /// by [`Proxies::route`].
    pub(super) fn build(&self) -> Option<reqwest::Proxy> {
        self.https.as_ref()?;
        let proxies = self.clone();
        Some(reqwest::Proxy::custom(move |url| Some(proxies.route(url).ok()??.url)))
    }

    /// Returns the proxy for a request to `url`; `None` if there is none.
    ///
    /// # Errors
    /// A proxy that would carry it and cannot be used: no request bypasses a proxy. Likewise an entry of `NO_PROXY` that
    /// cannot be used: the proxy may be one to avoid.
    pub(super) fn route(&self, url: &Url) -> Result<Option<Proxy>, Error> {
        // Plain http goes to loopback only.
        let Some(setting) = self.https.as_ref().filter(|_| url.scheme() == "https") else { return Ok(None) };
        let any = Matcher::builder().all("http://proxy.invalid").no(self.exceptions(url)).build();
        let carried = url.as_str().parse::<Uri>().is_ok_and(|uri| any.intercept(&uri).is_some());
        if !carried {
            return Ok(None);
        }
        if let Some(except) = &self.except
            && let Some((number, fault)) =
                (1..).zip(except.entries().map(fault)).find_map(|(n, fault)| Some((n, fault?)))
        {
            let cause = format!("cannot be used: entry {number} {fault}");
            return Err(Error::ProxyInvalid { variable: except.variable, cause });
        }
        Proxy::parse(setting).map(Some)
    }

    /// Returns the variable whose proxy carries a request to `url`; `None` if there is none.
    pub fn variable(&self, url: &Url) -> Option<&'static str> {
        Some(self.route(url).ok()??.variable)
    }

    /// Returns the hosts that are reached directly at the port of `url`, spelled as the matcher knows them.
    fn exceptions(&self, url: &Url) -> String {
        let mut hosts = String::from(NEVER_PROXIED);
        for entry in self.except.iter().flat_map(ProxySetting::entries) {
            let (host, port) = split_port(entry);
            if port.is_some_and(|port| port.parse().ok() != url.port_or_known_default()) {
                continue;
            }
            let host = plain(host);
            hosts.push(',');
            hosts.push_str(host.strip_prefix('*').filter(|domain| domain.starts_with('.')).unwrap_or(&host));
        }
        hosts
    }
}

/// A proxy that can be used. `Display` names it without its password, as in `the proxy 10.0.0.1:3128 (HTTPS_PROXY)`.
#[derive(Clone)]
pub(super) struct Proxy {
    variable: &'static str,
    url: Url,
}

impl fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port_or_known_default() {
            Some(port) => write!(formatter, "the proxy {host}:{port} ({})", self.variable),
            None => write!(formatter, "the proxy {host} ({})", self.variable),
        }
    }
}

impl Proxy {
    fn parse(setting: &ProxySetting) -> Result<Self, Error> {
        let invalid = |cause: String| Error::ProxyInvalid { variable: setting.variable, cause };
        let value = setting.value.trim();
        if value.contains(['"', '\'']) {
            return Err(invalid(String::from("has quotation marks in it; remove them")));
        }
        if value.contains('\\') {
            return Err(invalid(String::from("has a backslash in it; write it as %5C")));
        }
        let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            // The proxy looks names up: a network that needs one often cannot. `socks` is GNOME's spelling.
            "socks" | "socks5" => String::from("socks5h"),
            "socks4" => String::from("socks4a"),
            other => other.to_owned(),
        };
        if !SCHEMES.contains(&scheme.as_str()) {
            return Err(invalid(format!(
                "is a {} proxy; supported are http, https, socks4 and socks5",
                quoted(&scheme)
            )));
        }
        if rest.find(['/', '?', '#']).is_some_and(|end| rest[end..].contains('@')) {
            return Err(invalid(String::from("has an @ after its host; write / as %2F, ? as %3F and # as %23")));
        }
        match Url::parse(&format!("{scheme}://{rest}")) {
            Ok(url) if url.host_str().is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace)) => {
                Ok(Self { variable: setting.variable, url })
            }
            _ => Err(invalid(String::from("is not a proxy's address"))),
        }
    }

    /// Names the reason for which the proxy refused a connection to `target`. The HTTP library drops the status and
    /// the headers of the refusal, so the proxy is asked once more.
    pub(super) async fn refusal(&self, target: &Url, needs_authentication: bool) -> Error {
        let answer = match self.url.scheme() {
            "http" => tokio::time::timeout(REFUSAL_TIMEOUT, self.connect(target)).await.ok().flatten(),
            _ => None,
        };
        let (status, schemes) = answer.unwrap_or((if needs_authentication { 407 } else { 0 }, Vec::new()));
        let proxy = self.to_string();
        if status != 407 {
            let host = target.host_str().unwrap_or_default().to_owned();
            return Error::ProxyRefused { proxy, host, status: (status != 0).then_some(status) };
        }
        let basic = schemes.is_empty() || schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"));
        let cause = if !basic {
            format!("requires {} authentication (407); only Basic is supported", schemes.join(" or "))
        } else if self.url.username().is_empty() {
            format!("requires a user name and password: set {}://USER:PASSWORD@HOST:PORT", self.url.scheme())
        } else {
            String::from("rejected the user name and password in its URL")
        };
        Error::ProxyAuthentication { proxy, cause }
    }

    /// Asks for a tunnel, and returns the status and the authentication schemes of the answer.
    async fn connect(&self, target: &Url) -> Option<(u16, Vec<String>)> {
        let address = (self.url.host_str()?.trim_matches(['[', ']']), self.url.port_or_known_default()?);
        let mut stream = TcpStream::connect(address).await.ok()?;
        let host = format!("{}:{}", target.host_str()?, target.port_or_known_default()?);
        let uri: Uri = target.as_str().parse().ok()?;
        let matcher = Matcher::builder().all(self.url.as_str()).build();
        let authorization = matcher.intercept(&uri).and_then(|proxy| proxy.basic_auth().cloned());
        let authorization = authorization
            .and_then(|value| Some(format!("Proxy-Authorization: {}\r\n", value.to_str().ok()?)))
            .unwrap_or_default();
        let request = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n{authorization}\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut head = Vec::new();
        while head.len() < LONGEST_REFUSAL && stream.read_buf(&mut head).await.ok()? > 0 {
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut response = httparse::Response::new(&mut headers);
            if response.parse(&head).ok()?.is_complete() {
                let name = header::PROXY_AUTHENTICATE;
                let schemes = response
                    .headers
                    .iter()
                    .filter(|found| found.name.eq_ignore_ascii_case(name.as_str()))
                    .filter_map(|found| std::str::from_utf8(found.value).ok()?.split_whitespace().next())
                    .map(|scheme| scheme.trim_end_matches(',').to_owned())
                    .collect();
                return Some((response.code?, schemes));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_proxy(value: &str) -> ProxySetting {
        ProxySetting { variable: "no_proxy", value: value.to_owned() }
    }

    fn route(value: &str, url: &str) -> Result<Option<String>, String> {
        let setting = Some(ProxySetting { variable: "ALL_PROXY", value: value.to_owned() });
        let proxies = Proxies { https: setting, except: Some(no_proxy(".corp.test")) };
        let route = proxies.route(&Url::parse(url).unwrap());
        route.map(|proxy| proxy.map(|proxy| proxy.to_string())).map_err(|error| error.to_string())
    }

    #[test]
    fn every_spelling_is_used_or_refused_by_the_name_of_its_variable() {
        for (value, expected) in [
            ("10.0.0.1:3128", "10.0.0.1:3128"),
            (" http://u:canary@proxy.test:8080/ ", "proxy.test:8080"),
            ("HTTPS://proxy.test", "proxy.test:443"),
            ("socks://10.0.0.1:1080/", "10.0.0.1:1080"),
            ("socks5h://10.0.0.1:1080", "10.0.0.1:1080"),
            ("socks4://10.0.0.1:1080", "10.0.0.1:1080"),
        ] {
            let route = route(value, "https://chat.googleapis.com/").unwrap().unwrap();
            assert_eq!(route, format!("the proxy {expected} (ALL_PROXY)"), "{value}");
        }
        for value in [
            "\"http://canary:1\"",
            "ftp://canary",
            "http://CORP\\canary@h:1",
            "http://canary a:1",
            "http://",
            "http://bob:12#canary@h:1",
            "bob:12/canary@h:1",
            "http://bob:12?canary@h:1",
        ] {
            let error = route(value, "https://chat.googleapis.com/").unwrap_err();
            assert!(error.contains("ALL_PROXY") && !error.contains("canary"), "{value}: {error}");
        }
    }

    #[test]
    fn a_proxy_counts_only_for_what_it_would_carry() {
        for url in ["http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost:1/", "https://a.corp.test/"] {
            assert_eq!(route("ftp://x", url), Ok(None), "{url}");
        }
    }

    #[test]
    fn an_exception_that_can_match_no_host_is_refused_by_the_name_of_its_variable() {
        let https = Some(ProxySetting { variable: "HTTPS_PROXY", value: String::from("10.0.0.1:3128") });
        let route = |except: &str, url: &str| {
            let proxies = Proxies { https: https.clone(), except: Some(no_proxy(except)) };
            proxies.route(&Url::parse(url).unwrap()).map(|proxy| proxy.is_some()).map_err(|error| error.to_string())
        };
        let url = "https://chat.googleapis.com/";
        for wrong in [
            "10.0.0.0/33",
            "::1/129",
            "[::1]/129",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "canary/8",
            "10.0.0.0/8:x",
            "x:99999",
            "1.2.3.4:canary",
            "x:",
            "[::1]:99999",
            "[::1",
            "::1]",
            "[canary",
            "http://canary",
            "http://canary:80",
            "http://u:canary@x",
            "https://[::1]:443",
            "u:canary@x",
            "canary\u{fffd}",
        ] {
            let error = route(&format!("a.test, {wrong},,*.b.test"), url).unwrap_err();
            assert!(error.starts_with("the value of no_proxy cannot be used: entry 2 "), "{wrong}: {error}");
            assert!(!error.contains("canary"), "{wrong}: {error}");
            // Where no proxy carries the request, the value does not matter.
            for direct in ["https://a.test/", "https://127.0.0.1/", "http://chat.googleapis.com/"] {
                assert_eq!(route(&format!("a.test {wrong}"), direct), Ok(false), "{wrong}: {direct}");
            }
        }
        assert_eq!(route("169.254/16, 10/8", "https://10.9.8.7/"), Ok(false));
        assert_eq!(route("169.254/16", "https://169.254.1.2/"), Ok(false));
        assert_eq!(route("169.254/16", "https://169.1.1.2/"), Ok(true));
        for fine in ["", "*", "a.test:1", "10.0.0.0/8", "10.0.0.0/8:443", "10.1/16", "::1/128", "[::1]", "fe80::1%eth0"]
        {
            assert!(route(fine, url).is_ok(), "{fine}");
        }
    }

    #[test]
    fn exceptions_are_read_however_they_are_written() {
        let is_direct = |except: &str, url: &str| {
            let https = Some(ProxySetting { variable: "HTTPS_PROXY", value: String::from("10.0.0.1:3128") });
            let proxies = Proxies { https, except: Some(no_proxy(except)) };
            proxies.variable(&Url::parse(url).unwrap()).is_none()
        };
        for (url, direct, proxied) in [
            (
                "https://chat.corp.test/v1",
                &["*", "*:443", "corp.test", ".corp.test", "*.corp.test", "Corp.Test.", "chat.corp.test:443"][..],
                &["", "orp.test", "*.other.test", "chat.corp.test:8443", "other.test:443"][..],
            ),
            ("https://chat.corp.test:8443/", &["corp.test:8443", "corp.test"], &["corp.test:443"]),
            ("https://10.1.2.3/", &["10.1.2.3", "10.1.2.3:443", "10.1.0.0/16"], &["10.1.2.3:1", "10.2.0.0/16"]),
            (
                "https://[2001:db8::1]/",
                &["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443", "2001:db8::/32"],
                &["[2001:db8::1]:1", "2001:db8::2", "[2001:db8::2]:443"],
            ),
        ] {
            for except in direct {
                for list in [(*except).to_owned(), format!("x.test {except}"), format!("x.test:1,\t{except} ,y.test")] {
                    assert!(is_direct(&list, url), "{list}: {url}");
                }
            }
            assert!(proxied.iter().all(|except| !is_direct(except, url)), "{url}");
        }
    }
}

//! Faults on demand: their text form, and which requests they apply to.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::endpoint::{ENDPOINTS, Endpoint};
use super::invalid_option::{InvalidOption, one_of};

/// A fault to inject: `ENDPOINT:ACTION[,ACTION…][,times=N][,after=N]`.
///
/// ENDPOINT is one of `authorize token revoke tokeninfo userinfo create setup
/// list get update delete search find-dm find-group-chats complete-import members
/// add-member update-member remove-member`, `chat` for all methods of the Chat
/// API, or `all`.
///
/// | ACTION | effect |
/// |---|---|
/// | `status=503` | answers with this status and Google's body for it |
/// | `reason=RATE_LIMIT_EXCEEDED` | Google's body for this reason; without `status` also its status. At the token endpoint an OAuth error code (`invalid_grant`, `invalid_rapt` …) |
/// | `retry-after=VALUE` | adds the header: seconds or an HTTP date |
/// | `delay=2s`, `delay=200ms` | waits first |
/// | `drop-before` | closes the connection without an answer and applies nothing |
/// | `drop-after` | applies the request, then closes without an answer |
/// | `garbage`, `empty`, `html` | a body that is not JSON, no body, an HTML page |
/// | `truncate` | announces the whole body, sends half of it and closes |
/// | `huge` | a body of 2 MiB |
/// | `redirect=URL` | 302 to there |
/// | `body=TEXT` | this body; it is the rest of the text, so it must come last |
/// | `commit` | applies the request although an error is answered |
///
/// A request is applied if the answer says so (2xx, whatever its body), and with `commit` and `drop-after`; otherwise
/// it changes nothing. `times` ends the fault after N answers (the default is never), `after` lets N requests pass
/// first. The first fault in the list that is due is used.
///
/// ```
/// use chatauth::emulator::Fault;
/// let lost_answer: Fault = "create:status=503,commit,times=1".parse().unwrap();
/// assert_eq!(lost_answer.to_string(), "create:status=503,commit,times=1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    text: String,
    target: Target,
    plan: Plan,
    times: Option<u32>,
    after: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    One(Endpoint),
    Chat,
    All,
}

/// What to do with one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) status: Option<u16>,
    pub(super) reason: Option<String>,
    pub(super) retry_after: Option<String>,
    pub(super) delay: Duration,
    pub(super) commit: bool,
    pub(super) effect: Effect,
}

/// What happens to the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Effect {
    #[default]
    Unchanged,
    DropBefore,
    DropAfter,
    Garbage,
    Html,
    Empty,
    Truncate,
    Huge,
    Redirect(String),
    Literal(String),
}

impl Plan {
    /// Whether the request is applied.
    pub(super) fn applies(&self) -> bool {
        match self.effect {
            Effect::DropBefore => false,
            Effect::DropAfter => true,
            Effect::Redirect(_) => self.commit,
            _ => {
                let fails =
                    self.status.is_some_and(|status| status >= 300) || (self.status.is_none() && self.reason.is_some());
                self.commit || !fails
            }
        }
    }
}

impl FromStr for Fault {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, InvalidOption> {
        let (endpoint, mut rest) =
            text.split_once(':').ok_or_else(|| InvalidOption::new("expected ENDPOINT:ACTION[,ACTION…]"))?;
        let mut fault =
            Self { text: text.to_owned(), target: target(endpoint)?, plan: Plan::default(), times: None, after: 0 };
        loop {
            if let Some(body) = rest.strip_prefix("body=") {
                fault.set_effect(Effect::Literal(body.to_owned()))?;
                break;
            }
            let (action, following) = next_action(rest);
            fault.add(action)?;
            let Some(following) = following else { break };
            rest = following;
        }
        let answer = Plan { retry_after: None, commit: false, ..fault.plan.clone() };
        if answer == Plan::default() || fault.times == Some(0) {
            return Err(InvalidOption::new(format!("`{text}` does nothing")));
        }
        let answers = [fault.plan.status.is_some(), fault.plan.reason.is_some(), fault.plan.retry_after.is_some()];
        if answers.contains(&true) && matches!(fault.plan.effect, Effect::DropBefore | Effect::DropAfter) {
            return Err(InvalidOption::new("a dropped connection has no status, reason or header"));
        }
        if fault.plan.commit && fault.plan.effect == Effect::DropBefore {
            return Err(InvalidOption::new("`commit` cannot be combined with `drop-before`"));
        }
        Ok(fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Fault {
    /// Counts one request and returns what to do with it, if this fault is due and no other was `taken`.
    pub(super) fn take_if_due(&mut self, endpoint: Endpoint, taken: bool) -> Option<Plan> {
        let fits = match self.target {
            Target::One(one) => one == endpoint,
            Target::Chat => endpoint.is_chat(),
            Target::All => true,
        };
        if !fits {
            return None;
        }
        if self.after > 0 {
            self.after -= 1;
            return None;
        }
        if taken {
            return None;
        }
        if let Some(left) = &mut self.times {
            *left = left.checked_sub(1)?;
        }
        Some(self.plan.clone())
    }

    fn add(&mut self, action: &str) -> Result<(), InvalidOption> {
        let (name, value) = action.split_once('=').map_or((action, None), |(name, value)| (name, Some(value)));
        match (name, value) {
            ("status", Some(value)) => self.plan.status = Some(status(value)?),
            ("reason", Some(value)) if is_identifier(value) => self.plan.reason = Some(value.to_owned()),
            ("retry-after", Some(value)) => self.plan.retry_after = Some(header_text(value)?),
            ("delay", Some(value)) => self.plan.delay = duration(value)?,
            ("times", Some(value)) => self.times = Some(count(value)?),
            ("after", Some(value)) => self.after = count(value)?,
            ("commit", None) => self.plan.commit = true,
            ("drop-before", None) => self.set_effect(Effect::DropBefore)?,
            ("drop-after", None) => self.set_effect(Effect::DropAfter)?,
            ("garbage", None) => self.set_effect(Effect::Garbage)?,
            ("html", None) => self.set_effect(Effect::Html)?,
            ("empty", None) => self.set_effect(Effect::Empty)?,
            ("truncate", None) => self.set_effect(Effect::Truncate)?,
            ("huge", None) => self.set_effect(Effect::Huge)?,
            ("redirect", Some(value)) => self.set_effect(Effect::Redirect(header_text(value)?))?,
            _ => return Err(InvalidOption::new(format!("`{action}` is not a fault action"))),
        }
        Ok(())
    }

    fn set_effect(&mut self, effect: Effect) -> Result<(), InvalidOption> {
        if self.plan.effect != Effect::Unchanged {
            return Err(InvalidOption::new(format!("`{}` has more than one body", self.text)));
        }
        self.plan.effect = effect;
        Ok(())
    }
}

fn target(name: &str) -> Result<Target, InvalidOption> {
    let mut targets = ENDPOINTS.map(|(name, endpoint)| (name, Target::One(endpoint))).to_vec();
    targets.extend([("chat", Target::Chat), ("all", Target::All)]);
    one_of(name, &targets)
}

/// Splits at the next comma that starts an action. The comma in an HTTP date does not: a space follows it.
fn next_action(text: &str) -> (&str, Option<&str>) {
    let comma = text
        .match_indices(',')
        .find(|(position, _)| !text[position + 1..].starts_with(' '))
        .map(|(position, _)| position);
    comma.map_or((text, None), |position| (&text[..position], Some(&text[position + 1..])))
}

fn status(text: &str) -> Result<u16, InvalidOption> {
    text.parse()
        .ok()
        .filter(|status| (200..=599).contains(status))
        .ok_or_else(|| InvalidOption::new(format!("`{text}` is not a status from 200 to 599")))
}

fn count(text: &str) -> Result<u32, InvalidOption> {
    text.parse().map_err(|_| InvalidOption::new(format!("`{text}` is not a number")))
}

fn duration(text: &str) -> Result<Duration, InvalidOption> {
    let parsed = match text.strip_suffix("ms") {
        Some(number) => number.parse().ok().map(Duration::from_millis),
        None => text.strip_suffix('s').and_then(|number| number.parse().ok()).map(Duration::from_secs),
    };
    parsed.ok_or_else(|| InvalidOption::new(format!("`{text}` is not a duration such as 2s or 200ms")))
}

fn header_text(text: &str) -> Result<String, InvalidOption> {
    if text.is_empty() || text.contains(|c: char| !c.is_ascii() || c.is_control()) {
        return Err(InvalidOption::new(format!("`{text}` is not a valid header value")));
    }
    Ok(text.to_owned())
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;

//! The page that Google shows when it refuses an authorization request without a redirect.

use crate::emulator::html;
use crate::emulator::wire::Reply;

/// A refusal that only the person at the browser sees; the client is not told.
#[derive(Debug)]
pub(super) struct ErrorPage {
    status: u16,
    code: &'static str,
    title: String,
    text: String,
    /// What to change in the emulator's options.
    hint: Option<String>,
}

impl ErrorPage {
    pub(super) fn new(status: u16, code: &'static str, text: impl Into<String>) -> Self {
        let title = String::from("Access blocked: Authorization Error");
        Self { status, code, title, text: text.into(), hint: None }
    }

    /// Replaces the usual heading.
    pub(super) fn titled(self, title: String) -> Self {
        Self { title, ..self }
    }

    /// Adds what to change in the emulator's options.
    pub(super) fn with_hint(self, hint: String) -> Self {
        Self { hint: Some(hint), ..self }
    }

    pub(super) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(super) fn invalid(text: impl Into<String>) -> Self {
        Self::new(400, "invalid_request", text)
    }

    pub(super) fn reply(&self) -> Reply {
        let text = html::escape(&self.text);
        let hint = self.hint.as_ref().map(|hint| format!("<p>In the emulator: {}.</p>\n", html::escape(hint)));
        let content = format!(
            "<p>{text}</p>\n<p class=\"note\">Error {}: {}</p>\n{}\
             <p>Your terminal does not see this error. If a login is still waiting there, press Ctrl-C and run the \
             command again.</p>",
            self.status,
            self.code,
            hint.unwrap_or_default()
        );
        html::page(self.status, &self.title, &content, "")
    }
}

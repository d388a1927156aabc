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
}

impl ErrorPage {
    pub(super) fn new(status: u16, code: &'static str, text: impl Into<String>) -> Self {
        let title = String::from("Access blocked: Authorization Error");
        Self { status, code, title, text: text.into() }
    }

    /// Replaces the usual heading.
    pub(super) fn titled(self, title: String) -> Self {
        Self { title, ..self }
    }

    pub(super) fn invalid(text: impl Into<String>) -> Self {
        Self::new(400, "invalid_request", text)
    }

    pub(super) fn reply(&self) -> Reply {
        let text = html::escape(&self.text);
        let content = format!(
            "<p>{text}</p>\n<p class=\"note\">Error {}: {}</p>\n\
             <p>Your terminal does not see this error. If a login is still waiting there, press Ctrl-C and run the \
             command again.</p>",
            self.status, self.code
        );
        html::page(self.status, &self.title, &content, "")
    }
}

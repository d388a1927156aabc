//! The pages that the browser shows at the end of a login. They are constant: nothing that was sent is repeated.

/// A page. Its HTML loads no script, font or image.
pub(super) struct Page {
    title: &'static str,
    symbol: &'static str,
    colour: &'static str,
    text: &'static str,
    aside: &'static str,
}

impl Page {
    pub(super) fn html(&self) -> String {
        let values = [
            ("{title}", self.title),
            ("{symbol}", self.symbol),
            ("{colour}", self.colour),
            ("{text}", self.text),
            ("{aside}", self.aside),
        ];
        let template = include_str!("callback_page.html").to_owned();
        values.iter().fold(template, |html, (name, value)| html.replace(name, value))
    }
}

/// Explains the browser's own error page after a reload.
const ONCE: &str = "This page is shown once: it cannot be reloaded.";

/// The browser came back with a code. Only the exchange of the code shows which scopes were granted, so the page does
/// not promise a login.
pub(super) const SUCCESS: Page = Page {
    title: "Back to your terminal",
    symbol: "&#8594;",
    colour: "#0969da",
    text: "Google has answered. You can close this tab and go back to your terminal, where chatauth finishes the login.",
    aside: ONCE,
};

/// Consent was refused.
pub(super) const REFUSED: Page = Page {
    title: "Login cancelled",
    symbol: "&#10005;",
    colour: "#9a6700",
    text: "Nothing was saved. You can close this tab and go back to your terminal, which shows how to retry.",
    aside: ONCE,
};

/// The answer cannot be used.
pub(super) const FAILED: Page = Page {
    title: "Login failed",
    symbol: "!",
    colour: "#cf222e",
    text: "Nothing was saved. You can close this tab and go back to your terminal, which shows the reason.",
    aside: ONCE,
};

/// A request that has nothing to do with the login.
pub(super) const NOT_FOUND: Page = Page {
    title: "Nothing here",
    symbol: "?",
    colour: "#57606a",
    text: "chatauth waits here for the end of a login, which has another address. You can close this tab.",
    aside: "Your terminal still waits for the login. It shows the address to open, and why an answer was rejected.",
};

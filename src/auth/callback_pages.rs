//! The constant pages that the browser shows at the end of a login.

/// The start of every page. It loads no script, font or image.
macro_rules! page {
    ($title:literal, $symbol:literal, $colour:literal, $text:literal, $aside:expr) => {
        concat!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
            "<meta name=\"color-scheme\" content=\"light dark\">\n",
            "<title>",
            $title,
            " - chatauth</title>\n<style>\n",
            ":root { color-scheme: light dark; --ink: #1f2328; --paper: #f6f8fa; --card: #fff; --soft: #57606a; }\n",
            "@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --card: #161b22; --soft: #9da7b3; } }\n",
            "body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper);\n",
            "  color: var(--ink); font: 1.0625rem/1.5 system-ui, sans-serif; }\n",
            "main { margin: 1.5rem; max-width: 26rem; padding: 2.5rem 2rem; border-radius: 1rem; background: var(--card);\n",
            "  box-shadow: 0 1px 3px #0003; text-align: center; }\n",
            ".symbol { width: 3.5rem; height: 3.5rem; margin: 0 auto; border-radius: 50%; color: #fff; font-size: 1.75rem;\n",
            "  line-height: 3.5rem; background: ",
            $colour,
            "; }\nh1 { margin: 1rem 0 0.5rem; font-size: 1.375rem; }\np { margin: 0; color: var(--soft); text-wrap: balance; }\n",
            ".aside { margin-top: 1.25rem; font-size: 0.875rem; }\n",
            "</style>\n</head>\n<body>\n<main>\n<div class=\"symbol\" aria-hidden=\"true\">",
            $symbol,
            "</div>\n<h1>",
            $title,
            "</h1>\n<p>",
            $text,
            "</p>\n<p class=\"aside\">",
            $aside,
            "</p>\n</main>\n</body>\n</html>\n"
        )
    };
}

/// Explains the browser's own error page after a reload.
macro_rules! once {
    () => {
        "This page is shown once: it cannot be reloaded."
    };
}

/// The browser came back with a code. Only the exchange of the code shows which scopes were granted, so the page does
/// not promise a login.
pub(super) const SUCCESS: &str = page!(
    "Back to your terminal",
    "&#8594;",
    "#0969da",
    "Google has answered. You can close this tab and go back to your terminal, where chatauth finishes the login.",
    once!()
);

/// Consent was refused.
pub(super) const REFUSED: &str = page!(
    "Login cancelled",
    "&#10005;",
    "#9a6700",
    "Nothing was saved. You can close this tab and go back to your terminal, which shows how to retry.",
    once!()
);

/// The answer cannot be used.
pub(super) const FAILED: &str = page!(
    "Login failed",
    "!",
    "#cf222e",
    "Nothing was saved. You can close this tab and go back to your terminal, which shows the reason.",
    once!()
);

/// A request that has nothing to do with the login.
pub(super) const NOT_FOUND: &str = page!(
    "Nothing here",
    "?",
    "#57606a",
    "chatauth waits here for the end of a login, which has another address. You can close this tab.",
    "Your terminal still waits for the login. It shows the address to open, and why an answer was rejected."
);

//! The pages that people see, without scripts and external resources.
//!
//! A double click would cancel the request of the first click and lose its code, so a button ignores clicks for a moment
//! after it was pressed (`rest`).

use super::wire::Reply;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1f2328;--paper:#f6f8fa;--card:#fff;--line:#d0d7de;--edge:#6e7781;--quiet:#57606a;--accent:#0b57d0;--on:#fff;--note:#bf8700}\
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--card:#161b22;--line:#30363d;--edge:#7d8590;--quiet:#9da7b3;--accent:#8ab4f8;--on:#0d1117;--note:#d29922}}\
*{box-sizing:border-box}\
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:40rem;padding:2rem 1rem;background:var(--paper);color:var(--ink)}\
h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem}\
h2{font-size:1.25rem;margin:1.5rem 0 .5rem}\
h3{font-size:1.1rem;margin:0 0 .5rem}\
h1,h2,h3,p,li,dd,span,small,code{overflow-wrap:anywhere}\
a{color:var(--accent)}\
form>*{margin:1rem 0}\
fieldset,section{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1rem;margin:1rem 0;min-width:0}\
legend{float:left;width:100%;font-weight:600;padding:0}\
legend+*{clear:both}\
label{display:flex;gap:.75rem;align-items:baseline;padding:.6rem 0;cursor:pointer}\
label:last-child{padding-bottom:0}\
label+label{border-top:1px solid var(--line)}\
input{accent-color:var(--accent);flex:none;margin:0;width:1rem;height:1rem;position:relative;top:.125rem}\
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}\
small{color:var(--quiet);font-size:.875em}\
label small{display:block}\
code{font-size:.9em}\
.choice{display:flex;flex-wrap:wrap;gap:.75rem}\
button{font:inherit;min-width:7rem;padding:.6rem 1.6rem;border-radius:2rem;border:1px solid var(--edge);background:var(--card);color:inherit;cursor:pointer}\
@keyframes rest{from,to{pointer-events:none}}\
button:focus:not(:active){animation:rest .6s .01s}\
button[value=allow]{background:var(--accent);border-color:var(--accent);color:var(--on);font-weight:600}\
.note{background:var(--card);border-left:4px solid var(--note);padding:.5rem 1rem}\
dl{display:grid;grid-template-columns:minmax(5.5rem,auto) 1fr;gap:.25rem 1rem;margin:0}\
dt{color:var(--quiet)}dd{margin:0}\
ul{margin:0;padding-left:1.1rem}\
footer{margin-top:2rem;border-top:1px solid var(--line);padding-top:.5rem}";

/// Escapes text for an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Builds a page. `title` is text, `content` is markup. `form_target` is another origin that a form may lead to.
pub(super) fn page(status: u16, title: &str, content: &str, form_target: &str) -> Reply {
    framed(status, title, title, content, form_target)
}

fn framed(status: u16, title: &str, heading: &str, content: &str, form_target: &str) -> Reply {
    let (title, heading) = (escape(title), escape(heading));
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{heading}</h1>\n\
         {content}\n</main>\n<footer><small>chatauth emulator: nothing here is Google's.</small></footer>\n\
         </body>\n</html>\n"
    );
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' {form_target}; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    Reply::html(status, html)
        .with("content-security-policy", policy)
        .with("cache-control", "no-store")
        .with("referrer-policy", "no-referrer")
        .with("x-content-type-options", "nosniff")
        .with("x-frame-options", "DENY")
}

/// Google's page for an unknown path.
pub(super) fn not_found(path: &str) -> Reply {
    let text = format!("The requested URL <code>{}</code> was not found on this server.", escape(path));
    google_error(404, "Not Found", &text)
}

/// Google's page for a method that the path does not support.
pub(super) fn method_not_allowed(method: &str) -> Reply {
    let text = format!("The request method <code>{}</code> is inappropriate for the URL.", escape(method));
    google_error(405, "Method Not Allowed", &text)
}

fn google_error(status: u16, reason: &str, text: &str) -> Reply {
    let title = format!("Error {status} ({reason})!!1");
    let heading = format!("{status}. That’s an error.");
    let content =
        format!("<p>{text} That’s all we know.</p>\n<p>See <a href=\"/\">the emulator's spaces and requests</a>.</p>");
    framed(status, &title, &heading, &content, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(escape("<a b='c' d=\"e\">&"), "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;");
    }
}

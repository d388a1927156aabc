//! The few pages people see. No script, nothing fetched from elsewhere.

use super::wire::Reply;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--quiet:#5f6368;--accent:#1a73e8}\
@media(prefers-color-scheme:dark){:root{--quiet:#9aa0a6;--accent:#8ab4f8}}\
*{box-sizing:border-box}\
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:40rem;padding:2rem 1rem}\
h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem}\
h2{font-size:1.1rem;margin:0 0 .5rem}\
h1,h2,p,li,dd,small,code{overflow-wrap:anywhere}\
form>*{margin:1rem 0}\
fieldset,section{border:1px solid var(--line);border-radius:.75rem;padding:.75rem 1rem;margin:1rem 0}\
fieldset{padding-top:.25rem}\
legend{font-weight:600;padding:0 .4rem}\
label{display:flex;gap:.6rem;align-items:baseline;padding:.5rem 0}\
label+label{border-top:1px solid var(--line)}\
input{accent-color:var(--accent);flex:none}\
small{color:var(--quiet);font-size:.85em}\
label small{display:block}\
code{font-size:.9em}\
button{font:inherit;padding:.6rem 1.6rem;border-radius:2rem;border:1px solid var(--line);background:none;color:inherit;margin-right:.5rem;cursor:pointer}\
button[value=allow]{background:#1a73e8;border-color:#1a73e8;color:#fff}\
.note{border-left:4px solid #f9ab00;padding:.3rem .8rem}\
dl{display:grid;grid-template-columns:minmax(5.5rem,auto) 1fr;gap:.25rem 1rem;margin:0}\
dt{color:var(--quiet)}dd{margin:0}\
ul{margin:0;padding-left:1.1rem}\
footer{margin-top:2rem;border-top:1px solid var(--line);padding-top:.5rem}";

/// Makes `text` harmless inside an element or a quoted attribute.
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

/// A page. `title` is escaped here, `content` is markup. `form_target` names an
/// origin besides our own that a form may end up at.
pub(super) fn page(status: u16, title: &str, content: &str, form_target: &str) -> Reply {
    let title = escape(title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
         {content}\n<footer><small>chatauth emulator: nothing here is Google's.</small></footer>\n</body>\n</html>\n"
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

/// Google's page for an address that leads nowhere.
pub(super) fn not_found(path: &str) -> Reply {
    let path = escape(path);
    Reply::html(
        404,
        format!(
            "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  \
             <title>Error 404 (Not Found)!!1</title>\n  \
             <p><b>404.</b> <ins>That’s an error.</ins>\n  \
             <p>The requested URL <code>{path}</code> was not found on this server.  \
             <ins>That’s all we know.</ins>\n"
        ),
    )
}

/// Google's page for a method that a path does not have.
pub(super) fn method_not_allowed(method: &str) -> Reply {
    let method = escape(method);
    Reply::html(
        405,
        format!(
            "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  \
             <title>Error 405 (Method Not Allowed)!!1</title>\n  \
             <p><b>405.</b> <ins>That’s an error.</ins>\n  \
             <p>The request method <code>{method}</code> is inappropriate for the URL.  \
             <ins>That’s all we know.</ins>\n"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(escape("<a b='c' d=\"e\">&"), "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;");
    }
}

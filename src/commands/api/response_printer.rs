//! Prints the responses of `chatauth api`.
//!
//! JSON is one document: with `--paginate` the lists of all pages joined, the other members as the last page has
//! them, without `nextPageToken`. If a later page fails, it is the pages so far, with the `nextPageToken` that leads on.
//! JSON Lines is one page a line, as they come and as they are.

use serde_json::{Map, Value};

use crate::chat::RawResponse;
use crate::output::{self, Printer, sanitise, sanitise_lines};

/// The responses so far. Pages that were joined are printed even if it is dropped before the last one, except through a
/// filter: over a part of a list it would print wrong results.
pub(super) struct ResponsePrinter<'a> {
    printer: &'a Printer,
    include: bool,
    paginate: bool,
    merged: Option<Value>,
}

impl<'a> ResponsePrinter<'a> {
    pub(super) const fn new(printer: &'a Printer, include: bool, paginate: bool) -> Self {
        Self { printer, include, paginate, merged: None }
    }

    /// Prints a response or collects it, and returns the token of the next page.
    pub(super) fn page(&mut self, answer: &RawResponse) -> Result<Option<String>, output::Error> {
        self.head(answer)?;
        if answer.body.is_empty() {
            return Ok(None);
        }
        let Ok(json) = serde_json::from_slice::<Value>(&answer.body) else {
            if self.printer.has_filter() {
                return Err(output::Error::Filter(String::from("the response is not JSON")));
            }
            return self.other(&answer.body).map(|()| None);
        };
        let next = json.get("nextPageToken").and_then(Value::as_str).filter(|token| !token.is_empty());
        let next = next.map(str::to_owned);
        if self.paginate && !self.printer.format().is_streamed() {
            self.merge(json);
        } else {
            self.printer.document(&json)?;
        }
        Ok(next)
    }

    /// Whether a response is a page that continues the list of the pages so far.
    pub(super) fn continues(&self, answer: &RawResponse) -> bool {
        let Ok(Value::Object(page)) = serde_json::from_slice(&answer.body) else { return false };
        let mut lists = self.merged.iter().filter_map(Value::as_object).flatten().filter(|(_, value)| value.is_array());
        lists.all(|(name, _)| page.get(name).is_none_or(Value::is_array))
            && page.get("nextPageToken").is_none_or(|token| token.is_string() || token.is_null())
    }

    /// Prints an error response unfiltered: a filter for the success response does not fit it. The body is left out after
    /// joined pages, which are one document, and where it was cut off.
    pub(super) fn refused(&mut self, answer: &RawResponse) -> Result<(), output::Error> {
        self.head(answer)?;
        match serde_json::from_slice::<Value>(&answer.body) {
            _ if answer.body.is_empty() || self.merged.is_some() || !answer.complete => Ok(()),
            Ok(json) => self.printer.unfiltered_document(&json),
            Err(_) => self.other(&answer.body),
        }
    }

    /// Prints the joined pages.
    pub(super) fn finish(mut self) -> Result<(), output::Error> {
        if let Some(object) = self.merged.as_mut().and_then(Value::as_object_mut) {
            object.shift_remove("nextPageToken");
        }
        self.print_merged()
    }

    fn print_merged(&mut self) -> Result<(), output::Error> {
        self.merged.take().map_or(Ok(()), |whole| self.printer.document(&whole))
    }

    fn head(&self, answer: &RawResponse) -> Result<(), output::Error> {
        if !self.include {
            return Ok(());
        }
        let reason = http::StatusCode::from_u16(answer.status).ok().and_then(|status| status.canonical_reason());
        let mut head = format!("{:?} {} {}\n", answer.version, answer.status, reason.unwrap_or_default());
        for (name, value) in &answer.headers {
            head += &format!("{name}: {}\n", sanitise(&String::from_utf8_lossy(value.as_bytes())));
        }
        self.printer.text(&(head + "\n"))
    }

    /// Prints a non-JSON body byte for byte, unless a terminal would interpret it.
    fn other(&self, body: &[u8]) -> Result<(), output::Error> {
        if self.printer.has_screen() {
            self.printer.text(&sanitise_lines(&String::from_utf8_lossy(body)))
        } else {
            self.printer.bytes(body)
        }
    }

    fn merge(&mut self, page: Value) {
        match (&mut self.merged, page) {
            (Some(Value::Object(whole)), Value::Object(page)) => join(whole, page),
            (whole, page) => *whole = Some(page),
        }
    }
}

impl Drop for ResponsePrinter<'_> {
    fn drop(&mut self) {
        if self.printer.has_filter() {
            return;
        }
        if let Err(error) = self.print_merged() {
            log::debug!("cannot print the pages so far: {error}");
        }
    }
}

fn join(whole: &mut Map<String, Value>, page: Map<String, Value>) {
    for (name, value) in page {
        match (whole.get_mut(&name), value) {
            (Some(Value::Array(all)), Value::Array(more)) => all.extend(more),
            (Some(current), value) => *current = value,
            (None, value) => {
                whole.insert(name, value);
            }
        }
    }
}

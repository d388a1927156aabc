//! The details of one resource for people: a label and a value per line.

use time::OffsetDateTime;

use super::relative_time::relative;
use super::sink::Screen;
use super::width::{pad, width, wrap};
use crate::platform::sanitise::sanitise;

/// Least width for values on a narrow terminal: longer lines read better than many short ones.
const MIN_VALUE_WIDTH: usize = 20;

/// The result of a check, shown before its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Passed.
    Ok,
    /// Passed, with something to fix soon.
    Warning,
    /// Failed.
    Failed,
    /// Not done.
    Skipped,
}

impl Mark {
    /// Returns the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Returns the symbol for it and the symbol's colour.
    const fn symbol(self) -> (&'static str, &'static str) {
        match self {
            Self::Ok => ("✓", "32"),
            Self::Warning => ("!", "33"),
            Self::Failed => ("✗", "31"),
            Self::Skipped => ("-", "2"),
        }
    }
}

#[derive(Debug, Clone)]
enum Shown {
    Text(String),
    Time(String),
}

/// The labels and values of one resource, one a line.
#[derive(Debug, Clone, Default)]
pub struct Details {
    rows: Vec<(Option<Mark>, &'static str, Shown)>,
    columns: &'static [&'static str],
}

impl Details {
    /// Creates details without lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line. The value may contain control characters: they are escaped when it is shown.
    #[must_use]
    pub fn with(mut self, label: &'static str, value: impl AsRef<str>) -> Self {
        self.rows.push((None, label, Shown::Text(value.as_ref().to_owned())));
        self
    }

    /// Adds a line with the result of a check.
    #[must_use]
    pub fn check(mut self, mark: Mark, label: &'static str, value: impl AsRef<str>) -> Self {
        self.rows.push((Some(mark), label, Shown::Text(value.as_ref().to_owned())));
        self
    }

    /// Adds a line if there is a value.
    #[must_use]
    pub fn maybe(self, label: &'static str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) if !value.as_ref().is_empty() => self.with(label, value),
            _ => self,
        }
    }

    /// Adds a line for a time in the API's format, if there is one. A terminal shows it relative to now, followed by
    /// the full value.
    #[must_use]
    pub fn time(mut self, label: &'static str, value: Option<impl AsRef<str>>) -> Self {
        if let Some(value) = value.filter(|value| !value.as_ref().is_empty()) {
            self.rows.push((None, label, Shown::Time(value.as_ref().to_owned())));
        }
        self
    }

    /// Sets the columns of CSV, as [`List::columns`](super::List::columns) does. The default is the labels.
    #[must_use]
    pub const fn columns(mut self, columns: &'static [&'static str]) -> Self {
        self.columns = columns;
        self
    }

    /// Renders the lines with the values aligned; a screen wraps long values. `colour` is whether labels are bold and
    /// marks coloured. Marks are symbols on a coloured UTF-8 screen, and words elsewhere.
    pub fn render(&self, colour: bool, screen: Option<Screen>) -> String {
        let symbols = colour && screen.is_some_and(|screen| screen.utf8);
        let marks = self.rows.iter().filter_map(|(mark, ..)| *mark);
        let mark_width = marks.map(|mark| if symbols { 2 } else { mark.as_str().len() + 2 }).max().unwrap_or(0);
        let labels = self.rows.iter().map(|(_, label, _)| width(label)).max().unwrap_or(0);
        let indent = mark_width + labels + 2;
        let room = screen.map_or(usize::MAX, |screen| screen.columns.saturating_sub(indent).max(MIN_VALUE_WIDTH));
        let (on, off) = if colour { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        let mut text = String::new();
        for (mark, label, value) in &self.rows {
            let mark = mark.map_or_else(|| pad("", mark_width), |mark| render_mark(mark, colour, symbols, mark_width));
            let value = value.text(screen.map(|screen| screen.now));
            let value = sanitise(&value);
            let lines = if width(&value) > room { wrap(&value, room) } else { vec![value.into_owned()] };
            let blanks = pad("", labels - width(label));
            text += &format!("{mark}{on}{label}{off}{blanks}  {}\n", lines.join(&format!("\n{}", pad("", indent))));
        }
        text
    }

    /// Returns the columns of CSV, which are paths into the JSON.
    pub(super) const fn csv_columns(&self) -> &'static [&'static str] {
        self.columns
    }

    /// Returns the labels and values, for CSV without columns.
    pub(super) fn cells(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.rows.iter().map(|(_, label, value)| (*label, value.text(None)))
    }
}

fn render_mark(mark: Mark, colour: bool, symbols: bool, columns: usize) -> String {
    let (symbol, sgr) = mark.symbol();
    let shown = if symbols { symbol } else { mark.as_str() };
    let blanks = pad("", columns - width(shown));
    if colour { format!("\x1b[{sgr}m{shown}\x1b[0m{blanks}") } else { format!("{shown}{blanks}") }
}

impl Shown {
    fn text(&self, now: Option<OffsetDateTime>) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Time(time) => {
                let relative = now.and_then(|now| relative(time, now));
                relative.map_or_else(|| time.clone(), |relative| format!("{relative} ({time})"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn values_are_aligned_and_control_characters_escaped() {
        let details = Details::new().with("Name", "a\x1b[2J").with("Resource", "spaces/A").maybe("Link", None::<&str>);
        assert_eq!(details.render(false, None), "Name      a\\u{1b}[2J\nResource  spaces/A\n");
        assert!(details.render(true, None).starts_with("\x1b[1mName\x1b[0m"));
    }

    #[test]
    fn a_screen_wraps_values_and_shows_relative_times() {
        let details = Details::new()
            .with("Description", "several words that do not fit")
            .time("Created", Some("2026-01-01T00:00:00Z"));
        let screen = Screen { columns: 35, utf8: true, now: datetime!(2026-01-01 02:00:00 UTC) };
        assert_eq!(
            details.render(false, Some(screen)),
            "Description  several words that do\n             not fit\n\
             Created      2 hours ago\n             (2026-01-01T00:00:00Z)\n"
        );
        assert!(details.render(false, None).ends_with("\nCreated      2026-01-01T00:00:00Z\n"));
    }

    #[test]
    fn marks_are_symbols_in_colour_and_words_elsewhere() {
        let details = Details::new()
            .check(Mark::Ok, "login", "ada")
            .check(Mark::Failed, "Chat API", "disabled, see https://example.test/a-long-link")
            .with("scopes", "chat.spaces");
        let screen = |utf8| Some(Screen { columns: 32, utf8, now: OffsetDateTime::UNIX_EPOCH });
        assert_eq!(
            details.render(false, screen(true)),
            "ok      login     ada\n\
             failed  Chat API  disabled, see\n                  https://example.test/a-long-link\n        \
             scopes    chat.spaces\n"
        );
        let symbols = details.render(true, screen(true));
        assert!(symbols.starts_with("\x1b[32m✓\x1b[0m \x1b[1mlogin\x1b[0m     ada\n\x1b[31m✗\x1b[0m "), "{symbols}");
        assert!(details.render(true, screen(false)).starts_with("\x1b[32mok\x1b[0m      "));
        assert!(details.render(true, None).starts_with("\x1b[32mok\x1b[0m      "));
    }
}

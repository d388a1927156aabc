//! One thing, told to people: labels and values, one a line.

use time::OffsetDateTime;

use super::relative_time::relative_text;
use super::sanitise::sanitise;
use super::screen::Screen;
use super::width::{pad, width, wrap};

/// What is left of a narrow terminal for values, at least: broken lines are worse than long ones.
const NARROWEST: usize = 20;

#[derive(Debug, Clone)]
enum Shown {
    Text(String),
    Time(String),
}

/// Labels and values of one thing, one a line.
#[derive(Debug, Clone, Default)]
pub struct Details {
    rows: Vec<(&'static str, Shown)>,
    columns: &'static [&'static str],
}

impl Details {
    /// No lines yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line; the value may come from anywhere.
    #[must_use]
    pub fn with(mut self, label: &'static str, value: impl AsRef<str>) -> Self {
        self.rows.push((label, Shown::Text(value.as_ref().to_owned())));
        self
    }

    /// Adds a line where there is a value.
    #[must_use]
    pub fn maybe(self, label: &'static str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) if !value.as_ref().is_empty() => self.with(label, value),
            _ => self,
        }
    }

    /// Adds a line for a time as the API writes it, where there is one. On a terminal it is told as people do, with
    /// the full value behind it.
    #[must_use]
    pub fn time(mut self, label: &'static str, value: Option<impl AsRef<str>>) -> Self {
        if let Some(value) = value.filter(|value| !value.as_ref().is_empty()) {
            self.rows.push((label, Shown::Time(value.as_ref().to_owned())));
        }
        self
    }

    /// The columns of this thing as CSV, as in [`List::columns`](super::List::columns); without them the labels are the columns.
    #[must_use]
    pub const fn columns(mut self, columns: &'static [&'static str]) -> Self {
        self.columns = columns;
        self
    }

    /// The lines, with the values under each other; on a screen long values go on below themselves.
    pub fn render(&self, bold: bool, screen: Option<Screen>) -> String {
        let labels = self.rows.iter().map(|(label, _)| width(label)).max().unwrap_or(0);
        let room = screen.map_or(usize::MAX, |screen| screen.columns.saturating_sub(labels + 2).max(NARROWEST));
        let (on, off) = if bold { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        let mut text = String::new();
        for (label, value) in &self.rows {
            let value = value.text(screen.map(|screen| screen.now));
            let value = sanitise(&value);
            let lines = if width(&value) > room { wrap(&value, room) } else { vec![value.into_owned()] };
            let blanks = pad("", labels - width(label));
            text += &format!("{on}{label}{off}{blanks}  {}\n", lines.join(&format!("\n{}", pad("", labels + 2))));
        }
        text
    }

    /// The columns of CSV: their names, and where values stand in the JSON.
    pub(super) const fn csv_columns(&self) -> &'static [&'static str] {
        self.columns
    }

    /// The labels and values themselves, for CSV without columns.
    pub(super) fn cells(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.rows.iter().map(|(label, value)| (*label, value.text(None)))
    }
}

impl Shown {
    fn text(&self, now: Option<OffsetDateTime>) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Time(time) => {
                let told = now.and_then(|now| relative_text(time, now));
                told.map_or_else(|| time.clone(), |told| format!("{told} ({time})"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn values_stand_under_each_other_and_hostile_ones_do_nothing() {
        let details = Details::new().with("Name", "a\x1b[2J").with("Resource", "spaces/A").maybe("Link", None::<&str>);
        assert_eq!(details.render(false, None), "Name      a\\u{1b}[2J\nResource  spaces/A\n");
        assert!(details.render(true, None).starts_with("\x1b[1mName\x1b[0m"));
    }

    #[test]
    fn a_screen_has_an_edge_and_a_clock() {
        let details = Details::new()
            .with("Description", "several words that do not fit")
            .time("Created", Some("2026-01-01T00:00:00Z"));
        let screen = Screen { columns: 35, now: datetime!(2026-01-01 02:00:00 UTC) };
        assert_eq!(
            details.render(false, Some(screen)),
            "Description  several words that do\n             not fit\n\
             Created      2 hours ago\n             (2026-01-01T00:00:00Z)\n"
        );
        assert!(details.render(false, None).ends_with("\nCreated      2026-01-01T00:00:00Z\n"));
    }
}

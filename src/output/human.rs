//! Aligned text for people.

use super::sanitise::sanitise;

/// Labels and values of one thing, one a line.
#[derive(Debug, Clone, Default)]
pub struct Details {
    rows: Vec<(&'static str, String)>,
}

impl Details {
    /// No lines yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line; the value may come from anywhere.
    #[must_use]
    pub fn with(mut self, label: &'static str, value: impl AsRef<str>) -> Self {
        self.rows.push((label, sanitise(value.as_ref()).into_owned()));
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

    /// The lines, with the values under each other.
    pub fn render(&self, bold: bool) -> String {
        let width = self.rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (label, value) in &self.rows {
            let padding = " ".repeat(width - label.chars().count());
            let (on, off) = if bold { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
            text += &format!("{on}{label}{off}{padding}  {value}\n");
        }
        text
    }
}

/// Columns under their headings.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>], bold: bool) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| sanitise(cell).into_owned()).collect()).collect();
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(column, heading)| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([heading.chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    let heading = line(&headings);
    let mut text = if bold { format!("\x1b[1m{heading}\x1b[0m\n") } else { format!("{heading}\n") };
    for row in &rows {
        text.push_str(&line(row));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_under_each_other_and_hostile_ones_do_nothing() {
        let details = Details::new().with("Name", "a\x1b[2J").with("Resource", "spaces/A").maybe("Link", None::<&str>);
        assert_eq!(details.render(false), "Name      a\\u{1b}[2J\nResource  spaces/A\n");
        assert!(details.render(true).starts_with("\x1b[1mName\x1b[0m"));
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [vec!["Team".to_owned(), "SPACE".to_owned()], vec!["x".to_owned(), String::new()]];
        assert_eq!(table(&["NAME", "TYPE"], &rows, false), "NAME  TYPE\nTeam  SPACE\nx\n");
    }
}

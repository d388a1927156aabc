//! Results on standard output, in the format that was asked for.

use std::cell::RefCell;
use std::io::Write;

use serde_json::Value;
use time::OffsetDateTime;

use super::csv;
use super::details::Details;
use super::jq::{Filter, Layout};
use super::moment::relative_text;
use super::sanitise::sanitise_lines;
use super::table::table;
use super::{Error, Format, safe_json};

/// Writes results. Every write can fail, and whoever called must know: a space may have been made.
pub struct Printer {
    out: RefCell<Box<dyn Write>>,
    format: Format,
    bold: bool,
    screen: Option<Screen>,
    filter: Option<Filter>,
}

/// A terminal that shows the results.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// How many columns it has.
    pub columns: usize,
    /// When the program was started, for times as people say them.
    pub now: OffsetDateTime,
}

/// One result in all its forms.
#[derive(Debug)]
pub struct Item<'a> {
    /// The object as the server sent it.
    pub json: &'a Value,
    /// The bare resource name.
    pub name: &'a str,
}

impl std::fmt::Debug for Printer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Printer").field("format", &self.format).finish_non_exhaustive()
    }
}

impl Printer {
    /// Writes to `out`; `bold` for terminals that show it.
    pub fn new(out: Box<dyn Write>, format: Format, bold: bool) -> Self {
        Self { out: RefCell::new(out), format, bold, screen: None, filter: None }
    }

    /// With a terminal at the other end: tables are cut to it, and times told as people do. Without one nothing is.
    #[must_use]
    pub fn on_screen(mut self, screen: Option<Screen>) -> Self {
        self.screen = screen;
        self
    }

    /// With a filter for all JSON.
    #[must_use]
    pub fn filtered(mut self, filter: Option<Filter>) -> Self {
        self.filter = filter;
        self
    }

    /// The format that results are written in.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Whether a terminal shows the results.
    pub const fn has_screen(&self) -> bool {
        self.screen.is_some()
    }

    /// Writes one result.
    pub fn item(&self, item: &Item<'_>, details: &Details) -> Result<(), Error> {
        let text = match self.format {
            Format::Human => details.render(self.bold, self.screen),
            Format::Json => return self.json(item.json, true),
            Format::Jsonl => return self.json(item.json, false),
            Format::Csv => self.one_record(item.json, details),
            Format::Name => format!("{}\n", super::sanitise(item.name)),
        };
        self.text(&text)
    }

    /// Writes a JSON document, through the filter where there is one.
    pub fn json(&self, json: &Value, pretty: bool) -> Result<(), Error> {
        match &self.filter {
            None => self.text(&(safe_json(json, pretty) + "\n")),
            Some(filter) => {
                let mut out = self.out.borrow_mut();
                filter.run(json, Layout { pretty, terminal: self.screen.is_some() }, &mut *out)?;
                Ok(out.flush()?)
            }
        }
    }

    /// Writes text as it is.
    pub fn text(&self, text: &str) -> Result<(), Error> {
        self.bytes(text.as_bytes())
    }

    /// Writes bytes as they are.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut out = self.out.borrow_mut();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// Begins a list.
    pub fn list(&self, headings: &'static [&'static str]) -> List<'_> {
        List {
            printer: self,
            headings,
            times: &[],
            spare: &[],
            columns: &[],
            rows: Vec::new(),
            array: Vec::new(),
            count: 0,
        }
    }

    fn one_record(&self, json: &Value, details: &Details) -> String {
        let columns = details.csv_columns();
        if columns.is_empty() {
            let (labels, cells): (Vec<_>, Vec<_>) = details.cells().unzip();
            self.records([csv::record(labels.into_iter().map(csv::column)), csv::record(cells)])
        } else {
            self.records([csv::record(columns), csv::record(columns.iter().map(|column| csv::cell(json, column)))])
        }
    }

    /// Values reach a file or a program exactly, and a terminal without power over it.
    fn records<Records: IntoIterator<Item = String>>(&self, records: Records) -> String {
        let text: String = records.into_iter().collect();
        if self.screen.is_some() { sanitise_lines(&text).into_owned() } else { text }
    }
}

/// A list that is written as it comes, except for people, whose columns need to be measured first, and for a filter of
/// the whole array.
#[derive(Debug)]
pub struct List<'a> {
    printer: &'a Printer,
    headings: &'static [&'static str],
    times: &'static [&'static str],
    spare: &'static [&'static str],
    columns: &'static [&'static str],
    rows: Vec<Vec<String>>,
    array: Vec<Value>,
    count: usize,
}

impl List<'_> {
    /// Says under which headings times stand; a terminal shows them as people say them.
    #[must_use]
    pub const fn times(mut self, headings: &'static [&'static str]) -> Self {
        self.times = headings;
        self
    }

    /// Says which columns a terminal does without when it has no room for all of them.
    #[must_use]
    pub const fn spare(mut self, headings: &'static [&'static str]) -> Self {
        self.spare = headings;
        self
    }

    /// The columns of CSV: paths into the JSON, as in `spaceDetails.description`, that are their names as well.
    /// Without them CSV has the headings, in small letters, and the cells of the rows.
    #[must_use]
    pub const fn columns(mut self, columns: &'static [&'static str]) -> Self {
        self.columns = columns;
        self
    }

    /// Adds one result, and its cells for the table.
    pub fn push(&mut self, item: &Item<'_>, row: impl FnOnce() -> Vec<String>) -> Result<(), Error> {
        self.count += 1;
        match self.printer.format {
            Format::Human => {
                self.rows.push(row());
                Ok(())
            }
            Format::Json if self.printer.filter.is_some() => {
                self.array.push(item.json.clone());
                Ok(())
            }
            Format::Json => {
                let before = if self.count == 1 { "[\n" } else { ",\n" };
                let indented = safe_json(item.json, true).replace('\n', "\n  ");
                self.printer.text(&format!("{before}  {indented}"))
            }
            Format::Csv => {
                let header = (self.count == 1).then(|| self.header());
                let record = if self.columns.is_empty() {
                    csv::record(row())
                } else {
                    csv::record(self.columns.iter().map(|column| csv::cell(item.json, column)))
                };
                let text = self.printer.records(header.into_iter().chain([record]));
                self.printer.text(&text)
            }
            Format::Jsonl | Format::Name => self.printer.item(item, &Details::new()),
        }
    }

    /// Ends the list; gives how many results it had.
    pub fn finish(mut self) -> Result<usize, Error> {
        match self.printer.format {
            Format::Human if self.count > 0 => {
                self.tell_times();
                let columns = self.printer.screen.map(|screen| screen.columns);
                let text = table(self.headings, &self.rows, self.spare, self.printer.bold, columns);
                self.printer.text(&text)?;
            }
            Format::Json if self.printer.filter.is_some() => {
                self.printer.json(&Value::Array(std::mem::take(&mut self.array)), true)?;
            }
            Format::Json if self.count > 0 => self.printer.text("\n]\n")?,
            Format::Json => self.printer.text("[]\n")?,
            Format::Csv if self.count == 0 => self.printer.text(&self.header())?,
            _ => {}
        }
        Ok(self.count)
    }

    fn header(&self) -> String {
        if self.columns.is_empty() {
            csv::record(self.headings.iter().map(|heading| csv::column(heading)))
        } else {
            csv::record(self.columns)
        }
    }

    fn tell_times(&mut self) {
        let Some(screen) = self.printer.screen else { return };
        for (index, _) in self.headings.iter().enumerate().filter(|(_, heading)| self.times.contains(heading)) {
            for cell in self.rows.iter_mut().filter_map(|row| row.get_mut(index)) {
                if let Some(told) = relative_text(cell, screen.now) {
                    *cell = told;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use serde_json::json;

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Rc<RefCell<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn list(format: Format, names: &[&str]) -> String {
        let paper = Paper::default();
        let printer = Printer::new(Box::new(paper.clone()), format, false);
        let mut list = printer.list(&["NAME"]);
        for name in names {
            let json = json!({ "name": name, "n": { "m": 1 } });
            list.push(&Item { json: &json, name }, || vec![(*name).to_owned()]).unwrap();
        }
        assert_eq!(list.finish().unwrap(), names.len());
        let text = paper.0.borrow().clone();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_list_is_one_document_of_its_format() {
        for names in [&[][..], &["spaces/A"], &["spaces/A", "spaces/B"]] {
            let array: Vec<Value> = serde_json::from_str(&list(Format::Json, names)).unwrap();
            assert_eq!(array.len(), names.len());
            assert_eq!(list(Format::Jsonl, names).lines().count(), names.len());
            assert_eq!(list(Format::Name, names).lines().collect::<Vec<_>>(), names);
        }
        assert_eq!(list(Format::Human, &["spaces/A"]), "NAME\nspaces/A\n");
        assert_eq!(list(Format::Human, &[]), "");
    }
}

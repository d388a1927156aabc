//! Prints results in the chosen format.

use std::cell::RefCell;
use std::io::Write;

use serde_json::Value;

use super::details::Details;
use super::error::Error;
use super::formats::Format;
use super::jq::Filter;
use super::renderer::{Columns, Item, ListRenderer, RowResult};
use super::sink::{Screen, Sink};

/// Prints results. Every print can fail with an [`Error`]: the reader is gone, the disk is full, or the filter fails. The
/// caller must handle it, because a space may have been created.
pub struct Printer {
    out: RefCell<Box<dyn Write>>,
    format: Format,
    bold: bool,
    screen: Option<Screen>,
    filter: Option<Filter>,
}

impl Printer {
    /// Creates a printer that writes to `out`, with headings in bold if `bold`. On a `screen`, tables are cut to its width
    /// and times are relative. Every JSON document goes through the `filter`.
    pub fn new(
        out: Box<dyn Write>,
        format: Format,
        bold: bool,
        screen: Option<Screen>,
        filter: Option<Filter>,
    ) -> Self {
        Self { out: RefCell::new(out), format, bold, screen, filter }
    }

    /// Whether results go through a filter.
    pub const fn has_filter(&self) -> bool {
        self.filter.is_some()
    }

    /// Returns the format of the results.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Whether a terminal shows the results.
    pub const fn has_screen(&self) -> bool {
        self.screen.is_some()
    }

    /// Prints one resource.
    pub fn item(&self, item: &Item<'_>, details: &Details) -> Result<(), Error> {
        self.print(|sink| self.format.renderer().item(item, details, sink))
    }

    /// Prints a JSON document that is not a resource.
    pub fn document(&self, json: &Value) -> Result<(), Error> {
        self.print(|sink| self.format.renderer().document(json, sink))
    }

    /// Prints a JSON document that `--jq` is not meant for, such as the body of an error.
    pub fn unfiltered_document(&self, json: &Value) -> Result<(), Error> {
        self.print(|sink| {
            sink.filter = None;
            self.format.renderer().document(json, sink)
        })
    }

    /// Returns the line for the result of one row of a bulk run, without printing it.
    pub fn row_bytes(&self, row: &RowResult<'_>) -> Result<Vec<u8>, Error> {
        let mut line = Vec::new();
        self.format.renderer().row(row, &mut self.sink(&mut line))?;
        Ok(line)
    }

    /// Prints text as it is.
    pub fn text(&self, text: &str) -> Result<(), Error> {
        self.bytes(text.as_bytes())
    }

    /// Prints bytes as they are.
    pub fn bytes(&self, bytes: &[u8]) -> Result<(), Error> {
        self.print(|sink| sink.bytes(bytes))
    }

    /// Begins a list.
    pub fn list(&self, headings: &'static [&'static str]) -> List<'_> {
        List {
            printer: self,
            columns: Columns { headings, times: &[], optional: &[], paths: &[] },
            renderer: self.format.renderer().list(),
            count: 0,
            is_finished: false,
        }
    }

    fn print(&self, print: impl FnOnce(&mut Sink<'_>) -> Result<(), Error>) -> Result<(), Error> {
        print(&mut self.sink(&mut *self.out.borrow_mut()))
    }

    fn sink<'a>(&'a self, out: &'a mut dyn Write) -> Sink<'a> {
        Sink { out, bold: self.bold, screen: self.screen, filter: self.filter.as_ref() }
    }
}

/// A list that is being printed. What there is of a list that is dropped before its end is printed and well-formed.
pub struct List<'a> {
    printer: &'a Printer,
    columns: Columns,
    renderer: Box<dyn ListRenderer>,
    count: usize,
    is_finished: bool,
}

impl List<'_> {
    /// Sets the headings whose cells are times; a terminal shows them as relative times.
    #[must_use]
    pub const fn times(mut self, headings: &'static [&'static str]) -> Self {
        self.columns.times = headings;
        self
    }

    /// Sets the headings that a narrow terminal leaves out.
    #[must_use]
    pub const fn optional(mut self, headings: &'static [&'static str]) -> Self {
        self.columns.optional = headings;
        self
    }

    /// Sets the columns of CSV: paths into the JSON such as `spaceDetails.description`, which also name the columns.
    /// The default is the cells of the table, under their headings in lower case.
    #[must_use]
    pub const fn columns(mut self, paths: &'static [&'static str]) -> Self {
        self.columns.paths = paths;
        self
    }

    /// Adds one result; `row` are its cells in the table.
    pub fn push(&mut self, item: &Item<'_>, row: Vec<String>) -> Result<(), Error> {
        self.count += 1;
        self.printer.print(|sink| self.renderer.push(item, row, &self.columns, sink))
    }

    /// Ends the list and returns the number of results.
    pub fn finish(mut self) -> Result<usize, Error> {
        self.is_finished = true;
        self.printer.print(|sink| self.renderer.finish(&self.columns, sink))?;
        Ok(self.count)
    }
}

impl Drop for List<'_> {
    fn drop(&mut self) {
        if !self.is_finished
            && let Err(error) = self.printer.print(|sink| self.renderer.abandon(&self.columns, sink))
        {
            log::debug!("cannot close the list: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use clap::ValueEnum;
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

    /// Returns what `print` prints in a format.
    fn printed(format: Format, print: impl FnOnce(&Printer)) -> String {
        let paper = Paper::default();
        print(&Printer::new(Box::new(paper.clone()), format, false, None, None));
        let text = paper.0.borrow().clone();
        String::from_utf8(text).unwrap()
    }

    fn push(list: &mut List<'_>, name: &str) {
        let json = json!({ "name": name, "n": { "m": 1 } });
        list.push(&Item { json: &json, name }, vec![name.to_owned()]).unwrap();
    }

    fn list(format: Format, names: &[&str]) -> String {
        printed(format, |printer| {
            let mut list = printer.list(&["NAME"]);
            for name in names {
                push(&mut list, name);
            }
            assert_eq!(list.finish().unwrap(), names.len());
        })
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

    #[test]
    fn a_list_that_is_cut_off_prints_what_there_is() {
        let cut = |format: Format, names: &[&str]| {
            printed(format, |printer| {
                let mut list = printer.list(&["NAME"]);
                for name in names {
                    push(&mut list, name);
                }
            })
        };
        for &format in Format::value_variants() {
            assert_eq!(cut(format, &[]), "");
            for names in [&["spaces/A"][..], &["spaces/A", "spaces/B"]] {
                assert_eq!(cut(format, names), list(format, names), "{format:?}");
            }
        }
    }

    #[test]
    fn every_format_prints_one_result_and_many_and_keeps_its_promises() {
        let json = json!({ "name": "spaces/A", "displayName": "Class" });
        let item = Item { json: &json, name: "spaces/A" };
        let details = Details::new().with("Resource", "spaces/A");
        for &format in Format::value_variants() {
            let one = printed(format, |printer| printer.item(&item, &details).unwrap());
            assert!(one.contains("spaces/A") && one.ends_with('\n'), "{format:?}: {one}");
            let many = list(format, &["spaces/A", "spaces/B"]);
            assert!(
                many.contains("spaces/A") && many.contains("spaces/B") && many.ends_with('\n'),
                "{format:?}: {many}"
            );
            let row = RowResult { json: &json, name: item.name, summary: "1  created  spaces/A" };
            for print in [&|printer: &Printer| printer.document(&json), &|printer: &Printer| {
                printer.bytes(&printer.row_bytes(&row)?)
            }] as [&dyn Fn(&Printer) -> Result<(), Error>; 2]
            {
                let mut result = Ok(());
                let text = printed(format, |printer| result = print(printer));
                if format.is_for_lists_only() {
                    assert!(matches!(result, Err(Error::ListsOnly)) && text.is_empty(), "{format:?}: {text}");
                } else {
                    assert!(text.contains("spaces/A") && text.ends_with('\n'), "{format:?}: {text}");
                }
            }
            let is_json = [&one, &many].iter().all(|text| {
                let documents: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
                documents.is_ok()
            });
            assert_eq!(is_json, format.is_json(), "{format:?}");
            if format.is_streamed() {
                assert_eq!(list(format, &["spaces/A"]) + &list(format, &["spaces/B"]), many, "{format:?}");
            }
        }
    }
}

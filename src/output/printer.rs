//! Results on standard output, in the format that was asked for.

use std::cell::RefCell;
use std::io::{self, Write};

use serde_json::Value;

use super::human::{Details, table};
use super::{Format, safe_json};

/// Writes results. Every write can fail, and whoever called must know: a space may have been made.
pub struct Printer {
    out: RefCell<Box<dyn Write>>,
    format: Format,
    bold: bool,
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
        Self { out: RefCell::new(out), format, bold }
    }

    /// Writes one result.
    pub fn item(&self, item: &Item<'_>, details: &Details) -> io::Result<()> {
        let text = match self.format {
            Format::Human => details.render(self.bold),
            Format::Json => safe_json(item.json, true) + "\n",
            Format::Jsonl => safe_json(item.json, false) + "\n",
            Format::Name => format!("{}\n", super::sanitise(item.name)),
        };
        self.text(&text)
    }

    /// Writes text as it is.
    pub fn text(&self, text: &str) -> io::Result<()> {
        let mut out = self.out.borrow_mut();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Begins a list.
    pub fn list(&self, headings: &'static [&'static str]) -> List<'_> {
        List { printer: self, headings, rows: Vec::new(), count: 0 }
    }
}

/// A list that is written as it comes, except for people, whose columns need to be measured first.
#[derive(Debug)]
pub struct List<'a> {
    printer: &'a Printer,
    headings: &'static [&'static str],
    rows: Vec<Vec<String>>,
    count: usize,
}

impl List<'_> {
    /// Adds one result, and its cells for the table.
    pub fn push(&mut self, item: &Item<'_>, row: impl FnOnce() -> Vec<String>) -> io::Result<()> {
        self.count += 1;
        match self.printer.format {
            Format::Human => {
                self.rows.push(row());
                Ok(())
            }
            Format::Json => {
                let before = if self.count == 1 { "[\n" } else { ",\n" };
                let indented = safe_json(item.json, true).replace('\n', "\n  ");
                self.printer.text(&format!("{before}  {indented}"))
            }
            Format::Jsonl | Format::Name => self.printer.item(item, &Details::new()),
        }
    }

    /// Ends the list; gives how many results it had.
    pub fn finish(self) -> io::Result<usize> {
        match self.printer.format {
            Format::Human if self.count > 0 => {
                let text = table(self.headings, &self.rows, self.printer.bold);
                self.printer.text(&text)?;
            }
            Format::Json if self.count > 0 => self.printer.text("\n]\n")?,
            Format::Json => self.printer.text("[]\n")?,
            _ => {}
        }
        Ok(self.count)
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
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
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

//! Tables for people.

use crate::output::width::{cut, pad, width};
use crate::platform::sanitise::sanitise;

/// The space between two columns.
const GAP: &str = "  ";

/// The smallest width that a column is cut to.
const NARROWEST: usize = 6;

/// Formats a table without its empty columns. With `columns` it fits that width: first the `optional` columns are left
/// out, because a cut link is useless, then the widest columns are cut.
pub(super) fn table(
    headings: &[&str],
    rows: &[Vec<String>],
    optional: &[&str],
    bold: bool,
    columns: Option<usize>,
) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| sanitise(cell).into_owned()).collect()).collect();
    let has_cells = |index: &usize| rows.iter().any(|row| row.get(*index).is_some_and(|cell| !cell.is_empty()));
    let mut kept: Vec<usize> = (0..headings.len()).filter(has_cells).collect();
    let measure = |index: &usize| {
        let cells = rows.iter().filter_map(|row| row.get(*index)).map(|cell| width(cell));
        cells.chain([width(headings[*index])]).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = kept.iter().map(measure).collect();
    let too_wide = |widths: &[usize]| {
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        columns.is_some_and(|columns| widths.iter().sum::<usize>() + gaps > columns)
    };
    if too_wide(&widths) {
        kept.retain(|index| !optional.contains(&headings[*index]));
        widths = kept.iter().map(measure).collect();
    }
    while too_wide(&widths) && narrow(&mut widths) {}
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells.zip(&widths).map(|(cell, width)| pad(&cut(cell, *width), *width)).collect();
        padded.join(GAP).trim_end().to_owned()
    };
    let heading = line(&mut kept.iter().map(|index| headings[*index]));
    let mut text = if bold { format!("\x1b[1m{heading}\x1b[0m\n") } else { format!("{heading}\n") };
    for row in &rows {
        text.push_str(&line(&mut kept.iter().map(|index| row.get(*index).map_or("", String::as_str))));
        text.push('\n');
    }
    text
}

/// Narrows the widest column by one. Returns whether any column could be narrowed.
fn narrow(widths: &mut [usize]) -> bool {
    let widest = widths.iter_mut().max_by_key(|width| **width).filter(|width| **width > NARROWEST);
    widest.map(|width| *width -= 1).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> [Vec<String>; 2] {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        [row(["A rather long name 空間", "SPACE"]), row(["x", ""])]
    }

    #[test]
    fn columns_are_aligned() {
        let expected = "NAME                     TYPE\nA rather long name 空間  SPACE\nx\n";
        assert_eq!(table(&["NAME", "TYPE"], &rows(), &[], false, None), expected);
    }

    #[test]
    fn the_widest_column_is_cut_first() {
        let expected = "NAME         TYPE\nA rather lo…  SPACE\nx\n";
        assert_eq!(table(&["NAME", "TYPE"], &rows(), &[], false, Some(19)), expected.replace("NAME  ", "NAME   "));
        let narrow = table(&["NAME", "TYPE"], &rows(), &[], false, Some(3));
        assert_eq!(table(&["NAME", "TYPE"], &rows(), &["TYPE"], false, Some(23)), "NAME\nA rather long name 空間\nx\n");
        assert_eq!(narrow, "NAME    TYPE\nA rat…  SPACE\nx\n", "what cannot fit stays readable");
    }
}

//! How wide text is on a terminal.

use unicode_width::UnicodeWidthStr;

/// What stands for the rest of a text that was cut.
const ELLIPSIS: char = '…';

/// The columns that a text takes: two for wide letters and most emoji, none for combining marks.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `columns`, cut with an ellipsis where it is longer.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut shown = String::new();
    for character in text.chars() {
        shown.push(character);
        // The whole is measured each time: a selector can make the letter before it wider.
        if width(&shown) + 1 > columns {
            shown.pop();
            break;
        }
    }
    // A blank before the ellipsis only looks odd.
    shown.truncate(shown.trim_end().len());
    shown.push(ELLIPSIS);
    shown
}

/// The text, filled with blanks up to `columns`.
pub(super) fn pad(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(blanks))
}

/// The text in lines of at most `columns`, broken at blanks only: half a link is none.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if width(line) + 1 + width(word) <= columns {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wide_letters_count_twice() {
        assert_eq!((width("空間"), width("e\u{301}"), width("🎉")), (4, 1, 2));
        assert_eq!(cut("空間空間", 6), "空間…");
        assert_eq!(cut("one two", 5), "one…");
        assert_eq!(cut("short", 5), "short");
        assert_eq!(pad("空", 4), "空  ");
    }

    #[test]
    fn lines_break_at_blanks() {
        assert_eq!(wrap("a bb https://x.test/long c", 8), ["a bb", "https://x.test/long", "c"]);
        assert_eq!(wrap("", 8), [""]);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_it_may_be(text in any::<String>(), columns in 1_usize..40) {
            prop_assert!(width(&cut(&text, columns)) <= columns);
        }
    }
}

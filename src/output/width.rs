//! The width of text on a terminal.

use unicode_width::UnicodeWidthStr;

/// The mark at the end of a cut text.
const ELLIPSIS: char = '…';

/// Returns the width in columns: two for wide letters and most emoji, none for combining marks.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Returns the text in at most `columns`, with an ellipsis if it is longer.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut shown = String::new();
    for character in text.chars() {
        shown.push(character);
        // Measures the whole text, because a variation selector can widen the letter before it.
        if width(&shown) + 1 > columns {
            shown.pop();
            break;
        }
    }
    // No space before the ellipsis.
    shown.truncate(shown.trim_end().len());
    shown.push(ELLIPSIS);
    shown
}

/// Returns the text padded with spaces to `columns`.
pub(super) fn pad(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(blanks))
}

/// Returns lines of at most `columns`, broken at spaces only, so that a URL can be copied. A longer word is a line.
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
    fn lines_break_at_spaces() {
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

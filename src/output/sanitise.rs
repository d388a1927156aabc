//! Escapes control characters in text of servers, files and callbacks.

use std::borrow::Cow;
use std::fmt::Write;

/// Escapes control characters: C0, C1, DEL, line and paragraph separators, bidirectional and zero-width controls. The
/// name of a space then cannot move the cursor, forge a line or hide a word.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_control) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            other if is_control(other) => {
                // Writing into a string cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(other));
            }
            other => shown.push(other),
        }
    }
    Cow::Owned(shown)
}

/// Like [`sanitise`], but keeps line feeds and tabs.
pub fn sanitise_lines(text: &str) -> Cow<'_, str> {
    let stays = |character: char| matches!(character, '\n' | '\t');
    if !text.chars().any(|character| is_control(character) && !stays(character)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split_inclusive(stays).fold(String::new(), |mut shown, part| {
        let (text, end) =
            part.char_indices().last().filter(|(_, last)| stays(*last)).map_or((part, ""), |(at, _)| part.split_at(at));
        shown.push_str(&sanitise(text));
        shown.push_str(end);
        shown
    }))
}

/// Whether a character can change how the text around it is shown.
pub(super) const fn is_control(character: char) -> bool {
    // The fast path: most text is ASCII, and all output is checked.
    !matches!(character, ' '..='~')
        && matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn property_66_no_control_character_gets_through() {
        let hostile = "a\x1b[31m\u{9b}b\x07\x1b]8;;x\r\u{202e}\u{2028}\u{200b}\x7f\n";
        let shown = sanitise(hostile);
        assert!(!shown.chars().any(is_control), "{shown}");
        assert!(shown.starts_with("a\\u{1b}[31m\\u{9b}b\\u{7}"));
    }

    #[test]
    fn line_feeds_and_tabs_can_stay() {
        assert_eq!(sanitise_lines("a\tb\nc\r\n\x1b"), "a\tb\nc\\r\n\\u{1b}");
        assert!(matches!(sanitise_lines("a\tb\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn text_of_every_script_is_unchanged() {
        for text in ["API-made", "Überraschung 🎉", "שלום", "空間"] {
            assert!(matches!(sanitise(text), Cow::Borrowed(same) if same == text));
        }
    }
}

//! Escapes control characters in text of servers, files and callbacks.

use std::borrow::Cow;
use std::fmt::Write;

/// Escapes control characters and invisible ones: C0, C1, DEL, line and paragraph separators, all default-ignorable code
/// points, and the blank Braille pattern; emoji sequences stay whole. The name of a space then cannot move the cursor,
/// forge a line or hide a word.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_control) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for (character, is_harmful) in marked(text) {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            other if is_harmful => {
                // Writing into a string cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(other));
            }
            other => shown.push(other),
        }
    }
    Cow::Owned(shown)
}

/// Quotes a text for a message, with what [`sanitise`] escapes.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", sanitise(&text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// The characters of a text, each with whether it has to be shown escaped.
pub fn marked(text: &str) -> impl Iterator<Item = (char, bool)> {
    let characters: Vec<char> = text.chars().collect();
    let harmful = move |at: usize| is_control(characters[at]) && !is_in_emoji(&characters, at);
    text.chars().enumerate().map(move |(at, character)| (character, harmful(at)))
}

/// Whether the invisible character at `at` makes an emoji of those around it
/// ([UTS #51](https://www.unicode.org/reports/tr51/#Definitions)): a variation selector, a joiner, or the tags of a flag.
fn is_in_emoji(text: &[char], at: usize) -> bool {
    const SELECTOR: char = '\u{fe0f}';
    let before = |steps: usize| at.checked_sub(steps).map(|place| text[place]);
    let after = text.get(at + 1).copied();
    match text[at] {
        '\u{fe0e}' | SELECTOR => match before(1) {
            Some('0'..='9' | '#' | '*') => after == Some('\u{20e3}'),
            pictograph => pictograph.is_some_and(is_pictograph),
        },
        '\u{200d}' => {
            let pictograph = if before(1) == Some(SELECTOR) { before(2) } else { before(1) };
            pictograph.is_some_and(is_pictograph) && after.is_some_and(is_pictograph)
        }
        '\u{e0020}'..='\u{e007f}' => {
            let is_tag = |character: &char| matches!(character, '\u{e0020}'..='\u{e007f}');
            let start = text[..at].iter().rposition(|character| !is_tag(character)).unwrap_or_default();
            let tags: Vec<&char> = text[start + 1..].iter().take_while(|character| is_tag(character)).collect();
            // The longest are those of parts of countries, as England's.
            let end = tags.iter().position(|character| **character == '\u{e007f}');
            text[start] == '\u{1f3f4}' && tags.len() <= 7 && end.is_some_and(|end| end + 1 == tags.len())
        }
        _ => false,
    }
}

/// Whether a character can be the visible part of an emoji sequence.
const fn is_pictograph(character: char) -> bool {
    matches!(character,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2194}'..='\u{21aa}'
        | '\u{231a}'..='\u{23ff}' | '\u{24c2}' | '\u{25aa}'..='\u{27bf}' | '\u{2934}' | '\u{2935}'
        | '\u{2b05}'..='\u{2b55}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
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

/// Whether a character is not seen, or can change how the text around it is shown.
pub const fn is_control(character: char) -> bool {
    // The fast path: most text is ASCII, and all output is checked.
    !matches!(character, ' '..='~')
        && matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}'
        | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
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
    fn property_66_no_invisible_character_gets_through() {
        let ignorable = "\u{ad}\u{34f}\u{115f}\u{1160}\u{17b4}\u{180b}\u{180f}\u{200d}\u{206a}\u{2800}\u{3164}\u{fe00}\u{fe0f}\
                         \u{ffa0}\u{fff0}\u{1bca0}\u{1d17a}\u{e0001}\u{e0041}\u{e0100}\u{e01ef}\u{e0fff}";
        for hidden in ignorable.chars() {
            let escaped = format!("a\\u{{{:x}}}b", u32::from(hidden));
            assert_eq!(sanitise(&format!("a{hidden}b")), escaped);
        }
    }

    #[test]
    fn property_66_emoji_sequences_stay_whole_and_hide_nothing() {
        let england = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";
        for whole in [
            "\u{2764}\u{fe0f}",
            "1\u{fe0f}\u{20e3}",
            "\u{1f469}\u{1f3fd}\u{200d}\u{1f4bb}",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525}",
            england,
        ] {
            assert_eq!(sanitise(&format!("a {whole} b")), format!("a {whole} b"));
        }
        for (hiding, shown) in [
            ("\u{2764}\u{fe0f}\u{fe0f}", "\u{2764}\u{fe0f}\\u{fe0f}"),
            ("1\u{fe0f}2", "1\\u{fe0f}2"),
            ("\u{1f469}\u{200d}b", "\u{1f469}\\u{200d}b"),
            ("\u{1f3f4}\u{e0067}", "\u{1f3f4}\\u{e0067}"),
            ("x\u{e0067}\u{e007f}", "x\\u{e0067}\\u{e007f}"),
            ("\u{e0067}\u{e007f}", "\\u{e0067}\\u{e007f}"),
        ] {
            assert_eq!(sanitise(hiding), shown);
        }
        let long = format!("\u{1f3f4}{}\u{e007f}", "\u{e0061}".repeat(20));
        assert_eq!(sanitise(&long).matches("e0061").count(), 20);
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

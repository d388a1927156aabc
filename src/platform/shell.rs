//! Quotes commands for a POSIX shell.

use std::fmt::Write;

use super::sanitise::marked;

/// Joins words into a command line, quoted for a POSIX shell. It can be shown as it is: `printf` writes the characters
/// that would be shown escaped.
pub fn command_line<Words>(words: Words) -> String
where
    Words: IntoIterator,
    Words::Item: AsRef<str>,
{
    let words: Vec<Words::Item> = words.into_iter().collect();
    let line = |quote: fn(&str) -> String| words.iter().map(|word| quote(word.as_ref())).collect::<Vec<_>>().join(" ");
    // A command substitution drops the line feeds at its end, so it cannot be the word itself.
    if words.iter().any(|word| word.as_ref().ends_with('\n')) {
        format!("eval {}", shown(&line(quoted)))
    } else {
        line(shown)
    }
}

fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=+:,./@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Quotes a word without a control or invisible character in the result.
fn shown(word: &str) -> String {
    if !marked(word).any(|(_, is_harmful)| is_harmful) {
        return quoted(word);
    }
    let mut text = String::with_capacity(word.len() + 16);
    let mut bytes = [0; 4];
    for (character, is_harmful) in marked(word) {
        match character {
            '\n' => text.push_str("\\n"),
            '\\' => text.push_str("\\\\"),
            // An interactive shell replaces ! between double quotes.
            '\'' | '!' => text.push_str(&octal(character.encode_utf8(&mut bytes))),
            _ if is_harmful => text.push_str(&octal(character.encode_utf8(&mut bytes))),
            _ => text.push(character),
        }
    }
    format!("\"$(printf %b '{text}')\"")
}

/// Returns the bytes of a text as `printf %b` reads them.
fn octal(text: &str) -> String {
    text.bytes().fold(String::new(), |mut octal, byte| {
        // Writing into a string cannot fail.
        let _ = write!(octal, "\\0{byte:03o}");
        octal
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(command_line(["chatauth", "--name", "API-made"]), "chatauth --name API-made");
        assert_eq!(command_line(["it's $x", "", "a b"]), r"'it'\''s $x' '' 'a b'");
        assert_eq!(command_line(["می", "\u{2764}\u{fe0f}"]), "'می' '\u{2764}\u{fe0f}'");
        assert_eq!(command_line(["--name", "a\nb"]), r#"--name "$(printf %b 'a\nb')""#);
    }

    #[cfg(unix)]
    mod pasted {
        use std::process::Command;

        use proptest::prelude::*;

        use super::*;
        use crate::platform::sanitise::sanitise;

        /// Checks that a shell reads the words from the command line as it is shown.
        fn assert_survives(words: &[&str]) {
            let line = command_line(["printf", "%s\\0"].iter().chain(words));
            assert_eq!(sanitise(&line), line.as_str());
            let output = Command::new("sh").args(["-c", &line]).output().unwrap();
            let expected: String = words.iter().flat_map(|word| [word, "\0"]).collect();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{line}");
        }

        #[test]
        fn characters_that_are_shown_escaped_survive_a_shell() {
            for word in [
                "line 1\nline 2",
                "\n",
                "at the end\n\n",
                "-n\t50 % \\n \\c it's \"$x\" `y`!\r\n.",
                "می\u{200c}خواهم",
                "\u{1b}[31m\u{7f}1\u{202e}2",
                "\u{1f469}\u{200d}\u{1f4bb}\u{200d}\n",
            ] {
                assert_survives(&["a b", word, "$x", ""]);
            }
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(32))]
            #[test]
            fn property_66_any_word_survives_a_shell(word in "[^\0]*", end in "[\n\u{200c}'\\\\%]*") {
                assert_survives(&[&word, &end]);
            }
        }
    }
}

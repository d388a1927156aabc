//! Quotes commands for a POSIX shell.

/// Joins words into a command line, quoted for a POSIX shell.
pub fn command_line<Words>(words: Words) -> String
where
    Words: IntoIterator,
    Words::Item: AsRef<str>,
{
    words.into_iter().map(|word| quoted(word.as_ref())).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=+:,./@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(command_line(["chatauth", "--name", "API-made"]), "chatauth --name API-made");
        assert_eq!(command_line(["it's $x", "", "a b"]), r"'it'\''s $x' '' 'a b'");
    }
}

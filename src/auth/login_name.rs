//! The names of saved logins, which are the names of their files.

use std::borrow::Cow;
use std::fmt::{self, Write};

use percent_encoding::percent_decode_str;

use crate::platform::encoding::composed;

/// The name of a saved login. The first OAuth client's login of an account has the account alone as its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoginName {
    /// The account, in lower case.
    pub account: String,
    /// The OAuth client, where another client's login of the account came first.
    pub client_id: Option<String>,
}

impl fmt::Display for LoginName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.account)
    }
}

impl LoginName {
    /// The name of the first login of an account.
    pub(super) fn first(account: &str) -> Self {
        Self { account: composed(&account.to_lowercase()), client_id: None }
    }

    /// The name of its files, without the suffix.
    pub(super) fn file_stem(&self) -> String {
        match &self.client_id {
            None => file_name(&self.account),
            Some(client_id) => format!("{}~{}", file_name(&self.account), escape(client_id)),
        }
    }

    /// The reverse of [`LoginName::file_stem`].
    pub(super) fn from_file_stem(stem: &str) -> Option<Self> {
        match stem.split_once('~') {
            None => Some(Self { account: account_of(stem)?, client_id: None }),
            Some((account, client_id)) => {
                let client_id = unescape(client_id).filter(|unescaped| escape(unescaped) == client_id)?;
                Some(Self { account: account_of(account)?, client_id: Some(client_id) })
            }
        }
    }
}

/// Whether two addresses are one account: neither case nor the Unicode form counts.
pub(super) fn is_same_account(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || composed(&one.to_lowercase()) == composed(&other.to_lowercase())
}

/// An account as the name of a file, in lower case.
pub(super) fn file_name(account: &str) -> String {
    escape(&account.to_lowercase())
}

/// The reverse of [`file_name`].
pub(super) fn account_of(name: &str) -> Option<String> {
    unescape(name).filter(|account| file_name(account) == name)
}

/// Escapes everything that could mean something to a file system, capitals included.
fn escape(text: &str) -> String {
    let mut name = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'@' | b'_' | b'-' | b'+' => name.push(char::from(byte)),
            b'.' if !name.is_empty() => name.push('.'),
            other => {
                // Writing into a string cannot fail.
                let _ = write!(name, "%{other:02x}");
            }
        }
    }
    name
}

fn unescape(name: &str) -> Option<String> {
    percent_decode_str(name).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accounts_become_harmless_file_names_and_back() {
        assert_eq!(file_name("Ada.L+x@Example.com"), "ada.l+x@example.com");
        assert_eq!(file_name("../../etc@x"), "%2e.%2f..%2fetc@x");
        assert_eq!(account_of("%2e.%2f..%2fetc@x").as_deref(), Some("../../etc@x"));
        for odd in ["%", "%zz", "a%2", "A@b", "%41@b"] {
            assert_eq!(account_of(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_further_client_is_part_of_the_name() {
        let name = LoginName { client_id: Some(String::from("12-aB.apps/x~")), ..LoginName::first("Ada~@x.test") };
        assert_eq!(name.file_stem(), "ada%7e@x.test~12-a%42.apps%2fx%7e");
        assert_eq!(LoginName::from_file_stem(&name.file_stem()), Some(name));
        assert_eq!(LoginName::from_file_stem("ada@x.test"), Some(LoginName::first("ada@x.test")));
        for odd in ["ada@x.test~A", "ada@x.test~a~b", "ada@x.test~%zz", "A@x~1"] {
            assert_eq!(LoginName::from_file_stem(odd), None, "{odd}");
        }
    }

    #[test]
    fn case_and_unicode_form_make_no_other_account() {
        let (composed, decomposed) = ("J\u{f6}rg@x.test", "jo\u{308}rg@X.TEST");
        assert!(is_same_account(composed, decomposed));
        assert_eq!(LoginName::first(composed), LoginName::first(decomposed));
        assert!(!is_same_account(composed, "jorg@x.test"));
        // As an earlier version may have written it.
        let old = LoginName::from_file_stem(&file_name(decomposed)).unwrap();
        assert!(is_same_account(&old.account, composed));
    }

    proptest! {
        #[test]
        fn every_account_has_a_name_of_its_own(account in "\\PC{1,40}@\\PC{1,20}") {
            let name = file_name(&account);
            prop_assert!(!name.contains('/') && !name.starts_with('.'));
            prop_assert_eq!(account_of(&name), Some(account.to_lowercase()));
        }
    }
}

//! Proof Key for Code Exchange (RFC 7636), the server's part.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The code challenge of an authorization request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Plain(String),
    S256(String),
}

impl Challenge {
    /// Reads the two parameters; the default method is `plain`. The error is Google's text.
    pub(super) fn read(challenge: Option<&str>, method: Option<&str>) -> Result<Option<Self>, &'static str> {
        let Some(challenge) = challenge else {
            return match method {
                Some(_) => Err("Missing required parameter: code_challenge"),
                None => Ok(None),
            };
        };
        match method {
            None | Some("plain") if is_verifier(challenge) => Ok(Some(Self::Plain(challenge.to_owned()))),
            Some("S256") if URL_SAFE_NO_PAD.decode(challenge).is_ok_and(|digest| digest.len() == 32) => {
                Ok(Some(Self::S256(challenge.to_owned())))
            }
            None | Some("plain" | "S256") => Err("Invalid code_challenge."),
            Some(_) => Err("Invalid code_challenge_method."),
        }
    }

    /// Whether the challenge was derived from `verifier`.
    pub(super) fn is_met_by(&self, verifier: &str) -> bool {
        if !is_verifier(verifier) {
            return false;
        }
        match self {
            Self::Plain(challenge) => challenge == verifier,
            Self::S256(challenge) => *challenge == URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
        }
    }
}

/// 43 to 128 unreserved characters (RFC 7636, 4.1).
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const S256: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_holds() {
        let challenge = Challenge::read(Some(S256), Some("S256")).unwrap().unwrap();
        assert!(challenge.is_met_by(VERIFIER));
        assert!(!challenge.is_met_by(&VERIFIER.replace('k', "l")));
        assert!(!challenge.is_met_by(S256));
    }

    #[test]
    fn without_a_method_it_is_plain() {
        let challenge = Challenge::read(Some(VERIFIER), None).unwrap().unwrap();
        assert_eq!(challenge, Challenge::Plain(VERIFIER.to_owned()));
        assert!(challenge.is_met_by(VERIFIER));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let long = "a".repeat(129);
        for (challenge, method) in [
            (Some("short"), None),
            (Some(long.as_str()), Some("plain")),
            (Some(VERIFIER), Some("S512")),
            (Some("not+base64url"), Some("S256")),
            (None, Some("S256")),
        ] {
            assert!(Challenge::read(challenge, method).is_err(), "{challenge:?} {method:?}");
        }
        assert_eq!(Challenge::read(None, None), Ok(None));
    }
}

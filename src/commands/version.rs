//! `chatauth version`: the build and the source of certificates.

use serde_json::json;

use crate::commands::{Context, TrustRoots};
use crate::output::{Details, Item};

/// The version in Cargo.toml.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The target triple.
const TARGET: &str = env!("CHATAUTH_TARGET");
/// The commit, of a release build from a clone.
const COMMIT: Option<&str> = option_env!("CHATAUTH_COMMIT");
/// The day of that commit.
const COMMIT_DATE: Option<&str> = option_env!("CHATAUTH_COMMIT_DATE");
/// The cargo features that it was built with.
const FEATURES: &[&str] = &[
    #[cfg(feature = "emulator")]
    "emulator",
    #[cfg(feature = "jq")]
    "jq",
];

/// Show the version, the build and the source of certificates
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("chatauth version", "chatauth version --jq .commit"))]
pub struct Version {}

impl Version {
    /// Prints what is known about this build.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        let roots = context.settings.http.trust.source();
        let json = json!({
            "version": VERSION,
            "commit": COMMIT,
            "commitDate": COMMIT_DATE,
            "target": TARGET,
            "features": FEATURES,
            "tls": TrustRoots::TLS,
            "trustRoots": roots,
        });
        let details = Details::new()
            .columns(&["version", "commit", "commitDate", "target", "features", "tls", "trustRoots"])
            .with("Version", VERSION)
            .maybe("Commit", commit())
            .with("Target", TARGET)
            .maybe("Features", Some(FEATURES.join(", ")))
            .with("TLS", TrustRoots::TLS)
            .with("Trusted roots", roots);
        Ok(context.printer.item(&Item { json: &json, name: VERSION }, &details)?)
    }
}

/// Returns the build in one line, for bug reports.
pub(super) fn summary(roots: &TrustRoots) -> String {
    let commit = commit().map(|commit| format!(", commit {commit}")).unwrap_or_default();
    let features = if FEATURES.is_empty() { String::from("no features") } else { FEATURES.join(" ") };
    format!("{VERSION}{commit}, {TARGET}, {features}, {}, roots from {}", TrustRoots::TLS, roots.source())
}

/// Returns the commit with its day.
fn commit() -> Option<String> {
    COMMIT.map(|commit| COMMIT_DATE.map_or_else(|| commit.to_owned(), |date| format!("{commit} ({date})")))
}

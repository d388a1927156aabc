//! Tells the program for what it is built and, where git knows, of which commit.

#![expect(clippy::disallowed_methods, reason = "cargo speaks with build scripts in this way")]

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=CHATAUTH_TARGET={}", env::var("TARGET").unwrap_or_default());
    // Builds of the edit loop do not know the commit: each would compile everything once more.
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") && is_a_clone() {
        if let Some(commit) = git(&["log", "-1", "--format=%H %cs"])
            && let Some((hash, date)) = commit.split_once(' ')
        {
            println!("cargo::rustc-env=CHATAUTH_COMMIT={}", &hash[..12.min(hash.len())]);
            println!("cargo::rustc-env=CHATAUTH_COMMIT_DATE={date}");
        }
        for file in ["HEAD", "logs/HEAD"] {
            if let Some(path) = git(&["rev-parse", "--git-path", file]).filter(|path| Path::new(path).exists()) {
                println!("cargo::rerun-if-changed={path}");
            }
        }
    }
}

/// Whether the sources are a clone of their own: a crate that was unpacked inside another project's clone is none.
fn is_a_clone() -> bool {
    let root = git(&["rev-parse", "--show-toplevel"]).and_then(|root| Path::new(&root).canonicalize().ok());
    root.is_some() && root == Path::new(".").canonicalize().ok()
}

/// Returns what git prints, or nothing where there is no git or no clone.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

//! The table of pains, and what belongs to it alone.

use std::fs;
use std::path::Path;

use crate::support::sandbox::Sandbox;

fn sources(directory: &Path, all: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_pain_has_a_line_and_every_named_test_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    sources(&root.join("src"), &mut all);
    sources(&root.join("tests"), &mut all);
    let table = fs::read_to_string(root.join("tests/pains.md")).unwrap();
    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
        .filter(|cells| cells.len() == 6 && cells[1].parse::<u32>().is_ok())
        .collect();
    let numbers: Vec<u32> = lines.iter().map(|cells| cells[1].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    for cells in lines {
        let tests: Vec<&str> = cells[4].split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "{}: no test", cells[1]);
        for test in tests {
            assert!(all.contains(&format!("fn {test}()")), "{}: there is no {test}", cells[1]);
        }
    }
    assert!(fs::read_to_string(root.join("docs/troubleshooting.md")).unwrap().contains("tests/pains.md"));
}

#[test]
fn a_login_far_from_its_browser_says_how_to_get_there() {
    let sandbox = Sandbox::new();
    for (variable, expected) in [("SSH_CONNECTION", "SSH session"), ("UNUSED", "ssh -L")] {
        let mut command = sandbox.command(["auth", "login", "--wait", "1", "--format", "json"]);
        // An address to look at and no screen to show it on.
        command.env_remove("BROWSER").env(variable, "192.0.2.1 1 192.0.2.2 22");
        let finished = sandbox.finish(command).exits_with(4);
        let error = finished.error();
        assert_eq!(error["code"], "login_timed_out");
        if variable == "SSH_CONNECTION" || finished.stderr.contains("There is no screen here") {
            assert!(finished.stderr.contains(expected), "{}", finished.stderr);
            assert!(finished.stderr.contains("ssh -L"), "{}", finished.stderr);
        }
        for cause in ["access_denied", "org_internal", "admin_policy_enforced", "redirect_uri_mismatch"] {
            assert!(error["hint"].as_str().unwrap().contains(cause), "{cause}: {error}");
        }
    }
    assert!(sandbox.control().requests().is_empty());
}

//! The security properties of `tests/properties.md`: each of its numbers has a test, and builds are locked.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The property that mutants prove: its tests are programs beside the suite.
const MUTANTS: u32 = 72;

/// The most packages that the lock file may hold, those of all platforms and of the tests included.
const MOST_PACKAGES: usize = 300;

fn texts(directory: &Path, extension: Option<&str>, found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, extension, found);
        } else if extension.is_none_or(|wanted| path.extension().is_some_and(|extension| extension == wanted)) {
            found.push(fs::read_to_string(&path).unwrap());
        }
    }
}

/// The numbers of the tests in a source: of functions marked as tests, so that a helper's name proves nothing.
fn numbers(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let mut marked = false;
    for line in text.lines().map(str::trim_start) {
        if let Some(name) = line.strip_prefix("fn property_") {
            let end = name.find('_').unwrap_or(name.len());
            found.extend(name[..end].parse::<u32>().ok().filter(|_| marked));
        }
        marked = line == "#[test]" || marked && line.starts_with("#[");
    }
    found
}

/// The numbers of the lines that give a number, a title and what holds; fails on a line that leaves one of them out.
fn listed(table: &str) -> Vec<u32> {
    let cells = table.lines().filter(|line| line.starts_with('|')).map(|line| line.split('|').map(str::trim));
    let cells = cells.map(Iterator::collect::<Vec<_>>).filter(|cells| cells.iter().any(|cell| cell.ends_with('.')));
    let number = |cells: Vec<&str>| {
        assert!(cells.len() == 5 && !cells[2].is_empty() && cells[3].ends_with('.'), "{cells:?}");
        cells[1].parse().unwrap_or_else(|_| panic!("no number: {cells:?}"))
    };
    cells.map(number).collect()
}

#[test]
fn every_property_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    for directory in ["src", "tests"] {
        texts(&root.join(directory), Some("rs"), &mut sources);
    }
    let mut tested: BTreeSet<u32> = sources.iter().flat_map(|text| numbers(text)).collect();
    let runner = fs::read_to_string(root.join("tests/mutants/run")).unwrap();
    if runner.contains(&format!("mutants of property {MUTANTS}:")) {
        tested.insert(MUTANTS);
    }
    let listed = listed(&fs::read_to_string(root.join("tests/properties.md")).unwrap());
    let in_order = (1..).zip(&listed).all(|(number, known)| number == *known);
    assert!(in_order && listed.len() >= 79, "tests/properties.md is incomplete or out of order: {listed:?}");
    let all: BTreeSet<u32> = listed.into_iter().collect();
    let untested: Vec<_> = all.difference(&tested).collect();
    assert!(untested.is_empty(), "no test has these numbers: {untested:?}");
    let unknown: Vec<_> = tested.difference(&all).collect();
    assert!(unknown.is_empty(), "there are no such properties: {unknown:?}");
}

#[test]
fn only_tests_count() {
    assert_eq!(numbers("#[test]\nfn property_4_x() {}\nfn property_5_y() {}\n// fn property_6_z"), [4]);
    assert_eq!(numbers("    #[test]\n    #[ignore = \"slow\"]\n    fn property_7_x() {"), [7]);
}

#[test]
fn property_71_what_is_built_is_what_is_locked() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap();
    let packages: Vec<&str> = lock.split("[[package]]").skip(1).collect();
    assert!((50..=MOST_PACKAGES).contains(&packages.len()), "{} packages", packages.len());
    let field = |package: &str, name: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(&format!("{name} = \"")));
        line.map(|value| value.trim_end_matches('"').to_owned())
    };
    for package in &packages {
        let name = field(package, "name").unwrap();
        if name == env!("CARGO_PKG_NAME") {
            continue;
        }
        assert!(field(package, "source").is_some_and(|source| source.starts_with("registry+")), "{name}");
        assert!(field(package, "checksum").is_some_and(|sum| sum.len() == 64), "{name} has no checksum");
        let other_tls = ["aws-lc-rs", "aws-lc-sys", "native-tls", "openssl", "openssl-sys"];
        assert!(!other_tls.contains(&name.as_str()), "{name}: one TLS provider is enough");
    }
    // Every build and test of the script that decides takes the locked versions.
    let script = fs::read_to_string(root.join(".ci/run")).unwrap();
    for line in script.lines().map(str::trim) {
        let builds =
            ["build", "test", "clippy", "doc", "tree"].iter().any(|verb| line.contains(&format!("cargo {verb} ")));
        assert!(!builds || line.contains("--locked"), "{line}");
    }
}

//! The program's own sources, and what each file imports: enough of Rust's grammar for `use` lines and paths.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

/// A path as it stands in a source: `["crate", "auth", "Session"]`.
type Segments = Vec<String>;

/// One source file.
pub(crate) struct Source {
    /// The path below `src`.
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Source {
    /// The directory or file directly below `src`.
    pub(crate) fn top_module(&self) -> &str {
        self.name.split('/').next().unwrap().trim_end_matches(".rs")
    }

    pub(crate) fn is_test(&self) -> bool {
        self.name.ends_with("tests.rs") || self.name.contains("/tests/")
    }

    /// The text without its test module and its comments.
    pub(crate) fn product(&self) -> String {
        let code = self.text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    }

    /// The module that the file holds; the library's root is the empty path.
    fn module(&self) -> Segments {
        let path = self.name.trim_end_matches(".rs");
        let path = path.strip_suffix("/mod").unwrap_or(path);
        path.split('/').filter(|part| !["lib", "main"].contains(part)).map(str::to_owned).collect()
    }
}

/// Every source file.
pub(crate) fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 30, "the sources were not found");
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
    files.iter().map(|path| Source { name: name(path), text: fs::read_to_string(path).unwrap() }).collect()
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
}

/// What a file names.
#[derive(Default)]
struct Names {
    /// What its `use` lines bring in, by the name that it has here.
    imported: BTreeMap<String, Segments>,
    /// The modules whose names come in by `*`.
    globs: Vec<Segments>,
    /// Every path, those of the `use` lines included.
    paths: BTreeSet<Segments>,
    /// The paths that stand in `pub use` lines only.
    handed_on: BTreeSet<Segments>,
    /// What is defined here.
    defined: BTreeSet<String>,
}

impl Names {
    fn of(code: &str) -> Self {
        let tokens = tokens(code);
        let at = |index: usize| tokens.get(index).map_or("", String::as_str);
        let mut names = Self::default();
        let mut index = 0;
        while index < tokens.len() {
            let token = at(index);
            if token == "use" {
                let public = index > 0 && ["pub", ")"].contains(&at(index - 1));
                let mut line = Self::default();
                index = line.tree(&tokens, index + 1, &[]);
                names.imported.append(&mut line.imported);
                names.globs.append(&mut line.globs);
                if public { &mut names.handed_on } else { &mut names.paths }.append(&mut line.paths);
            } else if is_name(token) && at(index + 1) == "::" && (index == 0 || at(index - 1) != "::") {
                let mut path = vec![token.to_owned()];
                while at(index + 1) == "::" && is_name(at(index + 2)) {
                    index += 2;
                    path.push(at(index).to_owned());
                }
                names.paths.insert(path);
            } else if DEFINING.contains(&token) && is_name(at(index + 1)) {
                names.defined.insert(at(index + 1).to_owned());
            }
            index += 1;
        }
        names
    }

    /// Reads one tree of a `use` line, and returns where it ends.
    fn tree(&mut self, tokens: &[String], mut index: usize, before: &[String]) -> usize {
        let at = |index: usize| tokens.get(index).map_or(";", String::as_str);
        let mut path = before.to_vec();
        loop {
            match at(index) {
                "::" => index += 1,
                "{" => {
                    index += 1;
                    while at(index) != "}" {
                        index = self.tree(tokens, index, &path);
                        if at(index) == "," {
                            index += 1;
                        }
                    }
                    return index + 1;
                }
                "*" => {
                    self.paths.insert(path.clone());
                    self.globs.push(path);
                    return index + 1;
                }
                name if is_name(name) => {
                    // `auth::{self, …}` is `auth`.
                    if name != "self" || path.is_empty() {
                        path.push(name.to_owned());
                    }
                    index += 1;
                    if at(index) != "::" {
                        let mut name = path.last().unwrap().clone();
                        if at(index) == "as" {
                            at(index + 1).clone_into(&mut name);
                            index += 2;
                        }
                        self.paths.insert(path.clone());
                        self.imported.insert(name, path);
                        return index;
                    }
                }
                _ => return index,
            }
        }
    }
}

/// The words that a definition's name follows.
const DEFINING: &[&str] = &["fn", "struct", "enum", "union", "trait", "const", "static", "type", "mod", "macro_rules"];

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Names, `::` and single characters, without comments and without what stands in quotes.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = quoted(rest) {
            length
        } else if is_name(rest) {
            let length = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
            tokens.push(rest[..length].to_owned());
            length
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// How long the string or character is that the text begins with.
fn quoted(text: &str) -> Option<usize> {
    let raw = text.trim_start_matches('b');
    let prefix = text.len() - raw.len();
    if let Some(after) = raw.strip_prefix('r').filter(|_| prefix < 2) {
        let hashes = after.len() - after.trim_start_matches('#').len();
        if after[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = prefix + 1 + hashes + 1;
            return Some(text[body..].find(&end).map_or(text.len(), |length| body + length + end.len()));
        }
    }
    let mut characters = raw.char_indices();
    match (characters.next()?.1, prefix < 2) {
        ('"', true) => {
            let mut escaped = false;
            for (index, character) in characters {
                if character == '"' && !escaped {
                    return Some(prefix + index + 1);
                }
                escaped = character == '\\' && !escaped;
            }
            Some(text.len())
        }
        ('\'', true) => {
            // A lifetime has no second quote.
            let inner = characters.next()?.1;
            if inner == '\\' {
                return Some(prefix + 3 + raw[3..].find('\'')?);
            }
            raw[1 + inner.len_utf8()..].starts_with('\'').then(|| prefix + 2 + inner.len_utf8())
        }
        _ => None,
    }
}

/// Which file uses which.
pub(crate) struct Imports {
    modules: BTreeMap<Segments, (String, Names)>,
}

impl Imports {
    /// Of these files, without tests.
    pub(crate) fn of(sources: &[Source]) -> Self {
        let product = sources.iter().filter(|source| !source.is_test() && source.name != "main.rs");
        let entry = |source: &Source| (source.module(), (source.name.clone(), Names::of(&source.product())));
        Self { modules: product.map(entry).collect() }
    }

    /// The modules other than its own that each file names.
    pub(crate) fn top_modules(&self) -> BTreeSet<(String, String)> {
        let mut modules = BTreeSet::new();
        for (module, (file, names)) in &self.modules {
            for path in names.paths.union(&names.handed_on) {
                let top = self.absolute(module, path).and_then(|path| path.first().cloned());
                modules.extend(top.filter(|top| Some(top) != module.first()).map(|top| (file.clone(), top)));
            }
        }
        modules
    }

    /// Which file uses a name that another file defines: file, other file, name. To declare a module or to hand its names
    /// on (`pub use`) is no use of it; who uses such a name uses the file that defines it.
    pub(crate) fn uses(&self) -> BTreeSet<(String, String, String)> {
        let mut uses = BTreeSet::new();
        for (module, (file, names)) in &self.modules {
            for path in &names.paths {
                if let Some((other, name)) = self.defined(module, path, 0).filter(|(other, _)| other != file) {
                    uses.insert((file.clone(), other, name));
                }
            }
            for glob in names.globs.iter().filter(|glob| names.paths.contains(*glob)) {
                let target = self.absolute(module, glob).and_then(|target| self.modules.get(&target));
                if let Some((other, _)) = target.filter(|(other, _)| other != file) {
                    uses.insert((file.clone(), other.clone(), "*".to_owned()));
                }
            }
        }
        uses
    }

    /// A path from the root of the crate; `None` for other crates and for what is local.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Segments> {
        let mut rest = path.iter();
        let mut base = match rest.next()?.as_str() {
            "crate" | "chatauth" => Vec::new(),
            "self" => module.to_vec(),
            "super" => module[..module.len().checked_sub(1)?].to_vec(),
            first => {
                let child = [module, &[first.to_owned()]].concat();
                if !self.modules.contains_key(&child) {
                    return None;
                }
                child
            }
        };
        for segment in rest {
            if segment == "super" {
                base.pop()?;
            } else {
                base.push(segment.clone());
            }
        }
        Some(base)
    }

    /// The file that defines what the path names, and its name; `None` where that is a module or in another crate.
    fn defined(&self, module: &[String], path: &[String], depth: usize) -> Option<(String, String)> {
        if depth > 16 {
            return None;
        }
        let Some(absolute) = self.absolute(module, path) else {
            // The first segment may have come in by a `use` line.
            let (_, names) = self.modules.get(module)?;
            let imported = names.imported.get(&path[0]).filter(|imported| imported[0] != path[0])?;
            return self.defined(module, &[imported, &path[1..]].concat(), depth + 1);
        };
        let mut length = 0;
        while length < absolute.len() && self.modules.contains_key(&absolute[..=length]) {
            length += 1;
        }
        let name = absolute.get(length)?;
        let owner = &absolute[..length];
        let (file, names) = self.modules.get(owner)?;
        if !names.defined.contains(name) {
            if let Some(imported) = names.imported.get(name) {
                let found = self.defined(owner, &[imported, &absolute[length + 1..]].concat(), depth + 1);
                return found.filter(|_| imported != path || owner != module);
            }
            let through = names.globs.iter().find_map(|glob| {
                let target = self.absolute(owner, glob)?;
                let (other, there) = self.modules.get(&target)?;
                there.defined.contains(name).then(|| (other.clone(), name.clone()))
            });
            if through.is_some() {
                return through;
            }
        }
        Some((file.clone(), name.clone()))
    }
}

/// For each file that is in a cycle, the shortest one, as the uses along it.
pub(crate) fn import_cycles(uses: &BTreeSet<(String, String, String)>) -> Vec<Vec<(String, String, String)>> {
    let mut steps = BTreeMap::<&str, BTreeMap<&str, &(String, String, String)>>::new();
    for step in uses {
        steps.entry(&step.0).or_default().entry(&step.1).or_insert(step);
    }
    let mut cycles = BTreeMap::new();
    for &start in steps.keys() {
        let mut open = VecDeque::from([(start, Vec::new())]);
        let mut seen = BTreeSet::new();
        while let Some((file, way)) = open.pop_front() {
            if file == start && !way.is_empty() {
                let files: BTreeSet<String> = way.iter().map(|(user, ..): &(String, _, _)| user.clone()).collect();
                cycles.entry(files).or_insert(way);
                break;
            }
            for (&other, &step) in steps.get(file).into_iter().flatten() {
                if seen.insert(other) {
                    open.push_back((other, [&way[..], std::slice::from_ref(step)].concat()));
                }
            }
        }
    }
    let mut cycles: Vec<_> = cycles.into_values().collect();
    cycles.sort_by_key(Vec::len);
    cycles
}

/// The files as they would stand in `src`.
pub(crate) fn example(files: &[(&str, &str)]) -> Vec<Source> {
    files.iter().map(|(name, text)| Source { name: (*name).to_owned(), text: (*text).to_owned() }).collect()
}

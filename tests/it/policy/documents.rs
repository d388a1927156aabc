//! The documents: their commands run, both READMEs have the same ones, and the reference is what the program prints.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::support::commands::leaves;
use crate::support::ordinary_user::not_run;
use crate::support::sandbox::{Finished, Sandbox};
use crate::support::stage::{ACCOUNT, wrapped};

/// Every document, and how many of its commands need Google, another machine, a browser or a package manager. Those stand
/// in `console` blocks behind a `$`, or are [`EXAMPLES_NOT_RUN`]; all others run.
const DOCUMENTS: &[(&str, usize)] = &[
    (".github/CONTRIBUTING.md", 0),
    ("README.md", 6),
    ("README.zh-TW.md", 6),
    ("docs/bulk.md", 2),
    ("docs/ci.md", 2),
    ("docs/commands.md", 12),
    ("docs/comparison.md", 0),
    ("docs/emulator.md", 1),
    ("docs/performance.md", 0),
    ("docs/releasing.md", 2),
    ("docs/scripting.md", 0),
    ("docs/security.md", 0),
    ("docs/stability.md", 0),
    ("docs/testing.md", 0),
    ("docs/troubleshooting.md", 3),
];

/// A fenced block.
struct Block {
    /// The number of its first line, from 1.
    line: usize,
    language: String,
    /// The second word of the fence: the file that the block is.
    file: Option<String>,
    text: String,
}

fn read(document: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{document}: {error}"))
}

fn blocks(document: &str, text: &str) -> Vec<Block> {
    let mut all: Vec<Block> = Vec::new();
    let mut open = false;
    let mut indent = 0;
    for (number, line) in text.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match fence {
            Some(_) if open => open = false,
            Some(info) => {
                let mut words = info.split(' ').filter(|word| !word.is_empty()).map(str::to_owned);
                let language = words.next().unwrap_or_default();
                all.push(Block { line: number + 2, language, file: words.next(), text: String::new() });
                indent = line.len() - line.trim_start().len();
                open = true;
            }
            None if open => {
                let line = line.get(indent..).unwrap_or_default();
                all.last_mut().unwrap().text += &format!("{line}\n");
            }
            None => assert!(!line.starts_with("    chatauth "), "{document}:{}: a command outside a block", number + 1),
        }
    }
    assert!(!open, "{document}: a block has no end");
    all
}

/// Examples in the help of a command that need more than the emulator: a person, an administrator, another shell, messages.
const EXAMPLES_NOT_RUN: [&str; 11] = [
    "chatauth setup",
    "man -l -",
    "source <(",
    "Out-String",
    "| source",
    "--no-browser",
    "--use-admin-access",
    "complete-import",
    "/messages",
    "emulator --audience",
    "emulator --port",
];

/// The scripts of a block, and how many commands are only counted.
fn scripts(document: &str, block: &Block) -> (Vec<String>, usize) {
    let chatauth = |line: &str| line.starts_with("chatauth ") || line.contains("| chatauth ");
    match block.language.as_str() {
        "sh" => {
            // Whoever pastes a whole block has read none of the lists that it makes.
            let deletes = |line: &str| line.contains("spaces delete --from") && !line.contains("--dry-run");
            assert!(!block.text.lines().any(deletes), "{document}:{}: deletes what a list has", block.line);
            (vec![block.text.clone()], 0)
        }
        "yaml" => {
            let lines = block.text.lines().map(|line| {
                let line = line.trim_start().trim_start_matches("- ");
                line.strip_prefix("run: ").unwrap_or(line)
            });
            let lines: Vec<&str> = lines.filter(|line| chatauth(line)).collect();
            assert!(!lines.is_empty(), "{document}:{}: no command", block.line);
            (vec![lines.join("\n")], 0)
        }
        "crontab" => {
            let line = block.text.trim_end().splitn(6, ' ').nth(5).unwrap();
            (vec![line.replace("\\%", "%")], 0)
        }
        "text" if document == "docs/commands.md" => {
            let (_, examples) = block.text.split_once("\nExamples:\n").unwrap_or_default();
            let examples = examples.split("\n\n").next().unwrap_or_default().replace("\\\n", "");
            let all = examples.lines().map(|line| line.trim().to_owned());
            let (not_run, run): (Vec<_>, Vec<_>) =
                all.partition(|line| EXAMPLES_NOT_RUN.iter().any(|part| line.contains(part)));
            (run, not_run.len())
        }
        "console" | "csv" | "jsonl" | "json" => {
            assert!(!block.text.lines().any(chatauth), "{document}:{}: a command without $", block.line);
            let behind_dollar = block.text.lines().filter(|line| line.starts_with("$ ")).count();
            (Vec::new(), behind_dollar)
        }
        other => panic!("{document}:{}: no rule for blocks of {other:?}", block.line),
    }
}

/// A login that may do everything, and the files and variables that the commands use.
fn set_up() -> (Sandbox, BTreeMap<&'static str, String>) {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_chatauth"), sandbox.path("bin/chatauth")).unwrap();
    fs::write(sandbox.path("service_account.json"), sandbox.emulator().service_account_key()).unwrap();
    sandbox.run(["spaces", "create", "--type", "direct-message", "--member", "ada@example.com"]).success();
    save_files(&sandbox, &blocks("docs/bulk.md", &read("docs/bulk.md")));
    let login = sandbox.run(["auth", "export"]).success().stdout;
    let file = sandbox.path("login.json");
    fs::write(&file, &login).unwrap();
    let path = format!("{}:{}", sandbox.path("bin").display(), std::env::var("PATH").unwrap_or_default());
    let variables = BTreeMap::from([
        ("PATH", path),
        ("CHATAUTH_LOGIN", login),
        ("CHATAUTH_LOGIN_FILE", file.to_str().unwrap().to_owned()),
    ]);
    (sandbox, variables)
}

/// Writes the blocks that are files.
fn save_files(sandbox: &Sandbox, blocks: &[Block]) {
    for block in blocks {
        if let Some(file) = &block.file {
            fs::write(sandbox.path(file), &block.text).unwrap();
        }
    }
}

/// Runs a script with a space of its own for `spaces/AAAA`, and with the files that examples name.
fn run_script(sandbox: &Sandbox, variables: &BTreeMap<&str, String>, script: &str) -> Finished {
    if !sandbox.record_path(ACCOUNT).exists() {
        sandbox.run(["auth", "login", "--scope", "manage"]).success();
    }
    let mut create = vec!["spaces", "create", "--name", "Team"];
    if !script.contains("members add spaces/AAAA ada") {
        create.extend(["--member", "ada@example.com", "--member", "bob@example.com"]);
    }
    let space = sandbox.name_of(&create);
    for (file, text) in [
        ("old.csv", format!("space\n{space}\n")),
        ("people.csv", format!("space,member\n{space},cyd@example.com\n")),
        ("request.json", r#"{"space":{"spaceType":"SPACE","displayName":"Team"}}"#.to_owned()),
        ("credentials.json", sandbox.run(["auth", "export"]).success().stdout),
    ] {
        fs::write(sandbox.path(file), text).unwrap();
    }
    let mut script = script
        .replace("spaces/AAAA", &space)
        .replace(" AAAA ", &format!(" {} ", space.trim_start_matches("spaces/")))
        .replace("you@example.com", ACCOUNT)
        .replace("https://chat.googleapis.com", sandbox.origin())
        .replace("cargo run -- ", "chatauth ")
        .replace("./script.sh", "chatauth spaces create --name API-made");
    if script.starts_with("chatauth auth ") {
        script = script.replace("ada@example.com", ACCOUNT);
    }
    let mut command = wrapped(&sandbox.command(["-e", "-c", &script]), &["sh".as_ref()]);
    command.envs(variables);
    sandbox.finish(command)
}

/// Runs the blocks of a document in their order. Returns what failed, and how many commands were only counted.
fn run(document: &str) -> (Vec<String>, usize) {
    let text = read(document);
    let (sandbox, variables) = set_up();
    let (mut failures, mut counted) = (Vec::new(), 0);
    for block in blocks(document, &text) {
        let (scripts, not_run) = scripts(document, &block);
        counted += not_run;
        for script in scripts {
            let finished = run_script(&sandbox, &variables, &script);
            if !finished.status.success() {
                failures.push(format!("{document}:{}\n{script}\n{}\n{}", block.line, finished.stdout, finished.stderr));
            }
        }
    }
    // Commands within sentences: asked for help, the program still refuses what it does not know.
    let lines = text.lines().filter(|line| !line.starts_with("```"));
    for code in lines.flat_map(|line| line.split('`').skip(1).step_by(2)) {
        if code.starts_with("chatauth ") && !code.contains(['…', '[']) && !code.contains(" -- ") {
            let mut command = wrapped(&sandbox.command(["-c", &format!("{code} --help")]), &["sh".as_ref()]);
            command.envs(&variables);
            let finished = sandbox.finish(command);
            if !finished.status.success() {
                failures.push(format!("{document}: {code}\n{}", finished.stderr));
            }
        }
    }
    (failures, counted)
}

#[test]
fn every_command_of_the_documents_runs() {
    let ended: Vec<(Vec<String>, usize)> = std::thread::scope(|scope| {
        let runs: Vec<_> = DOCUMENTS.iter().map(|(document, _)| scope.spawn(|| run(document))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let failures: Vec<&str> = ended.iter().flat_map(|(failures, _)| failures).map(String::as_str).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    let counted: Vec<(&str, usize)> =
        DOCUMENTS.iter().map(|(name, _)| *name).zip(ended.iter().map(|run| run.1)).collect();
    assert_eq!(counted, DOCUMENTS, "how many commands do not run");
    let docs = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).unwrap();
    let pages =
        docs.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|name| name == "md")).count();
    assert_eq!(pages, DOCUMENTS.iter().filter(|(name, _)| name.starts_with("docs/")).count(), "a page is not listed");
}

/// What both READMEs share: commands without their comments, other blocks, the levels of headings, links and code.
fn skeleton(document: &str) -> Vec<String> {
    let text = read(document);
    let mut parts = Vec::new();
    for block in blocks(document, &text) {
        let lines = block.text.lines().map(|line| line.split("# ").next().unwrap_or_default().trim_end());
        parts.extend(lines.filter(|line| !line.is_empty()).map(|line| format!("{}: {line}", block.language)));
    }
    let headings = text.lines().filter(|line| line.starts_with("## "));
    parts.extend(headings.enumerate().map(|(number, _)| format!("section {}", number + 1)));
    let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '?']).next());
    parts.extend(links.filter(|target| !target.starts_with("README")).map(|target| format!("link {target}")));
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("```"));
    let mut codes: Vec<&str> = lines.flat_map(|line| line.split('`').skip(1).step_by(2)).collect();
    codes.sort_unstable();
    parts.extend(codes.into_iter().map(|code| format!("code {code}")));
    parts
}

#[test]
fn both_readmes_have_the_same_commands_in_the_same_order() {
    let (english, chinese) = (skeleton("README.md"), skeleton("README.zh-TW.md"));
    assert!(english.len() > 60, "{english:?}");
    for (one, other) in english.iter().zip(&chinese) {
        assert_eq!(one, other);
    }
    assert_eq!(english.len(), chinese.len());
    assert!(read("README.md").lines().count() <= 180, "the README is for the first ten minutes");
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join("tests/google").exists() {
        return not_run(
            "links_between_the_documents_lead_somewhere",
            "the published crate has only what it is built from",
        );
    }
    for (document, _) in DOCUMENTS {
        let text = read(document);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = root.join(document);
            let path = if file.is_empty() { path } else { path.parent().unwrap().join(file) };
            assert!(path.exists(), "{document}: {target}");
            let anchors =
                |text: &str| text.lines().filter(|line| line.starts_with('#')).map(anchor_of).collect::<Vec<_>>();
            assert!(
                anchor.is_empty() || anchors(&fs::read_to_string(&path).unwrap()).iter().any(|known| known == anchor),
                "{document}: {target}"
            );
        }
    }
}

/// The anchor that a heading gets.
fn anchor_of(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    text.chars().filter(|letter| letter.is_alphanumeric() || *letter == '-').collect()
}

/// The reference: the help of every command.
fn reference() -> String {
    let sandbox = Sandbox::new();
    let help = |words: &[String]| {
        let words = words.iter().map(String::as_str).chain(["--help"]);
        sandbox.run(words).success().stdout.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    };
    let commands = leaves(&sandbox);
    let mut page = String::from(
        "# Commands\n\n<!-- A test writes this page from the program: INSTA_UPDATE=always cargo test --test it documents -->\n\n\
         | command | what it does |\n|---|---|\n",
    );
    let mut details = format!("## chatauth\n\n```text\n{}\n```\n", help(&[]));
    for command in &commands {
        let name = format!("chatauth {}", command.join(" "));
        let text = help(command);
        let about = text.lines().next().unwrap_or_default();
        writeln!(page, "| [`{}`](#{}) | {about} |", command.join(" "), anchor_of(&name)).unwrap();
        write!(details, "\n## {name}\n\n```text\n{text}\n```\n").unwrap();
    }
    format!("{page}\n{details}")
}

#[test]
fn the_reference_in_the_documents_is_what_the_program_prints() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let reference = reference();
    if std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always") {
        fs::write(&path, &reference).unwrap();
    }
    let is = fs::read_to_string(&path).unwrap_or_default();
    let different = is.lines().zip(reference.lines()).find(|(is, printed)| is != printed);
    let advice = "write it anew: INSTA_UPDATE=always cargo test --test it documents";
    assert!(is == reference, "docs/commands.md differs, first at {different:?}; {advice}");
}

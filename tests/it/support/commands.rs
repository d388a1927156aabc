//! The commands of the program, as its help lists them.

use crate::support::sandbox::Sandbox;

/// Every command and group of commands, as the words that name it; none for the program itself.
pub(crate) fn every_command(sandbox: &Sandbox) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut next = 0;
    while let Some(words) = found.get(next).cloned() {
        let help = sandbox.run(words.iter().map(String::as_str).chain(["--help"])).success().stdout;
        let commands = help.split_once("\nCommands:\n").map(|(_, commands)| commands.to_owned()).unwrap_or_default();
        for line in commands.lines().take_while(|line| !line.is_empty()) {
            let name =
                line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')).and_then(|rest| rest.split(' ').next());
            if let Some(name) = name {
                found.push([words.clone(), vec![name.to_owned()]].concat());
            }
        }
        next += 1;
    }
    found
}

/// Every command that does something: those without commands below them.
pub(crate) fn leaves(sandbox: &Sandbox) -> Vec<Vec<String>> {
    let all = every_command(sandbox);
    let is_group = |words: &&Vec<String>| all.iter().any(|other| other.len() > words.len() && other.starts_with(words));
    all.iter().filter(|words| !is_group(words)).cloned().collect()
}

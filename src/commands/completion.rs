//! `chatauth completion`: the script with which a shell completes commands, options, formats and accounts.

use clap::builder::PossibleValue;
use clap_complete::env::{Bash, Fish, Powershell, Shells, Zsh};

use crate::commands::{Context, Failure};

/// The variable with which a completion script calls this program.
pub const VARIABLE: &str = "_CHATAUTH_COMPLETE";

/// The writers of the scripts and candidates.
pub const SHELLS: Shells<'static> = Shells(&[&Bash, &Zsh, &Fish, &Powershell]);

/// The end of the script for zsh, which completes at once where zsh has loaded the script for the first Tab.
const AUTOLOADED_IN_ZSH: &str = "if [ \"$funcstack[1]\" = _chatauth ]; then
    _clap_dynamic_completer_chatauth \"$@\"
fi
";

/// The end of the script for bash, which also completes words that are escaped already.
const QUOTED_IN_BASH: &str = r#"# Readline quotes file names, but would add a slash to a command that a directory is named like.
_chatauth() {
    local IFS=-
    _clap_complete_chatauth "$1" "${2//\\/}"
    [[ "${COMPREPLY[*]-}" == *[!a-zA-Z0-9@._-]* ]] || compopt +o filenames 2> /dev/null
}
"#;

/// Generate a shell completion script
///
/// Add the line for bash, fish or PowerShell to its startup file. In zsh, ~/.zfunc must be in fpath before compinit runs.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "source <(chatauth completion bash)",
    "mkdir -p ~/.zfunc && chatauth completion zsh > ~/.zfunc/_chatauth",
    "chatauth completion fish | source",
    "chatauth completion powershell | Out-String | Invoke-Expression",
))]
pub struct Completion {
    /// Shell: bash, zsh, fish or powershell
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    #[arg(value_parser = ["bash".into(), "zsh".into(), "fish".into(), PossibleValue::new("powershell").alias("pwsh")])]
    shell: String,
}

impl Completion {
    /// Prints the script.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        let shell = SHELLS.completer(&self.shell).ok_or_else(|| Failure::usage("unknown shell"))?;
        let mut script = Vec::new();
        shell.write_registration(VARIABLE, "chatauth", "chatauth", "chatauth", &mut script)?;
        let script = String::from_utf8_lossy(&script);
        let script = match shell.name() {
            "bash" => script.replace("-F _clap_complete_chatauth", "-o filenames -F _chatauth") + QUOTED_IN_BASH,
            "zsh" => script.into_owned() + AUTOLOADED_IN_ZSH,
            _ => script.into_owned(),
        };
        Ok(context.printer.text(&script)?)
    }
}

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

/// The words without their quotes; the one at the cursor may have a quote that is still open.
const UNQUOTED_IN_ZSH: &str = "\"${(@Q)words[1,CURRENT-1]}\" \"${(Q)PREFIX}\"";

/// The end of the script for bash, which also completes words that are escaped already, and values behind an equals sign,
/// which is a word of its own there.
const QUOTED_IN_BASH: &str = r#"# Readline quotes file names, but would add a slash to a command that a directory is named like.
_chatauth() {
    local word words=()
    for word in "${COMP_WORDS[@]:0:COMP_CWORD}"; do [[ $word == = ]] || words+=("$word"); done
    local COMP_CWORD=${#words[@]} COMP_WORDS=("${words[@]}" "$2") IFS=-
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
            "zsh" => script.replace("\"${words[@]}\"", UNQUOTED_IN_ZSH) + AUTOLOADED_IN_ZSH,
            "fish" => script.replace("--current-token)", "--current-token | string unescape)"),
            _ => script.into_owned(),
        };
        Ok(context.printer.text(&script)?)
    }
}

//! `chatauth completion`: the script with which a shell completes commands, options, formats and accounts.

use clap::ValueEnum;
use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Zsh};

use crate::commands::Context;

/// The variable with which a completion script calls this program.
pub const VARIABLE: &str = "_CHATAUTH_COMPLETE";

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
    shell: Shell,
}

/// The shells that are supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names are those of the shells")]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    #[value(alias = "pwsh")]
    Powershell,
}

impl Shell {
    /// Returns the writer of this shell's script and candidates.
    pub fn completer(self) -> &'static dyn EnvCompleter {
        match self {
            Self::Bash => &Bash,
            Self::Zsh => &Zsh,
            Self::Fish => &Fish,
            Self::Powershell => &Powershell,
        }
    }
}

impl Completion {
    /// Prints the script.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        let mut script = Vec::new();
        self.shell.completer().write_registration(VARIABLE, "chatauth", "chatauth", "chatauth", &mut script)?;
        let script = String::from_utf8_lossy(&script);
        let script = match self.shell {
            Shell::Bash => script.replace("-F _clap_complete_chatauth", "-o filenames -F _chatauth") + QUOTED_IN_BASH,
            Shell::Zsh => script.into_owned() + AUTOLOADED_IN_ZSH,
            Shell::Fish | Shell::Powershell => script.into_owned(),
        };
        Ok(context.printer.text(&script)?)
    }
}

//! `chatauth man`: man pages, made from the definition of the command line.

use std::io;

use clap::Command;
use clap_mangen::roff::{Roff, bold, roman};

use crate::commands::{Context, Failure};

/// Print the manual, of the program or of one command
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "chatauth man | man -l -",
    "chatauth man spaces create > chatauth-spaces-create.1",
))]
pub struct Man {
    /// The command; the whole program when left out
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

impl Man {
    /// Prints a man page, as roff.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        let mut command = (context.definition)();
        // Names of subcommands are only put together when the command is built.
        command.build();
        let mut found = &command;
        for word in &self.command {
            found = found.find_subcommand(word).ok_or_else(|| {
                Failure::usage(format!("there is no command {:?}", self.command.join(" ")))
                    .hint("chatauth --help lists the commands")
            })?;
        }
        let whole = self.command.is_empty();
        let mut page = Vec::new();
        let manual = manual(found);
        manual.render_title(&mut page)?;
        manual.render_name_section(&mut page)?;
        synopsis(found, "SYNOPSIS", &mut page)?;
        manual.render_description_section(&mut page)?;
        manual.render_options_section(&mut page)?;
        if found.has_subcommands() {
            manual.render_subcommands_section(&mut page)?;
        }
        if found.get_after_help().is_some() {
            manual.render_extra_section(&mut page)?;
        }
        if whole {
            for command in command.get_subcommands() {
                chapter(command, &mut page)?;
            }
        }
        // What stands below the options are examples, for which the library has a vaguer word; their lines are lines.
        let page = String::from_utf8_lossy(&page).replace(".SH EXTRA\n", ".SH EXAMPLES\n.nf\n");
        Ok(context.printer.text(&ascii(&page))?)
    }
}

fn manual(command: &Command) -> clap_mangen::Man {
    clap_mangen::Man::new(command.clone())
        .title(command.get_display_name().unwrap_or("chatauth").to_owned())
        .source(format!("chatauth {}", env!("CARGO_PKG_VERSION")))
        .manual("chatauth")
}

/// How to type a command, as its help says it: the library's own synopsis has every global option in it.
fn synopsis(command: &Command, heading: &str, page: &mut Vec<u8>) -> io::Result<()> {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let mut section = Roff::default();
    if heading.is_empty() {
        section.control("PP", []);
    } else {
        section.control("SH", [heading]);
    }
    section.text([bold(usage)]);
    section.to_writer(page)
}

/// The page in the characters that every troff reads.
fn ascii(page: &str) -> String {
    page.chars().fold(String::with_capacity(page.len()), |mut text, character| {
        if character.is_ascii() {
            text.push(character);
        } else {
            text.push_str(&format!("\\[u{:04X}]", u32::from(character)));
        }
        text
    })
}

/// A command in the page of the whole program: how to type it, its own options, its examples.
fn chapter(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    if command.get_name() == "help" {
        return Ok(());
    }
    if command.has_subcommands() {
        return command.get_subcommands().try_for_each(|command| chapter(command, page));
    }
    let mut heading = Roff::default();
    heading.control("SH", [command.get_bin_name().unwrap_or_default().to_uppercase().as_str()]);
    heading.text([roman(command.get_about().map(ToString::to_string).unwrap_or_default())]);
    heading.to_writer(page)?;
    synopsis(command, "", page)?;
    let manual = manual(command);
    let mut sections = Vec::new();
    manual.render_options_section(&mut sections)?;
    let sections = String::from_utf8_lossy(&sections).into_owned();
    // The global options stand once, at the beginning.
    let own = sections.split(".SH \"GLOBAL OPTIONS\"").next().unwrap_or_default();
    page.extend_from_slice(own.replace(".SH OPTIONS", ".SS Options").as_bytes());
    if command.get_after_help().is_some() {
        let mut examples = Vec::new();
        manual.render_extra_section(&mut examples)?;
        page.extend_from_slice(
            String::from_utf8_lossy(&examples).replace(".SH EXTRA\n", ".SS Examples\n.nf\n").as_bytes(),
        );
    }
    Ok(())
}

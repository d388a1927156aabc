//! `chatauth man`: man pages, made from the definition of the command line.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Command;
use clap_mangen::roff::{Roff, bold, roman};

use crate::commands::{Context, Failure};
use crate::platform::sanitise::quoted;

/// Print the manual, or install man pages
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "chatauth man | man -l -",
    "chatauth man spaces create | man -l -",
    "chatauth man --dir ~/.local/share/man/man1",
))]
pub struct Man {
    /// Command to describe [default: all of them]
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    command: Vec<String>,
    /// Write a page for each command into this directory
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

impl Man {
    /// Prints a man page as roff, or writes all pages.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        let program = (context.definition)();
        if let Some(directory) = &self.dir {
            let count = install(&program, &[], directory)
                .with_context(|| format!("cannot write man pages to {}", directory.display()))?;
            context.messages.note(&format!("Wrote {count} man pages to {}", directory.display()));
            return Ok(());
        }
        let (mut command, mut parents) = (&program, Vec::new());
        for word in &self.command {
            let below = command.find_subcommand(word).filter(|below| !below.is_hide_set()).ok_or_else(|| {
                Failure::usage(format!("unknown command {}", quoted(&self.command.join(" "))))
                    .hint("chatauth --help lists the commands")
            })?;
            parents.push(command);
            command = below;
        }
        let mut text = page(command, &parents)?;
        if parents.is_empty() {
            for below in visible(command) {
                chapter(below, &mut text)?;
            }
        }
        Ok(context.printer.text(&ascii(&text))?)
    }
}

/// Writes the pages of a command and of its subcommands, and returns their number.
fn install(command: &Command, parents: &[&Command], directory: &Path) -> io::Result<usize> {
    fs::create_dir_all(directory)?;
    let page = ascii(&page(command, parents)?);
    File::create(directory.join(format!("{}.1", name(command))))?.write_all(page.as_bytes())?;
    let parents = [parents, &[command]].concat();
    visible(command).try_fold(1, |count, below| Ok(count + install(below, &parents, directory)?))
}

/// Returns the subcommands that have a page.
fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|below| !below.is_hide_set())
}

/// Returns the name of a command's page, as in "chatauth-spaces-create".
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or("chatauth")
}

/// Returns the page of a command, which stands below `parents`.
fn page(command: &Command, parents: &[&Command]) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let manual = manual(command);
    manual.render_title(&mut page)?;
    manual.render_name_section(&mut page)?;
    section("SH", "SYNOPSIS", &mut page)?;
    synopsis(command, &mut page)?;
    manual.render_description_section(&mut page)?;
    manual.render_options_section(&mut page)?;
    if let Some(program) = parents.first() {
        section("SH", "GLOBAL OPTIONS", &mut page)?;
        paragraph(
            &format!("{}(1) describes the options and variables that every command has.", name(program)),
            &mut page,
        )?;
    }
    if command.has_subcommands() {
        manual.render_subcommands_section(&mut page)?;
    }
    sections(command, "SH", |_| true, &mut page)?;
    if let Some(program) = parents.first() {
        sections(program, "SH", |heading| heading == EXIT_STATUS, &mut page)?;
        section("SH", "SEE ALSO", &mut page)?;
        let others: Vec<String> = parents.iter().map(|parent| format!("{}(1)", name(parent))).collect();
        paragraph(&others.join(", "), &mut page)?;
    }
    Ok(page)
}

/// Writes a command's chapter in the manual of the whole program.
fn chapter(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    if command.has_subcommands() {
        return visible(command).try_for_each(|below| chapter(below, page));
    }
    section("SH", &command.get_bin_name().unwrap_or_default().to_uppercase(), page)?;
    paragraph(&command.get_about().map(ToString::to_string).unwrap_or_default(), page)?;
    synopsis(command, page)?;
    let mut options = Vec::new();
    manual(command).render_options_section(&mut options)?;
    page.extend_from_slice(String::from_utf8_lossy(&options).replace(".SH ", ".SS ").as_bytes());
    sections(command, "SS", |_| true, page)
}

fn manual(command: &Command) -> clap_mangen::Man {
    // The library leaves out a text that is hidden in the short help, also where there is no longer one.
    clap_mangen::Man::new(command.clone().mut_args(|argument| argument.hide_short_help(false)))
        .title(name(command).to_owned())
        .source(format!("chatauth {}", env!("CARGO_PKG_VERSION")))
        .manual("chatauth")
}

const EXIT_STATUS: &str = "EXIT STATUS";

/// Returns the sections after the options in a command's help, such as examples: headings and lines.
fn more(command: &Command) -> Vec<(String, Vec<String>)> {
    let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        let lines = sections.last_mut().map(|(_, lines)| lines);
        match (line.strip_suffix(':').filter(|heading| !heading.starts_with(' ')), line.strip_prefix("  "), lines) {
            (Some("Exit codes"), ..) => sections.push((EXIT_STATUS.to_owned(), Vec::new())),
            (Some("Variables"), ..) => sections.push((String::from("ENVIRONMENT"), Vec::new())),
            (Some(heading), ..) => sections.push((heading.to_uppercase(), Vec::new())),
            (None, Some(line), Some(lines)) => lines.push(line.to_owned()),
            _ => {}
        }
    }
    sections
}

/// Writes those sections after the options that are `wanted`, without joining their lines.
fn sections(command: &Command, level: &str, wanted: fn(&str) -> bool, page: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::default();
    for (heading, lines) in more(command).iter().filter(|(heading, _)| wanted(heading)) {
        roff.control(level, [heading.as_str()]);
        roff.control("nf", []);
        for line in lines {
            roff.text([roman(line.as_str())]);
        }
        roff.control("fi", []);
    }
    roff.to_writer(page)
}

fn section(level: &str, heading: &str, page: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::default();
    roff.control(level, [heading]);
    roff.to_writer(page)
}

fn paragraph(text: &str, page: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::default();
    roff.text([roman(text)]);
    roff.to_writer(page)
}

/// Writes the synopsis of a command as its help shows it. That of the library lists every option.
fn synopsis(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let usage = command.clone().render_usage().to_string();
    let mut roff = Roff::default();
    roff.control("PP", []);
    roff.text([bold(usage.strip_prefix("Usage: ").unwrap_or(&usage))]);
    roff.to_writer(page)
}

/// Returns the page in the characters that every troff reads.
fn ascii(page: &[u8]) -> String {
    String::from_utf8_lossy(page).chars().fold(String::with_capacity(page.len()), |mut text, character| {
        if character.is_ascii() {
            text.push(character);
        } else {
            text.push_str(&format!("\\[u{:04X}]", u32::from(character)));
        }
        text
    })
}

//! Completions and manual pages, from the same source as `--help` and the reference configuration.

use super::arguments::Arguments;
use super::{Failure, Outcome, print_text};
use crate::config;
use clap::CommandFactory;
use std::fmt::Write as _;
use std::io;

pub(super) fn completions(shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "chipwire", &mut script);
    print_text(&String::from_utf8_lossy(&script))?;
    Ok(0)
}

pub(super) fn page(of_configuration: bool) -> Outcome {
    let page = if of_configuration { configuration() } else { program().map_err(Failure::new)? };
    print_text(&page)?;
    Ok(0)
}

/// chipwire(1), with every subcommand in the one page.
fn program() -> io::Result<String> {
    let mut command = Arguments::command();
    command.build();
    let mut page = Vec::new();
    let manual = clap_mangen::Man::new(command.clone());
    manual.render_title(&mut page)?;
    manual.render_name_section(&mut page)?;
    manual.render_synopsis_section(&mut page)?;
    manual.render_description_section(&mut page)?;
    manual.render_options_section(&mut page)?;
    let mut text = String::from_utf8_lossy(&page).into_owned();
    text.push_str(".SH COMMANDS\n");
    for subcommand in command.get_subcommands() {
        describe(&mut text, "chipwire", subcommand);
    }
    text.push_str(FILES);
    Ok(text)
}

/// One command: its synopsis, what it does, its own options.
fn describe(text: &mut String, parent: &str, command: &clap::Command) {
    let name = format!("{parent} {}", command.get_name());
    if command.get_name() == "help" {
        return;
    }
    // Writing to a string can't fail.
    let _ = writeln!(text, ".SS \"{name}\"");
    if let Some(about) = command.get_about() {
        let _ = writeln!(text, "{}", escape(&about.to_string()));
    }
    for argument in command.get_arguments().filter(|argument| !argument.is_global_set()) {
        if matches!(argument.get_id().as_str(), "help" | "version") {
            continue;
        }
        let values = argument.get_value_names().map(|names| names.join(" ")).unwrap_or_default();
        let label = match argument.get_long() {
            Some(long) if argument.get_action().takes_values() => {
                format!("\\fB\\-\\-{}\\fR \\fI{values}\\fR", escape(long))
            }
            Some(long) => format!("\\fB\\-\\-{}\\fR", escape(long)),
            None => format!("\\fI{values}\\fR"),
        };
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(text, ".TP\n{label}\n{}", escape(&help));
    }
    for subcommand in command.get_subcommands() {
        describe(text, &name, subcommand);
    }
}

/// chipwire.toml(5): the reference configuration, which explains itself.
fn configuration() -> String {
    let mut page = String::from(
        ".TH chipwire.toml 5 \"\" \"chipwire\" \"\"\n.SH NAME\nchipwire.toml \\- the configuration of chipwire(1)\n.SH DESCRIPTION\n\
         Every key with its meaning and its default. A file needs only what differs.\n.PP\n.nf\n",
    );
    for line in config::REFERENCE.lines() {
        page.push_str(&escape(line));
        page.push('\n');
    }
    page.push_str(".fi\n.SH SEE ALSO\nchipwire(1)\n");
    page
}

/// Roff's own marks in running text (groff(7)).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            escaped.push('\n');
        }
        if line.starts_with(['.', '\'']) {
            escaped.push_str("\\&");
        }
        escaped.push_str(&line.replace('\\', "\\e").replace('-', "\\-"));
    }
    escaped
}

const FILES: &str = ".SH FILES\n.TP\n/etc/chipwire/chipwire.toml, /etc/chipwire/conf.d/*.toml\nThe configuration, see chipwire.toml(5).\n.TP\n\
/var/lib/chipwire\nThe data.\n.SH \"EXIT STATUS\"\n0 where all went well, 1 where it did not; from 64 to 78 what no restart mends: 64 the command line,\n\
65 data of a newer version, 73 data in use or not to be opened, 78 the configuration.\n.SH \"SEE ALSO\"\nchipwire.toml(5)\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_describes_every_command() {
        let page = program().unwrap();
        for command in ["chipwire run", "chipwire feeds add", "chipwire stories split", "chipwire explain"] {
            assert!(page.contains(&format!(".SS \"{command}\"")), "{command}");
        }
    }

    #[test]
    fn a_line_of_the_reference_can_not_become_a_request_of_roffs() {
        assert_eq!(escape(".x\n'y\n\\z"), "\\&.x\n\\&'y\n\\ez");
    }
}

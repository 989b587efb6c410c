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
    page.extend_from_slice(HEAD.as_bytes());
    manual.render_options_section(&mut page)?;
    let mut text = String::from_utf8_lossy(&page).into_owned();
    text.push_str(".SH COMMANDS\n");
    for subcommand in command.get_subcommands() {
        describe(&mut text, "chipwire", subcommand);
    }
    text.push_str(TAIL);
    Ok(text)
}

/// One command: its synopsis, what it does, its own options.
fn describe(text: &mut String, parent: &str, command: &clap::Command) {
    let name = format!("{parent} {}", command.get_name());
    if command.get_name() == "help" {
        return;
    }
    // Writing to a string can't fail.
    let operands = command.get_positionals().map(operand).collect::<String>();
    let verbs = if command.has_subcommands() { " \\fICOMMAND\\fR" } else { "" };
    let options = if command.get_arguments().any(is_own_option) { " [\\fIOPTIONS\\fR]" } else { "" };
    let _ = writeln!(text, ".SS \"{name}\"\n\\fB{name}\\fR{verbs}{options}{operands}\n.PP");
    if let Some(about) = command.get_about() {
        let _ = writeln!(text, "{}", escape(&about.to_string()));
    }
    for argument in command.get_arguments().filter(|argument| !argument.is_global_set()) {
        if matches!(argument.get_id().as_str(), "help" | "version") {
            continue;
        }
        let values = value_names(argument);
        let label = match argument.get_long() {
            Some(long) if argument.get_action().takes_values() => {
                format!("\\fB\\-\\-{}\\fR \\fI{values}\\fR", escape(long))
            }
            Some(long) => format!("\\fB\\-\\-{}\\fR", escape(long)),
            None => format!("\\fI{values}\\fR"),
        };
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let choices = argument.get_possible_values();
        let choices: Vec<_> = choices.iter().map(clap::builder::PossibleValue::get_name).collect();
        let choices = match choices.as_slice() {
            [] | ["true", "false"] => String::new(),
            choices => format!(": {}", choices.join(", ")),
        };
        let default = match argument.get_default_values() {
            [default, ..] if argument.get_action().takes_values() => {
                format!(" (default: {})", default.to_string_lossy())
            }
            _ => String::new(),
        };
        let _ = writeln!(text, ".TP\n{label}\n{}", escape(&format!("{help}{choices}{default}")));
    }
    for subcommand in command.get_subcommands() {
        describe(text, &name, subcommand);
    }
}

/// ` URL`, ` [FEED]...` in a command's synopsis.
fn operand(argument: &clap::Arg) -> String {
    let name = value_names(argument);
    let more = if argument.get_num_args().is_some_and(|count| count.max_values() > 1) { "..." } else { "" };
    if argument.is_required_set() {
        format!(" \\fI{name}\\fR{more}")
    } else {
        format!(" [\\fI{name}\\fR]{more}")
    }
}

fn is_own_option(argument: &clap::Arg) -> bool {
    !argument.is_positional() && !argument.is_global_set() && argument.get_id() != "help"
}

fn value_names(argument: &clap::Arg) -> String {
    argument.get_value_names().map(|names| names.join(" ")).unwrap_or_default()
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

/// Roff's own marks in running text (groff(7)). What is not ASCII is named, since troff reads bytes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            escaped.push('\n');
        }
        if line.starts_with(['.', '\'']) {
            escaped.push_str("\\&");
        }
        for symbol in line.chars() {
            match symbol {
                '\\' => escaped.push_str("\\e"),
                '-' => escaped.push_str("\\-"),
                _ if symbol.is_ascii() => escaped.push(symbol),
                _ => escaped.push_str(&format!("\\[u{:04X}]", u32::from(symbol))),
            }
        }
    }
    escaped
}

const HEAD: &str = r".SH NAME
chipwire \- every chip story of the world's technology feeds once, as one feed
.SH SYNOPSIS
\fBchipwire\fR [\fB\-\-config\fR \fIFILE\fR] [\fB\-\-data\fR \fIDIR\fR] [\fB\-\-log\fR \fILEVEL\fR] [\fB\-\-log\-format\fR \fIFORMAT\fR] [\fICOMMAND\fR]
.SH DESCRIPTION
Polls technology feeds (RSS, Atom, JSON Feed), keeps the stories that are about chips, each once with who else covers
it, and republishes them as feeds and pages over HTTP. Without a command it is the daemon, \fBchipwire run\fR; without
any configuration that polls the built\-in feed list and serves on 127.0.0.1:8787. \fBchipwire demo\fR shows it on
publishers that ship with the program.
.PP
Commands that need the data of a running daemon ask it over its control socket, so they can be used at any time, by
the daemon's user and by root; where no daemon runs they open the data themselves.
";

const TAIL: &str = r#".SH SIGNALS
.TP
SIGHUP
Reads the configuration again. A bad one is refused as a whole, and the old one stays in force.
.TP
SIGTERM, SIGINT
Ends the daemon; what was accepted is kept.
.SH ENVIRONMENT
.TP
CHIPWIRE_CONFIG, CHIPWIRE_DATA, CHIPWIRE_LOG, CHIPWIRE_LOG_FORMAT
Stand for \-\-config, \-\-data, \-\-log and \-\-log\-format.
.TP
CHIPWIRE_\fISECTION\fR_\fIKEY\fR
Overrides one value of the configuration: CHIPWIRE_POLL_CONCURRENCY=8.
.TP
NOTIFY_SOCKET, WATCHDOG_USEC, LISTEN_FDS, LISTEN_FDNAMES, STATE_DIRECTORY, CONFIGURATION_DIRECTORY
What systemd says, see sd_notify(3) and sd_listen_fds(3). A socket named "admin" is the operator's listener.
.SH FILES
.TP
/etc/chipwire/chipwire.toml, /etc/chipwire/conf.d/*.toml
The configuration, see chipwire.toml(5). All of it is optional.
.TP
/var/lib/chipwire
The data, where it exists; else $XDG_DATA_HOME/chipwire.
.SH "EXIT STATUS"
.TP
0
All went well.
.TP
1
It did not, or, of \fBchipwire check\fR, something is wrong.
.TP
64
The command line can't be read.
.TP
65
The data were written by a newer version.
.TP
71
An address to listen on is taken, or may not be listened on.
.TP
73
The data directory is in use, or can't be opened.
.TP
78
The configuration is wrong.
.PP
From 64 to 78 lies what no restart mends.
.SH EXAMPLES
.nf
chipwire demo \-\-once
chipwire feeds add https://example.org/
chipwire stories \-\-topic hbm \-\-since 2d
chipwire explain https://example.org/an\-article
.fi
.SH "SEE ALSO"
chipwire.toml(5), systemctl(1), journalctl(1)
"#;

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
        assert_eq!(escape("a–b"), "a\\[u2013]b");
    }
}

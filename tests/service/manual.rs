//! The manual pages and completions that the program writes itself.

use super::tools::tool;
use std::io::Write;
use std::process::{Command, Stdio};

fn written(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_chipwire")).args(arguments).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// What a program says of a text on its standard input: standard output, standard error.
fn judged(mut command: Command, text: &str) -> (String, String) {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let text = text.to_owned();
    let writing = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn groff_has_nothing_to_say_about_the_pages() {
    for page in [written(&["man"]), written(&["man", "--configuration"])] {
        assert!(page.is_ascii(), "troff reads bytes");
        let Some(mut groff) = tool("groff") else { return };
        // Plain text, without bold, colours and underlining (grotty(1)).
        groff.args(["-man", "-ww", "-Tutf8", "-P-bcou"]);
        let (shown, warnings) = judged(groff, &page);
        assert_eq!(warnings, "");
        assert!(shown.contains("NAME") && shown.contains("SEE ALSO"));
    }
}

#[test]
fn mandoc_finds_no_error_in_the_pages() {
    for page in [written(&["man"]), written(&["man", "--configuration"])] {
        let Some(mut mandoc) = tool("mandoc") else { return };
        mandoc.args(["-Tlint", "-Werror"]);
        assert_eq!(judged(mandoc, &page), (String::new(), String::new()));
    }
}

#[test]
fn the_page_of_the_configuration_has_every_key() {
    let page = written(&["man", "--configuration"]).replace("\\-", "-");
    for key in ["default_interval", "threshold", "window", "public_url", "admin_listen", "always_relevant"] {
        assert!(page.contains(key), "{key}");
    }
}

#[test]
fn shells_can_read_their_completions() {
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let script = written(&["completions", shell]);
        assert!(script.contains("refilter") && script.contains("health"), "{shell}");
        let Some(mut program) = tool(shell) else { continue };
        program.arg(check);
        assert_eq!(judged(program, &script).1, "", "{shell}");
    }
}

//! The units: what systemd's own tools think of them, and whether the daemon lives within them.

use super::http::{unix, until_shown};
use super::manager::{Manager, run, tree};
use super::tools::tool;
use rustix::process::Signal;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// In tenths: redis-server has 1.2, chrony 3.7, prometheus 4.0.
const MOST_EXPOSURE_TENTHS: &str = "12";

fn unit() -> String {
    fs::read_to_string(tree("systemd/chipwire.service")).unwrap()
}

#[test]
fn the_service_is_hardly_exposed() {
    let Some(mut analyze) = tool("systemd-analyze") else { return };
    analyze.args(["security", "--no-pager", "--offline=true", "--threshold", MOST_EXPOSURE_TENTHS]);
    let judged = analyze.arg(tree("systemd/chipwire.service")).output().unwrap();
    let text = String::from_utf8(judged.stdout).unwrap();
    println!("{}", text.lines().last().unwrap_or_default());
    assert!(judged.status.success(), "{text}");
}

#[test]
fn systemd_finds_no_fault_in_the_units() {
    let Some(mut analyze) = tool("systemd-analyze") else { return };
    let dir = tempfile::tempdir().unwrap();
    let unit = unit().replace("/usr/bin/chipwire", env!("CARGO_BIN_EXE_chipwire"));
    fs::write(dir.path().join("chipwire.service"), unit).unwrap();
    fs::copy(tree("systemd/chipwire.socket"), dir.path().join("chipwire.socket")).unwrap();
    analyze.args(["verify", "--man=no"]);
    analyze.args([dir.path().join("chipwire.service"), dir.path().join("chipwire.socket")]);
    let judged = analyze.output().unwrap();
    let said = String::from_utf8(judged.stderr).unwrap();
    // Other units of the machine are not our business.
    let ours: Vec<_> = said.lines().filter(|line| line.contains("chipwire")).collect();
    assert!(ours.is_empty(), "{ours:?}");
}

#[test]
fn the_unit_and_the_daemon_agree() {
    let unit = unit();
    for line in
        ["Type=notify", "DynamicUser=yes", "StateDirectory=chipwire", "ConfigurationDirectory=chipwire"]
    {
        assert!(unit.lines().any(|given| given == line), "{line}");
    }
    let watchdog = unit.lines().find_map(|line| line.strip_prefix("WatchdogSec=")).unwrap();
    assert_eq!(watchdog, "60s", "a third of it is how long a role may take to answer");
}

/// The groups of `systemd-analyze syscall-filter`, by name.
fn groups(listing: &str) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut group = String::new();
    for line in listing.lines() {
        if line.starts_with('@') {
            line.clone_into(&mut group);
        } else if let Some(member) = line.strip_prefix("    ").filter(|member| !member.starts_with('#')) {
            groups.entry(group.clone()).or_default().push(member.to_owned());
        }
    }
    groups
}

fn expand(groups: &BTreeMap<String, Vec<String>>, name: &str) -> BTreeSet<String> {
    match groups.get(name) {
        Some(members) => members.iter().flat_map(|member| expand(groups, member)).collect(),
        None => BTreeSet::from([name.to_owned()]),
    }
}

/// What the unit allows, as `SystemCallFilter=` reads: lines that begin with `~` take away.
fn allowed(groups: &BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    for line in unit().lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (is_allowed, names) = line.strip_prefix('~').map_or((true, line), |names| (false, names));
        for call in names.split(' ').flat_map(|name| expand(groups, name)) {
            if is_allowed {
                allowed.insert(call)
            } else {
                allowed.remove(&call)
            };
        }
    }
    // The filter is set before systemd starts the program, which it must let happen (systemd.exec(5)).
    allowed.extend(expand(groups, "@default"));
    allowed.insert("execve".to_owned());
    allowed
}

/// A whole life: start, first sweep, pages, a reload, commands, a backup, and the end.
#[test]
fn every_system_call_of_a_whole_life_is_within_the_filter() {
    let (Some(_), Some(mut analyze)) = (tool("strace"), tool("systemd-analyze")) else { return };
    let listing = analyze.args(["syscall-filter", "--no-pager"]).output().unwrap();
    let allowed = allowed(&groups(&String::from_utf8(listing.stdout).unwrap()));
    assert!(allowed.len() > 100 && !allowed.contains("setuid"), "{allowed:?}");

    let manager = Manager::new();
    let (counts, config) = (manager.path("calls"), manager.path("chipwire.toml"));
    let wrapper = ["strace", "-f", "-q", "-c", "-U", "name", "-o", counts.to_str().unwrap()];
    let data = manager.path("data");
    let arguments = ["demo", "--config", config.to_str().unwrap(), "--data", data.to_str().unwrap()];
    let mut service = manager.through(&wrapper).start(&arguments);
    service.logged("first sweep done");
    until_shown(&service.socket("http"), "/feed.rss", "<item>");
    for path in ["/", "/feed.atom", "/feed.json", "/sources", "/search?q=chip", "/icon.svg", "/nothing"] {
        unix(&service.socket("http")).get(path);
    }
    assert_eq!(unix(&service.socket("admin")).get("/metrics").0, 200);
    for command in [&["stories"][..], &["verify"], &["poll"], &["feeds", "health"]] {
        assert_eq!(run(&mut service.manager.command(), command).0, 0, "{command:?}");
    }
    let backup = service.manager.path("backup");
    assert_eq!(service.run(&["backup", backup.to_str().unwrap()]).0, 0);
    service.signal(Signal::HUP);
    service.next("RELOADING");
    service.next("READY");
    assert_eq!(service.stop().code(), Some(0));

    let table = fs::read_to_string(counts).unwrap();
    let names = table.lines().map(str::trim).filter(|line| !line.is_empty());
    let made: BTreeSet<_> =
        names.filter(|line| line.chars().all(|symbol| symbol.is_alphanumeric() || symbol == '_')).collect();
    let made: BTreeSet<_> = made.into_iter().filter(|name| !["syscall", "total"].contains(name)).collect();
    assert!(made.contains("epoll_wait") && made.contains("accept4"), "{table}");
    let outside: Vec<_> = made.iter().filter(|name| !allowed.contains(**name)).collect();
    println!("{} different system calls", made.len());
    assert!(outside.is_empty(), "outside the unit's SystemCallFilter: {outside:?}");
}

//! Exit statuses: from 64 to 78 for what a restart can't mend, so that systemd does not try.

use super::manager::{Manager, run, tree};
use std::fs;

#[test]
fn what_no_restart_mends_has_a_status_that_the_unit_knows() {
    let manager = Manager::new();
    assert_eq!(run(&mut manager.command(), &["--no-such-option"]).0, 64);
    fs::write(manager.path("data"), "a file").unwrap();
    assert_eq!(run(&mut manager.command(), &["run"]).0, 73);
    fs::remove_file(manager.path("data")).unwrap();
    manager.configure("poll.concurency = 3\n");
    assert_eq!(run(&mut manager.command(), &["run"]).0, 78);
    manager.configure("poll.extra_ca = \"/nowhere/authorities.pem\"\n");
    assert_eq!(run(&mut manager.command(), &["run"]).0, 78);

    let unit = fs::read_to_string(tree("systemd/chipwire.service")).unwrap();
    let listed = unit.lines().find_map(|line| line.strip_prefix("RestartPreventExitStatus=")).unwrap();
    let listed: Vec<u8> = listed.split(' ').map(|status| status.parse().unwrap()).collect();
    assert_eq!(listed, (64..=78).collect::<Vec<u8>>());
}

/// The journal of the first version, as a later one would begin it: another schema under a right checksum.
#[test]
fn data_of_a_newer_version_is_final_and_left_as_it_is() {
    let manager = Manager::new();
    fs::create_dir(manager.path("data")).unwrap();
    let mut journal = fs::read(tree("tests/fixtures/store/schema-1.journal")).unwrap();
    let needle = b"\"schema\":1";
    let at = journal.windows(needle.len()).position(|bytes| bytes == needle).unwrap();
    journal[at + needle.len() - 1] = b'9';
    // A frame: 4 bytes of magic, 4 of length, 9 more, the checksum of those and the payload in 4 (docs/storage.md).
    let length = u32::from_be_bytes(journal[4..8].try_into().unwrap()) as usize;
    let checked = [&journal[..17], &journal[21..21 + length]].concat();
    journal[17..21].copy_from_slice(&crc32fast::hash(&checked).to_be_bytes());
    fs::write(manager.path("data/journal"), &journal).unwrap();
    for verb in ["run", "stories", "rebuild"] {
        let (status, _, message) = run(&mut manager.command(), &[verb]);
        assert_eq!(status, 65, "{verb}: {message}");
        assert!(message.contains("newer chipwire"), "{verb}: {message}");
    }
    assert_eq!(fs::read(manager.path("data/journal")).unwrap(), journal);
}

#[test]
fn a_second_daemon_names_the_first_one() {
    let service = Manager::new().start(&["run"]);
    service.next("READY");
    let other = service.manager.path("other.toml");
    fs::write(&other, "serve.listen = \"\"\nserve.admin_listen = \"\"\n").unwrap();
    let (status, _, message) = service.run(&["run", "--config", other.to_str().unwrap()]);
    assert_eq!(status, 73, "{message}");
    assert!(message.contains(&service.pid().as_raw_nonzero().to_string()), "{message}");
}

#[test]
fn an_address_that_is_taken_is_final_and_one_that_is_not_there_yet_is_not() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let cases = [
        ("taken", taken.local_addr().unwrap().to_string(), 71),
        // TEST-NET-1 (RFC 5737) is no interface's.
        ("not there yet", "192.0.2.1:8787".to_owned(), 1),
    ];
    for (case, address, want) in cases {
        let manager = Manager::new();
        let (status, _, message) = run(manager.command().env("CHIPWIRE_SERVE_LISTEN", &address), &["run"]);
        assert_eq!(status, want, "case: {case}: {message}");
        assert!(message.contains(&address) && message.contains("serve.listen"), "case: {case}: {message}");
    }
}

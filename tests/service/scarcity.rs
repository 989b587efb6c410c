//! Out of something: disk, file descriptors. What is published is served on, and when there is enough again, all goes on.

use super::http::{unix, until_shown};
use super::manager::{Manager, Service};
use super::publisher::Publisher;
use super::tools::tool;
use std::fs::File;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// More than what the store keeps free (16 MiB), and what sled takes for nothing.
const DISK: &str = "mount -t tmpfs -o size=48m tmpfs \"$0\" && exec \"$@\"";

/// A daemon whose data lie on a disk of their own, in a mount namespace of its own; `None` where none may be made.
fn on_a_small_disk(manager: Manager) -> Option<Service> {
    let mut unshare = tool("unshare")?;
    if !unshare.args(["--user", "--map-root-user", "--mount", "true"]).status().unwrap().success() {
        println!("skipped: no namespaces may be made here");
        return None;
    }
    let data = manager.path("data");
    std::fs::create_dir(&data).unwrap();
    let wrapper =
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", DISK, data.to_str().unwrap()];
    Some(manager.through(&wrapper).start(&["run"]))
}

/// Takes all of the disk.
fn fill(ballast: &PathBuf) {
    let mut file = File::create(ballast).unwrap();
    let block = vec![0_u8; 65_536];
    while file.write_all(&block).is_ok() {}
}

#[test]
fn on_a_full_disk_readers_are_served_and_all_goes_on_by_itself_when_there_is_room() {
    let (early, refused, late) = (
        Publisher::start("A new fab opens in Dresden"),
        Publisher::start("An inference chip ships from Hsinchu"),
        Publisher::start("A lithography tool arrives in Leuven"),
    );
    let manager = Manager::new();
    let feeds = [&early, &refused, &late]
        .map(|publisher| format!("[[feed]]\nurl = \"{}\"\nalways_relevant = true\n", publisher.url()));
    manager.configure(&feeds.concat());
    let Some(service) = on_a_small_disk(manager) else { return };
    service.next("READY");
    early.go.send(()).unwrap();
    until_shown(&service.socket("http"), "/feed.rss", "Dresden");
    for publisher in [&refused, &late] {
        publisher.asked.recv().unwrap();
    }
    // The daemon's own view of its data: the mount is nobody else's.
    let process = service.pid().as_raw_nonzero();
    let ballast =
        PathBuf::from(format!("/proc/{process}/root{}", service.manager.path("data/ballast").display()));
    fill(&ballast);

    refused.go.send(()).unwrap();
    let line = service.logged("nothing is kept now");
    assert!(line.contains("free some space"), "{line}");
    let metrics = unix(&service.socket("admin")).get("/metrics").1;
    assert!(metrics.contains("\nchipwire_store_writable 0\n"), "{metrics}");
    assert!(!metrics.contains("\nchipwire_store_refusals_total 0\n"), "{metrics}");
    for path in ["/feed.rss", "/feed.atom", "/feed.json", "/"] {
        let (status, body) = unix(&service.socket("http")).get(path);
        assert!(
            status == 200 && body.contains("Dresden") && !body.contains("Hsinchu"),
            "{path}: {status} {body}"
        );
    }
    assert_eq!(unix(&service.socket("http")).get("/healthz").0, 200);

    std::fs::remove_file(&ballast).unwrap();
    late.go.send(()).unwrap();
    until_shown(&service.socket("http"), "/feed.rss", "Leuven");
    service.logged("what comes is kept again");
    assert!(unix(&service.socket("admin")).get("/metrics").1.contains("\nchipwire_store_writable 1\n"));
    // What was refused was not taken for seen: it is asked for again, and kept.
    refused.go.send(()).unwrap();
    let control = PathBuf::from(format!("/proc/{process}/root{}", service.manager.path("data").display()));
    let (status, _, error) = service.run(&["poll", &refused.url(), "--data", control.to_str().unwrap()]);
    assert_eq!(status, 0, "{error}");
    until_shown(&service.socket("http"), "/feed.rss", "Hsinchu");
}

#[test]
fn out_of_file_descriptors_it_serves_and_polls_on() {
    let publisher = Publisher::start("A new fab opens in Dresden");
    let manager = Manager::new();
    manager.configure(&format!("[[feed]]\nurl = \"{}\"\nalways_relevant = true\n", publisher.url()));
    let few = ["bash", "-c", "ulimit -n 80 && exec \"$@\"", "bash"];
    let mut service = manager.through(&few).start(&["run"]);
    service.next("READY");
    publisher.asked.recv().unwrap();
    // Twice as many as there are descriptors. Those that it lets go are closed at the other end only.
    let mut held = Vec::new();
    for _ in 0..160 {
        held.extend(UnixStream::connect(service.socket("http")));
    }
    publisher.go.send(()).unwrap();
    until_shown(&service.socket("http"), "/feed.rss", "Dresden");
    let (status, out, error) = service.run(&["verify"]);
    assert_eq!(status, 0, "{out}{error}");
    drop(held);
    assert_eq!(service.stop().code(), Some(0));
}

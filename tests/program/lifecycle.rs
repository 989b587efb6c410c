//! Starts and ends: signals, second daemons, sockets.

use crate::news::{event, rss};
use crate::publisher::Reply;
use crate::world::World;
use std::os::unix::fs::PermissionsExt;

fn world() -> World {
    let mut world = World::patient();
    world.subscribe("/feed", "Fabline");
    world.publisher.put("/feed", Reply::tagged(rss("Fabline", &[event(0, "fabline.example")])));
    world
}

#[test]
fn a_second_daemon_is_told_of_the_first_by_its_process_id() {
    let world = world();
    let daemon = world.start();
    // On the same port as well, as with no configuration at all.
    let config = std::fs::read_to_string(world.config()).unwrap();
    std::fs::write(world.config(), config.replace("127.0.0.1:0", &daemon.address)).unwrap();
    let said = world.refused(&["run"]);
    assert!(said.contains(&daemon.id().to_string()), "{said}");
    assert!(world.refused(&["rebuild"]).contains(&daemon.id().to_string()));
    assert_eq!(daemon.get("/healthz").status, 200);
}

#[test]
fn sigterm_in_mid_sweep_keeps_what_was_accepted() {
    let mut world = world();
    world.subscribe("/slow", "Slow Chips");
    world.publisher.put("/slow", Reply::tagged(rss("Slow Chips", &[event(1, "slow.example")])));
    world.publisher.close("/slow");
    let daemon = world.start();
    let before = daemon.wait_for_story("2-nanometre");
    world.publisher.wait_for("/slow", 1);
    assert_eq!(daemon.stop(), Some(0));
    let daemon = world.start();
    assert_eq!(daemon.wire().items[0].id, before.items[0].id);
    world.publisher.open("/slow");
    daemon.wait_for_story("HBM4");
}

#[test]
fn a_killed_daemon_leaves_a_stale_socket_that_means_nobody_is_there() {
    let world = world();
    let daemon = world.start();
    let before = daemon.wait_for_story("2-nanometre");
    let socket = world.data().join("control.sock");
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    daemon.kill();
    assert!(socket.exists(), "nobody could remove it");
    assert!(world.ask(&["stories"]).contains("2-nanometre"));
    let daemon = world.start();
    assert_eq!(daemon.wire().items[0].id, before.items[0].id);
    assert!(world.ask(&["stories"]).contains("2-nanometre"));
    assert_eq!(daemon.stop(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn a_data_path_too_long_for_a_socket_has_its_socket_named_in_the_lock() {
    let mut world = world();
    world.data = world.directory.path().join("a-rather-long-name-for-a-directory".repeat(4));
    let daemon = world.start();
    daemon.wait_for_story("2-nanometre");
    let lock = std::fs::read_to_string(world.data().join("LOCK")).unwrap();
    let mut lines = lock.lines();
    assert_eq!(lines.next(), Some(daemon.id().to_string().as_str()));
    let socket = std::path::PathBuf::from(lines.next().unwrap());
    assert!(socket.exists(), "{lock}");
    // Whatever the command takes for the directory for temporary files.
    world.temporary = world.directory.path().to_owned();
    assert!(world.ask(&["stories"]).contains("2-nanometre"));
}

#[test]
fn the_demo_sums_up_one_sweep_and_ends() {
    let directory = tempfile::tempdir().unwrap();
    let demo = crate::world::bare(directory.path(), &["--log", "error", "demo", "--once"], "");
    assert_eq!(demo.status, Some(0), "{demo:?}");
    assert!(demo.out.contains("feeds") && demo.out.contains("Trainium"), "{demo:?}");
    assert!(demo.err.is_empty(), "{demo:?}");
}

//! Whom the program trusts: an authority of the operator's, and nobody else that is not the system's.

use crate::authority::Authority;
use crate::news::{event, rss};
use crate::publisher::{Publisher, Reply};
use crate::world::World;

/// A publisher with a certificate for a name.
fn publisher(authority: &Authority, name: &str) -> Publisher {
    Publisher::over_tls(authority.server(name))
}

#[test]
fn the_extra_authority_is_trusted_and_no_other_one_no_wrong_name_and_no_way_down_to_http() {
    let mut world = World::quick();
    let authority = Authority::new();
    let file = world.directory.path().join("authority.pem");
    std::fs::write(&file, &authority.pem).unwrap();
    world.poll += &format!("extra_ca = {:?}\n", file.to_str().unwrap());
    let good = publisher(&authority, "127.0.0.1");
    let (wrong_name, unknown) =
        (publisher(&authority, "chips.example"), publisher(&Authority::new(), "127.0.0.1"));
    let feed = || Reply::feed(rss("Sealed Chips", &[event(0, "sealed.example")]));
    for (publisher, path) in
        [(&good, "/feed"), (&good, "/down"), (&wrong_name, "/name"), (&unknown, "/unknown")]
    {
        publisher.put(path, feed());
        world.feed(&publisher.url(path).replace("http://", "https://"), &format!("name = \"{path}\"\n"));
    }
    good.put("/down", Reply::redirect("301 Moved Permanently", &world.publisher.url("/plain")));
    world.publisher.put("/plain", feed());
    let daemon = world.start();
    daemon.wait_for_story("2-nanometre");
    good.wait_for("/feed", 2);
    good.wait_for("/down", 2);
    daemon.wait_for_line("first sweep done");
    for refusing in [&wrong_name, &unknown, &world.publisher] {
        assert!(refusing.all_requests().is_empty(), "{:?}", refusing.all_requests());
    }
    let health = world.ask_json(&["feeds", "health", "--json"]);
    for feed in &health {
        let is_good = feed["name"] == "/feed";
        assert_eq!(feed["state"] == "active", is_good, "{feed}");
    }
    assert!(wrong_name.connections() > 0 && unknown.connections() > 0);
}

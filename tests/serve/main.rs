//! What readers and operators get over HTTP, through the public door: real sockets, real requests.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod wire;

use chipwire::publish::{Base, Settings};

#[test]
fn the_invented_wire_is_whole() {
    let wire = wire::wire(Settings::default(), Base::listening("127.0.0.1:8787"), wire::stories());
    assert_eq!(wire.stories().len(), wire::stories().len());
    assert!(wire::sources().all().len() > 5);
}

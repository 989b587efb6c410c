//! What hubs send.

use crate::server::{Answer, Server, Setup, exchange, request};
use chipwire::serve::{HubEvent, PushAnswer, Settings};

const VERIFY: &str = "/websub/tok-EN_1?hub.mode=subscribe&hub.topic=https%3A%2F%2Fa.example%2Ffeed&hub.challenge=%3Cb%3Ehi&hub.lease_seconds=864000";

async fn with_event(server: &mut Server, text: String, answer: impl FnOnce(HubEvent)) -> Answer {
    let readers = server.readers;
    let asking = tokio::spawn(async move { exchange(readers, &text).await });
    answer(server.hub_events.recv().await.unwrap());
    asking.await.unwrap()
}

#[tokio::test]
async fn a_wanted_subscription_is_confirmed_with_the_challenge() {
    let mut server = Server::start(Setup::default()).await;
    let text = request("GET", VERIFY, "127.0.0.1", &[], "");
    let answer = with_event(&mut server, text.clone(), |event| {
        let HubEvent::Verify { verification, reply } = event else { panic!("{event:?}") };
        assert_eq!((verification.id.as_str(), verification.mode.as_str()), ("tok-EN_1", "subscribe"));
        assert_eq!(
            (verification.topic.as_str(), verification.lease_seconds),
            ("https://a.example/feed", Some(864_000))
        );
        reply.send(true).unwrap();
    })
    .await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "<b>hi"));
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let answer = with_event(&mut server, text, |event| {
        let HubEvent::Verify { reply, .. } = event else { panic!("{event:?}") };
        reply.send(false).unwrap();
    })
    .await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn a_push_is_handed_over_with_its_signature() {
    let mut server = Server::start(Setup::default()).await;
    let headers = [("X-Hub-Signature", "sha256=abc"), ("Content-Type", "application/atom+xml")];
    let text = request("POST", "/websub/tok", "127.0.0.1", &headers, "<feed/>");
    for (said, status) in [(PushAnswer::Accepted, 202), (PushAnswer::Gone, 410)] {
        let answer = with_event(&mut server, text.clone(), |event| {
            let HubEvent::Push { id, signature, content_type, body, reply } = event else {
                panic!("{event:?}")
            };
            assert_eq!(
                (id.as_str(), signature.as_deref(), body.as_ref()),
                ("tok", Some("sha256=abc"), b"<feed/>".as_ref())
            );
            assert_eq!(content_type.as_deref(), Some("application/atom+xml"));
            reply.send(said).unwrap();
        })
        .await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn what_is_no_callback_is_refused_without_asking_anybody() {
    let settings = Settings { max_push_bytes: 100, ..Setup::default().settings };
    let mut server = Server::start(Setup { settings, ..Setup::default() }).await;
    for (path, status) in [
        ("/websub/a%2F..%2Fb?hub.mode=subscribe&hub.challenge=x", 404),
        ("/websub/tok?hub.mode=dance&hub.challenge=x", 404),
        ("/websub/tok", 404),
        ("/websub/tok?hub.mode=subscribe&hub.topic=x", 400),
    ] {
        assert_eq!(server.get(path).await.status, status, "{path}");
    }
    let long = request("POST", "/websub/tok", "127.0.0.1", &[], &"x".repeat(101));
    assert_eq!(exchange(server.readers, &long).await.status, 413);
    assert!(server.hub_events.try_recv().is_err());
}

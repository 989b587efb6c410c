//! WebSub: what hubs send.

use super::Handle;
use crate::serve::{HubEvent, PushAnswer};
use tokio::sync::mpsc;

/// Answers hubs until the server has gone.
pub async fn answer(_handle: Handle, mut events: mpsc::Receiver<HubEvent>) {
    while let Some(event) = events.recv().await {
        match event {
            HubEvent::Verify { reply, .. } => drop(reply.send(false)),
            HubEvent::Push { reply, .. } => drop(reply.send(PushAnswer::Gone)),
        }
    }
}

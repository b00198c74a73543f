//! What stands in a lock's line, for people to read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockset_api::Fence;
use zookeeper_client::Error;

use super::line::{Node, Room, in_order};
use super::session::Session;
use crate::Request;
use crate::store::{Party, Status};

/// What a node has in it: how long its session lasts, and who asks for what.
pub(super) fn record(request: &Request, lasts: Duration) -> String {
    let note = request.note.as_deref().unwrap_or_default();
    format!("{}\n{}\n{note}", lasts.as_millis(), request.holder)
}

/// Who holds the lock at this path, and who waits for it.
pub(super) async fn inspect(session: &Session, lock: &str) -> Result<Status, Error> {
    let names = match session.surely(|| session.line_by_now(lock)).await {
        Err(Error::NoNode) => return Ok(Status::default()),
        names => names?,
    };
    let nodes = in_order(&names);
    // All are asked for before the first is answered.
    let paths: Vec<_> = nodes.iter().map(|node| format!("{lock}/{}", node.name)).collect();
    let asked: Vec<_> = paths.iter().map(|path| session.entry(path)).collect();
    let mut status = Status::default();
    let (mut room, mut is_held) = (Room::default(), true);
    for (node, entry) in nodes.into_iter().zip(asked) {
        let (data, stat) = match entry.await {
            // It has gone meanwhile.
            Err(Error::NoNode) => continue,
            entry => entry?,
        };
        // The first for whom there is no room waits, and whoever stands behind it.
        is_held &= room.has_place_for(&node);
        // Nothing that is written there can be relied on but the name.
        let Some(party) = party(&node, &data, stat.ctime) else { continue };
        if is_held {
            status.fence = u64::try_from(stat.czxid).ok().map(Fence::new);
            status.holders.push(party);
        } else {
            status.waiters.push(party);
        }
    }
    Ok(status)
}

/// Who made a node.
fn party(node: &Node, data: &[u8], made: i64) -> Option<Party> {
    let text = core::str::from_utf8(data).ok()?;
    let mut lines = text.splitn(3, '\n');
    let (lasts, holder, note) = (lines.next()?, lines.next()?, lines.next()?);
    let remaining = Duration::from_millis(lasts.parse().ok()?);
    let made = UNIX_EPOCH + Duration::from_millis(made.try_into().ok()?);
    // The server's clock and ours may differ.
    let since = SystemTime::now().duration_since(made).unwrap_or_default();
    let party = Party::new(node.id, holder.to_owned(), node.weight, since, remaining);
    let note = (!note.is_empty()).then(|| note.to_owned());
    Some(party.with_note(note))
}

//! Who holds a lock and who waits for it, from the server's own views.

use std::time::Duration;

use lockset_api::Fence;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::fault::failed;
use crate::store::{Party, Status, StoreError};
use crate::{Mode, Request, RequestId};

/// The sessions that hold or await the advisory lock `$1`, the waiters in their order.
///
/// A holder's own statements are renewals, so the time since the last one is what its session has
/// been idle for.
const PARTIES: &str = "SELECT l.pid, l.mode = 'ExclusiveLock' AS alone, l.granted,
        coalesce(a.application_name, '') AS application, f.who,
        extract(epoch FROM now.at - coalesce(f.granted, l.waitstart, a.state_change))::float8
            AS since,
        extract(epoch FROM now.at - a.state_change)::float8 AS silent
    FROM (SELECT clock_timestamp() AS at) AS now
    JOIN pg_locks l ON true
    LEFT JOIN pg_stat_activity a USING (pid)
    LEFT JOIN lockset.granted f
        ON f.key = $1 AND l.granted AND starts_with(a.application_name, f.request)
    WHERE l.locktype = 'advisory' AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (l.classid::bigint << 32 | l.objid::bigint) = $1
    ORDER BY l.granted DESC, l.waitstart";

const FENCE: &str = "SELECT fence FROM lockset.granted WHERE key = $1";

/// How long a name of an application may be, for the server.
const LONGEST: usize = 63;

/// What a session of this request is called: the request, its TTL, and its note or its holder for
/// as long as there is room. The server leaves nothing but ASCII in it.
pub(super) fn application(request: &Request) -> String {
    let who = request.note.as_ref().unwrap_or(&request.holder);
    let name = format!("{} {} {who}", request.id, request.ttl.as_millis());
    let name = name.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' });
    name.take(LONGEST).collect()
}

pub(super) async fn of(client: &Client, key: i64) -> Result<Status, StoreError> {
    let key = [(&key as _, Type::INT8)];
    let (parties, fence) =
        tokio::try_join!(client.query_typed(PARTIES, &key), client.query_typed(FENCE, &key))
            .map_err(failed)?;
    let fence = fence.first().map(|row| row.try_get::<_, i64>(0)).transpose();
    let fence = fence.map_err(StoreError::refused)?;
    let fence = fence.map(|fence| Fence::new(fence.cast_unsigned()));
    let mut status = Status { fence, ..Status::default() };
    for row in &parties {
        let (party, granted) = party(row).map_err(StoreError::refused)?;
        let side = if granted { &mut status.holders } else { &mut status.waiters };
        side.push(party);
    }
    Ok(status)
}

fn party(row: &Row) -> Result<(Party, bool), tokio_postgres::Error> {
    let (granted, application): (bool, &str) =
        (row.try_get("granted")?, row.try_get("application")?);
    let process: i32 = row.try_get("pid")?;
    let mode = if row.try_get("alone")? { Mode::Exclusive } else { Mode::Shared };
    let seconds = |name| -> Result<_, tokio_postgres::Error> {
        let seconds: Option<f64> = row.try_get(name)?;
        Ok(Duration::try_from_secs_f64(seconds.unwrap_or_default()).unwrap_or_default())
    };
    let (since, silent) = (seconds("since")?, seconds("silent")?);
    let mut words = application.splitn(3, ' ');
    let ours = (|| {
        let id: RequestId = words.next()?.parse().ok()?;
        let ttl: u64 = words.next()?.parse().ok()?;
        Some((id, Duration::from_millis(ttl), words.next().unwrap_or_default()))
    })();
    let Some((id, ttl, who)) = ours else {
        // Somebody who takes the same lock without this library.
        let who = format!("{application} (server process {process})");
        let id = RequestId::of_process(process);
        return Ok((Party::new(id, who, mode.weight(), since, Duration::MAX), granted));
    };
    let remaining = if granted { ttl.saturating_sub(silent) } else { Duration::MAX };
    // The table knows all of it, but only of the latest grant.
    let row_who: Option<&str> = row.try_get("who")?;
    let (holder, note) = row_who.and_then(|who| who.split_once('\n')).unwrap_or((who, ""));
    let note = (!note.is_empty()).then(|| note.to_owned());
    let party = Party::new(id, holder.to_owned(), mode.weight(), since, remaining);
    Ok((party.with_note(note), granted))
}

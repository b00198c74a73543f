//! What the scripts write about holders and waiters, read back.

use std::time::Duration;

use lockset_api::Fence;

use crate::store::{Party, Status, StoreError};

/// The server's time in milliseconds, the fence, and id and record of each holder and waiter.
pub(super) type Answer = (u64, String, Vec<(String, String)>, Vec<(String, String)>);

pub(super) fn parse((now, fence, holders, waiters): Answer) -> Result<Status, StoreError> {
    let parties = |records: Vec<(String, String)>| -> Result<Vec<Party>, StoreError> {
        let mut parties = Vec::with_capacity(records.len());
        for (id, record) in records {
            let party = party(now, &id, &record);
            parties.push(party.ok_or_else(|| {
                StoreError::refused(format!("the record {record:?} is none of ours"))
            })?);
        }
        // Whose time is over is still there until somebody comes for the lock.
        parties.retain(|party| !party.remaining.is_zero());
        Ok(parties)
    };
    let fence = fence.parse().ok().map(Fence::new);
    let mut status = Status { fence, ..Status::default() };
    status.holders = parties(holders)?;
    status.waiters = parties(waiters)?;
    Ok(status)
}

fn party(now: u64, id: &str, record: &str) -> Option<Party> {
    let mut words = record.splitn(5, ' ');
    let ends: u64 = words.next()?.parse().ok()?;
    let (weight, since) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let _fence = words.next()?;
    let (holder, note) = words.next()?.split_once('\n')?;
    let past = Duration::from_millis(now.saturating_sub(since));
    let left = Duration::from_millis(ends.saturating_sub(now));
    let note = (!note.is_empty()).then(|| note.to_owned());
    let party = Party::new(id.parse().ok()?, holder.to_owned(), weight, past, left);
    Some(party.with_note(note))
}

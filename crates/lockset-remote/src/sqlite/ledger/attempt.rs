//! One attempt: the locks, or a place in line, or neither.

use std::time::Duration;

use lockset_api::Fence;

use super::{Claim, Ledger};
use crate::sqlite::clock;
use crate::store::{Attempt, Renewed};

/// A waiter looks again after this long at the latest: often enough to keep its place.
const LOOK: Duration = Duration::from_secs(10);

/// When to look if nobody holds what is wanted, and others who came before cannot be served yet.
const AGAIN: Duration = Duration::from_secs(1);

/// How much later those further behind look, so that a dead holder is not found out by all at once.
const STAGGER: Duration = Duration::from_millis(10);

impl Ledger<'_> {
    /// Grants the locks if they can be had; puts the request in line for `stay` otherwise, unless
    /// that is nothing. Asked once more by the same request, it answers the same and renews the
    /// lease, since the asker counts it from when it asked this time.
    pub(in crate::sqlite) fn attempt(
        &mut self,
        claim: &Claim,
        stay: Duration,
    ) -> rusqlite::Result<Attempt> {
        let room = self.room(claim)?;
        let is_line = self.line(&claim.names)?.is_some();
        if let Some(fence) = self.renewed(claim, &room)? {
            if is_line {
                // Of others' leases some may have run out just now.
                self.serve(&claim.names)?;
            }
            return Ok(granted(fence));
        }
        if room.is_free && !is_line {
            return self.grant(claim, room.latest, None).map(granted);
        }
        if stay.is_zero() && !is_line {
            return Ok(Attempt::Busy { held: self.held(&room) });
        }
        if !stay.is_zero() {
            self.join(claim, clock::nanos(stay))?;
        }
        // Those before it may be gone, or their turn may have come with the end of a lease.
        self.serve(&claim.names)?;
        let room = self.room(claim)?;
        if let Some(fence) = self.renewed(claim, &room)? {
            return Ok(granted(fence));
        }
        let held = self.held(&room);
        Ok(match self.place(claim)? {
            None => Attempt::Busy { held },
            Some(place) => {
                let held = held + STAGGER * place.min(100);
                Attempt::Queued { held: held.min(LOOK) }
            }
        })
    }

    /// The fence of what the request has already, which lasts for another TTL from now.
    fn renewed(&self, claim: &Claim, room: &Room) -> rusqlite::Result<Option<i64>> {
        match room.mine {
            Some(fence) if self.renew(claim)? == Renewed::Yes => Ok(Some(fence)),
            _ => Ok(None),
        }
    }

    fn held(&self, room: &Room) -> Duration {
        let soonest = room.soonest.map(|soonest| clock::duration(soonest - self.now));
        soonest.unwrap_or(AGAIN).max(Duration::from_millis(1))
    }

    /// Whether a claim can be met, as far as holders go.
    fn room(&self, claim: &Claim) -> rusqlite::Result<Room> {
        let mut room = Room { is_free: true, latest: 0, mine: None, soonest: None };
        for name in &claim.names {
            let survey = self.survey(name, &claim.id)?;
            room.mine = survey.mine;
            room.latest = room.latest.max(survey.fence);
            if survey.out + claim.weight > claim.limit {
                room.is_free = false;
                let soonest = room.soonest.into_iter().chain(survey.soonest).min();
                room.soonest = soonest;
            }
        }
        Ok(room)
    }
}

/// What stands in a claim's way.
struct Room {
    is_free: bool,
    /// The latest fence of its locks.
    latest: i64,
    /// The fence of what it has of them already.
    mine: Option<i64>,
    /// When one that it must wait for may be free.
    soonest: Option<i64>,
}

fn granted(fence: i64) -> Attempt {
    Attempt::Granted(Fence::new(fence.cast_unsigned()))
}

//! What one transaction sees and does: who holds which lock, and who is granted it.

mod attempt;
mod line;
mod reserve;
mod status;

use rusqlite::{OptionalExtension, Transaction, params};

use super::bell::Rope;
use super::clock;
use crate::Request;
use crate::store::{Raised, Renewed, Withdrawn};
use line::Bells;

pub(super) use reserve::{Outlives, Reserve};

/// The tables, in one transaction, at one moment.
pub(super) struct Ledger<'t> {
    transaction: &'t Transaction<'t>,
    /// The time. It is read when the transaction has begun and nobody else's can, so it never
    /// goes back from one to the next.
    now: i64,
    /// The bell of this process.
    bell: &'t str,
    bells: Bells,
    reserve: Reserve,
    must_outlive: Outlives,
}

/// What a request asks for, as the tables have it.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    id: String,
    names: Vec<String>,
    weight: i64,
    limit: i64,
    ttl: i64,
    floor: Option<i64>,
    holder: String,
    note: Option<String>,
}

impl From<&Request> for Claim {
    fn from(request: &Request) -> Self {
        Self {
            id: request.id.to_string(),
            names: request.names.iter().map(|name| name.as_str().to_owned()).collect(),
            weight: request.mode.weight().into(),
            limit: request.mode.limit().into(),
            ttl: clock::nanos(request.ttl),
            // SQLite's numbers end at 2^63; a floor beyond that is no clock's.
            floor: request.floor.map(|floor| i64::try_from(floor.value()).unwrap_or(0)),
            holder: request.holder.to_string(),
            note: request.note.as_deref().map(str::to_owned),
        }
    }
}

/// What is out of one lock.
#[derive(Debug, Default)]
struct Survey {
    out: i64,
    /// The latest fence.
    fence: i64,
    /// The fence that the request in question has it with.
    mine: Option<i64>,
    /// When the next of its leases runs out.
    soonest: Option<i64>,
}

impl<'t> Ledger<'t> {
    pub(super) fn new(transaction: &'t Transaction<'t>, bell: &'t str, reserve: Reserve) -> Self {
        let (now, bells) = (clock::now(), Bells::default());
        Self { transaction, now, bell, bells, reserve, must_outlive: Outlives::Process }
    }

    /// What the transaction must be safe from, once it is committed, before anybody hears of it.
    pub(super) fn must_outlive(&self) -> Outlives {
        self.must_outlive
    }

    /// The ropes to pull when all this is committed.
    pub(super) fn close(self) -> Vec<Rope> {
        self.bells.into_ropes()
    }

    /// Lets the leases last for another TTL, if all of them are still the request's.
    pub(super) fn renew(&self, claim: &Claim) -> rusqlite::Result<Renewed> {
        for name in &claim.names {
            if self.fence_of(name, &claim.id)?.is_none() {
                return Ok(Renewed::Gone);
            }
        }
        for name in &claim.names {
            self.transaction
                .prepare_cached(
                    "UPDATE lockset_lease SET ends = ?3, bell = NULL
                     WHERE name = ?1 AND request = ?2",
                )?
                .execute(params![name, claim.id, self.now + claim.ttl])?;
        }
        Ok(Renewed::Yes)
    }

    /// Gives back what the request holds, and its place in line, and hands over to those who wait.
    pub(super) fn release(&mut self, claim: &Claim) -> rusqlite::Result<Withdrawn> {
        let mut held = true;
        for name in &claim.names {
            let ends: Option<i64> = self
                .transaction
                .prepare_cached(
                    "DELETE FROM lockset_lease WHERE name = ?1 AND request = ?2 RETURNING ends",
                )?
                .query_row(params![name, claim.id], |row| row.get(0))
                .optional()?;
            held &= ends.is_some_and(|ends| ends > self.now);
        }
        if self.line(&claim.names)?.is_some() {
            self.leave(&claim.names, &claim.id)?;
            self.serve(&claim.names)?;
        }
        Ok(if held { Withdrawn::Freed } else { Withdrawn::NotHeld })
    }

    /// Makes `fence` the fence of all locks, if the request still holds them and none has a greater
    /// one.
    pub(super) fn raise(&mut self, claim: &Claim, fence: i64) -> rusqlite::Result<Raised> {
        for name in &claim.names {
            let is_held = self.fence_of(name, &claim.id)?.is_some();
            if !is_held || self.latest_fence(name)? > fence {
                return Ok(Raised::No);
            }
        }
        for name in &claim.names {
            self.set_fence(name, fence, claim.floor)?;
            self.transaction
                .prepare_cached(
                    "UPDATE lockset_lease SET fence = ?3 WHERE name = ?1 AND request = ?2",
                )?
                .execute(params![name, claim.id, fence])?;
        }
        Ok(Raised::Yes)
    }

    /// The request's fence of this lock, if it still holds it.
    fn fence_of(&self, name: &str, id: &str) -> rusqlite::Result<Option<i64>> {
        self.transaction
            .prepare_cached(
                "SELECT fence FROM lockset_lease WHERE name = ?1 AND request = ?2 AND ends > ?3",
            )?
            .query_row(params![name, id, self.now], |row| row.get(0))
            .optional()
    }

    /// The latest that this lock can have had.
    fn latest_fence(&self, name: &str) -> rusqlite::Result<i64> {
        let fence = self.known_fence(name)?.unwrap_or(0);
        Ok(fence.max(self.reserve.base()))
    }

    /// The latest that is known.
    fn known_fence(&self, name: &str) -> rusqlite::Result<Option<i64>> {
        self.transaction
            .prepare_cached("SELECT fence FROM lockset_lock WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()
    }

    /// Makes `fence` the latest of a lock. If it is not one of those that were put aside, more are,
    /// which has to be synced: a power cut may not take that back.
    fn set_fence(&mut self, name: &str, fence: i64, floor: Option<i64>) -> rusqlite::Result<()> {
        let common = self.reserve.common_ceiling();
        let was_put_aside = self.reserve.is_believed
            && (fence <= common
                || self
                    .transaction
                    .prepare_cached("SELECT 1 FROM lockset_lock WHERE name = ?1 AND ceiling >= ?2")?
                    .exists(params![name, fence])?);
        let ceiling = if was_put_aside {
            common
        } else {
            self.must_outlive = Outlives::PowerCut;
            self.reserve.ceiling(fence, floor)
        };
        self.transaction
            .prepare_cached(
                "INSERT INTO lockset_lock (name, fence, ceiling) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE
                 SET fence = excluded.fence, ceiling = max(ceiling, excluded.ceiling)",
            )?
            .execute(params![name, fence, ceiling])
            .map(drop)
    }

    /// What is out of a lock; forgets the leases that have run out.
    fn survey(&self, name: &str, id: &str) -> rusqlite::Result<Survey> {
        let mut survey = Survey { fence: self.latest_fence(name)?, ..Survey::default() };
        let mut has_expired = false;
        let mut leases = self.transaction.prepare_cached(
            "SELECT ends, weight, fence, request = ?2 FROM lockset_lease WHERE name = ?1",
        )?;
        let mut leases = leases.query(params![name, id])?;
        while let Some(lease) = leases.next()? {
            let ends: i64 = lease.get(0)?;
            if ends <= self.now {
                has_expired = true;
                continue;
            }
            survey.out += lease.get::<_, i64>(1)?;
            survey.soonest = Some(survey.soonest.map_or(ends, |soonest| soonest.min(ends)));
            if lease.get(3)? {
                survey.mine = Some(lease.get(2)?);
            }
        }
        if has_expired {
            self.transaction
                .prepare_cached("DELETE FROM lockset_lease WHERE name = ?1 AND ends <= ?2")?
                .execute(params![name, self.now])?;
        }
        Ok(survey)
    }

    /// Grants all the locks of a claim, with a fence above all that they have had. `bell` is to
    /// ring for it, unless the request is answered by this transaction.
    fn grant(&mut self, claim: &Claim, latest: i64, bell: Option<&str>) -> rusqlite::Result<i64> {
        let fence = claim.floor.unwrap_or(0).max(latest + 1);
        for name in &claim.names {
            self.set_fence(name, fence, claim.floor)?;
            let Claim { id, weight, ttl, holder, note, .. } = claim;
            self.transaction
                .prepare_cached(
                    "INSERT INTO lockset_lease
                         (name, request, weight, fence, since, ends, holder, note, bell)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                )?
                .execute(params![
                    name,
                    id,
                    weight,
                    fence,
                    self.now,
                    self.now + ttl,
                    holder,
                    note,
                    bell
                ])?;
        }
        Ok(fence)
    }
}

//! Those who wait, and how a lock goes from one to the next.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, params};

use super::{Claim, Ledger};
use crate::sqlite::bell::{self, Reach, Rope};

/// One who stands in line.
struct Waiter {
    claim: Claim,
    /// Until when it is believed to wait, unless it is heard of again.
    ends: i64,
    bell: String,
}

impl Ledger<'_> {
    /// Which of these locks somebody waits for, if there is one.
    pub(super) fn line<'n>(&self, names: &'n [String]) -> rusqlite::Result<Option<&'n str>> {
        let mut line = self
            .transaction
            .prepare_cached("SELECT 1 FROM lockset_waiter WHERE name = ?1 LIMIT 1")?;
        for name in names {
            if line.exists([name])? {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Puts a claim at the end of its lines, or keeps its place there for another `stay`.
    pub(super) fn join(&self, claim: &Claim, stay: i64) -> rusqlite::Result<()> {
        let Claim { id, weight, limit, ttl, floor, holder, note, .. } = claim;
        let ends = self.now + stay;
        let kept = self
            .transaction
            .prepare_cached("UPDATE lockset_waiter SET ends = ?2, bell = ?3 WHERE request = ?1")?
            .execute(params![id, ends, self.bell])?;
        if kept > 0 {
            return Ok(());
        }
        for name in &claim.names {
            self.transaction
                .prepare_cached(
                    "INSERT INTO lockset_waiter
                         (name, place, request, weight, most, ttl, floor, since, ends, holder, note,
                          bell)
                     SELECT ?1, coalesce(max(place), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
                         ?11
                     FROM lockset_waiter WHERE name = ?1",
                )?
                .execute(params![
                    name, id, weight, limit, ttl, floor, self.now, ends, holder, note, self.bell
                ])?;
        }
        Ok(())
    }

    pub(super) fn leave(&self, names: &[String], id: &str) -> rusqlite::Result<()> {
        let mut leave = self
            .transaction
            .prepare_cached("DELETE FROM lockset_waiter WHERE name = ?1 AND request = ?2")?;
        names.iter().try_for_each(|name| leave.execute(params![name, id]).map(drop))
    }

    /// Where the claim stands in the line for its first lock, from 1.
    pub(super) fn place(&self, claim: &Claim) -> rusqlite::Result<Option<u32>> {
        let mut place = self.transaction.prepare_cached(
            "SELECT (SELECT count(*) FROM lockset_waiter AS before
                     WHERE before.name = here.name AND before.place <= here.place)
             FROM lockset_waiter AS here WHERE here.request = ?1 AND here.name = ?2",
        )?;
        place.query_row(params![claim.id, claim.names[0]], |row| row.get(0)).optional()
    }

    /// Hands the locks over to whoever is first in line for them and can have all it waits for, and
    /// goes on to the next. A waiter that has not been heard of in time, or whose bell is gone, is
    /// skipped. One that wants several locks has its turn when it is first in line for each.
    pub(super) fn serve(&mut self, names: &[String]) -> rusqlite::Result<()> {
        // What is out of each lock and its latest fence, counted once and kept up to date: there
        // may be many holders, and as many waiters.
        let mut known = HashMap::new();
        let mut todo = names.to_vec();
        while let Some(name) = todo.pop() {
            let Some(waiter) = self.first_in_line(&name)? else { continue };
            let Waiter { claim, ends, bell } = &waiter;
            if *ends > self.now {
                let Some(latest) = self.turn_of(claim, &mut known)? else { continue };
                if self.bells.can_wake(bell) {
                    let fence = self.grant(claim, latest, Some(bell))?;
                    self.bells.ring(bell);
                    for name in &claim.names {
                        let out = known.get(name).map_or(0, |(out, _)| *out) + claim.weight;
                        known.insert(name.clone(), (out, fence));
                    }
                }
            }
            self.leave(&claim.names, &claim.id)?;
            todo.extend(waiter.claim.names);
        }
        Ok(())
    }

    /// The latest fence of all the locks of a claim whose turn it is and that can have them.
    fn turn_of(
        &self,
        claim: &Claim,
        known: &mut HashMap<String, (i64, i64)>,
    ) -> rusqlite::Result<Option<i64>> {
        let mut latest = 0;
        for name in &claim.names {
            let is_first = self.first_id(name)?.is_some_and(|first| first == claim.id);
            let (out, fence) = match known.get(name) {
                Some(known) => *known,
                None => {
                    let survey = self.survey(name, &claim.id)?;
                    *known.entry(name.clone()).insert_entry((survey.out, survey.fence)).get()
                }
            };
            if !is_first || out + claim.weight > claim.limit {
                return Ok(None);
            }
            latest = latest.max(fence);
        }
        Ok(Some(latest))
    }

    fn first_id(&self, name: &str) -> rusqlite::Result<Option<String>> {
        self.transaction
            .prepare_cached(
                "SELECT request FROM lockset_waiter WHERE name = ?1 ORDER BY place LIMIT 1",
            )?
            .query_row([name], |row| row.get(0))
            .optional()
    }

    fn first_in_line(&self, name: &str) -> rusqlite::Result<Option<Waiter>> {
        let first = self
            .transaction
            .prepare_cached(
                "SELECT request, weight, most, ttl, floor, holder, note, ends, bell
                 FROM lockset_waiter WHERE name = ?1 ORDER BY place LIMIT 1",
            )?
            .query_row([name], |row| {
                let claim = Claim {
                    id: row.get(0)?,
                    names: Vec::new(),
                    weight: row.get(1)?,
                    limit: row.get(2)?,
                    ttl: row.get(3)?,
                    floor: row.get(4)?,
                    holder: row.get(5)?,
                    note: row.get(6)?,
                };
                Ok(Waiter { claim, ends: row.get(7)?, bell: row.get(8)? })
            })
            .optional()?;
        let Some(mut waiter) = first else { return Ok(None) };
        let mut names = self
            .transaction
            .prepare_cached("SELECT name FROM lockset_waiter WHERE request = ?1")?;
        let names = names.query_map([&waiter.claim.id], |row| row.get(0))?;
        waiter.claim.names = names.collect::<Result<_, _>>()?;
        Ok(Some(waiter))
    }
}

/// The bells of those who are served, each asked for once.
#[derive(Debug, Default)]
pub(super) struct Bells(HashMap<String, (Reach, Due)>);

/// Whether a bell is to ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    No,
    Yes,
}

impl Bells {
    /// Whether somebody who has this bell may still hear it, or find out by itself.
    fn can_wake(&mut self, address: &str) -> bool {
        let found = self.0.entry(address.to_owned());
        let (reach, _) = found.or_insert_with(|| (bell::reach(address), Due::No));
        !matches!(reach, Reach::Gone)
    }

    fn ring(&mut self, address: &str) {
        if let Some((_, due)) = self.0.get_mut(address) {
            *due = Due::Yes;
        }
    }

    pub(super) fn into_ropes(self) -> Vec<Rope> {
        let due = self.0.into_values().filter(|(_, due)| *due == Due::Yes);
        due.filter_map(|(reach, _)| if let Reach::Rope(rope) = reach { Some(rope) } else { None })
            .collect()
    }
}

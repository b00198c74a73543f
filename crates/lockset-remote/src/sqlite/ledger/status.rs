//! Who holds and who waits, and what those who wait have not heard of yet.

use lockset_api::Fence;
use rusqlite::{OptionalExtension, Row, params};

use super::Ledger;
use crate::sqlite::clock;
use crate::store::{Party, Status};

/// A lease that was handed over: to which request, with which fence, when.
pub(in crate::sqlite) struct HandedOver {
    pub(in crate::sqlite) request: String,
    pub(in crate::sqlite) fence: Fence,
    pub(in crate::sqlite) since: i64,
}

impl Ledger<'_> {
    pub(in crate::sqlite) fn status(&self, name: &str) -> rusqlite::Result<Status> {
        let fence = self.known_fence(name)?.map(|fence| Fence::new(fence.cast_unsigned()));
        let mut status = Status { fence, ..Status::default() };
        status.holders = self.parties(
            name,
            "SELECT request, holder, note, weight, since, ends FROM lockset_lease
             WHERE name = ?1 AND ends > ?2 ORDER BY fence",
        )?;
        status.waiters = self.parties(
            name,
            "SELECT request, holder, note, weight, since, ends FROM lockset_waiter
             WHERE name = ?1 AND ends > ?2 ORDER BY place",
        )?;
        Ok(status)
    }

    fn parties(&self, name: &str, query: &str) -> rusqlite::Result<Vec<Party>> {
        let mut query = self.transaction.prepare_cached(query)?;
        let parties = query.query_map(params![name, self.now], |row| self.party(row))?;
        parties.collect()
    }

    fn party(&self, row: &Row<'_>) -> rusqlite::Result<Party> {
        let id: String = row.get(0)?;
        let id = id.parse().map_err(|error: lockset_api::Error| {
            let text = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(0, text, error.into())
        })?;
        let (since, ends): (i64, i64) = (row.get(4)?, row.get(5)?);
        let (past, left) = (clock::duration(self.now - since), clock::duration(ends - self.now));
        Ok(Party::new(id, row.get(1)?, row.get(3)?, past, left).with_note(row.get(2)?))
    }

    /// The leases that were handed over to the owner of this bell, and that it may not know of.
    pub(in crate::sqlite) fn handed_over(&self, bell: &str) -> rusqlite::Result<Vec<HandedOver>> {
        let mut query = self.transaction.prepare_cached(
            "SELECT request, fence, since FROM lockset_lease WHERE bell = ?1 AND ends > ?2",
        )?;
        let leases = query.query_map(params![bell, self.now], |row| {
            let fence = Fence::new(row.get::<_, i64>(1)?.cast_unsigned());
            Ok(HandedOver { request: row.get(0)?, fence, since: row.get(2)? })
        })?;
        leases.collect()
    }

    /// One who waits by this bell for a lock of which somebody has let a lease run out.
    pub(in crate::sqlite) fn overdue(&self, bell: &str) -> rusqlite::Result<Option<String>> {
        // The leases first: they are fewer than those who wait, or there are none.
        self.transaction
            .prepare_cached(
                "SELECT waiter.request
                 FROM lockset_lease AS lease CROSS JOIN lockset_waiter AS waiter
                     ON waiter.name = lease.name
                 WHERE lease.ends <= ?2 AND waiter.bell = ?1 LIMIT 1",
            )?
            .query_row(params![bell, self.now], |row| row.get(0))
            .optional()
    }
}

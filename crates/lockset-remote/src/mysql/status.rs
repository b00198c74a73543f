//! Who holds a lock and who waits, as the server's table and its list of sessions have it.

use std::time::Duration;

use lockset_api::Fence;
use mysql_async::Row;

use super::server::number;
use crate::store::{Party, Status};
use crate::{Mode, RequestId};

/// From the lock's row, and the sessions that wait.
pub(super) fn status(row: Option<&Row>, waiting: &[Row]) -> Status {
    let mut waiters: Vec<Party> = waiting.iter().filter_map(waiter).collect();
    waiters.sort_by_key(|waiter| core::cmp::Reverse(waiter.since));
    // A row whose fence is 0 is of a lock that nobody has had yet.
    let fence = row.and_then(|row| number(row, 0)).filter(|fence| *fence > 0).map(Fence::new);
    Status { fence, holders: row.and_then(holder).into_iter().collect(), waiters }
}

fn holder(row: &Row) -> Option<Party> {
    let id = text(row, 1)?.to_lowercase().parse().ok()?;
    let [since, left] =
        [4, 5].map(|column| Duration::from_micros(number(row, column).unwrap_or(0)));
    let holder = text(row, 2).unwrap_or_default();
    Some(Party::new(id, holder, Mode::Exclusive.weight(), since, left).with_note(text(row, 3)))
}

/// From the comment in its statement: `/* lockset ID NAME WHO */`.
fn waiter(row: &Row) -> Option<Party> {
    let statement: String = row.get_opt::<Option<String>, _>("INFO")?.ok()??;
    let mut words = statement.split_once("/* lockset ")?.1.split(' ');
    let id: RequestId = words.next()?.parse().ok()?;
    let who = String::from_utf8_lossy(&bytes(words.nth(1)?)?).into_owned();
    let (holder, note) = who.split_once('\n')?;
    let note = (!note.is_empty()).then(|| note.to_owned());
    let since = waited(row);
    // How long it will stay is not told.
    let party = Party::new(id, holder.into(), Mode::Exclusive.weight(), since, Duration::ZERO);
    Some(party.with_note(note))
}

/// MariaDB tells milliseconds, MySQL seconds.
fn waited(row: &Row) -> Duration {
    let exact = row.get_opt::<Option<f64>, _>("TIME_MS").and_then(|time| time.ok().flatten());
    let seconds = || row.get_opt::<Option<f64>, _>("TIME").and_then(|time| time.ok().flatten());
    let seconds = exact.map(|millis| millis / 1e3).or_else(seconds).unwrap_or(0.0);
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

fn text(row: &Row, column: usize) -> Option<String> {
    row.get_opt::<Option<String>, _>(column)?.ok()?
}

/// What hexadecimal digits stand for.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    digits.as_bytes().chunks(2).map(byte).collect()
}

//! How long SQLite waits where another process is at it.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// The first pause before another try, and the longest, to which it doubles. Other transactions
/// take the time of a disk sync, a tenth of a millisecond on a good disk. SQLite's own handler
/// begins with a millisecond and is at 25 in six tries.
const FIRST: Duration = Duration::from_micros(50);
const LONGEST: Duration = Duration::from_millis(5);

thread_local! {
    /// Until when this thread goes on trying. SQLite hands its handler nothing else than a count.
    static UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Has this connection wait for others.
pub(super) fn handle(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(pause))
}

/// Has whatever this thread does next wait until then and no longer.
pub(super) fn wait_until(until: Instant) {
    UNTIL.set(Some(until));
}

/// Whether to try once more, after the pause that is due.
pub(super) fn pause(count: i32) -> bool {
    let now = Instant::now();
    let left = UNTIL.get().and_then(|until| until.checked_duration_since(now));
    let Some(left) = left.filter(|left| !left.is_zero()) else { return false };
    let pause = FIRST * 2_u32.pow(u32::try_from(count).unwrap_or(0).min(7));
    thread::sleep(pause.min(LONGEST).min(left));
    true
}

//! What an attempt to take a lock came to.

use std::time::Duration;

use lockset_api::Fence;
use mysql_async::Row;

use super::server::number;

/// The lock's row, as it is after the attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    /// Whether it is the session's turn.
    pub(super) turn: bool,
    /// Whether the lease is the request's.
    pub(super) ours: bool,
    pub(super) fence: Fence,
    /// How much longer the lease lasts, whoever has it.
    pub(super) left: Duration,
}

impl Taken {
    /// Whether it is the session's turn at a lock that has no row.
    pub(super) fn lacks_row(rows: &[Row]) -> bool {
        let fence = rows.first().and_then(|row| number(row, 2));
        fence.is_none() && Self::of(rows).turn
    }

    pub(super) fn of(rows: &[Row]) -> Self {
        let number = |column| rows.first().and_then(|row| number(row, column));
        Self {
            turn: number(0) == Some(1),
            ours: number(1) == Some(1),
            fence: Fence::new(number(2).unwrap_or(0)),
            left: Duration::from_micros(number(3).unwrap_or(0)),
        }
    }
}

//! Who stands before a request, and whether it is its turn.
//!
//! The requests for a lock stand in the order in which their keys were created. Nobody can come to
//! stand before a request that is there already: those before it only ever become fewer. So what
//! was known of them at any time is all of them, or more; and whoever may hold the lock beside all
//! that it knows of, holds it.

use crate::Mode;

/// One who was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Earlier {
    pub(super) key: String,
    pub(super) mode: Mode,
}

/// What is known of those who stand before a request.
#[derive(Clone, Debug)]
pub(super) struct Line {
    mode: Mode,
    /// In their order.
    earlier: Vec<Earlier>,
    /// The revision of the store at which each of them was there.
    pub(super) seen: i64,
}

/// Whose ends a waiter has to hear of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Watched<'a> {
    /// The predecessor's, and, so as to know by then whether that is the last, the one's before it.
    Keys(&'a str, Option<&'a str>),
    /// Anybody's: each may leave what it takes.
    Everybody,
}

impl Line {
    /// A request of this mode, and those who were there before it at the revision `seen`.
    pub(super) fn new(mode: Mode, earlier: Vec<Earlier>, seen: i64) -> Self {
        Self { mode, earlier, seen }
    }

    /// Whether the lock is the request's: there is room for it, and for each before it, beside all
    /// those before them.
    ///
    /// Hence those who hold the lock are always the first of the line. That each has room and not
    /// only the last keeps one with a greater limit of its own from passing another.
    pub(super) fn is_its_turn(&self) -> bool {
        let mut taken = 0_u64;
        self.earlier.iter().map(|earlier| earlier.mode).chain([self.mode]).all(|mode| {
            taken += u64::from(mode.weight());
            taken <= u64::from(mode.limit())
        })
    }

    /// Somebody has gone. Says whether that was one of those before the request.
    pub(super) fn remove(&mut self, key: &[u8]) -> bool {
        let before = self.earlier.len();
        self.earlier.retain(|earlier| earlier.key.as_bytes() != key);
        self.earlier.len() < before
    }

    /// At another time, none but those were there.
    ///
    /// What has been heard since then may be newer, so nobody comes back.
    pub(super) fn keep_only(&mut self, there: &Self) {
        self.earlier.retain(|earlier| there.earlier.contains(earlier));
        self.seen = self.seen.max(there.seen);
    }

    /// Whom to watch while it is not its turn.
    pub(super) fn watched(&self) -> Watched<'_> {
        let key = |nth: usize| {
            let index = self.earlier.len().checked_sub(nth)?;
            self.earlier.get(index).map(|earlier| earlier.key.as_str())
        };
        match (self.mode, key(1)) {
            (Mode::Exclusive, Some(predecessor)) => Watched::Keys(predecessor, key(2)),
            _ => Watched::Everybody,
        }
    }
}

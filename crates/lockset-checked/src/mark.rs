//! What a lock is known by, apart from all others.

use core::fmt;
use std::borrow::Cow;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::claim::Rules;
use crate::graph;

/// Where in the source something happened.
pub(crate) type Site = &'static Location<'static>;

/// What the user has said of a lock.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) class: Option<&'static str>,
    pub(crate) rules: Rules,
    /// Where the wrapper was made.
    pub(crate) made: Site,
}

/// A lock's place in the graph: its own, or that of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NodeId {
    Lock(u64),
    Class(&'static str),
}

/// One lock. All its handles, clones and guards share it; with the last of them its place in the
/// graph goes, and its number is never given to another.
#[derive(Debug)]
pub(crate) struct Mark {
    pub(crate) id: u64,
    pub(crate) said: Said,
    /// Whether a guard of this lock was ever dropped by another than who had acquired it.
    sends_guards: AtomicBool,
}

impl Mark {
    pub(crate) fn new(said: Said) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Relaxed: the number only has to be unlike every other.
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { id, said, sends_guards: AtomicBool::new(false) }
    }

    pub(crate) fn node(&self) -> NodeId {
        self.said.class.map_or(NodeId::Lock(self.id), NodeId::Class)
    }

    pub(crate) fn rules(&self) -> Rules {
        self.said.rules
    }

    pub(crate) fn sends_guards(&self) -> bool {
        // Relaxed, here and below: a hint that guards nothing; seen late, it is seen next time.
        self.said.rules.guards_are_sent || self.sends_guards.load(Ordering::Relaxed)
    }

    pub(crate) fn has_sent_a_guard(&self) {
        // Relaxed: see above.
        self.sends_guards.store(true, Ordering::Relaxed);
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        // A class stays: there are as many as the source has words for.
        if self.said.class.is_none() {
            graph::forget_lock(self.node());
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Said { name, class, made, .. } = &self.said;
        match (name, class) {
            (Some(name), _) => write!(f, "`{name}`"),
            (None, Some(class)) => write!(f, "a lock of class `{class}`"),
            // The number tells two apart that one line has made.
            (None, None) => write!(f, "lock {} (made at {made})", self.id),
        }
    }
}

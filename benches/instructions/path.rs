//! What is counted: a path, and how it is called.

use std::hint::black_box;

/// The same work, done by several locks.
pub(crate) struct Group {
    pub(crate) what: &'static str,
    /// The path that is 1.00 in the table.
    pub(crate) baseline: &'static str,
    pub(crate) paths: &'static [Path],
}

/// The way through one lock that nobody else uses.
pub(crate) struct Path {
    pub(crate) who: &'static str,
    /// Takes it so many times.
    pub(crate) run: fn(times: u32),
}

impl Path {
    pub(crate) const fn new(who: &'static str, run: fn(u32)) -> Self {
        Self { who, run }
    }
}

/// What is subtracted from all others.
pub(crate) const NOTHING: Group = Group {
    what: "nothing",
    baseline: "nothing",
    paths: &[Path::new("nothing", |times| repeat(times, &(), |()| black_box(())))],
};

/// Calls `path`, which is compiled into a function of its own: what the loop does with its
/// registers is no business of the lock's.
pub(crate) fn repeat<L>(times: u32, lock: &L, path: impl Fn(&L) + Copy) {
    for _ in 0..times {
        once(black_box(lock), path);
    }
}

/// As [`repeat`], for what changes as it is locked.
pub(crate) fn repeat_mut<L>(times: u32, lock: &mut L, path: impl Fn(&mut L) + Copy) {
    for _ in 0..times {
        once_mut(black_box(&mut *lock), path);
    }
}

#[inline(never)]
fn once<L>(lock: &L, path: impl Fn(&L)) {
    path(lock);
}

#[inline(never)]
fn once_mut<L>(lock: &mut L, path: impl Fn(&mut L)) {
    path(lock);
}

//! What ratios are given to.

use crate::entry::{Origin, Primitive, is_called};
use crate::report::{LockReport, Report};
use crate::scenario::ALONE;

/// The lock that is 1 among those of its kind; of leases, among those of its server.
///
/// The one that is asked for; else the one that people would pick first; else the first of ours.
pub(crate) fn base_of<'r>(
    report: &'r Report,
    lock: &LockReport,
    against: Option<&str>,
) -> Option<&'r LockReport> {
    let is_sound = |lock: &&LockReport| lock.fault.is_none();
    let candidates =
        || report.of(lock.primitive).filter(|other| other.server == lock.server).filter(is_sound);
    let named = |name: &str| candidates().find(|other| is_called(&other.name, name));
    let first = |origin| candidates().find(|other| other.origin == origin);
    let base = match against.or(usual(lock.primitive)) {
        Some(name) => named(name),
        None => first(Origin::Rival),
    };
    base.or_else(|| first(Origin::Ours))
}

/// The lock that people would pick first; of leases that depends on the server, and is the rival
/// that is listed first there.
fn usual(primitive: Primitive) -> Option<&'static str> {
    match primitive {
        Primitive::Mutex => Some("parking_lot"),
        Primitive::Semaphore => Some("tokio"),
        Primitive::File => Some("bare flock"),
        Primitive::Lease => None,
    }
}

/// What the progression counts in: the uncontended mutex, and the bare round trip to the server of
/// this lock.
pub(crate) struct Yardsticks {
    mutex_ns: Option<f64>,
    round_trips: Vec<(String, f64)>,
}

impl Yardsticks {
    pub(crate) fn of(report: &Report) -> Self {
        let pair = |lock: &LockReport| lock.row(&ALONE).map(|row| row.time_ns());
        let is_bare = |lock: &&LockReport| lock.origin == Origin::Bare;
        let round_trips = report.of(Primitive::Lease).filter(is_bare);
        let round_trips = round_trips.filter_map(|ping| Some((ping.server.clone()?, pair(ping)?)));
        Self {
            mutex_ns: report.lock(Primitive::Mutex, "Mutex").and_then(pair),
            round_trips: round_trips.collect(),
        }
    }

    /// How many uncontended mutexes fit in.
    pub(crate) fn mutexes(&self, ns: f64) -> Option<f64> {
        self.mutex_ns.map(|mutex| ns / mutex)
    }

    /// How many round trips to the lock's server; to one like it, if it is a quorum.
    pub(crate) fn round_trips(&self, lock: &LockReport, ns: f64) -> Option<f64> {
        let server = lock.server.as_deref()?;
        let is_there = |(name, _): &&(String, f64)| way(name) == way(server);
        let exact = self.round_trips.iter().find(|(name, _)| name == server);
        exact.or_else(|| self.round_trips.iter().find(is_there)).map(|(_, trip)| ns / trip)
    }
}

/// Where a server is, of a name such as `redis, 1 ms away`.
fn way(name: &str) -> &str {
    name.split_once(", ").map_or("", |(_, way)| way)
}

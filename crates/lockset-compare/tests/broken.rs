//! A lock that cheats is reported as broken, and not as fast: the broken locks of the conformance
//! suite, put beside the others.

#[allow(dead_code, reason = "the suite has uses for all of it, and this file for a part")]
#[path = "../../lockset-conformance/tests/fixtures/file.rs"]
mod file;
#[allow(dead_code, reason = "the suite has uses for all of it, and this file for a part")]
#[path = "../../lockset-conformance/tests/fixtures/lease.rs"]
mod lease;
#[allow(dead_code, reason = "the suite has uses for all of it, and this file for a part")]
#[path = "../../lockset-conformance/tests/fixtures/mutex.rs"]
mod mutex;
#[allow(dead_code, reason = "the suite has uses for all of it, and this file for a part")]
#[path = "../../lockset-conformance/tests/fixtures/semaphore.rs"]
mod semaphore;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use file::{AtPath, ExistsIsLocked, OneDescriptor, Unlinks};
use lockset_api::{Deadline, Lock, Permits};
use lockset_compare::{
    CROWD, Entry, Fault, Group, Origin, Outcome, Place, Primitive, Rival, TABLE, Timed, mutexes,
};
use lockset_conformance::Subject;

/// A lock of this process that all contenders share.
struct Shared<L>(Arc<L>);

impl<L: Lock + Default + Send + Sync + 'static> Rival for Shared<L> {
    fn open(_: &Place) -> Self {
        Self(Arc::default())
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _guard = self.0.lock().unwrap();
        inside()
    }
}

impl<L: Lock + Default + Send + Sync + 'static> Timed for Shared<L> {
    fn section_within<T>(&mut self, limit: Duration, inside: impl FnOnce() -> T) -> Option<T> {
        let _guard = self.0.lock_until(Deadline::after(limit)).unwrap()?;
        Some(inside())
    }
}

/// The semaphore that lets one too many in.
struct TooMany(Arc<semaphore::OneTooMany>);

impl Rival for TooMany {
    fn open(_: &Place) -> Self {
        Self(Arc::new(semaphore::OneTooMany::new(1)))
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _permit = self.0.acquire(1).unwrap();
        inside()
    }
}

/// A lock that is a file.
struct OfFile<L>(L, std::path::PathBuf);

impl<L: AtPath + Send + Sync> Rival for OfFile<L> {
    fn open(place: &Place) -> Self {
        Self(L::at(&place.file()), place.file())
    }
    fn another(&self) -> Self {
        Self(L::at(&self.1), self.1.clone())
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _guard = self.0.lock().map_err(|error| error.to_string()).unwrap();
        inside()
    }
}

/// A lease whose release gives back whatever is held: by a waiter that gives up, the holder's.
struct ReleasesAnybody(Arc<lease::Kept>, lockset::RemoteLock);

impl Rival for ReleasesAnybody {
    fn open(_: &Place) -> Self {
        let kept = Arc::new(lease::Kept::on_sqlite(lease::Spoil::ReleasesAnybody));
        let lock = kept.open();
        Self(kept, lock)
    }
    fn another(&self) -> Self {
        Self(Arc::clone(&self.0), self.0.open())
    }
    fn section<T>(&mut self, inside: impl FnOnce() -> T) -> T {
        let _lease = self.1.lock().unwrap();
        inside()
    }
}

impl Timed for ReleasesAnybody {
    fn section_within<T>(&mut self, limit: Duration, inside: impl FnOnce() -> T) -> Option<T> {
        let _lease = self.1.lock_until(Deadline::after(limit)).unwrap()?;
        Some(inside())
    }
}

fn entry<R: Rival>(primitive: Primitive) -> Entry {
    Entry::new::<R>(primitive, Origin::Rival, "broken on purpose")
}

/// Measures it in the crowd.
fn crowded(entry: &Entry) -> Outcome {
    let dir = tempfile::tempdir().unwrap();
    entry.run(&CROWD, dir.path(), "lock".to_owned(), 2, 1).expect("all locks have a crowd")
}

#[track_caller]
fn is_broken(outcome: Outcome, word: &str) {
    match outcome {
        Err(Fault::Broken(why)) => assert!(why.contains(word), "{why}"),
        Err(other) => panic!("not broken but {other}"),
        Ok(sample) => panic!("it passed with {} operations", sample.operations),
    }
}

#[test]
fn a_mutex_that_checks_and_then_sets() {
    let broken = entry::<Shared<mutex::CheckThenSet>>(Primitive::Mutex);
    is_broken(crowded(&broken), "increments");
}

#[test]
fn a_semaphore_of_one_too_many() {
    is_broken(crowded(&entry::<TooMany>(Primitive::Semaphore)), "increments");
}

#[test]
fn file_locks_that_unlink_or_share_a_descriptor() {
    is_broken(crowded(&entry::<OfFile<Unlinks>>(Primitive::File)), "increments");
    is_broken(crowded(&entry::<OfFile<OneDescriptor>>(Primitive::File)), "increments");
    // Its flaw is another one: it outlives its holder. While nobody dies it excludes.
    let sound = crowded(&entry::<OfFile<ExistsIsLocked>>(Primitive::File));
    assert!(sound.is_ok(), "{:?}", sound.err());
}

/// What it is asked to do makes no difference.
#[test]
fn the_ledger_job_finds_it_too() {
    let real = TABLE.iter().find(|scenario| scenario.group == Group::Real).unwrap();
    let broken = entry::<Shared<mutex::CheckThenSet>>(Primitive::Mutex);
    let outcome = broken.run(real, Path::new(""), String::new(), 4, 1).unwrap();
    is_broken(outcome, "increments");
}

#[test]
fn waits_that_end_early_or_free_another_holder() {
    let timed = TABLE.iter().find(|scenario| scenario.group == Group::Timed).unwrap();
    // Several times the shortest: on a busy machine, who gives up early may be late all the same.
    let run = |entry: Entry| entry.run(timed, Path::new(""), String::new(), 4, 1).unwrap();
    type Early = Shared<mutex::GivesUpEarly>;
    is_broken(run(entry::<Early>(Primitive::Mutex).timed::<Early>()), "before the deadline");
    let frees = entry::<ReleasesAnybody>(Primitive::Lease).timed::<ReleasesAnybody>();
    is_broken(run(frees), "while it was held");
}

/// What is found in the broken ones is not found in those that work.
#[test]
fn a_lock_that_works_passes_everything() {
    let mutexes = mutexes();
    let sound = mutexes.iter().find(|entry| entry.id() == "mutex/Mutex").expect("it is there");
    for scenario in TABLE {
        if let Some(outcome) = sound.run(scenario, Path::new(""), String::new(), 1, 1) {
            let sample = outcome.unwrap_or_else(|fault| panic!("{scenario}: {fault}"));
            assert!(sample.operations > 0 && sample.seconds > 0.0, "{scenario}: {sample:?}");
        }
    }
}

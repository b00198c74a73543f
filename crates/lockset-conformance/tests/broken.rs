//! The suite can fail: for each kind of lock, locks that are broken on purpose, and the checks that
//! must find each of them, by name.
//!
//! Each test also says which checks still pass: a check that fails for no reason of its own would
//! tell nobody what is broken.

mod fixtures {
    pub(crate) mod fenced;
    pub(crate) mod file;
    pub(crate) mod lease;
    pub(crate) mod mutex;
    pub(crate) mod order;
    pub(crate) mod readers;
    pub(crate) mod semaphore;
}

use std::sync::Arc;
use std::time::Duration;

use fixtures::{fenced, file, lease, mutex, order, readers, semaphore};
use lockset_conformance::{Check, failures, lock, permits, process, process_shared};
use lockset_conformance::{fenced as resources, lease as leases, shared};

/// How long a broken lock may hang before that is found out. Enough for a check that passes.
const PATIENCE: Duration = Duration::from_secs(20);

/// The names of the checks that fail.
fn broken<S, const N: usize>(checks: [Check<S>; N], subject: impl Fn() -> S) -> Vec<&'static str>
where
    S: Send + Sync + 'static,
{
    let failures = failures(checks, subject, PATIENCE);
    failures.iter().for_each(|failure| println!("found: {failure}"));
    failures.into_iter().map(|failure| failure.check).collect()
}

#[test]
fn a_mutex_that_checks_and_then_sets() {
    let found = broken(lock::checks(), mutex::shared::<mutex::CheckThenSet>);
    assert_eq!(found, ["excludes_under_contention"]);
}

#[test]
fn a_mutex_that_ignores_deadlines() {
    let found = broken(lock::checks(), mutex::shared::<mutex::DeafToDeadlines>);
    let deadlines = [
        "lock_until_gives_up_at_its_deadline_and_not_before",
        "a_deadline_in_the_past_is_a_try",
        "a_waiter_is_granted_what_is_released",
        "abandoned_waiters_leave_no_trace",
    ];
    assert_eq!(found, deadlines);
}

#[test]
fn a_mutex_that_gives_up_early() {
    let found = broken(lock::checks(), mutex::shared::<mutex::GivesUpEarly>);
    let early = [
        "lock_until_gives_up_at_its_deadline_and_not_before",
        "a_waiter_is_granted_what_is_released",
    ];
    assert_eq!(found, early);
}

#[test]
fn a_mutex_that_a_panic_leaves_locked() {
    let found = broken(lock::checks(), mutex::shared::<mutex::LockedByPanic>);
    assert_eq!(found, ["a_panic_releases"]);
}

#[test]
fn a_mutex_whose_try_lock_lets_everybody_in() {
    let found = broken(lock::checks(), mutex::shared::<mutex::AlwaysYes>);
    assert!(found.contains(&"try_lock_tells_held_from_free"), "{found:?}");
}

/// Its parts are watched for deadlocks, so it is found out whether or not two threads meet.
#[test]
fn a_lock_that_takes_its_two_parts_in_either_order() {
    let failures = failures(lock::checks(), mutex::shared::<order::EitherOrder>, PATIENCE);
    let contended = failures.iter().find(|it| it.check == "excludes_under_contention");
    assert!(contended.is_some_and(|it| it.seen.contains("panicked")), "{failures:?}");
}

#[test]
fn a_semaphore_with_one_permit_too_many() {
    let found = broken(permits::checks(), || semaphore::Made(semaphore::OneTooMany::new));
    assert!(found.contains(&"no_more_than_there_are"), "{found:?}");
}

#[test]
fn a_semaphore_that_loses_a_permit_to_whoever_gives_up() {
    let found = broken(permits::checks(), || semaphore::Made(semaphore::LosesPermits::new));
    assert!(found.contains(&"a_wait_gives_up_at_its_deadline_and_not_before"), "{found:?}");
    assert!(found.contains(&"abandoned_waiters_lose_no_permit"), "{found:?}");
    assert!(!found.contains(&"no_more_than_there_are"), "{found:?}");
}

#[test]
fn a_file_lock_that_removes_its_file() {
    let found = broken(process::checks(), file::Dir::<file::Unlinks>::new);
    assert_eq!(found, ["processes_lose_no_update"]);
}

#[test]
fn a_file_lock_that_knows_processes_but_not_threads() {
    assert_eq!(broken(process::checks(), file::Dir::<file::OneDescriptor>::new), [""; 0]);
    let found = broken(lock::checks(), file::Dir::<file::OneDescriptor>::new);
    assert!(found.contains(&"excludes_under_contention"), "{found:?}");
    assert!(found.contains(&"try_lock_tells_held_from_free"), "{found:?}");
}

#[test]
fn a_file_lock_whose_readers_are_writers() {
    let found = broken(shared::checks(), file::Dir::<file::NeverShares>::new);
    assert!(found.contains(&"readers_share"), "{found:?}");
    let found = broken(process_shared::checks(), file::Dir::<file::NeverShares>::new);
    assert_eq!(found, ["readers_of_several_processes_share"]);
}

#[test]
fn a_file_lock_whose_writers_do_not_see_readers() {
    type Unseen = readers::WithReaders<readers::Unseen>;
    let found = broken(process_shared::checks(), file::Dir::<Unseen>::new);
    let unseen = ["a_writer_is_alone_among_processes", "a_killed_reader_does_not_keep_writers_out"];
    assert_eq!(found, unseen);
}

#[test]
fn a_file_lock_whose_readers_are_counted_dead_or_alive() {
    type Counted = readers::WithReaders<readers::Counted>;
    let found = broken(process_shared::checks(), file::Dir::<Counted>::new);
    assert_eq!(found, ["a_killed_reader_does_not_keep_writers_out"]);
}

#[test]
fn a_file_lock_made_of_a_file_that_a_dead_holder_leaves_behind() {
    let found = broken(process::checks(), file::Dir::<file::ExistsIsLocked>::new);
    assert_eq!(found, ["a_killed_holder_does_not_keep_the_lock"]);
}

/// Runs each broken lease on both stores: what is broken does not depend on the server.
fn broken_lease(spoil: lease::Spoil) -> Vec<&'static str> {
    let sqlite = broken(leases::checks(), || lease::Kept::on_sqlite(spoil));
    let server = testbed::Redis::start().unwrap_or_else(|error| panic!("{error}"));
    let server = Arc::new(server);
    let redis = broken(leases::checks(), || lease::Kept::on_redis(&server, spoil));
    assert_eq!(sqlite, redis, "found on SQLite, and on Redis");
    sqlite
}

#[test]
fn a_lease_that_every_holder_has_the_same_fence_for() {
    let found = broken_lease(lease::Spoil::SameFence);
    assert_eq!(found, ["fences_rise", "fences_rise_under_contention"]);
}

#[test]
fn a_lease_whose_release_frees_whoever_holds_the_lock() {
    assert_eq!(broken_lease(lease::Spoil::ReleasesAnybody), ["a_stale_release_is_harmless"]);
}

#[test]
fn a_lease_that_the_server_gives_away_too_soon() {
    assert_eq!(broken_lease(lease::Spoil::ShortChanged), ["a_loss_is_told_before_the_next_holder"]);
}

fn broken_resource(flaw: fenced::Flaw) -> Vec<&'static str> {
    broken(resources::checks(), || fenced::Resource::new(flaw))
}

#[test]
fn a_resource_that_checks_fences() {
    assert_eq!(broken_resource(fenced::Flaw::None), [""; 0]);
}

#[test]
fn a_resource_that_does_not_look_at_fences() {
    let found = broken_resource(fenced::Flaw::NoCheck);
    let all_but = ["a_holder_may_write_again"];
    let others = resources::checks::<fenced::Resource>().map(|check| check.name());
    assert!(others.iter().all(|name| found.contains(name) != all_but.contains(name)), "{found:?}");
}

#[test]
fn a_resource_that_refuses_the_holder_of_the_newest_fence() {
    let found = broken_resource(fenced::Flaw::OnlyNewer);
    assert!(found.contains(&"a_holder_may_write_again"), "{found:?}");
    assert!(!found.contains(&"of_writes_at_once_the_newest_stays"), "{found:?}");
}

/// In one thread it is without fault.
#[test]
fn a_resource_that_checks_and_then_writes() {
    let found = broken_resource(fenced::Flaw::TwoSteps);
    assert_eq!(found, ["of_writes_at_once_the_newest_stays"]);
}

#[test]
fn a_resource_that_compares_fences_as_texts_or_as_floating_point_numbers() {
    let found = broken_resource(fenced::Flaw::Texts);
    assert!(found.contains(&"fences_are_compared_as_whole_numbers"), "{found:?}");
    let found = broken_resource(fenced::Flaw::Floats);
    assert_eq!(found, ["fences_are_compared_as_whole_numbers"]);
}

#[test]
fn a_resource_that_keeps_whatever_fence_came_last() {
    let found = broken_resource(fenced::Flaw::Forgets);
    assert!(found.contains(&"a_stale_write_is_refused_and_changes_nothing"), "{found:?}");
}

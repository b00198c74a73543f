//! The groups about faults, about shared leases and about order can fail as well: what `broken.rs`
//! is for the others.

mod fixtures {
    pub(crate) mod hurt;
    pub(crate) mod pool;
    pub(crate) mod queue;
}

use std::thread;
use std::time::Duration;

use fixtures::hurt::{Hurt, Spoil};
use fixtures::pool::{self, Pool};
use fixtures::queue::{Next, Queued};
use lockset_conformance::{
    Check, faults, fifo, lease, lock, permits, permits_lease, run, shared, shared_lease,
};

/// How long a broken lock may hang before that is found out. Enough for a check that passes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The names of the checks that fail. All run at once, since most of them wait most of the time.
fn broken<S, const N: usize>(checks: [Check<S>; N], subject: impl Fn() -> S) -> Vec<&'static str>
where
    S: Send + Sync + 'static,
{
    let running = checks.map(|check| {
        let subject = subject();
        thread::spawn(move || run(check, subject, PATIENCE))
    });
    let ended = running.map(|check| check.join().expect("a check's panic is its failure"));
    let failures: Vec<_> = ended.into_iter().filter_map(Result::err).collect();
    failures.iter().for_each(|failure| println!("found: {failure}"));
    failures.into_iter().map(|failure| failure.check).collect()
}

fn hurt(spoil: Spoil) -> Vec<&'static str> {
    broken(faults::checks(), || Hurt::new(spoil))
}

#[test]
fn leases_with_nothing_wrong() {
    assert_eq!(broken(lock::checks(), || Hurt::new(Spoil::Nothing)), [""; 0]);
    assert_eq!(broken(lease::checks(), || Hurt::new(Spoil::Nothing)), [""; 0]);
    assert_eq!(hurt(Spoil::Nothing), [""; 0]);
}

#[test]
fn leases_that_one_failed_renewal_ends() {
    let found = hurt(Spoil::FailedRenewalIsLoss);
    assert!(found.contains(&"a_cut_connection_costs_no_lease"), "{found:?}");
    assert!(found.contains(&"a_short_outage_costs_no_lease"), "{found:?}");
}

#[test]
fn leases_that_only_the_server_ends() {
    let found = hurt(Spoil::TrustsTheServer);
    assert!(found.contains(&"a_long_outage_costs_the_lease_and_is_told_in_time"), "{found:?}");
    assert!(found.contains(&"contenders_never_overlap_whatever_happens"), "{found:?}");
}

#[test]
fn leases_whose_release_is_taken_for_done_when_it_is_sent() {
    let found = hurt(Spoil::ReleaseIsAssumed);
    assert_eq!(found, ["a_release_without_an_answer_is_not_called_one"]);
}

#[test]
fn leases_that_the_server_forgets_with_their_connection() {
    let found = hurt(Spoil::EndsWithItsConnection);
    assert!(found.contains(&"a_cut_connection_costs_no_lease"), "{found:?}");
    assert!(found.contains(&"contenders_never_overlap_whatever_happens"), "{found:?}");
}

#[test]
fn waiters_that_a_cut_makes_deaf() {
    let found = hurt(Spoil::DeafAfterACut);
    assert!(found.contains(&"a_waiter_waits_through_a_fault"), "{found:?}");
}

#[test]
fn attempts_that_are_granted_after_their_waiter_has_gone() {
    let found = hurt(Spoil::OrphanForever);
    assert!(found.contains(&"waiters_that_give_up_in_a_fault_leave_no_trace"), "{found:?}");
}

#[test]
fn fences_that_a_restart_takes_back() {
    assert_eq!(hurt(Spoil::ForgetsItsFence), ["a_restart_takes_no_fence_back"]);
}

#[test]
fn queues_that_serve_the_first_and_the_last() {
    assert_eq!(broken(lock::checks(), || Queued::new(Next::First)), [""; 0]);
    assert_eq!(broken(fifo::checks(), || Queued::new(Next::First)), [""; 0]);
    let found = broken(fifo::checks(), || Queued::new(Next::Last));
    let both = [
        "waiters_are_served_in_the_order_of_arrival",
        "whoever_gives_up_leaves_the_queue_to_the_others",
    ];
    assert_eq!(found, both);
}

/// Those that fail of the groups about shared leases and about leases of permits.
fn pooled(spoil: pool::Spoil) -> Vec<&'static str> {
    let mut found = broken(shared_lease::checks(), || Pool::new(spoil));
    found.extend(broken(permits_lease::checks(), || Pool::new(spoil)));
    found
}

#[test]
fn readers_and_permits_with_nothing_wrong() {
    let pool = || Pool::new(pool::Spoil::Nothing);
    assert_eq!(broken(lock::checks(), pool), [""; 0]);
    assert_eq!(broken(lease::checks(), pool), [""; 0]);
    assert_eq!(broken(shared::checks(), pool), [""; 0]);
    assert_eq!(broken(permits::checks(), pool), [""; 0]);
    assert_eq!(pooled(pool::Spoil::Nothing), [""; 0]);
}

#[test]
fn readers_and_permits_that_end_with_the_latest() {
    let found = pooled(pool::Spoil::OneTimeForAll);
    assert!(found.contains(&"a_reader_whose_time_is_over_does_not_end_another"), "{found:?}");
    assert!(found.contains(&"permits_have_a_time_each"), "{found:?}");
}

#[test]
fn readers_and_permits_that_the_server_gives_away_too_soon() {
    let found = pooled(pool::Spoil::ShortChanged);
    assert!(found.contains(&"a_lost_reader_is_told_before_the_next_writer"), "{found:?}");
    let told = "lost_permits_come_back_and_their_holder_is_told_first";
    assert!(found.contains(&told), "{found:?}");
}

#[test]
fn readers_and_permits_whose_release_is_a_count() {
    let found = pooled(pool::Spoil::ReleaseCounts);
    let both = ["a_stale_release_of_a_reader_is_harmless", "a_stale_release_makes_no_permit"];
    assert_eq!(found, both);
}

#[test]
fn readers_that_raise_no_fence() {
    let found = pooled(pool::Spoil::ReadersHaveNoFence);
    assert_eq!(found, ["fences_rise_between_readers_and_writers"]);
}

//! The checker accepts what a correct lock can do, and names each way in which one can fail.

mod common;

use std::time::Duration;

use common::*;
use lockset_trace::{Event, Fault, History, Violation, What};

/// The violations, one sentence each.
fn sentences(history: &History, limit: usize) -> Vec<String> {
    history.check(limit).violations.iter().map(ToString::to_string).collect()
}

#[test]
fn an_empty_history_is_clean() {
    let verdict = History::default().check(1);
    assert!(verdict.is_ok());
    assert_eq!(verdict.to_string(), "held: 0 grants, at most 0 at a time");
}

#[test]
fn turns_without_overlap_are_clean() {
    let verdict = turns(4, 200).check(1);
    assert!(verdict.is_ok(), "{verdict}");
    assert_eq!((verdict.grants, verdict.peak), (200, 1));
}

#[test]
fn a_hold_may_end_at_the_instant_at_which_the_next_begins() {
    let h = history(&[(1, "a", GOT), (2, "b", GOT), (2, "a", RELEASED), (2, "b", RELEASED)]);
    let verdict = h.check(1);
    assert!(verdict.is_ok(), "{verdict}");
    assert_eq!(verdict.peak, 1);
}

#[test]
fn two_holds_shorter_than_the_clocks_step_may_have_followed_one_another() {
    let h = history(&[(1, "a", GOT), (1, "b", GOT), (1, "a", RELEASED), (1, "b", RELEASED)]);
    assert!(h.check(1).is_ok());
}

#[test]
fn a_hold_without_length_inside_another_is_an_overlap() {
    let h = history(&[(1, "a", GOT), (2, "b", GOT), (2, "b", RELEASED), (3, "a", RELEASED)]);
    assert_eq!(sentences(&h, 1), ["`a` and `b` both held `ledger` for 0 ns from t=1 µs"]);
}

#[test]
fn an_overlap_names_the_holders_and_its_length() {
    let h = history(&[
        (0, "worker 1", WANT),
        (100, "worker 1", GOT),
        (3400, "worker 3", GOT),
        (4600, "worker 1", RELEASED),
        (5000, "worker 3", RELEASED),
    ]);
    let verdict = h.check(1);
    assert_eq!(
        verdict.violations,
        [Violation::Overlap {
            lock: "ledger".into(),
            holders: vec!["worker 1".into(), "worker 3".into()],
            at: Duration::from_micros(3400),
            lasted: Duration::from_micros(1200),
        }]
    );
    assert_eq!(
        verdict.to_string(),
        "BROKEN: 2 at once where 1 is allowed, first at 3.4 ms\n\
         `worker 1` and `worker 3` both held `ledger` for 1.2 ms from t=3.4 ms"
    );
}

#[test]
fn a_hold_that_never_ends_lasts_to_the_end() {
    let h = history(&[(1, "a", GOT), (5, "b", GOT), (9, "b", RELEASED)]);
    assert_eq!(sentences(&h, 1), ["`a` and `b` both held `ledger` for 4 µs from t=4 µs"]);
}

#[test]
fn locks_of_different_names_are_checked_apart() {
    let at = |us, actor, lock, what| Event::new(common::us(us), actor, lock, what);
    let h = History::from_iter([
        at(1, "a", "left", fenced(9)),
        at(2, "b", "right", fenced(9)),
        at(3, "a", "left", RELEASED),
        at(4, "b", "right", RELEASED),
    ]);
    let verdict = h.check(1);
    assert!(verdict.is_ok(), "{verdict}");
    assert_eq!(verdict.peak, 1);
}

#[test]
fn a_semaphore_of_three_may_have_three_holders_and_not_four() {
    let three = [(1, "a", GOT), (2, "b", GOT), (3, "c", GOT), (5, "a", RELEASED)];
    let last = [(6, "d", GOT), (7, "b", RELEASED), (8, "c", RELEASED), (9, "d", RELEASED)];
    let h = history(&[three, last].concat());
    let verdict = h.check(3);
    assert!(verdict.is_ok(), "{verdict}");
    assert_eq!(verdict.peak, 3);

    let mut broken = [three, last].concat();
    broken[4].0 = 4;
    let h = history(&broken);
    let verdict = h.check(3);
    assert_eq!((verdict.peak, verdict.limit), (4, 3));
    assert_eq!(verdict.headline(), "BROKEN: 4 at once where 3 are allowed, first at 3 µs");
    assert_eq!(sentences(&h, 3), ["`a`, `b`, `c` and `d` all held `ledger` for 1 µs from t=3 µs"]);
}

#[test]
fn a_fence_must_not_fall_between_grants_in_order() {
    let h = history(&[
        (0, "a", WANT),
        (1, "a", fenced(7)),
        (2, "a", RELEASED),
        (3, "b", WANT),
        (4, "b", fenced(5)),
        (5, "b", RELEASED),
    ]);
    assert_eq!(
        sentences(&h, 1),
        ["`b` got `ledger` with fence 5, although `a` had got fence 7 before it asked, at t=4 µs"]
    );
}

#[test]
fn grants_that_were_asked_for_at_the_same_time_may_have_fences_in_either_order() {
    // `b` asked before `a` had its answer, so `b`'s fence may have been drawn first: here `b`'s
    // lease ran out on its way to `b`, and `a` had the lock in between.
    let h = history(&[
        (0, "a", WANT),
        (0, "b", WANT),
        (1, "a", fenced(7)),
        (2, "a", RELEASED),
        (4, "b", fenced(5)),
        (5, "b", RELEASED),
    ]);
    assert!(h.check(1).is_ok());
    // Without a `want`, nobody knows when it was asked for.
    let h = history(&[(1, "a", fenced(7)), (2, "a", RELEASED), (3, "b", fenced(5))]);
    assert!(h.check(1).is_ok());
}

#[test]
fn a_fence_must_not_repeat() {
    let h = history(&[
        (1, "a", fenced(7)),
        (2, "a", RELEASED),
        (3, "b", fenced(7)),
        (4, "b", RELEASED),
    ]);
    assert_eq!(sentences(&h, 1), ["`a` and `b` both got `ledger` with fence 7, at t=2 µs"]);
}

#[test]
fn a_stale_write_must_not_be_accepted() {
    let mut events = vec![
        (1, "a", fenced(1)),
        (2, "a", What::Expired),
        (3, "b", fenced(2)),
        (4, "b", wrote(4, 2)),
        (6, "a", wrote(5, 1)),
        (7, "b", RELEASED),
    ];
    assert_eq!(
        sentences(&history(&events), 1),
        ["a write of `a` under `ledger` with fence 1 was accepted after one of `b` with fence 2, \
          at t=5 µs"]
    );
    events[4].2 = What::Refused { fence: Some(1) };
    let verdict = history(&events).check(1);
    assert_eq!(verdict.headline(), "held: 2 grants, at most 1 at a time, 1 write refused");
}

#[test]
fn a_headline_tells_each_kind_of_violation() {
    let h = history(&[
        (1, "a", fenced(1)),
        (2, "b", fenced(2)),
        (4, "b", wrote(3, 2)),
        (6, "a", wrote(5, 1)),
        (8, "a", wrote(7, 1)),
        (9, "a", RELEASED),
        (9, "b", RELEASED),
    ]);
    assert_eq!(
        h.check(1).headline(),
        "BROKEN: 2 at once where 1 is allowed, 2 stale writes accepted, first at 1 µs"
    );
}

#[test]
fn a_late_answer_to_an_early_write_is_no_stale_write() {
    let h = history(&[
        (1, "a", fenced(1)),
        (3, "a", What::Expired),
        (4, "b", fenced(2)),
        (5, "b", wrote(5, 2)),
        (9, "a", wrote(2, 1)),
    ]);
    assert!(h.check(1).is_ok());
}

#[test]
fn a_lease_that_ran_out_may_be_released_or_got_again() {
    let h = history(&[
        (1, "a", GOT),
        (2, "a", What::Expired),
        (3, "b", GOT),
        (4, "b", RELEASED),
        (5, "a", RELEASED),
        (6, "a", GOT),
        (7, "a", What::Expired),
        (8, "a", GOT),
        (9, "a", RELEASED),
    ]);
    assert!(h.check(1).is_ok());
    let first = &h.holds()[0];
    assert_eq!((first.to, first.stale_until), (Some(us(2)), Some(us(5))));
}

#[test]
fn a_record_that_contradicts_itself_is_named() {
    let fault = |events| match &history(events).check(1).violations[..] {
        [Violation::Malformed { fault, actor, .. }] if actor == "a" => *fault,
        other => panic!("one fault of `a`, not {other:?}"),
    };
    assert_eq!(fault(&[(1, "a", RELEASED)]), Fault::ReleasedWithoutHold);
    assert_eq!(fault(&[(1, "a", What::Expired)]), Fault::ExpiredWithoutHold);
    assert_eq!(fault(&[(1, "a", GOT), (2, "a", GOT)]), Fault::GotWhileHolding);
}

#[test]
fn waits_and_overtakings_are_counted() {
    let h = history(&[
        (0, "a", WANT),
        (1, "b", WANT),
        (3, "b", GOT), // overtakes `a`
        (4, "b", RELEASED),
        (5, "c", WANT),
        (6, "b", WANT),
        (7, "b", GOT), // overtakes `a` and `c`
        (8, "b", RELEASED),
        (9, "c", What::GaveUp),
        (10, "a", GOT),
        (11, "a", RELEASED),
    ]);
    let verdict = h.check(1);
    assert_eq!(verdict.overtakings, 2);
    let micros = [verdict.waits.p50, verdict.waits.p99, verdict.waits.max].map(|d| d.as_micros());
    assert_eq!(micros, [2, 10, 10]);
}

/// Of 101 waits, one is long.
#[test]
fn waits_are_negligible_if_nearly_all_are_short() {
    let waiting_for = |micros: u64| {
        let lasting = |n: u64| if n == 50 { 5000 } else { micros };
        let turn = |n| {
            let at = 10_000 * n;
            [(at, "a", WANT), (at + lasting(n), "a", GOT), (at + lasting(n), "a", RELEASED)]
        };
        history(&(0..101).flat_map(turn).collect::<Vec<_>>()).check(1).waits
    };
    assert!(waiting_for(9).are_negligible());
    assert!(!waiting_for(10).are_negligible());
}

#[test]
fn who_still_waits_at_the_end_is_counted() {
    let h = history(&[(0, "a", GOT), (1, "b", WANT), (2, "a", WANT)]);
    assert_eq!(h.check(1).headline(), "held: 1 grant, at most 1 at a time, 2 still waiting");
}

#[test]
fn a_long_list_of_violations_is_cut() {
    let mut events = Vec::new();
    for n in 0..40 {
        let t = 10 * n;
        events.extend([(t, "a", GOT), (t + 1, "b", GOT)]);
        events.extend([(t + 2, "a", RELEASED), (t + 3, "b", RELEASED)]);
    }
    let text = history(&events).check(1).to_string();
    assert_eq!(text.lines().next(), Some("BROKEN: 2 at once where 1 is allowed, first at 1 µs"));
    assert_eq!(text.lines().last(), Some("and 30 more"));
    assert_eq!(text.lines().count(), 12);
}

#[test]
fn four_hundred_thousand_events_are_checked() {
    let good = turns(8, 100_000);
    assert_eq!(good.events().len(), 400_000);
    let verdict = good.check(1);
    assert!(verdict.is_ok(), "{verdict}");
    assert_eq!(verdict.grants, 100_000);

    // The same events with one actor's clock 3 µs late are broken in thousands of places.
    let broken: History = good
        .events()
        .iter()
        .cloned()
        .map(|mut event| {
            if event.actor == "worker 1" {
                event.at = event.at + Duration::from_micros(3);
            }
            event
        })
        .collect();
    assert!(broken.check(1).violations.len() > 1000);
}

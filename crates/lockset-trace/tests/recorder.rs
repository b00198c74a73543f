//! Recording from real threads, and the log that it leaves.

mod common;

use std::sync::{Barrier, Mutex};

use common::*;
use lockset_trace::{History, Recorder, Stamp, What};

#[test]
fn a_real_mutex_is_clean() {
    let (recorder, lock) = (Recorder::new(), Mutex::new(()));
    std::thread::scope(|s| {
        for n in 1..=4 {
            let mut actor = recorder.actor(format!("worker {n}"), "ledger");
            let lock = &lock;
            s.spawn(move || {
                for _ in 0..2000 {
                    actor.want();
                    let guard = lock.lock().unwrap();
                    actor.got();
                    actor.released();
                    drop(guard);
                }
            });
        }
    });
    let verdict = recorder.finish().check(1);
    assert!(verdict.is_ok(), "{verdict}");
    assert_eq!((verdict.grants, verdict.peak), (8000, 1));
}

#[test]
fn no_lock_at_all_is_broken() {
    // One round is enough on a machine with time to spare; the bound is for one without.
    for _ in 0..1000 {
        let (recorder, start) = (Recorder::new(), Barrier::new(2));
        std::thread::scope(|s| {
            for n in 1..=2 {
                let mut actor = recorder.actor(format!("worker {n}"), "nothing");
                let start = &start;
                s.spawn(move || {
                    start.wait();
                    for _ in 0..200 {
                        actor.got();
                        std::thread::yield_now();
                        actor.released();
                    }
                });
            }
        });
        let verdict = recorder.finish().check(1);
        if !verdict.is_ok() {
            assert_eq!(verdict.peak, 2);
            return;
        }
    }
    panic!("two threads without a lock never overlapped");
}

#[test]
fn an_actor_keeps_its_events_until_it_flushes_or_drops() {
    let recorder = Recorder::new();
    let mut actor = recorder.actor("a", "ledger");
    actor.want();
    assert!(recorder.take().events().is_empty());
    actor.flush();
    assert_eq!(recorder.take().events().len(), 1);
    actor.got();
    drop(actor);
    assert_eq!(recorder.finish().events().len(), 1);
}

#[test]
fn each_verb_leaves_its_event() {
    let recorder = Recorder::new();
    let mut actor = recorder.actor("a", "ledger");
    let since = Stamp::now();
    actor.want();
    actor.gave_up();
    actor.got();
    actor.released();
    actor.got_fenced(4);
    actor.paused();
    actor.resumed();
    actor.wrote(since, Some(4));
    actor.refused(Some(4));
    actor.expired_at(Stamp::now());
    drop(actor);
    let history = recorder.finish();
    let whats: Vec<What> = history.events().iter().map(|event| event.what).collect();
    assert_eq!(
        whats,
        [
            What::Want,
            What::GaveUp,
            GOT,
            RELEASED,
            fenced(4),
            What::Paused,
            What::Resumed,
            What::Wrote { since, fence: Some(4) },
            What::Refused { fence: Some(4) },
            What::Expired,
        ]
    );
    assert_eq!(History::from_jsonl(&history.to_jsonl()).unwrap(), history);
}

#[test]
fn a_log_is_one_plain_object_a_line() {
    let log = history(&[
        (1, "a \"b\"", WANT),
        (2, "a \"b\"", GOT),
        (3, "a \"b\"", What::Wrote { since: Stamp::from_nanos(9), fence: Some(7) }),
    ]);
    assert_eq!(
        log.to_jsonl(),
        concat!(
            r#"{"at":1000,"actor":"a \"b\"","lock":"ledger","what":"want"}"#,
            "\n",
            r#"{"at":2000,"actor":"a \"b\"","lock":"ledger","what":"got"}"#,
            "\n",
            r#"{"at":3000,"actor":"a \"b\"","lock":"ledger","what":"wrote","since":9,"fence":7}"#,
            "\n",
        )
    );
    assert_eq!(History::from_jsonl(&log.to_jsonl()).unwrap(), log);
}

#[test]
fn a_bad_line_is_named() {
    let good = history(&[(1, "a", WANT)]).to_jsonl();
    for bad in ["nonsense", r#"{"at":1}"#, r#"{"at":1,"actor":"a","lock":"l","what":"flew"}"#] {
        let error = History::from_jsonl(&format!("{good}\n{bad}\n{good}")).unwrap_err();
        assert_eq!(error.line, 3);
        assert_eq!(error.to_string(), "line 3 of the event log is no event");
        assert!(std::error::Error::source(&error).is_some());
    }
}

#[test]
fn the_logs_of_two_processes_merge_by_time() {
    let ours = history(&[(1, "a", GOT), (4, "a", RELEASED)]);
    let theirs = history(&[(3, "b", GOT), (5, "b", RELEASED)]);
    assert!(ours.check(1).is_ok() && theirs.check(1).is_ok());
    let concatenated = ours.to_jsonl() + &theirs.to_jsonl();
    let merged = ours.merge(theirs);
    assert_eq!(History::from_jsonl(&concatenated).unwrap(), merged);
    assert_eq!(merged.check(1).violations.len(), 1);
}

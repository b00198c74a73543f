//! What the recipes promise, where an example of several processes would not show it for certain.

#![cfg(feature = "sqlite")]

use std::time::Duration;

use lockset::recipes::{
    Claims, Election, JobState, OncePerSlot, Recorded, Slot, SlotFile, SlotRecord, Turn,
};
use lockset::remote::sqlite::Sqlite;
use lockset::{Deadline, Error, ErrorKind, Fence, Lock, Locks};
use tempfile::TempDir;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn locks(&self) -> Locks {
        Locks::new(Sqlite::open(self.0.path().join("locks.db")).unwrap())
    }

    fn record(&self) -> SlotFile {
        SlotFile::open(self.0.path().join("slots")).unwrap()
    }
}

#[test]
fn one_candidate_leads_and_the_next_has_a_higher_term() {
    let place = Place::new();
    let election = || Election::new(place.locks().lock("scheduler").unwrap());
    let (one, other) = (election(), election());
    let leadership = one.campaign().unwrap();
    assert!(leadership.is_current());
    assert!(other.campaign_until(Deadline::after(Duration::ZERO)).unwrap().is_none());
    let term = leadership.term();
    let _ = leadership.resign().unwrap();
    assert!(other.campaign().unwrap().term() > term);
}

#[test]
fn whoever_does_not_lead_sees_who_does() {
    let place = Place::new();
    let election = Election::new(place.locks().lock("scheduler").unwrap().with_note("host a"));
    let mut leaders = Election::new(place.locks().lock("scheduler").unwrap())
        .observe(Duration::from_millis(1))
        .map(Result::unwrap);
    assert_eq!(leaders.next().unwrap(), None);

    let leadership = election.campaign().unwrap();
    let leader = leaders.next().unwrap().unwrap();
    assert_eq!((leader.note.as_deref(), leader.term), (Some("host a"), leadership.term()));

    let _ = leadership.resign().unwrap();
    assert_eq!(leaders.next().unwrap(), None);
}

#[test]
fn a_slot_that_was_begun_is_taken_for_ever() {
    let place = Place::new();
    let nightly = || OncePerSlot::new(place.locks().lock("nightly").unwrap(), place.record());
    let begin = |number, until| nightly().begin(Slot::new(number), until).unwrap();
    let now = Deadline::after(Duration::ZERO);

    let turn = begin(7, Deadline::NEVER);
    assert!(matches!(turn, Turn::Ours(_)));
    assert!(matches!(begin(8, now), Turn::Busy), "slots do not overlap");
    drop(turn);
    assert!(matches!(begin(7, Deadline::NEVER), Turn::Taken));
    assert!(matches!(begin(8, Deadline::NEVER), Turn::Ours(_)));
    // A clock that is slow.
    assert!(matches!(begin(6, Deadline::NEVER), Turn::Ours(_)), "nobody has run that");
    assert!(matches!(begin(8, Deadline::NEVER), Turn::Taken));
}

/// It was paused after it had got the lock, and the next holder has come and gone.
#[test]
fn a_holder_that_is_not_the_newest_begins_nothing() {
    let record = Place::new();
    let record = record.record();
    assert_eq!(record.record(Slot::new(7), Fence::new(2)).unwrap(), Recorded::Now);
    let error = record.record(Slot::new(8), Fence::new(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Lost);
    let by_the_newest = record.record(Slot::new(8), Fence::new(3)).unwrap();
    assert_eq!(by_the_newest, Recorded::Now, "it had not been written down");
}

#[test]
fn a_record_that_is_none_is_not_overwritten() {
    let place = Place::new();
    let record = place.record();
    let file = lockset::file::FencedFile::open(place.0.path().join("slots")).unwrap();
    file.write(Fence::new(1), "a shopping list").unwrap();
    let error = record.record(Slot::new(1), Fence::new(2)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("slots"), "{error}");
    assert_eq!(file.read().unwrap().unwrap().bytes, b"a shopping list");
}

#[test]
fn a_job_is_claimed_once_and_only_while_it_is_open() {
    let place = Place::new();
    let claims = || Claims::new(&place.locks(), "jobs");
    let all_open = |_: &str| Ok::<_, Error>(JobState::Open);
    let jobs = ["a", "b"];

    let one = claims().claim(jobs, all_open).unwrap().unwrap();
    let other = claims().claim(jobs, all_open).unwrap().unwrap();
    assert_eq!((one.job(), other.job()), ("a", "b"));
    assert!(claims().claim(jobs, all_open).unwrap().is_none());

    let _ = (one.release().unwrap(), other.release().unwrap());
    // The list is old: somebody has done the first one since.
    let claim = claims()
        .claim(jobs, |job| {
            Ok::<_, Error>(if job == "a" { JobState::Closed } else { JobState::Open })
        })
        .unwrap()
        .unwrap();
    assert_eq!(claim.job(), "b");
    assert_eq!(claims().claim(["a"], all_open).unwrap().unwrap().job(), "a", "it was given back");
}

#[test]
fn a_list_that_cannot_be_read_leaves_no_claim() {
    let place = Place::new();
    let claims = Claims::new(&place.locks(), "jobs").with_ttl(Duration::from_secs(60));
    let error = claims.claim(["a"], |_| Err(Error::new(ErrorKind::Other, "no list"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    let lock = place.locks().lock("jobs/a").unwrap();
    assert!(lock.lock_until(Deadline::after(Duration::from_secs(30))).unwrap().is_some());
}

//! Locks on ranges of bytes.
#![cfg(target_os = "linux")]

mod support;

use std::ops::Bound;

use lockset_api::{ErrorKind, Lock};
use lockset_file::{FileLock, Mode, RangeLock};
use support::lock_file;

#[test]
fn ranges_exclude_each_other_where_they_overlap() {
    let (_dir, path) = lock_file();
    let file = RangeLock::open(&path).expect("opens");
    let held = file.lock(10..20, Mode::Exclusive).expect("locks");
    let is_free = |range: std::ops::Range<u64>| {
        file.try_lock(range, Mode::Exclusive).expect("asks").is_some()
    };
    assert!(is_free(0..10) && is_free(20..30));
    assert!(!is_free(0..11) && !is_free(19..20) && !is_free(12..13) && !is_free(0..100));
    assert!(file.try_lock(.., Mode::Shared).expect("asks").is_none());
    assert!(file.try_lock(..=9, Mode::Shared).expect("asks").is_some());
    drop(held);
    assert!(is_free(0..100));
    let shared = file.lock(.., Mode::Shared).expect("locks");
    assert!(file.try_lock(5.., Mode::Shared).expect("asks").is_some());
    assert!(!is_free(1_000_000..1_000_001));
    drop(shared);
}

#[test]
fn a_waiter_for_a_range_is_served() {
    let (_dir, path) = lock_file();
    let file = RangeLock::open(&path).expect("opens");
    let held = file.lock(0..1, Mode::Exclusive).expect("locks");
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| drop(file.lock(0..1, Mode::Shared).expect("locks")));
        drop(held);
        waiter.join().expect("it is served");
    });
}

/// Those who want the same range share an opening of the file, and those who want others do not.
#[test]
fn readers_of_one_range_and_of_others_share_it() {
    let (_dir, path) = lock_file();
    let file = RangeLock::open(&path).expect("opens");
    let readers = [0..10, 0..10, 5..15].map(|range| file.lock(range, Mode::Shared).expect("locks"));
    let is_free = |range: std::ops::Range<u64>| {
        file.try_lock(range, Mode::Exclusive).expect("asks").is_some()
    };
    let [first, second, overlapping] = readers;
    drop(first);
    assert!(!is_free(0..10) && !is_free(0..1) && !is_free(14..15) && is_free(15..16));
    drop(second);
    assert!(is_free(0..5) && !is_free(0..10));
    drop(overlapping);
    assert!(is_free(0..10));
}

#[test]
fn a_region_shows_itself_and_its_guard_what_it_holds() {
    let (_dir, path) = lock_file();
    let region = RangeLock::open(&path).expect("opens").range(10..=19).expect("a range");
    let guard = region.lock().expect("locks");
    assert_eq!((region.path(), guard.mode()), (path.as_path(), Mode::Exclusive));
    for shown in [format!("{region:?}"), format!("{guard:?}")] {
        assert!(shown.contains("start: 10, length: 10"), "{shown}");
    }
}

#[test]
fn a_range_that_cannot_be_is_refused() {
    let (_dir, path) = lock_file();
    let file = RangeLock::open(&path).expect("opens");
    let kind = |range: (Bound<u64>, Bound<u64>)| {
        file.try_lock(range, Mode::Exclusive).expect_err("it cannot be").kind()
    };
    use Bound::{Excluded, Included, Unbounded};
    let ranges = [
        (Included(5), Excluded(5)),
        (Included(5), Excluded(4)),
        (Included(u64::MAX), Unbounded),
        (Unbounded, Included(u64::MAX)),
        (Excluded(u64::MAX), Unbounded),
        (Included(1 << 62), Excluded(1 << 63)),
    ];
    for range in &ranges[..5] {
        assert_eq!(kind(*range), ErrorKind::Config, "{range:?}");
    }
    assert!(file.try_lock(ranges[5], Mode::Exclusive).is_err());
}

/// As the documentation says, loudly.
#[test]
fn file_locks_and_ranges_do_not_see_each_other() {
    let (_dir, path) = lock_file();
    let _whole = FileLock::open(&path).expect("opens").lock().expect("locks");
    let ranges = RangeLock::open(&path).expect("opens");
    assert!(ranges.try_lock(.., Mode::Exclusive).expect("asks").is_some());
}

//! What a race left: who held the lock when, whether anybody else did, and how it was shared.

use std::time::Duration;

use lockset_compare::stats::jain;

use crate::rival::Figure;

/// One contender had the lock once; in nanoseconds of a clock that all of them share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold {
    pub(crate) contender: usize,
    pub(crate) asked: u64,
    pub(crate) acquired: u64,
    /// Just before it was given back.
    pub(crate) released: u64,
}

/// What a race came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    /// In seconds, from one grant to the next.
    pub(crate) per_lock: f64,
    pub(crate) jain: f64,
    /// In seconds.
    pub(crate) longest_wait: f64,
}

/// The shares of a race that went on for `span`, and then until the last one who waited was served.
///
/// # Errors
///
/// If two had the lock at once. A release needs `one_way` to get to the server, and the news of the
/// next grant as much to get from there; so a grant that is seen sooner after the last release was
/// made before it. That finds two holders also where each holds the lock for no time at all.
pub(crate) fn shares(
    mut holds: Vec<Hold>,
    contenders: usize,
    span: Duration,
    one_way: Duration,
) -> Figure<Shares> {
    holds.sort_by_key(|hold| hold.acquired);
    let least = 2 * nanos(one_way);
    let is_overlap = |two: &&[Hold]| two[1].acquired < two[0].released + least;
    if let Some(two) = holds.windows(2).find(is_overlap) {
        return Err(format!("two had the lock at once: {two:?}"));
    }
    let begin = holds.iter().map(|hold| hold.asked).min().ok_or("nobody got the lock")?;
    let end = begin + nanos(span);
    let mut counts = vec![0_u64; contenders];
    let in_time = holds.iter().take_while(|hold| hold.acquired <= end);
    in_time.for_each(|hold| counts[hold.contender] += 1);
    let count: u64 = counts.iter().sum();
    if count < 2 {
        return Err("it was granted less than twice".to_owned());
    }
    let granted = holds[count as usize - 1].acquired - holds[0].acquired;
    // Also what was asked for in time and granted later: the longest wait may be among those.
    let longest = holds.iter().map(|hold| hold.acquired - hold.asked).max().unwrap_or_default();
    Ok(Shares {
        per_lock: granted as f64 / 1e9 / (count - 1) as f64,
        jain: jain(&counts),
        longest_wait: longest as f64 / 1e9,
    })
}

/// For how long nobody got the lock, at most, from when the first one asked until `span` was over.
pub(crate) fn longest_silence(holds: &[Hold], span: Duration) -> Duration {
    let begin = holds.iter().map(|hold| hold.asked).min().unwrap_or_default();
    let end = begin + nanos(span);
    let mut grants: Vec<u64> = holds.iter().map(|hold| hold.acquired.min(end)).collect();
    grants.extend([begin, end]);
    grants.sort_unstable();
    let longest = grants.windows(2).map(|two| two[1] - two[0]).max();
    Duration::from_nanos(longest.unwrap_or_default())
}

/// Checks the check, with three holds of no length: a whole way apart, and then a bit less.
pub(crate) fn assert_overlaps_are_found(one_way: Duration) {
    let race = |distance: Duration| {
        let at = |nth: u64| nth * nanos(distance);
        let hold = |nth| Hold { contender: 0, asked: 0, acquired: at(nth), released: at(nth) };
        shares((0..3).map(hold).collect(), 1, Duration::from_secs(1), one_way)
    };
    assert!(race(one_way * 2).is_ok(), "a queue is no overlap");
    assert!(race(one_way * 2 - Duration::from_micros(1)).is_err(), "an overlap was not found");
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

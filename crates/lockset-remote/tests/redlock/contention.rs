//! Many who want the lock at once: each has its turn, and none keeps the others from it.

use std::time::Duration;

use crate::masters::{History, Masters, contend};

#[test]
fn eight_contenders_never_livelock() {
    let masters = Masters::with_delays([Duration::from_millis(2); 5]);
    let history = History::default();
    for _ in 0..20 {
        contend(&masters, 8, 5, &history);
    }
    assert_eq!(history.len(), 20 * 8 * 5);
    masters.nothing_is_left_on(&[0, 1, 2, 3, 4]);
}

/// Their messages take different ways, so they come in another order to each master.
#[test]
fn contenders_whose_votes_are_split_all_have_their_turn() {
    let masters = Masters::with_delays([1, 4, 2, 5, 3].map(Duration::from_millis));
    let history = History::default();
    contend(&masters, 8, 10, &history);
    assert_eq!(history.len(), 80);
}

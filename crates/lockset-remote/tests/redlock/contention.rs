//! Many who want the lock at once: each has its turn, and none keeps the others from it.

use std::thread;
use std::time::{Duration, Instant};

use crate::masters::{History, Masters, TTL, contend};

#[test]
fn eight_contenders_never_livelock() {
    let masters = Masters::with_delays([Duration::from_millis(2); 5]);
    let history = History::default();
    for _ in 0..20 {
        let began = Instant::now();
        contend(&masters, 8, 5, &history);
        assert!(began.elapsed() < TTL, "{:?}: votes had to run out", began.elapsed());
    }
    assert_eq!(history.len(), 20 * 8 * 5);
    masters.nothing_is_left_on(&[0, 1, 2, 3, 4]);
}

/// Their messages take different ways, so they come in another order to each master, and votes are
/// split. Nobody has to wait until votes run out.
#[test]
fn contenders_whose_votes_are_split_all_have_their_turn() {
    let orders = [[1, 4, 2, 5, 3], [5, 1, 4, 2, 3], [2, 3, 5, 1, 4], [4, 2, 1, 3, 5]];
    let servers = Masters::five();
    let ways = orders.map(|delays| servers.behind(delays.map(Duration::from_millis)));
    let history = History::default();
    let began = Instant::now();
    thread::scope(|scope| {
        for masters in &ways {
            scope.spawn(|| contend(masters, 2, 15, &history));
        }
    });
    assert_eq!(history.len(), 120);
    assert!(began.elapsed() < TTL, "{:?}: votes had to run out", began.elapsed());
    servers.nothing_is_left_on(&[0, 1, 2, 3, 4]);
}

//! What goes over the wires to five masters, as they tell it themselves.

use std::time::Duration;

use lockset_api::Lock;
use testbed::RedisMonitor;

use crate::masters::{Masters, release};

/// So many that the first votes come late while there are more to come.
const PAIRS: usize = 60;
const ALL: [usize; 5] = [0, 1, 2, 3, 4];

/// Two of them are further away, so that they are told of a release before they have been heard:
/// their votes come late, and are given back once all the same.
#[test]
fn a_pair_is_ten_commands_whenever_the_votes_come() {
    let (near, far) = (Duration::ZERO, Duration::from_millis(5));
    for delays in [[near; 5], [near, far, near, near, far]] {
        let masters = Masters::with_delays(delays);
        let lock = masters.lock();
        // All have been connected to after this, and know the scripts.
        let lease = lock.lock().unwrap();
        testbed::eventually("all have voted", || {
            ALL.iter().all(|&node| masters.entries(node) == 1)
        });
        release(lease);
        masters.nothing_is_left_on(&ALL);
        let watch = |node| masters.server(node).monitor().unwrap();
        let mut monitors: Vec<RedisMonitor> = ALL.into_iter().map(watch).collect();
        for _ in 0..PAIRS {
            release(lock.lock().unwrap());
        }
        for (node, monitor) in monitors.iter_mut().enumerate() {
            let mut calls = move || {
                let sent = monitor.commands().unwrap().into_iter();
                sent.filter(|line| line.contains("\"EVALSHA\""))
            };
            let mut sent: Vec<String> = Vec::new();
            testbed::eventually("the last vote has come and is given back", || {
                sent.extend(calls());
                // Only an attempt says where a push should go.
                let votes = sent.iter().filter(|call| call.contains("\"lockset:push:")).count();
                votes == PAIRS && masters.entries(node) == 0
            });
            // The last one may have been given back after it was asked what was sent.
            sent.extend(calls());
            assert_eq!(sent.len(), 2 * PAIRS, "to {node}: {sent:#?}");
        }
    }
}

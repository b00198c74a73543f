//! The quorum's rules, each to the millisecond: five nodes in memory, which count as real ones do
//! and are hurt in simulated time.

mod node;

use std::sync::Arc;
use std::time::Duration;

use lockset_api::{AsyncLock, Deadline, End, ErrorKind, Lease as _, Loss, Released};
use lockset_remote::{LeaseStore, Locks, RemoteLock, Renewal, redlock::Redlock};
use tokio::runtime::{Builder, Handle};

use node::{Node, now, pass};

const TTL: Duration = Duration::from_secs(10);
/// What is left of a TTL when the clocks' drift is allowed for.
const CERTAIN: Duration = Duration::from_millis(10_000 - 100 - 2);
/// Beyond every clock, so that a client's floor has no part in what is counted.
const AHEAD: u64 = 1 << 60;

/// Runs a test on five nodes in simulated time.
fn simulate<F: Future<Output = ()>>(test: impl FnOnce([Node; 5]) -> F) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async { test([0, 1, 2, 3, 4].map(Node::new)).await });
}

/// The lock, as a process of its own has it.
fn lock(nodes: &[Node]) -> RemoteLock {
    let store = |node: &Node| Arc::new(node.clone()) as Arc<dyn LeaseStore>;
    let quorum = Redlock::new(nodes.iter().map(store).collect()).unwrap();
    Locks::on(&Handle::current(), quorum).lock("job").and_then(|lock| lock.with_ttl(TTL)).unwrap()
}

async fn release(lease: lockset_remote::RemoteLease) {
    assert_eq!(lease.release_async().await.unwrap(), Released::InTime);
}

#[test]
fn a_healthy_quorum_answers_alike_and_no_fence_is_raised() {
    simulate(async |nodes| {
        let mut last = None;
        for _ in 0..20 {
            // Each time somebody who has seen nothing.
            let lease = lock(&nodes).lock_async().await.unwrap();
            assert!(Some(lease.fence()) > last);
            last = Some(lease.fence());
            release(lease).await;
        }
        assert!(nodes.iter().all(|node| node.raises() == 0));
    });
}

/// The slowest of the majority decides, and what comes later neither delays it nor is left over.
#[test]
fn a_slow_minority_costs_nothing_and_late_votes_are_given_back() {
    simulate(async |nodes| {
        [0, 3].into_iter().for_each(|node| nodes[node].delay(Duration::from_millis(500)));
        [1, 2, 4].into_iter().for_each(|node| nodes[node].delay(Duration::from_millis(10)));
        let began = now();
        let lease = lock(&nodes).lock_async().await.unwrap();
        assert!(now() - began < Duration::from_millis(15), "{:?}", now() - began);
        release(lease).await;
        assert!(now() - began < Duration::from_millis(30), "{:?}", now() - began);
        pass(Duration::from_secs(3)).await;
        assert!(nodes.iter().all(|node| node.holder().is_none()), "a late vote was kept");
    });
}

#[test]
fn a_late_vote_for_a_lease_in_hand_is_kept_until_it_is_released() {
    simulate(async |nodes| {
        nodes[4].delay(Duration::from_millis(500));
        let lease = lock(&nodes).lock_async().await.unwrap();
        pass(Duration::from_secs(3)).await;
        assert!(nodes[4].holder().is_some());
        release(lease).await;
        pass(Duration::from_secs(3)).await;
        assert!(nodes[4].holder().is_none());
    });
}

/// The time of both rounds is part of the lease.
#[test]
fn a_lease_counts_from_before_the_first_message_of_the_first_round() {
    simulate(async |nodes| {
        let way = Duration::from_millis(700);
        for (node, count) in nodes.iter().zip([5, 4, 3, 2, 1]) {
            node.delay(way);
            node.count_from(AHEAD + count);
        }
        let began = now();
        let lease = lock(&nodes).with_renewal(Renewal::Never).lock_async().await.unwrap();
        assert!(now() - began >= way * 2, "it took one round");
        assert_eq!(lease.remaining() + (now() - began), CERTAIN);
    });
}

#[test]
fn a_renewal_needs_a_majority_of_all_and_not_of_those_won() {
    simulate(async |nodes| {
        [3, 4].into_iter().for_each(|node| nodes[node].silence());
        let lease = lock(&nodes).lock_async().await.unwrap();
        pass(TTL * 2).await;
        assert!(!lease.lost().is_lost());
        nodes[2].silence();
        let silent = now();
        assert_eq!(lease.lost().await, End::Lost(Loss::Expired));
        assert!(now() - silent <= TTL, "it went on for {:?} with two of five", now() - silent);
    });
}

#[test]
fn it_is_gone_when_a_majority_says_so_and_no_sooner() {
    simulate(async |nodes| {
        let lease = lock(&nodes).lock_async().await.unwrap();
        // The late votes come in as well.
        pass(TTL).await;
        [0, 1].into_iter().for_each(|node| nodes[node].forget_holder());
        pass(TTL * 3).await;
        assert!(!lease.lost().is_lost(), "two of five said that it was gone");
        // A fault besides is a fault, and tried again until the time is over.
        nodes[2].stop();
        pass(TTL / 2).await;
        assert!(!lease.lost().is_lost(), "a fault counted as a loss");
        nodes[2].heal();
        pass(TTL * 3).await;
        assert!(!lease.lost().is_lost());
        nodes[2].forget_holder();
        let gone = now();
        assert_eq!(lease.lost().await, End::Lost(Loss::Revoked));
        assert!(now() - gone <= TTL / 2);
    });
}

/// A node that did not hear of the release is told again.
#[test]
fn a_release_that_was_lost_is_made_up_for() {
    simulate(async |nodes| {
        let lease = lock(&nodes).lock_async().await.unwrap();
        pass(Duration::from_secs(1)).await;
        nodes[1].deafen();
        nodes[4].stop();
        release(lease).await;
        pass(Duration::from_secs(3)).await;
        assert!(nodes[1].holder().is_some() && nodes[4].holder().is_some());
        [1, 4].into_iter().for_each(|node| nodes[node].heal());
        pass(Duration::from_secs(3)).await;
        assert!(nodes.iter().all(|node| node.holder().is_none()), "a vote was kept");
    });
}

#[test]
fn votes_that_are_too_few_are_given_back_and_the_lock_can_be_had_by_another() {
    simulate(async |nodes| {
        [2, 3, 4].into_iter().for_each(|node| nodes[node].take(TTL * 100));
        let lock = lock(&nodes);
        assert!(lock.try_lock_async().await.unwrap().is_none());
        pass(Duration::from_millis(1)).await;
        assert!([0, 1].iter().all(|&node| nodes[node].holder().is_none()), "a vote was kept");
        let patient = lock.acquire(Deadline::at(now() + TTL));
        assert!(patient.await.unwrap().is_none());
        pass(Duration::from_millis(1)).await;
        assert!([0, 1].iter().all(|&node| nodes[node].holder().is_none()), "a vote was kept");
        nodes[3].forget_holder();
        release(lock.lock_async().await.unwrap()).await;
    });
}

/// Nobody waits for those who do not answer once it is known that they do not matter.
#[test]
fn a_try_is_refused_without_waiting_for_silent_nodes() {
    simulate(async |nodes| {
        nodes[4].silence();
        [0, 1].into_iter().for_each(|node| nodes[node].take(TTL));
        // Two have voted for it, two have not, and one does not answer.
        let began = now();
        assert!(lock(&nodes).try_lock_async().await.unwrap().is_none());
        assert!(now() - began < Duration::from_millis(20), "{:?}", now() - began);
    });
}

#[test]
fn without_a_majority_there_is_an_error_and_nothing_is_left() {
    simulate(async |nodes| {
        [1, 2, 3].into_iter().for_each(|node| nodes[node].silence());
        let error = lock(&nodes).lock_async().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown, "{error}");
        assert!(error.to_string().contains("redlock:"), "{error}");
        pass(Duration::from_millis(10)).await;
        assert!([0, 4].iter().all(|&node| nodes[node].holder().is_none()));
        // They did hear it, and are told again when they answer.
        [1, 2, 3].into_iter().for_each(|node| nodes[node].heal());
        pass(TTL / 2).await;
        assert!(nodes.iter().all(|node| node.holder().is_none()), "a vote was kept");
    });
}

/// The greatest reply of the majority is made everybody's: else the next majority, which has one
/// node with the last in common, could have a smaller one.
#[test]
fn the_fence_of_a_majority_is_greater_than_that_of_every_majority_before() {
    simulate(async |nodes| {
        nodes[0].count_from(AHEAD + 100);
        (1..5).for_each(|node| nodes[node].count_from(AHEAD));
        let mut last = None;
        for silent in [[3, 4], [0, 1], [0, 4], [1, 2], [2, 3], [0, 3]] {
            silent.into_iter().for_each(|node| nodes[node].silence());
            // Somebody who has not seen the others' fences.
            let lease = lock(&nodes).lock_async().await.unwrap();
            assert!(Some(lease.fence()) > last, "{} after {last:?}", lease.fence());
            last = Some(lease.fence());
            let agreed = |node: &&Node| node.counter() == lease.fence().value();
            assert!(nodes.iter().filter(agreed).count() >= 3, "no majority has counted to it");
            release(lease).await;
            silent.into_iter().for_each(|node| nodes[node].heal());
            pass(TTL * 3).await;
        }
    });
}

/// A vote that ran out between the two rounds counts for nothing.
#[test]
fn a_fence_that_a_majority_does_not_confirm_is_not_granted() {
    simulate(async |nodes| {
        nodes[0].count_from(AHEAD + 100);
        (1..3).for_each(|node| nodes[node].count_from(AHEAD));
        [3, 4].into_iter().for_each(|node| nodes[node].take(TTL * 100));
        // The votes of two are lost before they are asked to raise their counters.
        [1, 2].into_iter().for_each(|node| nodes[node].refuse_raises(1));
        assert!(lock(&nodes).try_lock_async().await.unwrap().is_none());
        pass(Duration::from_millis(1)).await;
        assert!((0..3).all(|node| nodes[node].holder().is_none()), "a vote was kept");
        release(lock(&nodes).lock_async().await.unwrap()).await;
    });
}

/// Nobody pushes here, so each looks again after a random while.
#[test]
fn contenders_on_nodes_that_only_answer_all_have_their_turn() {
    simulate(async |nodes| {
        (0..5).for_each(|node| nodes[node].delay(Duration::from_millis(2)));
        let mut turns = Vec::new();
        let began = now();
        for _ in 0..8 {
            let lock = lock(&nodes);
            turns.push(tokio::spawn(async move {
                for _ in 0..10 {
                    release(lock.lock_async().await.unwrap()).await;
                }
            }));
        }
        for turn in turns {
            turn.await.unwrap();
        }
        assert!(now() - began < Duration::from_secs(20), "{:?} for 80 turns", now() - began);
        pass(Duration::from_secs(1)).await;
        assert!(nodes.iter().all(|node| node.holder().is_none()));
    });
}

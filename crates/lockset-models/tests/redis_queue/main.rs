//! The line in front of a Redis lock, and how the lock goes from one to the next.
//!
//! A release hands the lock to the first in line, in the same script, and pushes the news to that
//! waiter's connection. The server knows how many listen there, so a connection that it knows to be
//! gone is skipped; one that it does not know to be gone swallows the news. Nobody hands over for a
//! holder that died. So each waiter looks again when the holder's lease is over.
//!
//! Here messages take any time, connections break with all that is on its way, clients die, and
//! waiters give up; leases and places in line end by the server's clock, in ticks. A client counts
//! what is left of its lease from when it asked, or from when the server handed over: earlier than
//! the server does, never later.

mod protocol;
mod server;

use lockset_models::{Extent, always_ends, explore, is_deep, refute};
use protocol::{AT_ONCE, Broken, IN_ORDER, NOT_TO_THE_DEAD, Queue, SERVED, SOLE_HOLDER};

const PROTOCOL: Queue = Queue { clients: 3, cuts: 1, deaths: 1, give_ups: 1, broken: None };

/// What is worth a minute now and then: more of everything, or one more to wait.
const DEEP: [Queue; 2] = [
    Queue { clients: 3, cuts: 2, deaths: 2, give_ups: 2, broken: None },
    Queue { clients: 4, cuts: 0, deaths: 1, give_ups: 0, broken: None },
];

#[test]
fn the_line_is_served_in_order_and_to_its_end() {
    let models = if is_deep() { &DEEP[..] } else { &[PROTOCOL] };
    for model in models {
        let explored = explore(model, Extent::Exhaustive);
        println!("Redis's line, {} clients: {explored}", model.clients);
        explored.expect_all_hold();
    }
}

/// What `nobody waits for ever` rests on: it asks only where no step is left.
#[test]
fn every_run_ends() {
    assert!(always_ends(&PROTOCOL));
}

/// Two clients, of whom nobody gives up, dies or loses its connection.
const QUIET: Queue = Queue { clients: 2, cuts: 0, deaths: 0, give_ups: 0, broken: None };

fn mutant(name: &str, broken: Broken, model: &Queue, property: &'static str) {
    let found = refute(&Queue { broken: Some(broken), ..model.clone() }, property);
    println!("{name}: {found}");
}

#[test]
fn mutant_a_release_that_does_not_serve_the_line() {
    mutant("a release that does not serve the line", Broken::ReleaseDoesNotServe, &QUIET, AT_ONCE);
}

#[test]
fn mutant_the_count_of_those_who_listen_ignored() {
    let name = "the count of those who listen ignored";
    let a_death = Queue { deaths: 1, ..QUIET };
    mutant(name, Broken::ListenersAreNotCounted, &a_death, NOT_TO_THE_DEAD);
}

#[test]
fn mutant_a_newcomer_that_passes_the_line() {
    let name = "a newcomer that passes the line";
    let three = Queue { clients: 3, deaths: 1, ..QUIET };
    mutant(name, Broken::NewcomerPassesTheLine, &three, IN_ORDER);
}

/// Its holder has died, and nobody else will tell.
#[test]
fn mutant_a_waiter_that_never_looks_again() {
    let name = "a waiter that never looks again";
    mutant(name, Broken::WaiterNeverLooks, &Queue { deaths: 1, ..QUIET }, SERVED);
}

#[test]
fn mutant_a_look_that_costs_the_place() {
    let name = "a look that costs the place";
    let three = Queue { clients: 3, cuts: 1, ..QUIET };
    mutant(name, Broken::LookCostsThePlace, &three, IN_ORDER);
}

#[test]
fn mutant_a_lease_counted_from_the_receipt_of_the_news() {
    let name = "a lease counted from the receipt of the news";
    mutant(name, Broken::LeaseCountsFromReceipt, &QUIET, SOLE_HOLDER);
}

/// This was so until the model showed it.
#[test]
fn mutant_a_holder_that_asks_again_and_is_not_renewed() {
    let name = "a holder that asks again and is not renewed";
    mutant(name, Broken::AskedAgainDoesNotRenew, &Queue { cuts: 1, ..QUIET }, SOLE_HOLDER);
}

//! The fence of a quorum: several masters that know nothing of each other, and one number that
//! never goes back.
//!
//! Whoever wants the lock asks every master for it. A master that is free gives its key, counts up
//! a counter of its own by some positive step, and answers with it. The client's fence `t` is the
//! largest answer of a majority.
//!
//! - If a majority answered `t`, the lock is granted.
//! - If not, the client *writes back*: it asks every master to set its counter to `t` **if the key
//!   is still the client's and the counter is at most `t`**. A majority must confirm.
//!
//! Nothing is assumed about time. A key may be gone at any moment, whatever its holder is doing. A
//! message may arrive at any time and in any order, or never; so a lost one is one that has not
//! arrived yet, and one that was refused may be sent again.
//!
//! # Why it holds
//!
//! For each of a majority of masters there was a moment at which its counter was exactly `t` and
//! its key the client's. Two majorities share a master; its key was one client's before it was the
//! other's, and in between it was counted up, and a counter never falls. So two grants never share
//! a fence, and whoever starts after a grant gets a higher one.
//!
//! Each *client* of the model takes the lock once. One that takes it again is another client here.

mod protocol;
mod state;

use lockset_models::{Extent, explore, is_deep, refute};
use protocol::{Memory, RISING, Redlock, Symmetry, UNIQUE, WriteBack};

const fn protocol<const CLIENTS: usize>() -> Redlock<CLIENTS> {
    Redlock {
        write_back: WriteBack::IfMineAndNotHigher,
        memory: Memory::Durable,
        symmetry: Symmetry::Reduced,
        steps: 2,
    }
}

/// Whatever the two do, and by whatever steps of up to three the counters rise.
#[test]
fn two_clients() {
    let explored = explore(&Redlock { steps: 3, ..protocol::<2>() }, Extent::Exhaustive);
    println!("Redlock's fence, two clients: {explored}");
    explored.expect_all_hold();
}

/// The same, but symmetric states are not one: that they are is an argument, and this a check.
#[test]
fn two_clients_by_their_names() {
    let model = Redlock { symmetry: Symmetry::Kept, ..protocol::<2>() };
    let explored = explore(&model, Extent::Exhaustive);
    println!("Redlock's fence, two clients, each by its name: {explored}");
    explored.expect_all_hold();
}

#[test]
fn three_clients() {
    let explored = explore(&Redlock { steps: 1, ..protocol::<3>() }, Extent::Exhaustive);
    println!("Redlock's fence, three clients whose counters rise by one: {explored}");
    explored.expect_all_hold();
    let explored = explore(&protocol::<3>(), large());
    println!("Redlock's fence, three clients: {explored}");
    explored.expect_all_hold();
}

/// It takes time to be rid of the mutants below that forget: as long as a lease lasts.
#[test]
fn a_master_that_waits_for_a_lease_to_end_and_then_takes_the_counter_of_the_others() {
    let model = Redlock { memory: Memory::TakenAfterALease, ..protocol::<2>() };
    let explored = explore(&model, Extent::Exhaustive);
    println!("Redlock's fence, a master restarts and waits, two clients: {explored}");
    explored.expect_all_hold();
    let model = Redlock { memory: Memory::TakenAfterALease, steps: 1, ..protocol::<3>() };
    let explored = explore(&model, large());
    println!("Redlock's fence, a master restarts and waits, three clients: {explored}");
    explored.expect_all_hold();
}

/// How far the largest models are explored.
fn large() -> Extent {
    if is_deep() { Extent::Exhaustive } else { Extent::Nearest(2_000_000) }
}

fn mutant(name: &str, model: Redlock<2>, properties: &[&'static str]) {
    for property in properties {
        let found = refute(&Redlock { symmetry: Symmetry::Kept, ..model.clone() }, property);
        println!("{name}: {found}");
    }
}

#[test]
fn mutant_the_maximum_alone() {
    let model = Redlock { write_back: WriteBack::None, ..protocol() };
    mutant("the maximum alone", model, &[UNIQUE, RISING]);
}

#[test]
fn mutant_a_write_back_without_conditions() {
    let model = Redlock { write_back: WriteBack::Unconditional, ..protocol() };
    mutant("a write-back without conditions", model, &[UNIQUE]);
}

#[test]
fn mutant_a_write_back_on_ownership_alone() {
    let model = Redlock { write_back: WriteBack::IfMine, ..protocol() };
    mutant("a write-back on ownership alone", model, &[UNIQUE]);
}

#[test]
fn mutant_a_master_that_forgets_its_counter() {
    let model = Redlock { memory: Memory::Lost, ..protocol() };
    mutant("a master that forgets its counter", model, &[UNIQUE, RISING]);
}

/// The answer that it gave before it forgot still counts for the client that has it.
#[test]
fn mutant_a_counter_taken_from_the_others_at_once() {
    let model = Redlock { memory: Memory::Taken, ..protocol() };
    mutant("a counter taken from the others at once", model, &[UNIQUE, RISING]);
}

/// The counter of an empty master is behind, however long it has waited.
#[test]
fn mutant_a_counter_that_begins_anew_after_a_lease() {
    let model = Redlock { memory: Memory::LostAfterALease, ..protocol() };
    mutant("a counter that begins anew after a lease", model, &[UNIQUE, RISING]);
}

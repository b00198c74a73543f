//! A lease, a pause, and the storage that the lease is about.
//!
//! A server leases a lock to one client at a time, counts the leases, and tells each holder its
//! number: the fence. A lease ends when the server says so, whatever its holder is doing. So no
//! client can know that it still holds the lock at the moment its write arrives: it may be paused,
//! or its message delayed, for any time between the two. Here every client is as careful as it can
//! be, and asks the server right before it writes. That is not enough.
//!
//! What is enough is storage that remembers the highest fence it has seen, and refuses lower ones.

use std::fmt::{self, Debug, Formatter};

use lockset_models::{Extent, explore, refute};
use stateright::{Model, Property};

/// What the storage makes of a write's fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Storage {
    /// Refuses it if it has seen a higher one.
    Fenced,
    /// Mutant: does not look at it.
    Unfenced,
}

/// What the server remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    /// How many leases it has given, for ever.
    Durable,
    /// Mutant: it may restart once, and then counts from the beginning.
    Forgetful,
}

#[derive(Clone, Debug)]
struct LeaseAndStorage {
    clients: usize,
    /// How many leases are given in all: a client may have several, one after the other.
    leases: u8,
    server: Server,
    storage: Storage,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    /// Whose lease has not ended, by the server's clock.
    holder: Option<usize>,
    /// How many leases the server has given, and how many it believes to have given.
    given: u8,
    counted: u8,
    restarted: bool,
    clients: Vec<Client>,
    /// The highest fence that the storage has seen.
    highest: u8,
    /// Which lease the latest write that was accepted was made under.
    latest: u8,
    /// What the storage has ever done.
    accepted_stale: bool,
    accepted_late: bool,
    refused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Client {
    Idle,
    /// It was told that it has the lock, and nothing since.
    Holding(Lease),
    /// The server has said that the lease goes on, and the write is on its way.
    Writing(Lease),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Lease {
    /// The how many-th lease it is: what a fence stands for.
    number: u8,
    fence: u8,
}

/// One step. A client that is paused, or a message that is delayed, is one whose step comes later.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The server gives the lock to the client.
    Grant { to: usize },
    /// The lease ends: its time is over, or its holder has given it back.
    LeaseEnds,
    /// The client asks the server whether it still holds the lock; if so, it sends its write.
    CheckAndWrite { by: usize },
    /// The write arrives.
    WriteArrives { of: usize },
    /// The server restarts, and has forgotten its counter.
    ServerForgets,
}

const NO_STALE_WRITE: &str = "no write is accepted after one of a later lease";

impl Model for LeaseAndStorage {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            holder: None,
            given: 0,
            counted: 0,
            restarted: false,
            clients: vec![Client::Idle; self.clients],
            highest: 0,
            latest: 0,
            accepted_stale: false,
            accepted_late: false,
            refused: false,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        for (index, client) in state.clients.iter().enumerate() {
            match client {
                Client::Idle if state.holder.is_none() && state.given < self.leases => {
                    steps.push(Step::Grant { to: index });
                }
                Client::Idle => {}
                Client::Holding(_) => steps.push(Step::CheckAndWrite { by: index }),
                Client::Writing(_) => steps.push(Step::WriteArrives { of: index }),
            }
        }
        if state.holder.is_some() {
            steps.push(Step::LeaseEnds);
        }
        if self.server == Server::Forgetful && !state.restarted {
            steps.push(Step::ServerForgets);
        }
    }

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        let mut next = state.clone();
        match step {
            Step::Grant { to } => {
                next.holder = Some(to);
                next.given += 1;
                next.counted += 1;
                let lease = Lease { number: next.given, fence: next.counted };
                next.clients[to] = Client::Holding(lease);
            }
            Step::LeaseEnds => next.holder = None,
            Step::CheckAndWrite { by } => {
                let Client::Holding(lease) = state.clients[by] else { return None };
                let holds = state.holder == Some(by);
                next.clients[by] = if holds { Client::Writing(lease) } else { Client::Idle };
            }
            Step::WriteArrives { of } => {
                let Client::Writing(lease) = state.clients[of] else { return None };
                next.clients[of] = Client::Idle;
                if self.storage == Storage::Fenced && lease.fence < state.highest {
                    next.refused = true;
                } else {
                    next.highest = state.highest.max(lease.fence);
                    next.latest = state.latest.max(lease.number);
                    next.accepted_stale |= lease.number < state.latest;
                    next.accepted_late |= state.holder != Some(of);
                }
            }
            Step::ServerForgets => {
                next.holder = None;
                next.counted = 0;
                next.restarted = true;
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(NO_STALE_WRITE, |_, state: &State| !state.accepted_stale),
            // The other half of the truth, which no fence takes away.
            Property::sometimes(
                "two clients believe that they hold the lock",
                |_, state: &State| {
                    let holds = |client: &&Client| !matches!(client, Client::Idle);
                    state.clients.iter().filter(holds).count() > 1
                },
            ),
            Property::sometimes(
                "a write is accepted after its lease has ended, if no later one has written yet",
                |_, state: &State| state.accepted_late,
            ),
        ];
        if self.storage == Storage::Fenced {
            let refused =
                Property::sometimes("a stale write is refused", |_, state: &State| state.refused);
            properties.push(refused);
        }
        properties
    }
}

impl Debug for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = |index: usize| ['A', 'B', 'C', 'D'][index];
        match *self {
            Self::Grant { to } => write!(f, "{} is granted the lock", name(to)),
            Self::LeaseEnds => f.write_str("the lease ends"),
            Self::CheckAndWrite { by } => write!(f, "{} still has the lock, and writes", name(by)),
            Self::WriteArrives { of } => write!(f, "the write of {} arrives", name(of)),
            Self::ServerForgets => f.write_str("the server restarts, and counts anew"),
        }
    }
}

const PROTOCOL: LeaseAndStorage =
    LeaseAndStorage { clients: 4, leases: 5, server: Server::Durable, storage: Storage::Fenced };

#[test]
fn no_stale_write_gets_past_a_fence() {
    let explored = explore(&PROTOCOL, Extent::Exhaustive);
    println!("lease, pause and storage: {explored}");
    explored.expect_all_hold();
}

#[test]
fn mutant_storage_without_a_fence() {
    let found = refute(&LeaseAndStorage { storage: Storage::Unfenced, ..PROTOCOL }, NO_STALE_WRITE);
    println!("storage that checks no fence: {found}");
}

#[test]
fn mutant_a_server_that_forgets_its_fence() {
    let found = refute(&LeaseAndStorage { server: Server::Forgetful, ..PROTOCOL }, NO_STALE_WRITE);
    println!("a server that forgets its fence: {found}");
}

//! What can happen, one step at a time, and what must never be.

use std::fmt::{self, Debug, Formatter};

use stateright::{Model, Property};

use crate::state::{Client, MAJORITY, MASTERS, Master, State};

/// What happens if the majority's answers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteBack {
    /// `t` is set where the key is still the client's and the counter at most `t`.
    IfMineAndNotHigher,
    /// Mutant: where the key is still the client's.
    IfMine,
    /// Mutant: everywhere.
    Unconditional,
    /// Mutant: the largest answer is taken as it is.
    None,
}

/// What is left of a master's counter when it restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    Durable,
    /// Nothing, and one master restarts once. It answers nobody until whoever it has answered
    /// before can make no more of that, since the time of the lease is over; then it takes the
    /// largest counter of the others.
    TakenAfterALease,
    /// Mutant: it takes that counter and serves at once.
    Taken,
    /// Mutant: it waits for a lease to end, and begins anew.
    LostAfterALease,
    /// Mutant: it begins anew at once.
    Lost,
}

/// Which states are taken for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symmetry {
    /// Those that differ by which master is which, and which client is which, only.
    Reduced,
    /// None, so that a counterexample calls everybody by one name throughout.
    Kept,
}

#[derive(Clone, Debug)]
pub(crate) struct Redlock<const CLIENTS: usize> {
    pub(crate) write_back: WriteBack,
    pub(crate) memory: Memory,
    pub(crate) symmetry: Symmetry,
    /// By how much a counter may go up at once.
    pub(crate) steps: u8,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Step {
    Start { client: usize },
    Count { master: usize, by: u8, client: usize },
    KeyExpires { master: usize },
    Decide { client: usize, answers: [usize; MAJORITY] },
    Write { master: usize, client: usize },
    Confirmed { client: usize },
    Restart { master: usize },
    Return { master: usize },
}

pub(crate) const UNIQUE: &str = "no two grants share a fence";
pub(crate) const RISING: &str = "whoever starts after a grant is granted a higher fence";

impl<const CLIENTS: usize> Model for Redlock<CLIENTS> {
    type State = State<CLIENTS>;
    type Action = Step;

    fn init_states(&self) -> Vec<Self::State> {
        let master = Master {
            counter: 0,
            waits: false,
            key: None,
            answers: [None; CLIENTS],
            confirmed: [false; CLIENTS],
        };
        let clients = [Client::Idle; CLIENTS];
        vec![State { masters: [master; MASTERS], clients, went_back: false, restarted: false }]
    }

    fn actions(&self, state: &Self::State, steps: &mut Vec<Step>) {
        for master in 0..MASTERS {
            if state.masters[master].key.is_some() {
                steps.push(Step::KeyExpires { master });
            }
            if self.memory != Memory::Durable && !state.restarted {
                steps.push(Step::Restart { master });
            }
            if state.masters[master].waits {
                steps.push(Step::Return { master });
            }
        }
        for client in 0..CLIENTS {
            if state.clients[client] == Client::Idle {
                steps.push(Step::Start { client });
                // The others that are idle would do the same.
                if self.symmetry == Symmetry::Reduced {
                    break;
                }
            }
        }
        for client in 0..CLIENTS {
            self.steps_of(client, state, steps);
        }
    }

    fn next_state(&self, state: &Self::State, step: Step) -> Option<Self::State> {
        let mut next = *state;
        match step {
            Step::Start { client } => {
                next.clients[client] = Client::Asking { after: state.latest() }
            }
            Step::Count { master, by, client } => {
                let master = &mut next.masters[master];
                master.counter += by;
                master.key = u8::try_from(client).ok();
                master.answers[client] = Some(master.counter);
            }
            Step::KeyExpires { master } => next.masters[master].key = None,
            Step::Decide { client, answers } => self.decide(&mut next, client, answers),
            Step::Write { master, client } => {
                let fence = state.clients[client].writes()?;
                let master = &mut next.masters[master];
                if !self.may_write(master, client, fence) {
                    return None;
                }
                master.counter = fence;
                master.confirmed[client] = true;
            }
            Step::Confirmed { client } => next.grant(client, state.clients[client].writes()?),
            Step::Restart { master } => {
                next.restarted = true;
                next.masters[master].key = None;
                if matches!(self.memory, Memory::Lost | Memory::Taken) {
                    self.recover(&mut next, master);
                } else {
                    next.masters[master].waits = true;
                }
            }
            Step::Return { master } => {
                next.masters[master].waits = false;
                next.end_leases_of(master);
                self.recover(&mut next, master);
            }
        }
        next.forget_what_is_of_no_consequence();
        let next = if self.symmetry == Symmetry::Reduced { next.representative() } else { next };
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(UNIQUE, |_, state: &State<CLIENTS>| {
                let fences = state.fences();
                let unique = |(index, fence): (usize, &Option<u8>)| {
                    fence.is_none() || !fences[..index].contains(fence)
                };
                fences.iter().enumerate().all(unique)
            }),
            Property::always(RISING, |_, state: &State<CLIENTS>| !state.went_back),
            Property::sometimes("everybody is granted the lock", |_, state: &State<CLIENTS>| {
                state.fences().iter().all(Option::is_some)
            }),
            Property::sometimes("a write-back is confirmed", |_, state: &State<CLIENTS>| {
                let wrote =
                    |client: &Client| matches!(client, Client::Granted { wrote_back: true, .. });
                state.clients.iter().any(wrote)
            }),
        ]
    }
}

impl<const CLIENTS: usize> Redlock<CLIENTS> {
    /// What a client and its messages can do.
    fn steps_of(&self, client: usize, state: &State<CLIENTS>, steps: &mut Vec<Step>) {
        if state.clients[client] == Client::Idle {
            return;
        }
        for (index, master) in state.masters.iter().enumerate() {
            let is_free = master.key.is_none() && !master.waits;
            if is_free && master.answers[client].is_none() {
                let by = 1..=self.steps;
                steps.extend(by.map(|by| Step::Count { master: index, by, client }));
            }
            if state.clients[client].writes().is_some() {
                steps.push(Step::Write { master: index, client });
            }
        }
        let answered = |master: &usize| state.masters[*master].answers[client].is_some();
        match state.clients[client] {
            // Two answers are enough to see all that can be decided: by three, `t` is that of the
            // two largest, and a majority that answered it is two of them.
            Client::Asking { .. } => {
                for first in (0..MASTERS).filter(answered) {
                    let others = (first + 1..MASTERS).filter(answered);
                    let pairs = others.map(|second| [first, second]);
                    steps.extend(pairs.map(|answers| Step::Decide { client, answers }));
                }
            }
            // A master that answered `t` in the first place need not confirm it.
            Client::WritingBack { fence, .. } => {
                let agrees = |master: &&Master<CLIENTS>| {
                    master.confirmed[client] || master.answers[client] == Some(fence)
                };
                if state.masters.iter().filter(agrees).count() >= MAJORITY {
                    steps.push(Step::Confirmed { client });
                }
            }
            Client::Idle | Client::Granted { .. } => {}
        }
    }

    fn decide(&self, next: &mut State<CLIENTS>, client: usize, answers: [usize; MAJORITY]) {
        let answers = answers.map(|master| next.masters[master].answers[client].unwrap_or(0));
        let fence = answers.into_iter().max().unwrap_or(0);
        let agreed = answers.iter().all(|answer| *answer == fence);
        if agreed || self.write_back == WriteBack::None {
            next.grant(client, fence);
        } else if let Client::Asking { after } = next.clients[client] {
            next.clients[client] = Client::WritingBack { after, fence };
        }
    }

    /// The counter of a master that has lost its own.
    fn recover(&self, next: &mut State<CLIENTS>, master: usize) {
        let others = (0..MASTERS).filter(|other| *other != master);
        let highest = others.map(|other| next.masters[other].counter).max();
        let takes_it = matches!(self.memory, Memory::Taken | Memory::TakenAfterALease);
        next.masters[master].counter = highest.filter(|_| takes_it).unwrap_or(0);
    }

    fn may_write(&self, master: &Master<CLIENTS>, client: usize, fence: u8) -> bool {
        let is_mine = master.key.is_some_and(|key| usize::from(key) == client);
        match self.write_back {
            WriteBack::IfMineAndNotHigher => is_mine && master.counter <= fence,
            WriteBack::IfMine => is_mine,
            WriteBack::Unconditional => true,
            WriteBack::None => false,
        }
    }
}

impl Debug for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let master = |index: usize| ['X', 'Y', 'Z'][index];
        let client = |index: usize| ['A', 'B', 'C', 'D'][index];
        match *self {
            Self::Start { client: of } => write!(f, "{} starts", client(of)),
            Self::Count { master: at, by, client: of } => {
                write!(f, "{} gives its key to {} and counts up by {by}", master(at), client(of))
            }
            Self::KeyExpires { master: at } => write!(f, "the key of {} expires", master(at)),
            Self::Decide { client: of, answers: [one, other] } => {
                let (one, other) = (master(one), master(other));
                write!(f, "{} decides by the answers of {one} and {other}", client(of))
            }
            Self::Write { master: at, client: of } => {
                write!(f, "{} does what the write-back of {} asks for", master(at), client(of))
            }
            Self::Confirmed { client: of } => {
                write!(f, "{} hears that it is confirmed", client(of))
            }
            Self::Restart { master: at } => write!(f, "{} restarts", master(at)),
            Self::Return { master: at } => write!(f, "{} serves again", master(at)),
        }
    }
}

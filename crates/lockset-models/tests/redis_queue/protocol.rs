//! What server and clients know, and what they can do: the rules of `lockset_remote::redis`.

use std::fmt::{self, Debug, Formatter};

use stateright::{Model, Property};

use crate::server::{Ear, Server};

/// How long a lease lasts, in ticks.
pub(crate) const TTL: u8 = 2;
/// How long a place in line is kept for a waiter that is not heard of: longer than any lease, since
/// each waiter looks again when the holder's is over.
pub(crate) const PLACE: u8 = 4;

/// The protocol, and what is to happen to it.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) clients: usize,
    /// How many connections break, clients die and waiters give up, in all.
    pub(crate) cuts: u8,
    pub(crate) deaths: u8,
    pub(crate) give_ups: u8,
    pub(crate) broken: Option<Broken>,
}

/// One rule of the protocol, not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    ReleaseDoesNotServe,
    ListenersAreNotCounted,
    NewcomerPassesTheLine,
    WaiterNeverLooks,
    LookCostsThePlace,
    LeaseCountsFromReceipt,
    /// Asked again by the request that holds the lock, the server says so, and no more.
    AskedAgainDoesNotRenew,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) server: Server,
    pub(crate) clients: Vec<Client>,
    cuts: u8,
    deaths: u8,
    give_ups: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Client {
    pub(crate) phase: Phase,
    /// The news that the lock was handed to it is on its way, for so many ticks.
    pub(crate) push: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    Idle,
    /// Its request is on its way since so many ticks ago.
    Asking {
        since: u8,
    },
    /// The answer is.
    Answered {
        since: u8,
        answer: Answer,
    },
    /// It stands in line, and looks again after so many ticks.
    Waiting {
        look: u8,
    },
    /// It has the lock, as far as it knows for so many ticks.
    Holding {
        left: u8,
    },
    /// It has given up, and its request is still on its way.
    Leaving,
    /// Its release went by a new connection and has overtaken the request.
    Late,
    /// Its release is on its way.
    Releasing,
    Done,
    Dead,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Granted,
    /// It stands in line; the holder's time is over after so many ticks.
    Queued {
        held: u8,
    },
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Step {
    /// Time passes: on all clocks, as they are checked against each other by the drift that a
    /// client takes off.
    Tick,
    Ask(usize),
    RequestArrives(usize),
    AnswerArrives(usize),
    PushArrives(usize),
    Look(usize),
    GiveUp(usize),
    Release(usize),
    ReleaseArrives(usize),
    /// The connection breaks, with all that is on its way. The client notices, and asks once more.
    Cut(usize),
    Die(usize),
    /// The server notices that a waiter's connection is gone.
    Notice(usize),
}

pub(crate) const SOLE_HOLDER: &str =
    "whoever believes to hold the lock does, by the server's clock";
pub(crate) const SERVED: &str = "nobody waits for ever";
pub(crate) const AT_ONCE: &str =
    "a lock that is given back goes to whoever waits, in the same step";
pub(crate) const NOT_TO_THE_DEAD: &str = "nothing is handed to a connection known to be gone";
pub(crate) const IN_ORDER: &str =
    "nobody is granted the lock before one that came earlier and listens";

impl Model for Queue {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let idle = Client { phase: Phase::Idle, push: None };
        vec![State {
            server: Server::default(),
            clients: vec![idle; self.clients],
            cuts: self.cuts,
            deaths: self.deaths,
            give_ups: self.give_ups,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        // Those that have not come yet are all alike.
        let next = state.clients.iter().position(|client| client.phase == Phase::Idle);
        steps.extend(next.map(Step::Ask));
        for (index, client) in state.clients.iter().enumerate() {
            self.steps_of(index, client, state, steps);
        }
        let unnoticed = state.server.line.iter().filter(|place| place.ear == Ear::HalfOpen);
        steps.extend(unnoticed.map(|place| Step::Notice(place.client)));
        if state.has_clocks() {
            steps.push(Step::Tick);
        }
    }

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        let mut next = state.clone();
        match step {
            Step::Tick => next.tick(),
            Step::RequestArrives(client) => {
                let answer = next.server.attempt(client, self.broken, &mut next.clients);
                next.clients[client].phase = match state.clients[client].phase {
                    Phase::Asking { since } => Phase::Answered { since, answer },
                    Phase::Leaving => Phase::Releasing,
                    _ => Phase::Done,
                };
                if state.clients[client].phase == Phase::Late {
                    next.clients[client].push = None;
                    next.server.lose(client, Ear::HalfOpen);
                }
            }
            Step::ReleaseArrives(client) => {
                next.server.release(client, self.broken, &mut next.clients);
                let overtakes = state.clients[client].phase == Phase::Leaving;
                let phase = if overtakes { Phase::Late } else { Phase::Done };
                next.clients[client] = Client { phase, push: None };
            }
            Step::Notice(client) => next.server.lose(client, Ear::Deaf),
            Step::Cut(client) => {
                next.cuts -= 1;
                next.clients[client].cut();
                next.server.lose(client, Ear::HalfOpen);
            }
            Step::Die(client) => {
                next.deaths -= 1;
                next.clients[client] = Client { phase: Phase::Dead, push: None };
                next.server.lose(client, Ear::HalfOpen);
            }
            Step::GiveUp(client) => {
                next.give_ups -= 1;
                next.clients[client].give_up();
            }
            Step::PushArrives(client) => next.clients[client].hear(self.broken),
            Step::AnswerArrives(client) => next.clients[client].read_answer(),
            Step::Ask(client) | Step::Look(client) => {
                next.clients[client].phase = Phase::Asking { since: 0 };
            }
            Step::Release(client) => next.clients[client].phase = Phase::Releasing,
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(SOLE_HOLDER, |_, state: &State| {
                let mut clients = state.clients.iter().enumerate();
                clients.all(|(index, client)| match client.phase {
                    Phase::Holding { left } => state.server.has_for(index, left),
                    _ => true,
                })
            }),
            // Every run ends (`every_run_ends`), so this is what every run comes to.
            Property::always(SERVED, |model: &Self, state: &State| {
                let mut steps = Vec::new();
                model.actions(state, &mut steps);
                let is_over = |client: &Client| matches!(client.phase, Phase::Done | Phase::Dead);
                !steps.is_empty() || state.clients.iter().all(is_over)
            }),
            Property::always(AT_ONCE, |_, state: &State| {
                state.server.holder.is_some() || state.server.line.is_empty()
            }),
            Property::always(NOT_TO_THE_DEAD, |_, state: &State| !state.server.told_the_deaf),
            Property::always(IN_ORDER, |_, state: &State| !state.server.overtaken),
            Property::sometimes("a hand-over is on its way", |_, state: &State| {
                state.clients.iter().any(|client| client.push == Some(0))
            }),
            Property::sometimes("the lock was handed to a dead waiter", |_, state: &State| {
                let holder = state.server.holder;
                holder.is_some_and(|lease| state.clients[lease.client].phase == Phase::Dead)
            }),
            Property::sometimes("all others stand in line", |model: &Self, state: &State| {
                state.server.line.len() + 1 == model.clients
            }),
        ]
    }
}

impl Queue {
    fn steps_of(&self, index: usize, client: &Client, state: &State, steps: &mut Vec<Step>) {
        let (mut can_give_up, mut can_be_cut, mut can_die) = (false, false, true);
        match client.phase {
            Phase::Idle | Phase::Done | Phase::Dead => can_die = false,
            Phase::Asking { .. } => {
                steps.push(Step::RequestArrives(index));
                (can_give_up, can_be_cut) = (true, true);
            }
            Phase::Answered { .. } => {
                steps.push(Step::AnswerArrives(index));
                (can_give_up, can_be_cut) = (true, true);
            }
            Phase::Waiting { look } => {
                // News that overtakes the answer is kept until the answer comes: that is here.
                if client.push.is_some() {
                    steps.push(Step::PushArrives(index));
                }
                if look == 0 && self.broken != Some(Broken::WaiterNeverLooks) {
                    steps.push(Step::Look(index));
                }
                (can_give_up, can_be_cut) = (true, true);
            }
            Phase::Holding { .. } => steps.push(Step::Release(index)),
            Phase::Leaving => {
                steps.extend([Step::RequestArrives(index), Step::ReleaseArrives(index)]);
            }
            Phase::Late => steps.push(Step::RequestArrives(index)),
            Phase::Releasing => steps.push(Step::ReleaseArrives(index)),
        }
        if can_give_up && state.give_ups > 0 {
            steps.push(Step::GiveUp(index));
        }
        if can_be_cut && state.cuts > 0 {
            steps.push(Step::Cut(index));
        }
        if can_die && state.deaths > 0 {
            steps.push(Step::Die(index));
        }
    }
}

impl Client {
    /// The news of a hand-over. What is left of the lease is less by its way.
    fn hear(&mut self, broken: Option<Broken>) {
        let Some(age) = self.push.take() else { return };
        let age = if broken == Some(Broken::LeaseCountsFromReceipt) { 0 } else { age };
        self.hold_since(age);
    }

    /// A grant counts from when it was asked for, which was before it was made.
    fn read_answer(&mut self) {
        let Phase::Answered { since, answer } = self.phase else { return };
        match answer {
            // News of a lease that was over when the request arrived: the connection keeps the
            // order, so it has been read before the answer.
            Answer::Queued { .. } if self.push == Some(TTL) => self.hear(None),
            Answer::Granted => {
                self.push = None;
                self.hold_since(since);
            }
            Answer::Queued { held } => self.phase = Phase::Waiting { look: held },
        }
    }

    /// One that comes too late to be of use is given back. The client would ask anew: another one,
    /// as far as the server can tell.
    fn hold_since(&mut self, age: u8) {
        let left = TTL - age;
        self.phase = if left > 0 { Phase::Holding { left } } else { Phase::Releasing };
    }

    /// What was under way is asked for once more; who waited looks.
    fn cut(&mut self) {
        self.push = None;
        self.phase = match self.phase {
            Phase::Asking { since } | Phase::Answered { since, .. } => Phase::Asking { since },
            _ => Phase::Asking { since: 0 },
        };
    }

    /// A request on its way is seen through, and then undone.
    fn give_up(&mut self) {
        let is_asking = matches!(self.phase, Phase::Asking { .. });
        self.phase = if is_asking { Phase::Leaving } else { Phase::Releasing };
    }

    fn tick(&mut self) {
        self.push = self.push.map(|age| TTL.min(age + 1));
        self.phase = match self.phase {
            // An exchange that takes as long as the lease would last is given up.
            Phase::Asking { since } if since + 1 == TTL => Phase::Leaving,
            Phase::Answered { since, .. } if since + 1 == TTL => Phase::Releasing,
            Phase::Asking { since } => Phase::Asking { since: since + 1 },
            Phase::Answered { since, answer } => Phase::Answered { since: since + 1, answer },
            Phase::Waiting { look } => Phase::Waiting { look: look.saturating_sub(1) },
            // The loss is told at the deadline; what the holder gives back then is not its own.
            Phase::Holding { left: 1 } => Phase::Releasing,
            Phase::Holding { left } => Phase::Holding { left: left - 1 },
            other => other,
        };
    }

    /// Whether time makes a difference to it.
    fn has_clock(&self) -> bool {
        let on_its_way = self.push.is_some_and(|age| age < TTL);
        on_its_way
            || match self.phase {
                Phase::Asking { .. } | Phase::Answered { .. } | Phase::Holding { .. } => true,
                Phase::Waiting { look } => look > 0,
                _ => false,
            }
    }
}

impl State {
    fn tick(&mut self) {
        self.server.tick();
        self.clients.iter_mut().for_each(Client::tick);
    }

    fn has_clocks(&self) -> bool {
        self.server.has_clock() || self.clients.iter().any(Client::has_clock)
    }
}

impl Debug for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = |index: usize| ['A', 'B', 'C', 'D', 'E'][index];
        match *self {
            Self::Tick => f.write_str("time passes"),
            Self::Ask(client) => write!(f, "{} asks for the lock", name(client)),
            Self::RequestArrives(client) => write!(f, "the request of {} arrives", name(client)),
            Self::AnswerArrives(client) => write!(f, "{} reads the answer", name(client)),
            Self::PushArrives(client) => write!(f, "{} hears of the hand-over", name(client)),
            Self::Look(client) => write!(f, "{} looks again", name(client)),
            Self::GiveUp(client) => write!(f, "{} gives up", name(client)),
            Self::Release(client) => write!(f, "{} gives the lock back", name(client)),
            Self::ReleaseArrives(client) => write!(f, "the release of {} arrives", name(client)),
            Self::Cut(client) => write!(f, "the connection of {} breaks", name(client)),
            Self::Die(client) => write!(f, "{} dies", name(client)),
            Self::Notice(client) => write!(f, "the server notices that {} is gone", name(client)),
        }
    }
}

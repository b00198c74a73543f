//! A process that uses locks: a runtime of its own, which can be stopped, killed and started again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use lockset_api::{Error, Lease as _};
use lockset_remote::redlock::{Redlock, Surroundings};
use lockset_remote::{LeaseStore, Locks, RemoteLease};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::card::{Card, Tray};
use crate::history::History;
use crate::plan::Day;
use crate::script::Script;
use crate::store::Store;
use crate::time::{STEP, Steps, duration, pass};

pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) card: Card,
    life: Option<Life>,
    /// Since when it is stopped.
    stopped: Option<u64>,
    shared: Shared,
    rng: Rng,
}

/// What a process is born with, and what it shares with the simulation.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) history: History,
    pub(crate) ttl: Duration,
    pub(crate) masters: Vec<String>,
    pub(crate) has_lines: bool,
    /// Steps for which it was stopped.
    pub(crate) missed: Steps,
    /// How it knows the time of day.
    pub(crate) day: Arc<Mutex<Day>>,
    /// Not zero when nothing breaks any more.
    pub(crate) calm: Steps,
}

/// One life of it, from its start until it is killed.
struct Life {
    held: Held,
    tray: Tray,
    work: JoinHandle<()>,
    runtime: Runtime,
}

/// What it has in hand, for the simulation to look at.
#[derive(Clone, Default)]
pub(crate) struct Held(Arc<Mutex<Option<Holding>>>);

pub(crate) struct Holding {
    pub(crate) lease: RemoteLease,
    pub(crate) began: u64,
    pub(crate) granted: u64,
}

impl Held {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Option<Holding>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lease that its holder may take for its own at this instant.
#[derive(Clone, Debug)]
pub(crate) struct Valid {
    pub(crate) lock: String,
    pub(crate) fence: u64,
    pub(crate) began: u64,
    pub(crate) granted: u64,
}

impl Process {
    pub(crate) fn new(name: String, card: Card, shared: Shared, rng: Rng) -> Self {
        let mut process = Self { name, card, life: None, stopped: None, shared, rng };
        process.start();
        process
    }

    pub(crate) fn start(&mut self) {
        if self.life.is_some() {
            return;
        }
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime without I/O");
        let (tray, held) = (Tray::default(), Held::default());
        let store = |host: &String| -> Arc<dyn LeaseStore> {
            let (host, tray) = (host.clone(), tray.clone());
            Arc::new(Store { host, tray, has_lines: self.shared.has_lines })
        };
        let quorum = Redlock::new(self.shared.masters.iter().map(store).collect());
        let outside = Outside {
            rng: Mutex::new(self.rng.fork()),
            day: Arc::clone(&self.shared.day),
            steps: self.shared.history.steps.clone(),
        };
        let quorum = quorum.expect("three or five").within(outside);
        let script = Script {
            name: self.name.clone(),
            rng: self.rng.fork(),
            locks: Locks::on(runtime.handle(), quorum),
            tray: tray.clone(),
            held: held.clone(),
            shared: self.shared.clone(),
        };
        let work = runtime.spawn(script.run());
        self.life = Some(Life { held, tray, work, runtime });
    }

    /// As `kill -9` does. What its kernel has under way is hung up, in the order in which it began.
    /// What the process owned is dropped after that, when nobody hears of it any more.
    pub(crate) fn kill(&mut self) {
        self.go_on();
        if let Some(life) = self.life.take() {
            life.tray.abandon().into_iter().for_each(|order| self.order(order));
            self.card.replies.borrow_mut().clear();
        }
    }

    /// As SIGSTOP does.
    pub(crate) fn stop(&mut self) {
        self.stopped.get_or_insert(self.shared.history.steps.count());
    }

    /// As SIGCONT does: its clock has gone on meanwhile.
    pub(crate) fn go_on(&mut self) {
        if let Some(since) = self.stopped.take() {
            let missed = self.shared.history.steps.count() - since;
            self.shared.missed.add(missed);
            if let Some(life) = &self.life {
                life.runtime.block_on(tokio::time::advance(duration(missed)));
            }
        }
    }

    fn order(&self, order: crate::card::Order) {
        // The card is there until the end.
        drop(self.card.orders.send(order));
    }

    /// What has been for it on the card goes to it, and the other way round.
    pub(crate) fn exchange(&mut self) {
        let Some(life) = &self.life else {
            self.card.replies.borrow_mut().clear();
            return;
        };
        life.tray.orders().into_iter().for_each(|order| self.order(order));
        if self.stopped.is_none() {
            for (exchange, reply) in self.card.replies.borrow_mut().drain(..) {
                life.tray.deliver(exchange, reply);
            }
        }
    }

    /// One step of its time.
    pub(crate) fn step(&mut self) {
        if let (Some(life), None) = (&self.life, self.stopped) {
            life.runtime.block_on(pass(STEP));
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.life.as_ref().is_some_and(|life| life.work.is_finished())
    }

    /// What it would say to have, if it looked at the end of this step.
    pub(crate) fn valid(&self) -> Option<Valid> {
        let life = self.life.as_ref()?;
        let behind = self.stopped.map_or(0, |since| self.shared.history.steps.count() + 1 - since);
        let held = life.held.lock();
        let Holding { lease, began, granted } = held.as_ref()?;
        let entered = life.runtime.enter();
        let is_valid = lease.remaining() > duration(behind);
        drop(entered);
        let (lock, fence) = (lease.name().to_string(), lease.fence().value());
        is_valid.then_some(Valid { lock, fence, began: *began, granted: *granted })
    }

    /// Sets its time of day.
    pub(crate) fn set(&self, start: Duration) {
        let mut day = self.shared.day.lock().unwrap_or_else(PoisonError::into_inner);
        if day.goes_on {
            day.start = start;
        }
    }
}

/// Chance and the time of day, from the seed.
struct Outside {
    rng: Mutex<Rng>,
    day: Arc<Mutex<Day>>,
    steps: Steps,
}

impl Surroundings for Outside {
    fn random(&self) -> Result<u128, Error> {
        Ok(self.rng.lock().unwrap_or_else(PoisonError::into_inner).u128(..))
    }

    fn time_of_day(&self) -> Duration {
        let day = *self.day.lock().unwrap_or_else(PoisonError::into_inner);
        let since = if day.goes_on { duration(self.steps.count()) } else { Duration::ZERO };
        day.start + since
    }
}

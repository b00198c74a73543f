//! A holder that is paused for longer than its lease, and a store that checks fences or does not.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use lockset::{Lease, Lock, RemoteLock, Renewal};
use lockset_trace::{Actor, Event, History, Recorder, Stamp, Violation};
use serde::{Deserialize, Serialize};

use super::{Seen, Task as AnyTask};
use crate::error::Result;
use crate::tour::Tour;
use crate::tour::children::Worker;
use crate::tour::figures::Figures;
use crate::tour::ledger::OPENING_CENTS;
use crate::tour::server;
use crate::tour::store::{Answer, FenceCheck, Store};
use crate::tour::worker::{Boss, News};

pub(super) const STORY: (&str, &str) = (
    "A holder that is paused for too long",
    "A server cannot tell a dead holder from a slow one, so a lease runs out. Process A takes the \
     lease, reads a balance, makes sure that the lease is not lost, and is stopped right before \
     it writes: the operating system really stops it (SIGSTOP). The lease runs out, process B \
     gets it, books its payment and leaves. Then A runs on, and writes what it had worked out \
     before. No check on A's side can prevent this. The store can: each grant has a number, the \
     fence, greater than all before it, and a store that refuses a lower fence than it has seen \
     refuses A's write. A then takes the lease again and books its payment properly.",
);

/// Short, so that the tour goes on soon; and never renewed, because a renewal that is paused
/// together with its holder keeps no lease alive either.
const TTL: Duration = Duration::from_millis(400);

/// What working out a balance takes. Also makes the picture one that can be read.
const WORK: Duration = Duration::from_millis(80);

/// How long A is stopped: so much longer than its lease that B is long gone.
const PAUSE: Duration = Duration::from_millis(600);

const LOCK: &str = "account";

pub(super) fn without(tour: &Tour) -> Result<Seen> {
    pause_a_holder(tour, FenceCheck::Off)
}

pub(super) fn with(tour: &Tour) -> Result<Seen> {
    pause_a_holder(tour, FenceCheck::On)
}

/// What one process is to pay into the account.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    name: String,
    cents: i64,
    store: PathBuf,
    check: FenceCheck,
    url: String,
    moment: Moment,
}

/// Whether the process waits for the tour right before its first write, to be stopped there.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Moment {
    BeforeWriting,
    None,
}

/// What the process saw of the lock.
#[derive(Serialize, Deserialize)]
pub(crate) struct Deposited {
    events: Vec<Event>,
}

fn pause_a_holder(tour: &Tour, check: FenceCheck) -> Result<Seen> {
    let path = tour.out.join("lease.db");
    let (store, url) = (Store::create(&path, OPENING_CENTS)?, tour.url()?);
    // Any two payments will do; both are made into one account here.
    let [first, second] = [0, 1].map(|nth| tour.ledger.payments[nth].cents);
    tour.progress.expect(2);
    let start = |name: &str, cents, moment| {
        let (store, url) = (path.clone(), url.to_owned());
        let task = Task { name: name.into(), cents, store, check, url, moment };
        Worker::start(name, AnyTask::Deposit(task), &tour.progress)
    };
    let mut a = start("process A", first, Moment::BeforeWriting)?;
    let mut b = start("process B", second, Moment::None)?;
    let recorder = Recorder::new();
    let mut observer = recorder.actor("process A", LOCK);

    a.until_ready()?;
    b.until_ready()?;
    a.go()?;
    // A has the lease, has read the balance, and has made sure that the lease is not lost.
    a.until_ready()?;
    a.pause()?;
    observer.paused();
    let paused = Instant::now();
    // Nothing holds A back from writing now, except that it does not run.
    a.go()?;

    b.go()?;
    let end_of_b: Deposited = b.until_done()?;
    // B has had the lease, so A's has run out, and nothing here depends on how long this takes.
    thread::sleep(PAUSE.saturating_sub(paused.elapsed()));

    let paused = paused.elapsed();
    observer.resumed();
    drop(observer);
    a.resume()?;
    let end_of_a: Deposited = a.until_done()?;

    let events = end_of_a.events.into_iter().chain(end_of_b.events);
    let history = recorder.finish().merge(events.collect());
    let missing = (OPENING_CENTS + first + second).abs_diff(store.read()?);
    Ok(Seen { figures: figures(&history, missing, paused), history })
}

fn figures(history: &History, missing: u64, paused: Duration) -> Figures {
    let verdict = history.check(1);
    let is_stale = |violation: &&Violation| matches!(violation, Violation::StaleWrite { .. });
    let accepted = verdict.violations.iter().filter(is_stale).count();
    Figures {
        payments: Some(2),
        payments_lost: Some(usize::from(missing > 0)),
        cents_out_of_balance: Some(missing),
        stale_writes_accepted: Some(accepted),
        stale_writes_refused: Some(verdict.refused),
        ttl_ms: u64::try_from(TTL.as_millis()).ok(),
        paused_ms: u64::try_from(paused.as_millis()).ok(),
        ..Figures::default()
    }
}

impl Task {
    /// The worker's side: pays in until the store has accepted it.
    pub(super) fn work(self, boss: &mut Boss) -> Result<Deposited> {
        let store = Store::open(&self.store)?;
        let lock = server::lock(&self.url)?.with_ttl(TTL)?.with_renewal(Renewal::Never);
        let recorder = Recorder::new();
        let mut actor = recorder.actor(self.name.as_str(), LOCK);
        boss.ready()?;
        let mut moment = self.moment;
        while self.deposit(&lock, &store, &mut actor, boss, &mut moment)? == Answer::Refused {}
        boss.tell(&News::Booked(1));
        drop(actor);
        Ok(Deposited { events: recorder.finish().events().to_vec() })
    }

    /// Reads the balance and writes a new one, as the holder of the lease, or believing to be it.
    fn deposit(
        &self,
        lock: &RemoteLock,
        store: &Store,
        actor: &mut Actor,
        boss: &mut Boss,
        moment: &mut Moment,
    ) -> Result<Answer> {
        actor.want();
        let lease = lock.lock()?;
        let fence = lease.fence();
        actor.got_fenced(fence.value());
        let runs_out = Stamp::now() + lease.remaining();

        let balance = store.read()? + self.cents;
        thread::sleep(WORK);
        let lost = lease.lost();
        if lost.is_lost() {
            // A slow machine. This is the case that a look at the lease is good for.
            actor.expired_at(runs_out);
            actor.released();
            let _ = lease.release()?;
            return Ok(Answer::Refused);
        }
        if *moment == Moment::BeforeWriting {
            *moment = Moment::None;
            boss.ready()?;
        }
        // Whatever has happened since that look at the lease, this process does not know it.
        let sent = Stamp::now();
        let answer = store.write(balance, fence, self.check)?;

        if lost.is_lost() {
            actor.expired_at(runs_out);
        }
        match answer {
            Answer::Accepted => actor.wrote(sent, Some(fence.value())),
            Answer::Refused => actor.refused(Some(fence.value())),
        }
        actor.released();
        // That the lease was lost is what this step is about; who is told too late cannot help it.
        let _ = lease.release()?;
        Ok(answer)
    }
}

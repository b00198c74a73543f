//! What a process does: it takes locks, writes, and gives them back, in every way there is.

use std::time::{Duration, Instant};

use fastrand::Rng;
use lockset_api::{AsyncLock as _, Deadline, Error, Lease as _, Released};
use lockset_remote::{Locks, RemoteLease, RemoteLock, Renewal};
use tokio::time::timeout;

use crate::card::Tray;
use crate::history::What;
use crate::process::{Held, Holding, Shared};
use crate::storage::Storage;
use crate::time::{STEP, duration, now, pass};
use crate::wire::{Question, line};

pub(crate) struct Script {
    pub(crate) name: String,
    pub(crate) rng: Rng,
    pub(crate) locks: Locks,
    pub(crate) tray: Tray,
    pub(crate) held: Held,
    pub(crate) shared: Shared,
}

/// So long lasts what is taken when nothing breaks any more: what is left of it is seen.
const LONG: Duration = Duration::from_secs(10);
/// What a verb may take longer than it says: the steps that a timer is late.
const LATE: Duration = Duration::from_millis(4);

impl Script {
    pub(crate) async fn run(mut self) {
        while !self.is_calm() {
            pass(self.within(self.shared.ttl / 6)).await;
            let name = if self.rng.u8(..5) == 0 { "b" } else { "a" };
            let lock = self.lock(name);
            if let Some((lease, began)) = self.acquire(&lock).await {
                self.take(lease, began);
                self.hold().await;
                self.end().await;
            }
        }
        self.last_turns().await;
    }

    fn is_calm(&self) -> bool {
        self.shared.calm.count() > 0
    }

    fn within(&mut self, most: Duration) -> Duration {
        most.mul_f64(self.rng.f64())
    }

    fn step(&self) -> u64 {
        self.shared.history.steps.count()
    }

    fn note(&self, what: What) {
        self.shared.history.add(&self.name, what);
    }

    fn violate(&self, what: String) {
        self.note(What::Violation(what));
    }

    fn lock(&mut self, name: &str) -> RemoteLock {
        let ttl = self.shared.ttl;
        let ttl = if self.rng.u8(..6) == 0 { ttl / 2 } else { ttl };
        let lock = self.locks.lock(name).and_then(|lock| lock.with_ttl(ttl));
        let lock = lock.expect("a good name and a good TTL");
        match self.rng.u8(..6) {
            0..=1 => lock.with_renewal(Renewal::Never),
            2 => lock.with_renewal(Renewal::UpTo(ttl * 2)),
            _ => lock,
        }
    }

    /// Waits for the lock in one of the ways there are.
    async fn acquire(&mut self, lock: &RemoteLock) -> Option<(RemoteLease, u64)> {
        let (began, asked, missed) = (self.step(), now(), self.shared.missed.count());
        let patience = self.within(self.shared.ttl * 3);
        let ttl = self.shared.ttl;
        let (limit, answer) = match self.rng.u8(..10) {
            0..=1 => (ttl, lock.try_lock_async().await),
            2..=5 => {
                let deadline = Deadline::at(asked + patience);
                (patience.max(ttl), lock.lock_until_async(deadline).await)
            }
            6 => {
                // Dropped while it waits.
                let answer = timeout(patience, lock.acquire(Deadline::NEVER)).await;
                (patience, answer.unwrap_or(Ok(None)))
            }
            // It ends when all is well again, if not before.
            _ => (Duration::MAX, lock.acquire(Deadline::NEVER).await),
        };
        self.mind_the_time("an acquisition", asked, missed, limit);
        self.told(answer).map(|lease| (lease, began))
    }

    /// Whether a verb has taken longer than it may, the time when the process was stopped aside.
    fn mind_the_time(&self, what: &str, asked: Instant, missed: u64, limit: Duration) {
        let stopped = duration(self.shared.missed.count() - missed);
        let took = (now() - asked).saturating_sub(stopped);
        if took > limit.saturating_add(LATE) {
            self.violate(format!("{what} took {took:?}, and may take {limit:?}"));
        }
    }

    fn told<T>(&self, answer: Result<Option<T>, Error>) -> Option<T> {
        match answer {
            Ok(granted) => {
                if granted.is_none() {
                    self.note(What::GaveUp);
                }
                granted
            }
            Err(error) => {
                self.note(What::Note(format!("{:?}: {error}", error.kind())));
                None
            }
        }
    }

    fn take(&self, lease: RemoteLease, began: u64) {
        let (lock, fence) = (lease.name().to_string(), lease.fence().value());
        let left = lease.remaining();
        self.note(What::Granted { lock, fence, began, left });
        *self.held.lock() = Some(Holding { lease, began, granted: self.step() });
    }

    /// Writes with the lease's fence, as a careful user does: if it has not run out.
    async fn write(&mut self) {
        let Some(question) = self.question() else { return };
        // It may be stopped between its look and its write.
        pass(self.within(STEP * 2)).await;
        let written = self.tray.ask(Storage::NAME.into(), line(&question));
        // A storage that does not answer is no business of the lock's.
        drop(timeout(self.shared.ttl / 4, written).await);
    }

    fn question(&self) -> Option<Question> {
        let held = self.held.lock();
        let lease = &held.as_ref()?.lease;
        let (lock, fence) = (lease.name().to_string(), lease.fence().value());
        (!lease.remaining().is_zero()).then_some(Question::Write { lock, fence })
    }

    fn is_lost(&self) -> bool {
        self.held.lock().as_ref().is_none_or(|holding| holding.lease.lost().is_lost())
    }

    async fn hold(&mut self) {
        let until = now() + self.within(self.shared.ttl);
        while now() < until && !self.is_calm() && !self.is_lost() {
            pass(self.within(self.shared.ttl / 4)).await;
            match self.rng.u8(..4) {
                0..=1 => self.write().await,
                2 => {
                    let renewal = self.held.lock().as_ref().map(|held| held.lease.renew_async());
                    if let Some(Err(error)) = async { Some(renewal?.await) }.await {
                        self.note(What::Note(format!("not renewed: {error}")));
                    }
                }
                _ => {}
            }
        }
        if self.is_lost() {
            self.note(What::Lost);
        }
    }

    async fn end(&mut self) {
        let how = self.rng.u8(..10);
        if how <= 1 {
            // It stays until it is lost or its ceiling is reached, or all is well.
            while !self.is_lost() && !self.is_calm() {
                pass(self.shared.ttl / 10).await;
            }
        }
        let held = self.held.lock().take();
        let Some(Holding { lease, began, granted }) = held else { return };
        match how {
            2..=3 => drop(lease),
            4 => {
                let resumed = self.locks.resume_async(lease.into_ticket()).await;
                self.note(What::Note(format!("resumed: {:?}", resumed.as_ref().map(drop))));
                if let Ok(lease) = resumed {
                    *self.held.lock() = Some(Holding { lease, began, granted });
                    self.write().await;
                    drop(self.held.lock().take());
                }
            }
            _ => drop(self.release(lease).await),
        }
    }

    async fn release(&self, lease: RemoteLease) -> Option<Released> {
        let (asked, missed) = (now(), self.shared.missed.count());
        let released = lease.release_async().await;
        self.mind_the_time("a release", asked, missed, self.shared.ttl);
        let said = match &released {
            Ok(released) => format!("released: {released:?}"),
            Err(error) => format!("not released: {error}"),
        };
        self.note(What::Note(said));
        released.ok()
    }

    /// When all is well, everybody gets the lock, and nothing stays locked.
    async fn last_turns(&mut self) {
        let lock = self.locks.lock("a").and_then(|lock| lock.with_ttl(LONG));
        let lock = lock.expect("a good name and a good TTL");
        let patience = self.within(Duration::from_millis(50));
        if let Ok(Ok(Some(lease))) = timeout(patience, lock.acquire(Deadline::NEVER)).await {
            drop(lease);
        }
        loop {
            let began = self.step();
            let answer = lock.acquire(Deadline::NEVER).await;
            if let Some(lease) = self.told(answer) {
                self.take(lease, began);
                break;
            }
            // Not all may have been repaired when it began.
            pass(self.shared.ttl / 10).await;
        }
        self.write().await;
        let held = self.held.lock().take();
        let released = match held {
            Some(holding) => self.release(holding.lease).await,
            None => None,
        };
        if released != Some(Released::InTime) {
            self.violate(format!("{released:?}, though nothing breaks any more"));
        }
    }
}

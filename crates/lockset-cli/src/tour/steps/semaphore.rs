//! A payment gateway that stands three calls at once, and eight threads that do not know it.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use lockset::Semaphore;
use lockset_trace::{Actor, Recorder};

use super::Seen;
use crate::error::Result;
use crate::tour::Tour;
use crate::tour::audit::compare;
use crate::tour::figures::Figures;
use crate::tour::ledger::Payment;

pub(super) const STORY: (&str, &str) = (
    "A gateway that takes three calls at a time",
    "Not everything is for one at a time. A payment gateway stands three calls at once and \
     refuses the next. Eight threads that just call have many of their payments refused. A \
     semaphore with three permits lets three in and queues the others, first come, first served.",
);

/// The most calls that the gateway stands.
pub(super) const LIMIT: usize = 3;
const WORKERS: usize = 8;
/// Enough to see a pattern, few enough to watch.
const CALLS: usize = 320;
/// What a call takes, there and back: also one that is refused.
const ROUND_TRIP: Duration = Duration::from_millis(1);
/// What the first thread does between two calls takes no time; each of the others takes this much
/// longer than the one before.
const BETWEEN: Duration = Duration::from_micros(250);

pub(super) fn without(tour: &Tour) -> Result<Seen> {
    call_gateway(tour, None)
}

pub(super) fn with(tour: &Tour) -> Result<Seen> {
    call_gateway(tour, Some(&Semaphore::new(LIMIT)))
}

fn call_gateway(tour: &Tour, semaphore: Option<&Semaphore>) -> Result<Seen> {
    let ledger = &tour.ledger;
    let payments = &ledger.payments[..CALLS.min(ledger.payments.len())];
    tour.progress.expect(payments.len());
    let (gateway, recorder, start) = (Gateway::default(), Recorder::new(), Barrier::new(WORKERS));
    let accepted = thread::scope(|scope| {
        let work = |nth| {
            let mut actor = recorder.actor(format!("thread {}", nth + 1), "gateway");
            let share = payments.iter().skip(nth).step_by(WORKERS);
            let (gateway, start, between) = (&gateway, &start, BETWEEN * nth as u32);
            scope.spawn(move || {
                start.wait();
                let mut accepted = Vec::new();
                for payment in share {
                    if send(payment, gateway, semaphore, &mut actor)?.is_ok() {
                        accepted.push(*payment);
                    }
                    tour.progress.add(1);
                    thread::sleep(between);
                }
                Ok(accepted)
            })
        };
        let workers: Vec<_> = (0..WORKERS).map(work).collect();
        let ends = workers.into_iter().map(|worker| worker.join().map_err(|_| "a worker panicked"));
        ends.map(|end| end?).collect::<Result<Vec<_>>>()
    })?
    .concat();

    let refused = payments.len() - accepted.len();
    // The payments that are not for the gateway have all been booked elsewhere.
    let booked = accepted.iter().chain(&ledger.payments[payments.len()..]);
    let figures = Figures {
        payments: Some(payments.len()),
        payments_lost: Some(refused),
        refused: Some(refused),
        limit: Some(LIMIT),
        peak_concurrency: Some(gateway.peak()),
        ..compare(ledger, &ledger.after(booked))
    };
    Ok(Seen { figures, history: recorder.finish() })
}

/// Calls the gateway once, with a permit if there is a semaphore.
fn send(
    payment: &Payment,
    gateway: &Gateway,
    semaphore: Option<&Semaphore>,
    actor: &mut Actor,
) -> Result<std::result::Result<(), Overloaded>> {
    actor.want();
    let permit = semaphore.map(|semaphore| semaphore.acquire(1)).transpose()?;
    actor.got();
    let answer = gateway.call(payment);
    match answer {
        Ok(()) => {}
        Err(Overloaded) => actor.refused(None),
    }
    actor.released();
    drop(permit);
    Ok(answer)
}

/// Somebody else's server, which is not ours to make stronger.
///
/// # Notes about memory ordering
///
/// All counters are relaxed: each is a number of its own, and no other data goes with it. The peak
/// is read after all threads have been joined.
#[derive(Default)]
struct Gateway {
    /// Calls under way, also those that will be refused.
    calls: AtomicUsize,
    peak: AtomicUsize,
    /// Calls that are being served: at most [`LIMIT`].
    served: AtomicUsize,
}

/// The gateway had as many calls as it stands, and dropped this one.
#[derive(Clone, Copy)]
struct Overloaded;

impl Gateway {
    fn call(&self, _: &Payment) -> std::result::Result<(), Overloaded> {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak.fetch_max(calls, Ordering::Relaxed);
        let free = |served| (served < LIMIT).then_some(served + 1);
        let admitted = self.served.try_update(Ordering::Relaxed, Ordering::Relaxed, free);
        // Stands for the network and for what the gateway does.
        thread::sleep(ROUND_TRIP);
        if admitted.is_ok() {
            self.served.fetch_sub(1, Ordering::Relaxed);
        }
        self.calls.fetch_sub(1, Ordering::Relaxed);
        admitted.map(drop).map_err(|_| Overloaded)
    }

    fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }
}

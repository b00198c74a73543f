//! Contenders that go on while the store is hurt, and what their history says afterwards.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use lockset_api::{Fence, Fenced, Lease, LeaseLock};
use lockset_trace::{Actor, Recorder, Stamp};

use super::{BRIEF, Outage, TTL, by, free_in_time, is_honest, outages};
use crate::FaultSubject;
use crate::lock::{SOON, ensure, join};

/// How many contend. One of them holds on for longer than its lease lasts.
const CONTENDERS: usize = 3;

/// How often each fault comes.
const ROUNDS: u32 = 3;

/// How long a contender works, at most, in the middle of everything.
const WORK: Duration = Duration::from_millis(20);

/// While connections break and the store comes and goes, no two hold the lock at once, fences rise
/// in the order of the grants, and a write that comes too late is told by its fence.
///
/// # Errors
///
/// What was seen instead.
pub fn contenders_never_overlap_whatever_happens<S: FaultSubject>(
    subject: &S,
) -> Result<(), String> {
    let recorder = Recorder::new();
    let (resource, over) = (Fenced::new(Vec::new()), AtomicBool::new(false));
    thread::scope(|scope| {
        let contenders: Vec<_> = (0..CONTENDERS)
            .map(|id| {
                let mut actor = recorder.actor(format!("contender {id}"), "lock");
                let (resource, over) = (&resource, &over);
                scope.spawn(move || {
                    let overstays = id == 0;
                    let lock = match id {
                        0 => subject.open_brief(BRIEF / 2),
                        _ => subject.open_renewed(BRIEF),
                    };
                    // Relaxed: a round more or less is all the same.
                    while !over.load(Ordering::Relaxed) {
                        round::<S>(&lock, &mut actor, resource, overstays.then_some(BRIEF))?;
                    }
                    Ok(())
                })
            })
            .collect();
        hurt(subject);
        // Relaxed: see above.
        over.store(true, Ordering::Relaxed);
        contenders.into_iter().try_for_each(|contender| join(contender))
    })?;
    let verdict = recorder.finish().check(1);
    if let Some(violation) = verdict.violations.first() {
        return Err(format!("{} violations, the first: {violation}", verdict.violations.len()));
    }
    let writes = resource.read(Vec::clone);
    ensure(writes.is_sorted_by(|a, b| a < b), "accepted writes are out of order")?;
    ensure(!writes.is_empty(), "nobody was ever granted the lock")?;
    free_in_time(subject, TTL + SOON)
}

/// Every fault, for less and for more than a lease lasts, with some peace in between.
fn hurt<S: FaultSubject>(subject: &S) {
    for round in 0..ROUNDS {
        for (start, end) in outages::<S>() {
            thread::sleep(BRIEF / 2);
            subject.cut();
            thread::sleep(BRIEF / 4);
            let outage = Outage::begin(subject, start, end);
            thread::sleep(BRIEF / 2 * (1 + round));
            drop(outage);
        }
    }
    thread::sleep(BRIEF);
}

/// Asks for the lock, works, writes and gives it back; notes all of it. Whoever overstays writes
/// only after so long, and says nothing before.
fn round<S: FaultSubject>(
    lock: &S::Lock,
    actor: &mut Actor,
    resource: &Fenced<Vec<Fence>>,
    overstays: Option<Duration>,
) -> Result<(), String> {
    actor.want();
    let lease = match lock.lease_until(by(BRIEF)) {
        Ok(Some(lease)) => lease,
        Ok(None) => {
            actor.gave_up();
            return Ok(());
        }
        Err(error) if is_honest(&error) => {
            actor.gave_up();
            // A store that refuses is asked again, but not in a tight loop.
            thread::sleep(WORK);
            return Ok(());
        }
        Err(error) => return Err(format!("a contender is told {error:?}")),
    };
    let fence = lease.fence();
    actor.got_fenced(fence.value());
    // It lasts at least until then. If it is lost, whether it was renewed before is not known. One
    // that ends with its connection is only certain to have been there when it was granted.
    let certain = match S::ENDS_WITH_CONNECTION {
        true => Stamp::now(),
        false => Stamp::now() + lease.remaining(),
    };
    let lost = lease.lost();
    let _ = lost.wait(by(WORK));
    if let Some(time) = overstays {
        thread::sleep(time);
    }
    let since = Stamp::now();
    match resource.write(fence, |writes| writes.push(fence)) {
        Ok(()) => actor.wrote(since, Some(fence.value())),
        Err(_) => actor.refused(Some(fence.value())),
    }
    // The end of the hold is an instant at which it was certain. That of the release is not: the
    // lease may run out between a last look and the note of it.
    let now = Stamp::now();
    actor.expired_at(if lost.is_lost() { certain.min(now) } else { now });
    // An outage keeps the answer away, which is another check's business.
    drop(lease.release());
    Ok(())
}

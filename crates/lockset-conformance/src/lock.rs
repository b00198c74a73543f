//! What every lock must do.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use lockset_api::{Deadline, Lock};
use lockset_trace::Recorder;

use crate::{Check, Subject};

/// The checks of this group.
#[doc(hidden)]
#[macro_export]
macro_rules! lock {
    ($with:ident, $($args:tt)*) => {
        $crate::$with! { lock [
            excludes_under_contention
            try_lock_tells_held_from_free
            lock_until_gives_up_at_its_deadline_and_not_before
            a_deadline_in_the_past_is_a_try
            a_waiter_is_granted_what_is_released
            abandoned_waiters_leave_no_trace
            a_waiter_that_gives_up_takes_no_wake_up_with_it
            dropping_the_guard_releases
            a_panic_releases
        ] $($args)* }
    };
}

/// The checks of this group, as values.
#[must_use]
pub fn checks<S: Subject>() -> [Check<S>; 9] {
    crate::lock!(__values, S)
}

/// Contenders where a check needs several.
const THREADS: usize = 4;

/// How long a grant may take that nothing stands in the way of. A lease that was dropped is given
/// back in the background, hence not at once; and it is less than a lease lasts, so that a lock
/// which only time has freed is found out.
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// At most one holder at a time: no update is lost, and the recorded history has no overlap.
///
/// # Errors
///
/// What was seen instead.
pub fn excludes_under_contention<S: Subject>(subject: &S) -> Result<(), String> {
    let count = AtomicUsize::new(0);
    let recorder = Recorder::new();
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        let contenders: Vec<_> = (0..THREADS)
            .map(|id| {
                let mut actor = recorder.actor(format!("contender {id}"), "lock");
                let (count, start) = (&count, &start);
                scope.spawn(move || {
                    let lock = subject.open();
                    start.wait();
                    for _ in 0..S::ROUNDS {
                        actor.want();
                        let guard = lock.lock().map_err(|error| error.to_string())?;
                        actor.got();
                        // Relaxed on purpose: only the lock orders these two, so a lock that does
                        // not order its holders loses updates here.
                        let seen = count.load(Ordering::Relaxed);
                        thread::yield_now();
                        count.store(seen + 1, Ordering::Relaxed);
                        actor.released();
                        drop(guard);
                    }
                    Ok::<_, String>(())
                })
            })
            .collect();
        contenders.into_iter().try_for_each(|contender| join(contender))
    })?;
    let verdict = recorder.finish().check(1);
    if let Some(violation) = verdict.violations.first() {
        return Err(format!("{} violations, the first: {violation}", verdict.violations.len()));
    }
    // Relaxed: the threads have been joined.
    let (expected, counted) = (THREADS * S::ROUNDS, count.load(Ordering::Relaxed));
    same("sections that left their mark", expected, counted)
}

/// `try_lock` gets a lock that is free, and leaves one that is held, whoever asks.
///
/// # Errors
///
/// What was seen instead.
pub fn try_lock_tells_held_from_free<S: Subject>(subject: &S) -> Result<(), String> {
    let lock = subject.open();
    let Some(guard) = lock.try_lock().map_err(|error| error.to_string())? else {
        return Err("a lock that nobody holds was not granted".into());
    };
    ensure(try_elsewhere(subject)?.is_none(), "a second holder was let in by try_lock")?;
    drop(guard);
    free_soon(&lock)
}

/// A wait with a deadline ends then, without the lock, and never earlier.
///
/// # Errors
///
/// What was seen instead.
pub fn lock_until_gives_up_at_its_deadline_and_not_before<S: Subject>(
    subject: &S,
) -> Result<(), String> {
    let lock = subject.open();
    for millis in [1, 10, 60] {
        let guard = lock.lock().map_err(|error| error.to_string())?;
        let deadline = Instant::now() + Duration::from_millis(millis);
        let gave_up_at = gives_up(subject, Deadline::at(deadline), guard)?;
        let early = deadline.saturating_duration_since(gave_up_at);
        if !early.is_zero() {
            return Err(format!("gave up {early:?} before a deadline {millis} ms away"));
        }
    }
    free_soon(&lock)
}

/// With a deadline that has passed, `lock_until` tries once.
///
/// # Errors
///
/// What was seen instead.
pub fn a_deadline_in_the_past_is_a_try<S: Subject>(subject: &S) -> Result<(), String> {
    let past = Deadline::at(Instant::now());
    let lock = subject.open();
    let Some(guard) = lock.lock_until(past).map_err(|error| error.to_string())? else {
        return Err("a lock that nobody holds was not granted".into());
    };
    gives_up(subject, past, guard)?;
    free_soon(&lock)
}

/// Whoever waits, with a deadline or without, is granted the lock once it is free.
///
/// # Errors
///
/// What was seen instead.
pub fn a_waiter_is_granted_what_is_released<S: Subject>(subject: &S) -> Result<(), String> {
    let lock = subject.open();
    for patience in [Deadline::NEVER, Deadline::after(Duration::from_secs(3600))] {
        let guard = lock.lock().map_err(|error| error.to_string())?;
        thread::scope(|scope| {
            let (asks, asked) = mpsc::channel();
            let waiter = scope.spawn(move || {
                let lock = subject.open();
                let _ = asks.send(());
                lock.lock_until(patience)
                    .map(|guard| guard.map(drop))
                    .map_err(|error| error.to_string())
            });
            asked.recv().map_err(|_| "the waiter died")?;
            // The other goes on waiting while the deadline of a third comes and goes.
            gives_up(subject, Deadline::after(Duration::from_millis(25)), guard)?;
            ensure(join(waiter)?.is_some(), "a waiter with an hour left gave up")
        })?;
    }
    Ok(())
}

/// Waiters that gave up do not hold the lock afterwards, nor keep others from it.
///
/// # Errors
///
/// What was seen instead.
pub fn abandoned_waiters_leave_no_trace<S: Subject>(subject: &S) -> Result<(), String> {
    let lock = subject.open();
    let guard = lock.lock().map_err(|error| error.to_string())?;
    thread::scope(|scope| {
        for id in 1..8 {
            let patience = Duration::from_millis(id * 5);
            scope.spawn(move || until_elsewhere(subject, Deadline::after(patience)));
        }
        gives_up(subject, Deadline::after(Duration::from_millis(40)), guard)
    })?;
    for _ in 0..3 {
        free_soon(&lock)?;
    }
    Ok(())
}

/// One that gives up in the moment of a release does not take the wake-up meant for another.
///
/// # Errors
///
/// What was seen instead.
pub fn a_waiter_that_gives_up_takes_no_wake_up_with_it<S: Subject>(
    subject: &S,
) -> Result<(), String> {
    let lock = subject.open();
    for round in 0..20 {
        let guard = lock.lock().map_err(|error| error.to_string())?;
        thread::scope(|scope| {
            let patient = scope
                .spawn(move || subject.open().lock().map(drop).map_err(|error| error.to_string()));
            let deadline = Deadline::after(Duration::from_micros(round * 100));
            let hasty = scope.spawn(move || until_elsewhere(subject, deadline));
            // The release falls on the deadline as nearly as can be had.
            while !deadline.has_passed() {
                thread::yield_now();
            }
            drop(guard);
            // Hangs, and is found out by the suite's patience, if the wake-up went astray.
            join(patient)?;
            join(hasty).map(drop)
        })?;
    }
    Ok(())
}

/// A dropped guard is a released lock.
///
/// # Errors
///
/// What was seen instead.
pub fn dropping_the_guard_releases<S: Subject>(subject: &S) -> Result<(), String> {
    let lock = subject.open();
    for _ in 0..3 {
        drop(lock.lock().map_err(|error| error.to_string())?);
        free_soon(&subject.open())?;
    }
    Ok(())
}

/// A panic drops the guard like everything else.
///
/// # Errors
///
/// What was seen instead.
pub fn a_panic_releases<S: Subject>(subject: &S) -> Result<(), String> {
    let lock = subject.open();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _guard = lock.lock().map_err(|error| error.to_string())?;
        // Not `panic!`, whose message would look like a failure in the test's output.
        resume_unwind(Box::new("on purpose"));
        #[expect(unreachable_code, reason = "the closure's type")]
        Ok::<(), String>(())
    }));
    match caught {
        Ok(refused) => refused,
        Err(_) => free_soon(&subject.open()),
    }
}

/// Whether another thread, with a handle of its own, is granted the lock at once.
pub(crate) fn try_elsewhere<S: Subject>(subject: &S) -> Result<Option<()>, String> {
    elsewhere(|| {
        let lock = subject.open();
        lock.try_lock().map(|guard| guard.map(drop)).map_err(|error| error.to_string())
    })
}

/// Another waiter gives up at `deadline`, since `guard` is held until then; says when it did.
fn gives_up<S: Subject>(
    subject: &S,
    deadline: Deadline,
    guard: <S::Lock as Lock>::Guard<'_>,
) -> Result<Instant, String> {
    thread::scope(|scope| {
        let (gives_up, gave_up) = mpsc::channel();
        scope.spawn(move || {
            let granted = until_elsewhere(subject, deadline);
            let _ = gives_up.send(granted.map(|granted| (granted, Instant::now())));
        });
        let answer = gave_up.recv_timeout(deadline.remaining().unwrap_or_default() + SOON);
        // Whoever ignores the deadline ends now, and the scope with it.
        drop(guard);
        match answer {
            Ok(Ok((None, at))) => Ok(at),
            Ok(Ok((Some(()), _))) => Err("granted a lock that somebody holds".into()),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(format!("still waiting {SOON:?} after the deadline")),
        }
    })
}

/// Whether a fresh handle is granted the lock by `deadline`.
fn until_elsewhere<S: Subject>(subject: &S, deadline: Deadline) -> Result<Option<()>, String> {
    let lock = subject.open();
    lock.lock_until(deadline).map(|guard| guard.map(drop)).map_err(|error| error.to_string())
}

/// Runs `work` on another thread: some locks know their threads.
fn elsewhere<T: Send>(work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    thread::scope(|scope| join(scope.spawn(work)))
}

pub(crate) fn join<T>(
    thread: thread::ScopedJoinHandle<'_, Result<T, String>>,
) -> Result<T, String> {
    thread.join().unwrap_or_else(|_| Err("a contender panicked".into()))
}

/// Fails unless the lock can be had soon.
pub(crate) fn free_soon<L: Lock>(lock: &L) -> Result<(), String> {
    let granted = lock.lock_until(Deadline::after(SOON)).map_err(|error| error.to_string())?;
    ensure(granted.is_some(), "the lock is still held, though its holder let it go")
}

pub(crate) fn ensure(kept: bool, otherwise: &str) -> Result<(), String> {
    if kept { Ok(()) } else { Err(otherwise.into()) }
}

pub(crate) fn same(what: &str, expected: usize, seen: usize) -> Result<(), String> {
    if seen == expected { Ok(()) } else { Err(format!("{what}: {seen} instead of {expected}")) }
}

//! What a lock between processes must do that readers share.
//!
//! The peer's test does `process_shared::serve::<Self>()` instead, which answers everything that
//! [`process::serve`](crate::process::serve) does as well.

use lockset_api::{Lock, SharedLock};

use crate::lock::{ensure, free_soon};
use crate::process::{Peer, same_answer, say, serve_or};
use crate::{Check, ProcessSubject};

/// The checks of this group.
#[doc(hidden)]
#[macro_export]
macro_rules! process_shared {
    ($with:ident, $($args:tt)*) => {
        $crate::$with! { process_shared [
            readers_of_several_processes_share
            a_writer_is_alone_among_processes
            a_killed_reader_does_not_keep_writers_out
        ] $($args)* }
    };
}

/// The checks of this group, as values.
#[must_use]
pub fn checks<S: ProcessSubject<Lock: SharedLock>>() -> [Check<S>; 3] {
    crate::process_shared!(__values, S)
}

/// Processes read at the same time.
///
/// # Errors
///
/// What was seen instead.
pub fn readers_of_several_processes_share<S: ProcessSubject<Lock: SharedLock>>(
    subject: &S,
) -> Result<(), String> {
    let lock = subject.open();
    let (mut one, mut other) = (Peer::start(subject)?, Peer::start(subject)?);
    let reader = lock.read().map_err(|error| error.to_string())?;
    same_answer(&one.ask("peek")?, "reads")?;
    same_answer(&other.ask("peek")?, "reads")?;
    drop(reader);
    Ok(())
}

/// While one process writes, another does not read, nor the other way round.
///
/// # Errors
///
/// What was seen instead.
pub fn a_writer_is_alone_among_processes<S: ProcessSubject<Lock: SharedLock>>(
    subject: &S,
) -> Result<(), String> {
    let lock = subject.open();
    let mut peer = Peer::start(subject)?;
    let writer = lock.lock().map_err(|error| error.to_string())?;
    same_answer(&peer.ask("peek")?, "busy")?;
    drop(writer);
    let reader = lock.read().map_err(|error| error.to_string())?;
    same_answer(&peer.ask("try")?, "busy")?;
    drop(reader);
    same_answer(&peer.ask("read")?, "reads")?;
    kept_out(&lock)?;
    same_answer(&peer.ask("stop")?, "stopped")?;
    free_soon(&lock)
}

/// A reader that is killed does not keep writers out for ever.
///
/// # Errors
///
/// What was seen instead.
pub fn a_killed_reader_does_not_keep_writers_out<S: ProcessSubject<Lock: SharedLock>>(
    subject: &S,
) -> Result<(), String> {
    let lock = subject.open();
    let mut peer = Peer::start(subject)?;
    same_answer(&peer.ask("read")?, "reads")?;
    kept_out(&lock)?;
    peer.kill();
    // At once where the kernel frees it, after the TTL where time does. A lock that stays taken
    // hangs here, and is found out by the suite's patience.
    drop(lock.lock().map_err(|error| error.to_string())?);
    Ok(())
}

/// The body of the test that a peer runs; does nothing in a process that is none.
///
/// # Panics
///
/// As [`process::serve`](crate::process::serve).
pub fn serve<S: ProcessSubject<Lock: SharedLock>>() {
    serve_or::<S>(|lock, order, orders| match order {
        "peek" => {
            let reader = lock.try_read().expect("the lock works");
            say(if reader.is_some() { "reads" } else { "busy" });
        }
        "read" => {
            let reader = lock.read().expect("the lock works");
            say("reads");
            // Whatever comes next ends it.
            let _ = orders.next();
            drop(reader);
            say("stopped");
        }
        other => panic!("unknown order {other:?}"),
    });
}

fn kept_out<L: Lock>(lock: &L) -> Result<(), String> {
    let granted = lock.try_lock().map_err(|error| error.to_string())?;
    ensure(granted.is_none(), "a writer was let in beside another process's reader")
}

//! What a lock must do that readers share.

use std::time::{Duration, Instant};

use lockset_api::{Deadline, Lock, SharedLock};

use crate::lock::{SOON, ensure, free_soon};
use crate::{Check, Subject};

/// The checks of this group.
#[doc(hidden)]
#[macro_export]
macro_rules! shared {
    ($with:ident, $($args:tt)*) => {
        $crate::$with! { shared [
            readers_share
            a_writer_is_alone
            a_reader_gives_up_at_its_deadline_and_not_before
            the_last_reader_lets_a_writer_in
        ] $($args)* }
    };
}

/// The checks of this group, as values.
#[must_use]
pub fn checks<S>() -> [Check<S>; 4]
where
    S: Subject<Lock: SharedLock>,
{
    crate::shared!(__values, S)
}

/// Any number of readers hold the lock together.
///
/// # Errors
///
/// What was seen instead.
pub fn readers_share<S: Subject<Lock: SharedLock>>(subject: &S) -> Result<(), String> {
    let handles: Vec<_> = (0..4).map(|_| subject.open()).collect();
    let mut readers = Vec::new();
    for handle in &handles {
        let reader = handle.try_read().map_err(|error| error.to_string())?;
        readers.push(reader.ok_or("a reader was kept out by readers")?);
    }
    Ok(())
}

/// Nobody reads while somebody writes, nor the other way round.
///
/// # Errors
///
/// What was seen instead.
pub fn a_writer_is_alone<S: Subject<Lock: SharedLock>>(subject: &S) -> Result<(), String> {
    let (one, other) = (subject.open(), subject.open());
    let writer = one.lock().map_err(|error| error.to_string())?;
    let reader = other.try_read().map_err(|error| error.to_string())?;
    ensure(reader.is_none(), "a reader was let in beside a writer")?;
    drop(writer);
    let reader = one.read().map_err(|error| error.to_string())?;
    let writer = other.try_lock().map_err(|error| error.to_string())?;
    ensure(writer.is_none(), "a writer was let in beside a reader")?;
    drop(reader);
    Ok(())
}

/// A reader with a deadline gives up then, and never earlier.
///
/// # Errors
///
/// What was seen instead.
pub fn a_reader_gives_up_at_its_deadline_and_not_before<S: Subject<Lock: SharedLock>>(
    subject: &S,
) -> Result<(), String> {
    let (one, other) = (subject.open(), subject.open());
    let writer = one.lock().map_err(|error| error.to_string())?;
    let deadline = Instant::now() + Duration::from_millis(30);
    let reader = other.read_until(Deadline::at(deadline)).map_err(|error| error.to_string())?;
    ensure(reader.is_none(), "a reader was let in beside a writer")?;
    ensure(Instant::now() >= deadline, "a reader gave up before its deadline")?;
    drop(writer);
    let reader = other.read_until(Deadline::after(SOON)).map_err(|error| error.to_string())?;
    ensure(reader.is_some(), "no reader was let in after the writer left")
}

/// A writer gets in when the last reader has left, and not before.
///
/// # Errors
///
/// What was seen instead.
pub fn the_last_reader_lets_a_writer_in<S: Subject<Lock: SharedLock>>(
    subject: &S,
) -> Result<(), String> {
    let (one, other, third) = (subject.open(), subject.open(), subject.open());
    let first = one.read().map_err(|error| error.to_string())?;
    let last = other.read().map_err(|error| error.to_string())?;
    drop(first);
    let writer = third.try_lock().map_err(|error| error.to_string())?;
    ensure(writer.is_none(), "a writer was let in while one of two readers was left")?;
    drop(last);
    free_soon(&third)
}

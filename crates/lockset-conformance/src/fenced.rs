//! What a resource must do that checks fences.

use core::fmt;
use std::error::Error as _;
use std::sync::Barrier;
use std::thread;

use lockset_api::{Error, ErrorKind, Fence, Fenced, StaleFence};

use crate::lock::{ensure, join};
use crate::{Check, FencedSubject};

/// The checks of this group.
#[doc(hidden)]
#[macro_export]
macro_rules! fenced {
    ($with:ident, $($args:tt)*) => {
        $crate::$with! { fenced [
            a_stale_write_is_refused_and_changes_nothing
            a_holder_may_write_again
            fences_are_compared_as_whole_numbers
            writes_by_chance_end_as_they_would_in_memory
            of_writes_at_once_the_newest_stays
        ] $($args)* }
    };
}

/// The checks of this group, as values.
#[must_use]
pub fn checks<S: FencedSubject>() -> [Check<S>; 5] {
    crate::fenced!(__values, S)
}

/// A fence lower than the one written last is refused, by name, and leaves everything as it was.
///
/// # Errors
///
/// What was seen instead.
pub fn a_stale_write_is_refused_and_changes_nothing<S: FencedSubject>(
    subject: &S,
) -> Result<(), String> {
    accepted(subject, 7, 70)?;
    for stale in [6, 1, 0] {
        refused(subject, stale, 7)?;
    }
    // The newest fence was not lowered, or raised, by a refusal.
    accepted(subject, 7, 71)?;
    accepted(subject, 8, 80)?;
    refused(subject, 7, 8)
}

/// One holder may write more than once; its fence stays the same.
///
/// # Errors
///
/// What was seen instead.
pub fn a_holder_may_write_again<S: FencedSubject>(subject: &S) -> Result<(), String> {
    for value in [1, 2, 2, 3] {
        accepted(subject, 5, value)?;
    }
    Ok(())
}

/// Not as texts, of which "9" is greater than "10", nor as floating-point numbers, which are exact
/// up to 53 bits.
///
/// # Errors
///
/// What was seen instead.
pub fn fences_are_compared_as_whole_numbers<S: FencedSubject>(subject: &S) -> Result<(), String> {
    const EXACT: u64 = 1 << 53;
    let most = S::MOST;
    let rising = [0, 1, 9, 10, 99, 100, EXACT - 1, EXACT, EXACT + 1, EXACT + 2, most - 1, most];
    for (value, pair) in (0..).zip(rising.windows(2)) {
        accepted(subject, pair[0], value)?;
        accepted(subject, pair[1], value + 100)?;
        refused(subject, pair[0], pair[1])?;
    }
    Ok(())
}

/// Any sequence of writes is answered as [`Fenced`] answers it, and leaves the same behind.
///
/// # Errors
///
/// What was seen instead.
pub fn writes_by_chance_end_as_they_would_in_memory<S: FencedSubject>(
    subject: &S,
) -> Result<(), String> {
    let (model, mut chance) = (Fenced::new(0), Chance(0x9E37_79B9_7F4A_7C15));
    accepted(subject, 0, 0)?;
    for round in 1..=S::ROUNDS as u64 {
        // Mostly around the newest, which rises slowly, so that all three cases are met.
        let fence = Fence::new((round / 4 + chance.below(8)).min(S::MOST));
        let wanted = model.write(fence, |kept| *kept = round);
        match (wanted, subject.write(fence, round)) {
            (Ok(()), Ok(())) => {}
            (Err(stale), Err(error)) => is_refusal(&error, stale)?,
            (wanted, seen) => {
                return Err(format!("write {round} with fence {fence}: {seen:?}, not {wanted:?}"));
            }
        }
        same("the value", model.read(|kept| *kept), subject.read())?;
    }
    Ok(())
}

/// Whoever writes at the same moment: in the end it is the newest holder's value that is there.
///
/// # Errors
///
/// What was seen instead.
pub fn of_writes_at_once_the_newest_stays<S: FencedSubject>(subject: &S) -> Result<(), String> {
    const WRITERS: u64 = 4;
    for round in 0..(S::ROUNDS as u64 / 10).max(1) {
        let together = Barrier::new(WRITERS as usize);
        let newest = (round + 1) * WRITERS;
        let outcomes: Result<Vec<_>, _> = thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|before| {
                    let (together, fence) = (&together, Fence::new(newest - before));
                    scope.spawn(move || {
                        together.wait();
                        Ok((fence, subject.write(fence, fence.value())))
                    })
                })
                .collect();
            writers.into_iter().map(join).collect::<Result<_, _>>()
        });
        same("the value, which is its writer's fence", newest, subject.read())?;
        for (fence, outcome) in outcomes? {
            if let Err(error) = outcome {
                same("the kind of a refusal", ErrorKind::Lost, error.kind())?;
                ensure(fence.value() < newest, "the newest was refused")?;
            }
        }
    }
    Ok(())
}

fn accepted<S: FencedSubject>(subject: &S, fence: u64, value: u64) -> Result<(), String> {
    let written = subject.write(Fence::new(fence), value);
    written.map_err(|error| format!("fence {fence} was not accepted: {error:?}"))?;
    same("the value", value, subject.read())
}

fn refused<S: FencedSubject>(subject: &S, fence: u64, newest: u64) -> Result<(), String> {
    let before = subject.read();
    match subject.write(Fence::new(fence), before + 1) {
        Ok(()) => Err(format!("fence {fence} was accepted after {newest}")),
        Err(error) => {
            is_refusal(&error, StaleFence::new(Fence::new(fence), Fence::new(newest)))?;
            same("the value after a refusal", before, subject.read())
        }
    }
}

fn is_refusal(error: &Error, stale: StaleFence) -> Result<(), String> {
    same("the kind of a refusal", ErrorKind::Lost, error.kind())?;
    let source = error.source().and_then(|source| source.downcast_ref());
    same("the refusal", Some(&stale), source)
}

fn same<T: PartialEq + fmt::Debug>(what: &str, expected: T, seen: T) -> Result<(), String> {
    ensure(seen == expected, &format!("{what}: {seen:?} instead of {expected:?}"))
}

/// Numbers that look random and are the same in each run (xorshift64; G. Marsaglia, 2003).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

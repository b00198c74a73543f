//! `cargo xtask mutants`: proof that the loom models can fail.
//!
//! A model that passes may have proven its claim, or may have forgotten to ask. So each entry
//! of the table plants one well-known bug in a copy of the shipped code, and the model that
//! claims to exclude this bug must refute it there.

use std::collections::BTreeSet;
use std::process::ExitCode;

use crate::Result;
use crate::models::{USUAL, Verdict};
use crate::nursery::Nursery;
use crate::tally::Tally;

/// One bug, as a textual edit of the code that ships.
struct Mutant {
    /// The bug, as one would name it in a conversation.
    name: &'static str,
    /// The file to edit, from the workspace's root.
    file: &'static str,
    /// The text to replace; it occurs exactly once in the file.
    from: &'static str,
    /// The text that takes its place, and compiles.
    to: &'static str,
    /// The crate whose loom test has the model.
    package: &'static str,
    /// The model that must find the bug.
    test: &'static str,
}

const RAW: &str = "crates/lockset-mutex/src/ladder/three_state.rs";
const QUEUE: &str = "crates/lockset-semaphore/src/queue.rs";

/// Every bug that a model here claims to exclude; one entry each.
const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "relaxed unlock",
        file: RAW,
        from: "self.state.swap(UNLOCKED, Release)",
        to: "self.state.swap(UNLOCKED, Relaxed)",
        package: "lockset-mutex",
        test: "two_threads_exclude_each_other",
    },
    Mutant {
        name: "relaxed lock",
        file: RAW,
        from: "compare_exchange(UNLOCKED, LOCKED, Acquire, Relaxed)",
        to: "compare_exchange(UNLOCKED, LOCKED, Relaxed, Relaxed)",
        package: "lockset-mutex",
        test: "two_threads_exclude_each_other",
    },
    Mutant {
        name: "relaxed lock after a wait",
        file: RAW,
        from: "self.state.swap(CONTENDED, Acquire)",
        to: "self.state.swap(CONTENDED, Relaxed)",
        package: "lockset-mutex",
        test: "two_threads_exclude_each_other",
    },
    Mutant {
        name: "check-then-set",
        file: RAW,
        from: "self.state.compare_exchange(UNLOCKED, LOCKED, Acquire, Relaxed).is_ok()",
        to: "self.state.load(Acquire) == UNLOCKED && self.state.swap(LOCKED, Acquire) < 3",
        package: "lockset-mutex",
        test: "two_threads_exclude_each_other",
    },
    Mutant {
        name: "forgotten waiter",
        file: RAW,
        from: "Waited::Woken => {}",
        to: "Waited::Woken => if self.take() { return true },",
        package: "lockset-mutex",
        test: "three_threads_exclude_each_other",
    },
    Mutant {
        name: "missed recheck",
        file: RAW,
        from: "self.state.wait(CONTENDED, deadline)",
        to: "self.state.wait(self.state.load(Relaxed), deadline)",
        package: "lockset-mutex",
        test: "two_threads_exclude_each_other",
    },
    Mutant {
        name: "sleeper not woken",
        file: RAW,
        from: "if self.state.swap(UNLOCKED, Release) == CONTENDED {",
        to: "if self.state.swap(UNLOCKED, Release) > CONTENDED {",
        package: "lockset-mutex",
        test: "two_threads_exclude_each_other",
    },
    Mutant {
        name: "permit granted then timed out",
        file: QUEUE,
        from: "let given_back = self.granted.remove(&ticket).unwrap_or(0);",
        to: "let given_back = 0;",
        package: "lockset-semaphore",
        test: "a_grant_meets_a_timeout",
    },
    Mutant {
        name: "wake-up taken along by a timeout",
        file: QUEUE,
        from: "..self.give(given_back)",
        to: "..{ self.free += given_back; Afterwards::default() }",
        package: "lockset-semaphore",
        test: "a_waiter_that_gives_up_takes_no_wake_up_with_it",
    },
    Mutant {
        name: "newcomer that overbooks",
        file: QUEUE,
        from: "let free = self.waiting.is_empty() && self.free >= n;",
        to: "let free = self.waiting.is_empty();",
        package: "lockset-semaphore",
        test: "two_threads_exclude_each_other",
    },
    Mutant {
        name: "newcomer that passes the queue",
        file: QUEUE,
        from: "let free = self.waiting.is_empty() && self.free >= n;",
        to: "let free = self.free >= n;",
        package: "lockset-semaphore",
        test: "a_large_request_is_not_passed_by_small_ones",
    },
    Mutant {
        name: "last come, first served",
        file: QUEUE,
        from: "while let Some(first) = self.waiting.first_entry() {",
        to: "while let Some(first) = self.waiting.last_entry() {",
        package: "lockset-semaphore",
        test: "the_queue_is_first_come_first_served",
    },
    Mutant {
        name: "waiters forgotten by close",
        file: QUEUE,
        from: "waiting.into_values().map(|waiter| waiter.waker).collect()",
        to: "waiting.into_values().map(|waiter| waiter.waker).take(0).collect()",
        package: "lockset-semaphore",
        test: "closing_wakes_whoever_waits",
    },
];

pub(crate) fn run() -> Result<ExitCode> {
    let tally = run_all()?;
    println!("\n{tally}");
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Plants every mutant in turn; a passed one is a mutant that its model caught.
pub(crate) fn run_all() -> Result<Tally> {
    let nursery = Nursery::new()?;
    require_healthy_models(&nursery)?;
    let mut tally = Tally::default();
    for mutant in MUTANTS {
        let Mutant { name, package, test, .. } = mutant;
        let (word, count) = match try_mutant(&nursery, mutant) {
            Ok(Verdict::Holds) => ("SURVIVED".into(), Tally::FAILED),
            Ok(Verdict::Refuted { .. }) => ("caught by".into(), Tally::PASSED),
            Ok(Verdict::TimedOut) => ("caught, as it hangs, by".into(), Tally::PASSED),
            // A bug that could not be planted has not been caught.
            Err(error) => (format!("ERROR: {error}; not tried on"), Tally::FAILED),
        };
        println!("mutant `{name}` ... {word} {package} {test}");
        tally += count;
    }
    Ok(tally)
}

/// A model that fails without the bug proves nothing by failing with it.
fn require_healthy_models(nursery: &Nursery) -> Result<()> {
    let models: BTreeSet<_> = MUTANTS.iter().map(|m| (m.package, m.test)).collect();
    for (package, test) in models {
        let models = nursery.models(package)?;
        if !models.names()?.iter().any(|name| name == test) {
            return Err(format!("{package} has no loom model `{test}`").into());
        }
        let verdict = models.run(test, &USUAL)?;
        if !matches!(verdict, Verdict::Holds) {
            let word = verdict.word();
            return Err(format!("{package} {test} without any mutant: {word}").into());
        }
    }
    Ok(())
}

fn try_mutant(nursery: &Nursery, mutant: &Mutant) -> Result<Verdict> {
    let Mutant { file, from, to, package, test, .. } = mutant;
    let healthy = nursery.read(file)?;
    let count = healthy.matches(from).count();
    if count != 1 {
        return Err(format!("it has rotted: `{from}` occurs {count} times in {file}").into());
    }
    nursery
        .with_planted(file, &healthy.replace(from, to), || nursery.models(package))?
        .run(test, &USUAL)
}
